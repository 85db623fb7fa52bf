"""What may be wrong with a conference that is about to begin: from what is known to findings. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from pydantic import AwareDatetime

from core.model import ConferenceId, ConferenceState, Model

LISTED = 20
"""Points named in a mail; the page has them all."""
OPENING_GRACE = timedelta(minutes=1)


class Severity(StrEnum):
    """`critical`: the conference will not run as booked; `warning`: for some point; `note`: worth knowing."""

    CRITICAL = "critical"
    WARNING = "warning"
    NOTE = "note"


class Words(Model):
    """A sentence in both languages."""

    vi: str
    en: str


class Finding(Model):
    """One thing that is wrong: which points it concerns (none: the whole conference) and what to do about it."""

    code: str
    severity: Severity
    points: tuple[str, ...] = ()
    what: Words
    action: Words


class DiagnosisReport(Model):
    """The state of a conference before its start. `ready`: nothing critical was found."""

    conference: ConferenceId
    title: str
    start: AwareDatetime
    made_at: AwareDatetime
    points: int
    ready: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class PointState:
    """What is known of one point. `answer` is None when it was not invited, `missed_last` when there was no last."""

    code: str
    held: bool
    answer: str | None
    reachable: bool
    here: bool
    seen_lately: bool
    missed_last: bool | None


@dataclass(frozen=True)
class Situation:
    """All that is known of a conference. `legs_wanted` counts every conference at its start."""

    conference: ConferenceId
    title: str
    state: ConferenceState
    doors: datetime
    start: datetime
    invited: bool
    mailing: bool
    organizer_known: bool
    points: Sequence[PointState]
    bridge_answers: bool
    nodes_down: Sequence[str]
    nodes_silent: Sequence[str]
    nodes_never_seen: Sequence[str]
    planned: bool
    plan_problems: Sequence[str]
    legs_wanted: int
    legs_limit: int


def diagnose(situation: Situation, now: datetime) -> DiagnosisReport:
    """The findings, the most severe first."""
    found = [*_of_conference(situation, now), *_of_nodes(situation), *_of_points(situation)]
    order = list(Severity)
    found.sort(key=lambda finding: order.index(finding.severity))
    return DiagnosisReport(
        conference=situation.conference,
        title=situation.title,
        start=situation.start,
        made_at=now,
        points=len(situation.points),
        ready=not any(finding.severity is Severity.CRITICAL for finding in found),
        findings=tuple(found),
    )


def _of_conference(situation: Situation, now: datetime) -> Iterable[Finding]:
    if situation.state is ConferenceState.CONFIRMED and now > situation.doors + OPENING_GRACE:
        yield _finding("conference.not_open", Severity.CRITICAL)
    elif situation.state not in (ConferenceState.CONFIRMED, ConferenceState.OPEN):
        yield _finding("conference.not_confirmed", Severity.CRITICAL)
    if situation.plan_problems:
        yield _finding("plan.invalid", Severity.CRITICAL, detail="; ".join(situation.plan_problems))
    if situation.legs_wanted > situation.legs_limit and not situation.planned:
        excess = str(situation.legs_wanted - situation.legs_limit)
        yield _finding("capacity.exceeded", Severity.CRITICAL, detail=excess)
    if not situation.planned:
        yield _finding("plan.none", Severity.NOTE)
    if not situation.invited:
        yield _finding("invitations.none", Severity.WARNING)
    if not situation.organizer_known:
        yield _finding("organizer.no_address", Severity.NOTE)


def _of_nodes(situation: Situation) -> Iterable[Finding]:
    if not situation.bridge_answers:
        yield _finding("node.absent", Severity.CRITICAL)
    for code, severity, nodes in (
        ("node.down", Severity.CRITICAL, situation.nodes_down),
        ("node.silent", Severity.CRITICAL, situation.nodes_silent),
        ("node.never_seen", Severity.NOTE, situation.nodes_never_seen),
    ):
        if nodes:
            yield _finding(code, severity, detail=", ".join(nodes))


def _of_points(situation: Situation) -> Iterable[Finding]:
    def that(test: Callable[[PointState], bool]) -> tuple[str, ...]:
        return tuple(point.code for point in situation.points if test(point))

    unheld = that(lambda point: not point.held)
    checks = [
        ("points.not_held", Severity.CRITICAL, unheld),
        ("answers.missing", Severity.WARNING, that(lambda point: point.answer in ("waiting", "tentative"))),
        ("answers.declined", Severity.WARNING, that(lambda point: point.answer == "declined")),
        ("answers.proposed", Severity.WARNING, that(lambda point: point.answer == "proposed")),
        ("points.missed_last", Severity.WARNING, that(lambda point: not point.here and point.missed_last is True)),
        (
            "points.unseen",
            Severity.WARNING,
            that(lambda point: not point.here and not point.seen_lately and point.missed_last is not True),
        ),
    ]
    if situation.invited:
        uninvited = that(lambda point: point.answer is None)
        checks.append(("points.not_invited", Severity.WARNING, uninvited))
    if situation.invited and situation.mailing:
        unreached = that(lambda point: point.answer in ("waiting", "tentative") and not point.reachable)
        checks.append(("points.not_reached", Severity.WARNING, unreached))
    for code, severity, points in checks:
        if points:
            yield _finding(code, severity, points)


def _finding(code: str, severity: Severity, points: tuple[str, ...] = (), detail: str = "") -> Finding:
    what_vi, what_en, action_vi, action_en = _WORDS[code]
    count = str(len(points))
    return Finding(
        code=code,
        severity=severity,
        points=points,
        what=Words(vi=what_vi.format(n=count, detail=detail), en=what_en.format(n=count, detail=detail)),
        action=Words(vi=action_vi, en=action_en),
    )


_WORDS = {
    "conference.not_open": (
        "Đã đến giờ mở phòng nhưng hội nghị chưa mở.",
        "The doors should be open, but the conference is not.",
        "Báo kỹ thuật kiểm tra máy chủ.",
        "Tell the technician to look at the server.",
    ),
    "conference.not_confirmed": (
        "Hội nghị chưa được xác nhận.",
        "The conference is not confirmed.",
        "Đề nghị cấp có thẩm quyền phê duyệt, hoặc hủy hội nghị.",
        "Have it approved, or cancel it.",
    ),
    "node.absent": (
        "Không có máy chủ truyền hình nào trả lời.",
        "No media node answers.",
        "Báo kỹ thuật khởi động máy chủ.",
        "Tell the technician to start one.",
    ),
    "node.down": (
        "Máy chủ theo kế hoạch không dùng được: {detail}.",
        "Nodes of the plan cannot be used: {detail}.",
        "Lập lại kế hoạch.",
        "Make a new plan.",
    ),
    "node.silent": (
        "Máy chủ theo kế hoạch không còn hoạt động: {detail}.",
        "Nodes of the plan do not run any more: {detail}.",
        "Báo kỹ thuật khởi động lại máy chủ, hoặc lập lại kế hoạch.",
        "Tell the technician to start them again, or make a new plan.",
    ),
    "node.never_seen": (
        "Chưa từng thấy máy chủ theo kế hoạch hoạt động: {detail}.",
        "Nodes of the plan have never been seen running: {detail}.",
        "Khởi động máy chủ với tham số node mang mã này.",
        "Start them with this code as their setting `node`.",
    ),
    "plan.invalid": (
        "Kế hoạch không còn đúng: {detail}.",
        "The plan no longer holds: {detail}.",
        "Lập lại kế hoạch.",
        "Make a new plan.",
    ),
    "plan.none": (
        "Hội nghị không có kế hoạch đường truyền.",
        "The conference has no cascade plan.",
        "Khai báo máy chủ hình nếu có từ hai máy chủ trở lên.",
        "Make one if there is more than one node.",
    ),
    "capacity.exceeded": (
        "Vượt quá sức chứa {detail} kết nối vào giờ bắt đầu.",
        "At the start {detail} connections more are booked than fit.",
        "Bớt điểm cầu, đổi giờ, hoặc thêm máy chủ.",
        "Take points out, move the time, or add a node.",
    ),
    "invitations.none": (
        "Chưa gửi thư mời.",
        "Nobody has been invited.",
        "Gửi thư mời hoặc gọi điện cho các điểm cầu.",
        "Send the invitations, or call the points.",
    ),
    "organizer.no_address": (
        "Không biết địa chỉ thư của người tổ chức nên không gửi được kết quả này.",
        "The organizer's address is not known, so this cannot be mailed.",
        "Ghi địa chỉ khi gửi thư mời.",
        "Give it when inviting.",
    ),
    "points.not_held": (
        "{n} điểm cầu không còn được giữ cho hội nghị.",
        "{n} points are not held for the conference any more.",
        "Sửa lịch đặt và thêm lại các điểm cầu này.",
        "Edit the booking and add them again.",
    ),
    "points.not_invited": (
        "{n} điểm cầu chưa được mời.",
        "{n} points have not been invited.",
        "Gửi lại thư mời.",
        "Send the invitations again.",
    ),
    "points.not_reached": (
        "{n} điểm cầu không có địa chỉ thư, hoặc thư không đến nơi.",
        "{n} points have no address, or the mail did not arrive.",
        "Gọi điện; bổ sung địa chỉ trong danh bạ.",
        "Call them; add an address in the directory.",
    ),
    "answers.missing": (
        "{n} điểm cầu chưa trả lời.",
        "{n} points have not answered.",
        "Gọi điện cho các điểm cầu này.",
        "Call them.",
    ),
    "answers.declined": (
        "{n} điểm cầu từ chối nhưng vẫn được giữ chỗ.",
        "{n} points have declined but are still booked.",
        "Bỏ các điểm cầu này khỏi hội nghị, hoặc gọi điện.",
        "Take them out of the conference, or call them.",
    ),
    "answers.proposed": (
        "{n} điểm cầu đề nghị giờ khác.",
        "{n} points propose another time.",
        "Trả lời các đề nghị này.",
        "Answer the proposals.",
    ),
    "points.missed_last": (
        "{n} điểm cầu vắng mặt ở hội nghị gần nhất của mình.",
        "{n} points were absent from their last conference.",
        "Gọi điện và thử kết nối ngay.",
        "Call them and test the connection now.",
    ),
    "points.unseen": (
        "{n} điểm cầu chưa kết nối lần nào trong ba tháng qua.",
        "{n} points have not connected in the last three months.",
        "Gọi điện và thử kết nối ngay.",
        "Call them and test the connection now.",
    ),
}


def mail_lines(report: DiagnosisReport, zone: tzinfo) -> list[str]:
    """The report as the body of a mail: Vietnamese, then English."""
    start, made = report.start.astimezone(zone), report.made_at.astimezone(zone)
    vietnamese = [f"Hội nghị: {report.title}", f"Bắt đầu: {start:%H:%M %d/%m/%Y}; kiểm tra lúc {made:%H:%M}"]
    english = [f"Conference: {report.title}", f"Start: {start:%H:%M %d/%m/%Y}; diagnosed at {made:%H:%M}"]
    if not report.findings:
        vietnamese.append("Mọi thứ sẵn sàng.")
        english.append("Everything is ready.")
    for finding in report.findings:
        named = _named(finding.points)
        vietnamese += ["", f"- {finding.what.vi}{named} → {finding.action.vi}"]
        english += ["", f"- {finding.what.en}{named} → {finding.action.en}"]
    return [*vietnamese, "", "-" * 40, *english]


def _named(points: Sequence[str]) -> str:
    if not points:
        return ""
    more = f" (+{len(points) - LISTED})" if len(points) > LISTED else ""
    return f" [{', '.join(points[:LISTED])}{more}]"
