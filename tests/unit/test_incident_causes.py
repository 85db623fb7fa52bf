"""From what is measured to a likely cause, what to do about it, and words for it in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.media.uplink import CEILING
from core.model import (
    ConferenceId,
    Grade,
    LegId,
    LinkSample,
    Participant,
    ParticipantId,
    PointCode,
    Presence,
    Role,
    UnitCode,
    point_participant,
)
from core.quality import (
    DeviceState,
    DirectionGrade,
    EndpointFigures,
    LinkStatus,
    NetworkType,
    Reason,
    ReasonCode,
)
from monitor.alarms.texts import LIKELY
from monitor.incidents.advice import advise
from monitor.incidents.assessing import assess
from monitor.incidents.evidence import Condition, Evidence
from monitor.incidents.likely import FREE_UP_KBPS, likely_cause
from monitor.incidents.localise import Explanation
from monitor.incidents.model import ActionKind, Cause, CauseKind, Likely
from monitor.incidents.seen import evidence_of
from monitor.incidents.topology import Topology
from monitor.model import PresenceNow

CONFERENCE = ConferenceId("00000000-0000-4000-8000-000000000001")
NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
POINT = PointCode("d1")
HALL, SPEAKER = point_participant("d1"), point_participant("d2")
WORDS = Path(__file__).parents[2] / "web/ui/src/lib/i18n/incidents.ts"

WELL = {"kbps_up": 400.0, "kbps_down": 900.0, "loss_up": 0.0, "loss_down": 0.0, "jitter_up_ms": 2.0, "rtt_ms": 20.0}


def _status(
    who: ParticipantId = HALL,
    grade: Grade = Grade.POOR,
    figures: EndpointFigures | None = None,
    reason: ReasonCode | None = None,
    up: Grade = Grade.GOOD,
    **measured: float,
) -> LinkStatus:
    sample = LinkSample.model_validate(
        {"conference": CONFERENCE, "participant": who, "leg": LegId("l"), "at": NOW, **WELL, **measured}
    )
    age = 1_000.0 if figures else None
    why = Reason(code=reason) if reason else None
    return LinkStatus(
        participant=who,
        leg=sample.leg,
        grade=grade,
        reason=why,
        sample=sample,
        up=DirectionGrade(grade=up),
        endpoint=figures,
        endpoint_age_ms=age,
    )


def _seen(*links: LinkStatus, holder: ParticipantId | None = None) -> Evidence:
    """What is seen of the hall `POINT` when all are in."""
    present = [
        PresenceNow(
            participant=Participant(id=one.participant, role=Role.OPERATOR, name="Điểm", point=one.participant[6:]),
            presence=Presence.PRESENT,
            since=NOW,
        )
        for one in links
    ]
    return evidence_of(CONFERENCE, links, present, (), holder)[POINT]


def _likely(ill: LinkStatus, before: Sequence[Evidence] = (), up: int | None = None, down: int | None = None) -> Likely:
    return likely_cause([*before, *[_seen(ill)] * 3], up, down)


WELL_BEFORE = [_seen(_status(grade=Grade.GOOD, kbps_down=440.0))] * 20


@pytest.mark.parametrize(
    ("ill", "cause"),
    [
        (_status(remb_up_kbps=300.0, loss_up=0.1), Likely.UPLINK_SATURATED),
        (_status(limit_down_kbps=120.0, loss_down=0.2), Likely.DOWNLINK_SATURATED),
        (_status(loss_down=0.3, remb_up_kbps=2_500.0, kbps_down=1_300.0), Likely.PATH_LOSS),
        (_status(loss_up=0.2), Likely.PATH_LOSS),
        (_status(jitter_up_ms=80.0), Likely.PATH_JITTER),
        (_status(jitter_up_ms=80.0, figures=EndpointFigures(seconds=2, network=NetworkType.WIFI)), Likely.WIFI_JITTER),
        (_status(rtt_ms=700.0), Likely.PATH_DELAY),
    ],
)
def test_what_is_measured_of_a_line_says_what_is_behind_it(ill: LinkStatus, cause: Likely) -> None:
    # Losses bring load with them, as what is lost is sent again: that alone is no full line.
    assert _likely(ill, WELL_BEFORE) is cause


def test_a_line_that_is_full_by_what_was_booked_needs_no_word_of_the_node() -> None:
    assert _likely(_status(loss_up=0.1), up=450) is Likely.UPLINK_SATURATED
    assert _likely(_status(rtt_ms=200.0), WELL_BEFORE, down=1_000) is Likely.DOWNLINK_SATURATED
    assert _likely(_status(loss_up=0.1), up=4_000) is Likely.PATH_LOSS


def test_a_limit_that_is_tried_with_more_for_a_moment_is_still_one() -> None:
    limited, tried = _seen(_status(limit_down_kbps=120.0)), _seen(_status(loss_down=0.5))
    assert likely_cause([limited, tried, tried], None, None) is Likely.DOWNLINK_SATURATED
    assert likely_cause([limited, *[tried] * 8], None, None) is Likely.PATH_LOSS


def test_the_node_allows_a_free_line_more_than_what_counts_as_limited() -> None:
    assert CEILING / 1_000 > FREE_UP_KBPS


@pytest.mark.parametrize(
    ("figures", "cause"),
    [
        ({"cpu_limited": True}, Likely.CPU_LIMITED),
        ({"camera": DeviceState.BLACK}, Likely.CAMERA_BLACK),
        ({"camera": DeviceState.ENDED}, Likely.CAMERA_MUTED),
        ({"camera": DeviceState.MISSING}, Likely.CAMERA_MUTED),
        ({"microphone": DeviceState.SILENT}, Likely.MICROPHONE_DEAD),
        ({"microphone": DeviceState.ENDED}, Likely.MICROPHONE_DEAD),
        ({"camera": DeviceState.WITHHELD}, Likely.CAMERA_MUTED),
        ({"microphone": DeviceState.WITHHELD}, Likely.MICROPHONE_DEAD),
        ({"camera": DeviceState.MUTED, "microphone": DeviceState.MUTED}, None),
    ],
)
def test_what_a_page_says_of_its_equipment_is_a_cause_unless_somebody_switched_it_off(
    figures: dict[str, object], cause: Likely | None
) -> None:
    told = EndpointFigures.model_validate({"seconds": 2, **figures})
    assert _seen(_status(grade=Grade.GOOD, figures=told)).equipment == ((cause,) if cause else ())


def test_pictures_that_stand_still_are_not_the_lines_fault_when_the_computer_is_too_slow() -> None:
    slow = EndpointFigures(seconds=2, cpu_limited=True)
    assert _seen(_status(figures=slow, reason=ReasonCode.FROZEN)).line is Condition.UNKNOWN
    assert _seen(_status(figures=slow, reason=ReasonCode.LOSS_DOWN)).line is Condition.POOR
    assert _seen(_status(reason=ReasonCode.FROZEN)).line is Condition.POOR


@pytest.mark.parametrize(
    ("figures", "causes"),
    [
        (
            {"microphone": DeviceState.SILENT, "camera": DeviceState.BLACK},
            (Likely.MICROPHONE_DEAD, Likely.CAMERA_BLACK),
        ),
        ({"microphone": DeviceState.MISSING, "cpu_limited": True}, (Likely.MICROPHONE_DEAD, Likely.CPU_LIMITED)),
        ({"camera": DeviceState.ENDED, "cpu_limited": True}, (Likely.CAMERA_MUTED, Likely.CPU_LIMITED)),
    ],
)
def test_one_fault_of_equipment_hides_no_other(figures: dict[str, object], causes: tuple[Likely, ...]) -> None:
    told = EndpointFigures.model_validate({"seconds": 2, **figures})
    frozen = _seen(_status(figures=told, reason=ReasonCode.FROZEN))
    assert frozen.equipment == causes
    assert frozen.line is (Condition.UNKNOWN if Likely.CPU_LIMITED in causes else Condition.POOR)


UNIT = Cause(kind=CauseKind.UNIT, code="p1")
HALLS = [PointCode(f"h{n}") for n in range(6)]


def _of_province(capacity: int | None, **measured: float) -> Likely:
    """What is said of a province of whose six halls four are ill, all of them sending 100 and receiving 400 kbit/s."""
    topology = Topology({}, uplinks={UnitCode("p1"): capacity})
    well: dict[str, Any] = {"kbps_up": 100.0, "kbps_down": 400.0, "loss_up": 0.0, "loss_down": 0.0, "rtt_ms": 20.0}
    ill = {point: [Evidence(point, CONFERENCE, Condition.POOR, **well | measured)] for point in HALLS[:4]}
    spared = {point: [Evidence(point, CONFERENCE, Condition.GOOD, **well)] for point in HALLS[4:]}
    told = assess(Explanation(UNIT, frozenset(ill), frozenset(HALLS)), ill | spared, topology, watched=100)
    assert (told.affected, told.observed) == (4, 6)
    assert (told.figures.kbps_up, told.figures.kbps_down) == (600.0, 2_400.0)
    return told.likely


@pytest.mark.parametrize(
    ("capacity", "measured", "likely"),
    [
        (700, {"loss_up": 0.1}, Likely.UPLINK_SATURATED),
        (2_900, {"loss_down": 0.1}, Likely.DOWNLINK_SATURATED),
        (2_900, {"loss_up": 0.1}, Likely.PATH_LOSS),
        (10_000, {"loss_up": 0.1}, Likely.PATH_LOSS),
        (None, {"loss_up": 0.1}, Likely.PATH_LOSS),
    ],
)
def test_a_shared_line_is_full_in_the_direction_that_all_halls_behind_it_fill(
    capacity: int | None, measured: dict[str, float], likely: Likely
) -> None:
    assert _of_province(capacity, **measured) is likely
    assert advise([likely], CauseKind.UNIT)[0] is ActionKind.LOWER_LAYER


def test_pictures_that_stand_still_are_not_the_lines_fault_when_they_come_like_that_from_who_speaks() -> None:
    watching = _status(reason=ReasonCode.FROZEN)
    ill, well = _status(SPEAKER, up=Grade.POOR), _status(SPEAKER, Grade.GOOD)
    assert _seen(watching, ill, holder=SPEAKER).line is Condition.UNKNOWN
    assert _seen(watching, ill).line is Condition.POOR
    assert _seen(watching, well, holder=SPEAKER).line is Condition.POOR
    assert _seen(replace_up(watching), holder=HALL).line is Condition.POOR


def replace_up(status: LinkStatus) -> LinkStatus:
    """The same hall speaking over an ill line of its own."""
    return status.model_copy(update={"up": DirectionGrade(grade=Grade.POOR)})


FIRST = {
    Likely.UPLINK_SATURATED: ActionKind.LOWER_LAYER,
    Likely.PATH_LOSS: ActionKind.LOWER_LAYER,
    Likely.CPU_LIMITED: ActionKind.LOWER_LAYER,
    Likely.WIFI_JITTER: ActionKind.CALL_OPERATOR,
    Likely.CAMERA_MUTED: ActionKind.CALL_OPERATOR,
    Likely.CAMERA_BLACK: ActionKind.CALL_OPERATOR,
    Likely.MICROPHONE_DEAD: ActionKind.CALL_OPERATOR,
}


@pytest.mark.parametrize("likely", Likely)
def test_every_cause_has_something_to_do_and_words_in_both_languages(likely: Likely) -> None:
    actions = advise([likely], CauseKind.LINE)
    assert actions[0] is FIRST.get(likely, actions[0])
    page = WORDS.read_text()
    assert page.count(f'"likely.{likely.value}": ') == 2
    assert all(page.count(f'"action.{action.value}": ') == 2 for action in actions)
    assert all(LIKELY[likely][language] for language in ("vi", "en"))


def test_two_faults_of_a_hall_give_the_actions_of_both_the_graver_first() -> None:
    both = advise([Likely.MICROPHONE_DEAD, Likely.CPU_LIMITED], CauseKind.EQUIPMENT)
    assert both[0] is ActionKind.CALL_OPERATOR
    assert {ActionKind.LOWER_LAYER, ActionKind.SOUND_ONLY, ActionKind.FULL_PICTURE} < set(both)
    assert len(set(both)) == len(both)
