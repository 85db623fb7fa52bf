from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from core.clock import ManualClock
from core.commands import ReleaseFloor
from core.errors import DiemcauError, NotFound, Refused, Unavailable
from core.identity import JoinRight, Signer
from core.messages import JoinAccepted
from core.model import (
    AUDIENCE_SLOTS,
    CHAIR,
    ConferenceId,
    Departure,
    Participant,
    Role,
    SessionId,
    point_participant,
)
from core.quality import EndpointFigures
from core.session_messages import Ended, LegStatus
from signaling import events as ev
from signaling.events import Ask, CheckHello, Close, Event, Join, Leave, Resume, Send, State, Tell, WrongState
from signaling.protocol import (
    Accepted,
    Answer,
    Beat,
    BeatReply,
    Bye,
    CloseCode,
    CommandMessage,
    Connect,
    ErrorMessage,
    Hello,
    Report,
    ResumeClaim,
    Welcome,
    bad_message,
    error_message,
)
from signaling.rules import Rules, admit
from signaling.session import BAD_MESSAGES_TOLERATED, REPORTS_AT_ONCE, SILENT_BEATS, Effects, Session

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
KEY = "the-key"
RULES = Rules(hello_seconds=10, beat_seconds=5, resume_seconds=30)
ACCEPTED = JoinAccepted(title="Hội nghị", slots=AUDIENCE_SLOTS)
LEG = LegStatus(state="connected")
ERROR = Unavailable("service.slow", "Slow.")
UNKNOWN = NotFound("session.unknown", "Over.")
NOISE = bad_message("Noise.")


def right_of(point: str = "P1", conference: str = "c1") -> JoinRight:
    participant = Participant(id=point_participant(point), role=Role.OPERATOR, name=point, point=point)
    return JoinRight(conference=ConferenceId(conference), participant=participant)


RIGHT = right_of()
HELLO = Hello(version=1, token="t")

EXAMPLES: dict[type, Event] = {
    ev.Received: ev.Received(Beat(id=1)),
    ev.Unreadable: ev.Unreadable(NOISE),
    ev.TooFast: ev.TooFast(),
    ev.SocketLost: ev.SocketLost(),
    ev.Tick: ev.Tick(),
    ev.ServerStopping: ev.ServerStopping(),
    ev.Admitted: ev.Admitted(RIGHT),
    ev.HandedOver: ev.HandedOver(),
    ev.Joined: ev.Joined(ACCEPTED),
    ev.Returned: ev.Returned(),
    ev.Resumed: ev.Resumed(),
    ev.Failed: ev.Failed(ERROR),
    ev.Replied: ev.Replied(Accepted(id=1)),
    ev.FromBus: ev.FromBus(LEG),
}

PATHS: dict[State, tuple[Event, ...]] = {
    State.AWAITING_HELLO: (),
    State.JOINING: (ev.Admitted(RIGHT),),
    State.LIVE: (ev.Admitted(RIGHT), ev.Joined(ACCEPTED)),
    State.CUT: (ev.Admitted(RIGHT), ev.Joined(ACCEPTED), ev.SocketLost()),
    State.RESUMING: (ev.Admitted(RIGHT), ev.Joined(ACCEPTED), ev.SocketLost(), ev.Returned()),
    State.ENDED: (ev.SocketLost(),),
}

S = State
OUTCOMES: dict[State, dict[type, State | None]] = {
    S.AWAITING_HELLO: {
        ev.Received: S.ENDED,
        ev.Unreadable: S.ENDED,
        ev.TooFast: S.ENDED,
        ev.SocketLost: S.ENDED,
        ev.Tick: S.AWAITING_HELLO,
        ev.ServerStopping: S.ENDED,
        ev.Admitted: S.JOINING,
        ev.HandedOver: S.ENDED,
        ev.Failed: S.ENDED,
    },
    S.JOINING: {
        ev.SocketLost: S.ENDED,
        ev.Tick: S.JOINING,
        ev.ServerStopping: S.ENDED,
        ev.Joined: S.LIVE,
        ev.Failed: S.ENDED,
    },
    S.LIVE: {
        ev.Received: S.LIVE,
        ev.Unreadable: S.LIVE,
        ev.TooFast: S.CUT,
        ev.SocketLost: S.CUT,
        ev.Tick: S.LIVE,
        ev.ServerStopping: S.ENDED,
        ev.Returned: S.RESUMING,
        ev.Resumed: S.LIVE,
        ev.Failed: S.LIVE,
        ev.Replied: S.LIVE,
        ev.FromBus: S.LIVE,
    },
    S.CUT: {
        **dict.fromkeys((ev.Received, ev.Unreadable, ev.TooFast, ev.SocketLost, ev.Tick), S.CUT),
        **dict.fromkeys((ev.Resumed, ev.Failed, ev.Replied, ev.FromBus), S.CUT),
        ev.ServerStopping: S.ENDED,
        ev.Returned: S.RESUMING,
    },
    S.RESUMING: {
        ev.SocketLost: S.CUT,
        ev.Tick: S.RESUMING,
        ev.ServerStopping: S.ENDED,
        ev.Returned: S.RESUMING,
        ev.Resumed: S.LIVE,
        ev.Failed: S.CUT,
        ev.Replied: S.RESUMING,
    },
    S.ENDED: {kind: S.ENDED for kind in EXAMPLES if kind not in (ev.Admitted, ev.HandedOver, ev.Returned)},
}
"""Where each event leads in each state; what is not listed is a mistake of the server."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


def session_in(state: State, clock: ManualClock) -> Session:
    session = Session(SessionId("s1"), KEY, RULES, clock)
    for event in PATHS[state]:
        session.apply(event)
    assert session.state is state
    return session


def sent(effects: Effects) -> list[object]:
    return [effect.message for effect in effects if isinstance(effect, Send)]


def test_the_examples_cover_every_event() -> None:
    assert set(EXAMPLES) == set(get_args(Event))


@pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_every_event_is_decided_in_every_state(state: State, kind: type, clock: ManualClock) -> None:
    session = session_in(state, clock)
    after = OUTCOMES[state].get(kind)
    if after is None:
        with pytest.raises(WrongState, match=f"{kind.__name__} while {state.value}"):
            session.apply(EXAMPLES[kind])
        assert session.state is state
    else:
        session.apply(EXAMPLES[kind])
        assert session.state is after


# --- hello ---


def test_hello_is_checked_then_joins_then_is_welcomed(clock: ManualClock) -> None:
    session = Session(SessionId("s1"), KEY, RULES, clock)
    assert session.apply(ev.Received(HELLO)) == (CheckHello(HELLO),)
    assert session.apply(ev.Admitted(RIGHT)) == (Join(RIGHT),)
    assert not session.hears
    [welcome] = sent(session.apply(ev.Joined(ACCEPTED)))
    assert welcome == Welcome(
        session=SessionId("s1"),
        key=KEY,
        resumed=False,
        conference=ConferenceId("c1"),
        title="Hội nghị",
        participant=RIGHT.participant,
        slots=AUDIENCE_SLOTS,
        beat_seconds=5,
        resume_seconds=30,
        server_time=START,
    )
    assert session.hears


def test_anything_before_hello_ends_the_connection(clock: ManualClock) -> None:
    for event in (ev.Received(Beat(id=1)), ev.Unreadable(NOISE)):
        effects = session_in(State.AWAITING_HELLO, clock).apply(event)
        assert [type(message) for message in sent(effects)] == [ErrorMessage]
        assert effects[-1] == Close(CloseCode.BAD_MESSAGE, "signaling.bad_message")


def test_goodbye_before_hello_is_polite(clock: ManualClock) -> None:
    assert session_in(State.AWAITING_HELLO, clock).apply(ev.Received(Bye())) == (Close(CloseCode.DONE),)


def test_another_version_is_refused_by_name(clock: ManualClock) -> None:
    effects = session_in(State.AWAITING_HELLO, clock).apply(ev.Received(Hello(version=2, token="t")))
    [error] = sent(effects)
    assert isinstance(error, ErrorMessage)
    assert (error.code, error.data) == ("signaling.version", {"supported": [1]})
    assert effects[-1] == Close(CloseCode.REFUSED, "signaling.version")


def test_hello_just_in_time_passes_and_too_late_is_closed(clock: ManualClock) -> None:
    session = session_in(State.AWAITING_HELLO, clock)
    clock.advance(RULES.hello_seconds - 0.01)
    assert session.apply(ev.Tick()) == ()
    clock.advance(0.01)
    assert session.deadline <= clock.monotonic()
    assert session.apply(ev.Tick()) == (Close(CloseCode.SILENT, "signaling.silent"),)


@pytest.mark.parametrize(
    ("error", "code", "close"),
    [
        (Refused("join.expired", "Expired."), "join.expired", CloseCode.REFUSED),
        (Refused("join.invalid", "Invalid."), "join.invalid", CloseCode.REFUSED),
        (Refused("join.too_late", "Late."), "join.too_late", CloseCode.REFUSED),
        (Refused("join.not_open", "Not open."), "join.not_open", CloseCode.TRY_AGAIN),
        (Unavailable("service.absent", "Absent."), "service.absent", CloseCode.TRY_AGAIN),
        (NotFound("join.unknown", "No such conference."), "join.invalid", CloseCode.REFUSED),
    ],
)
def test_a_refused_join_says_why_and_closes(
    error: DiemcauError, code: str, close: CloseCode, clock: ManualClock
) -> None:
    effects = session_in(State.JOINING, clock).apply(ev.Failed(error))
    [told] = sent(effects)
    assert isinstance(told, ErrorMessage)
    assert (told.id, told.code, told.retry) == (None, code, close is CloseCode.TRY_AGAIN)
    assert effects[-1] == Close(close, code)


def test_an_unknown_conference_looks_exactly_like_a_bad_link(clock: ManualClock) -> None:
    signer = Signer("s" * 32)
    with pytest.raises(Refused) as bad_link:
        admit(HELLO, signer, START)
    unknown = session_in(State.JOINING, clock).apply(ev.Failed(NotFound("join.unknown", "No.", conference="c1")))
    forged = session_in(State.AWAITING_HELLO, clock).apply(ev.Failed(bad_link.value))
    uninvited = session_in(State.JOINING, clock).apply(ev.Failed(Refused("join.invalid", "P1 is not booked.")))
    assert unknown == forged == uninvited


def test_a_join_of_uncertain_outcome_is_taken_back(clock: ManualClock) -> None:
    assert Leave(Departure.FAILED) in session_in(State.JOINING, clock).apply(ev.Failed(ERROR))
    refused = Refused("join.too_late", "Late.")
    assert Leave(Departure.FAILED) not in session_in(State.JOINING, clock).apply(ev.Failed(refused))


# --- the link ---


def test_admit_returns_what_the_link_says() -> None:
    signer = Signer("s" * 32)
    token = signer.join_token(RIGHT, START + timedelta(hours=1))
    assert admit(Hello(version=1, token=token), signer, START) == RIGHT
    assert admit(Hello(version=1, token=token, point="P1"), signer, START) == RIGHT


def test_a_link_used_for_another_point_is_refused_like_a_forged_one() -> None:
    signer = Signer("s" * 32)
    token = signer.join_token(RIGHT, START + timedelta(hours=1))
    with pytest.raises(Refused) as forged:
        admit(Hello(version=1, token=token + "x"), signer, START)
    with pytest.raises(Refused) as other:
        admit(Hello(version=1, token=token, point="P2"), signer, START)
    assert other.value.problem() == forged.value.problem()
    assert other.value.code == "join.invalid"


def test_an_expired_link_is_told_so_only_when_it_was_once_good() -> None:
    signer = Signer("s" * 32)
    token = signer.join_token(RIGHT, START)
    with pytest.raises(Refused, match=r"join\.expired"):
        admit(Hello(version=1, token=token), signer, START)
    with pytest.raises(Refused, match=r"join\.invalid"):
        admit(Hello(version=1, token=token), Signer("x" * 32), START)


# --- live ---


def test_a_beat_is_answered_and_keeps_the_session_alive(clock: ManualClock) -> None:
    session = session_in(State.LIVE, clock)
    clock.advance(RULES.beat_seconds * SILENT_BEATS - 0.01)
    assert sent(session.apply(ev.Received(Beat(id=7)))) == [BeatReply(id=7, server_time=clock.now())]
    clock.advance(RULES.beat_seconds * SILENT_BEATS - 0.01)
    assert session.apply(ev.Tick()) == ()
    clock.advance(0.01)
    assert session.apply(ev.Tick()) == (Resume(connected=False), Close(CloseCode.SILENT, "signaling.silent"))
    assert session.state is State.CUT


def test_requests_are_put_to_the_bridge_and_their_replies_passed_on(clock: ManualClock) -> None:
    session = session_in(State.LIVE, clock)
    offer = Connect(id=1, sdp="v=0", receive={}, send={})
    command = CommandMessage(id=2, command=ReleaseFloor())
    assert session.apply(ev.Received(offer)) == (Ask(offer),)
    assert session.apply(ev.Received(command)) == (Ask(command),)
    answer = Answer(id=1, sdp="v=0")
    assert session.apply(ev.Replied(answer)) == (Send(answer),)


def test_a_slow_bridge_is_no_silence_of_the_client(clock: ManualClock) -> None:
    session = session_in(State.LIVE, clock)
    clock.advance(RULES.beat_seconds * SILENT_BEATS - 1)
    session.apply(ev.Replied(Accepted(id=1)))
    clock.advance(2)
    assert session.apply(ev.Tick()) == ()


def test_goodbye_gives_the_place_up(clock: ManualClock) -> None:
    effects = session_in(State.LIVE, clock).apply(ev.Received(Bye()))
    assert effects == (Leave(Departure.DEPARTED), Close(CloseCode.DONE))


def test_a_few_bad_messages_are_told_and_one_more_cuts(clock: ManualClock) -> None:
    session = session_in(State.LIVE, clock)
    for _ in range(BAD_MESSAGES_TOLERATED):
        assert session.apply(ev.Unreadable(NOISE)) == (Send(error_message(NOISE)),)
    assert session.apply(ev.Unreadable(NOISE)) == (
        Resume(connected=False),
        Send(error_message(NOISE)),
        Close(CloseCode.BAD_MESSAGE, "signaling.bad_message"),
    )


def test_a_second_hello_counts_as_a_bad_message(clock: ManualClock) -> None:
    [error] = sent(session_in(State.LIVE, clock).apply(ev.Received(HELLO)))
    assert isinstance(error, ErrorMessage)
    assert error.code == "signaling.bad_message"


def test_a_flood_is_told_and_cut_but_the_place_is_kept(clock: ManualClock) -> None:
    effects = session_in(State.LIVE, clock).apply(ev.TooFast())
    assert effects[0] == Resume(connected=False)
    assert effects[-1] == Close(CloseCode.TOO_FAST, "signaling.too_fast")


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        (Ended(reason="replaced"), CloseCode.REPLACED),
        (Ended(reason="closed"), CloseCode.ENDED),
        (Ended(reason="removed"), CloseCode.ENDED),
    ],
)
def test_the_end_is_told_and_the_bridge_needs_no_leave(ended: Ended, code: CloseCode, clock: ManualClock) -> None:
    session = session_in(State.LIVE, clock)
    assert session.apply(ev.FromBus(ended)) == (Send(ended), Close(code, ended.reason))
    assert session.state is State.ENDED


def test_a_bridge_that_forgot_the_session_makes_the_client_come_again(clock: ManualClock) -> None:
    session = session_in(State.LIVE, clock)
    told = error_message(UNKNOWN, 4)
    assert session.apply(ev.Replied(told)) == (Send(told), Close(CloseCode.TRY_AGAIN, "session.unknown"))
    assert session.state is State.ENDED


# --- cut and back ---


def test_a_lost_connection_is_told_to_the_bridge_and_the_place_is_kept(clock: ManualClock) -> None:
    session = session_in(State.LIVE, clock)
    assert session.apply(ev.SocketLost()) == (Resume(connected=False),)
    clock.advance(RULES.resume_seconds - 0.01)
    assert session.apply(ev.Tick()) == ()
    assert session.apply(ev.Returned()) == (Resume(connected=True),)
    assert not session.hears
    [welcome] = sent(session.apply(ev.Resumed()))
    assert isinstance(welcome, Welcome)
    assert welcome.resumed
    assert (welcome.session, welcome.key) == ("s1", KEY)


def test_who_does_not_come_back_in_time_has_left(clock: ManualClock) -> None:
    session = session_in(State.CUT, clock)
    clock.advance(RULES.resume_seconds)
    assert session.apply(ev.Tick()) == (Leave(Departure.FAILED),)
    assert session.state is State.ENDED


def test_while_cut_only_the_end_is_heard(clock: ManualClock) -> None:
    session = session_in(State.CUT, clock)
    assert session.apply(ev.FromBus(LEG)) == ()
    assert session.apply(ev.FromBus(Ended(reason="replaced"))) == ()
    assert session.state is State.ENDED


def test_a_resume_that_the_bridge_does_not_know_ends_the_session_silently(clock: ManualClock) -> None:
    session = session_in(State.RESUMING, clock)
    assert session.apply(ev.Failed(UNKNOWN)) == ()
    assert session.state is State.ENDED


def test_a_resume_that_the_bridge_cannot_answer_now_keeps_the_place(clock: ManualClock) -> None:
    session = session_in(State.RESUMING, clock)
    effects = session.apply(ev.Failed(ERROR))
    assert effects == (Send(error_message(ERROR)), Close(CloseCode.TRY_AGAIN, "service.slow"))
    assert session.apply(ev.Returned()) == (Resume(connected=True),)


@pytest.mark.parametrize("state", [State.LIVE, State.CUT])
def test_a_late_word_that_the_bridge_forgot_the_session_ends_it(state: State, clock: ManualClock) -> None:
    session = session_in(state, clock)
    effects = session.apply(ev.Failed(UNKNOWN))
    assert effects == ((Close(CloseCode.TRY_AGAIN, "session.unknown"),) if state is State.LIVE else ())
    assert session.state is State.ENDED


@pytest.mark.parametrize("state", [State.LIVE, State.CUT, State.RESUMING])
def test_only_the_key_with_the_same_right_proves_a_session(state: State, clock: ManualClock) -> None:
    session = session_in(state, clock)
    claim = ResumeClaim(session=SessionId("s1"), key=KEY)
    chair = JoinRight(conference=RIGHT.conference, participant=Participant(id=CHAIR, role=Role.CHAIR, name="Chair"))
    assert session.belongs_to(claim, RIGHT)
    assert not session.belongs_to(ResumeClaim(session=SessionId("s1"), key="the-kez"), RIGHT)
    assert not session.belongs_to(ResumeClaim(session=SessionId("s1"), key="khóa"), RIGHT)
    assert not session.belongs_to(claim, right_of(point="P2"))
    assert not session.belongs_to(claim, right_of(conference="c2"))
    assert not session.belongs_to(claim, chair)


@pytest.mark.parametrize("state", [State.AWAITING_HELLO, State.JOINING, State.ENDED])
def test_what_is_not_yet_or_no_longer_there_cannot_be_resumed(state: State, clock: ManualClock) -> None:
    claim = ResumeClaim(session=SessionId("s1"), key=KEY)
    assert not session_in(state, clock).belongs_to(claim, RIGHT)


# --- the server goes ---


@pytest.mark.parametrize("state", [State.AWAITING_HELLO, State.JOINING, State.LIVE, State.RESUMING])
def test_a_stopping_server_closes_but_nobody_leaves(state: State, clock: ManualClock) -> None:
    assert session_in(state, clock).apply(ev.ServerStopping()) == (Close(CloseCode.GOING_AWAY),)


def test_a_cut_session_of_a_stopping_server_just_ends(clock: ManualClock) -> None:
    assert session_in(State.CUT, clock).apply(ev.ServerStopping()) == ()


# --- reports ---


def test_reports_are_told_without_a_reply_and_those_too_many_are_dropped(clock: ManualClock) -> None:
    session = session_in(State.LIVE, clock)
    figures = EndpointFigures(seconds=2, freezes=1)
    for _ in range(REPORTS_AT_ONCE):
        assert session.apply(ev.Received(Report(figures=figures))) == (Tell(figures),)
    assert session.apply(ev.Received(Report(figures=figures))) == ()
    clock.advance(1)
    assert session.apply(ev.Received(Report(figures=figures))) == (Tell(figures),)


def test_a_report_before_hello_is_no_hello(clock: ManualClock) -> None:
    effects = session_in(State.AWAITING_HELLO, clock).apply(ev.Received(Report(figures=EndpointFigures(seconds=2))))
    assert effects[-1] == Close(CloseCode.BAD_MESSAGE, "signaling.bad_message")
