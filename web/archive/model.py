"""What an archive holds: a model for each JSON file in it, from which its JSON Schema is made."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, JsonValue

from bridge.recording.sidecar import Recording
from core.model import CodeText, ConferenceId, Departure, Model, NameText, ParticipantId, Role
from monitor.delegates.model import Delegate, DelegateWord
from monitor.headcount.model import HeadcountEntry, Headcounts, SnapshotDetail
from monitor.incidents.model import IncidentDetail
from monitor.model import Attendance
from monitor.points.model import ConferenceMap
from scheduler.invitations.model import AnswerList
from scheduler.model import Conference
from scheduler.plan.model import StoredPlan

FORMAT = "diemcau-conference"
VERSION = 1


class ArchivedFile(Model):
    """One file of the archive; `schema_name` is its place under `$defs` of `schema.json`, None for what is no JSON."""

    name: str
    bytes: int
    sha256: str
    schema_name: str | None = None


class Manifest(Model):
    """`manifest.json`: what is in the archive, and when it was made. It is written last and does not list itself."""

    format: str
    version: int
    conference: ConferenceId
    title: NameText
    made_at: AwareDatetime
    time_zone: str
    files: tuple[ArchivedFile, ...]


class ConferenceFile(Model):
    """`conference.json`: the booking, and where each point stands in the unit tree."""

    conference: Conference
    map: ConferenceMap


class PlanFile(Model):
    """`plan.json`: the plan that the conference was held by; None where nothing was planned."""

    plan: StoredPlan | None


class PresenceInterval(Model):
    """One unbroken presence of an endpoint; `left_at` and `how` are None while it lasts."""

    participant: ParticipantId
    name: NameText
    role: Role
    point: CodeText | None
    joined_at: AwareDatetime
    last_seen: AwareDatetime
    left_at: AwareDatetime | None
    how: Departure | None


class ConnectionWay(Model):
    """By what one connection (`leg`) of an endpoint ran, from its first sample of that way to its last.

    `relayed`: through a TURN relay; `network`: what its machine is connected by, None where it did not say.
    """

    participant: ParticipantId
    leg: str
    transport: str
    relayed: bool
    network: str | None
    began: AwareDatetime
    ended: AwareDatetime


class AttendanceFile(Model):
    """`attendance.json`: each point's presence added up, every interval it is added up from, and by what ways its
    connections ran."""

    attendance: Attendance
    intervals: tuple[PresenceInterval, ...]
    connections: tuple[ConnectionWay, ...] = ()


class ArchivedDelegate(Model):
    """A delegate and everything that was said about them, newest first."""

    delegate: Delegate
    words: tuple[DelegateWord, ...]


class ArchivedHeadcount(Model):
    """Everything that was said about one hall's headcount, newest first."""

    point: CodeText
    entries: tuple[HeadcountEntry, ...]


class PeopleFile(Model):
    """`people.json`: headcounts with their history, delegates with theirs, and the snapshots."""

    headcounts: Headcounts
    history: tuple[ArchivedHeadcount, ...]
    delegates: tuple[ArchivedDelegate, ...]
    snapshots: tuple[SnapshotDetail, ...]


class PointSum(Model):
    """Points counted: how many `came`, were `late`, left `early`; and their delegates, expected, declared by the halls,
    listed by name, of those `verified` one by one and `absent` with a reason."""

    points: int
    came: int
    late: int
    early: int
    expected: int
    declared: int
    listed: int
    verified: int
    absent: int


class UnitFigures(Model):
    """A unit's place in the tree (`level` 1 is a root), and the sum of all points in it and in the units under it."""

    code: CodeText
    name: NameText
    parent: CodeText | None
    level: int
    sum: PointSum


class SumsFile(Model):
    """`sums.json`: the figures of the reports, summed up the unit tree; each unit stands before those under it."""

    total: PointSum
    units: tuple[UnitFigures, ...]


class IncidentsFile(Model):
    """`incidents.json`: every incident that harmed a point of the conference, with its history."""

    incidents: tuple[IncidentDetail, ...]


class LoggedEvent(Model):
    """One line of the minutes; `event` is the focus's own (docs/signaling.md)."""

    seq: int
    at: AwareDatetime
    event: JsonValue


class EventsFile(Model):
    """`events.json`: the conference's event log."""

    events: tuple[LoggedEvent, ...]


class RecordingsFile(Model):
    """`recordings.json`: what was recorded. The files themselves stay where they are: they are too large."""

    recordings: tuple[Recording, ...]


class Minute(Model):
    """One line of `minutes.jsonl`: a participant's line over one minute.

    Samples by grade; mean rates (kbit/s), losses (fractions of packets), times (ms); None where nothing was measured.
    From `reports` on, what the endpoint itself said: in how many reports; how often a picture stood still and for what
    share of the time; the share of made-up sound; decoded frames a second and their greatest height; and in how many
    reports its computer was too slow, its camera gave nothing, its microphone gave nothing.
    """

    participant: ParticipantId
    minute: AwareDatetime
    samples: int
    good: int
    fair: int
    poor: int
    kbps_up: float | None
    kbps_down: float | None
    loss_up: float | None
    loss_down: float | None
    jitter_up_ms: float | None
    jitter_down_ms: float | None
    rtt_ms: float | None
    transport: str | None
    relayed: bool | None
    skew_ms: float | None
    reports: int
    freezes: int | None
    frozen_share: float | None
    concealed: float | None
    fps: float | None
    height: int | None
    cpu_limited: int | None
    camera_ill: int | None
    microphone_ill: int | None


JSON_FILES: dict[str, type[BaseModel]] = {
    "manifest.json": Manifest,
    "conference.json": ConferenceFile,
    "plan.json": PlanFile,
    "invitations.json": AnswerList,
    "attendance.json": AttendanceFile,
    "people.json": PeopleFile,
    "sums.json": SumsFile,
    "incidents.json": IncidentsFile,
    "events.json": EventsFile,
    "recordings.json": RecordingsFile,
    "minutes.jsonl": Minute,
}
