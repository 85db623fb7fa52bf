"""Checks of our own: what they say, and whose answers count."""

from __future__ import annotations

from aioice import stun

from bridge.media.ice import Credentials, IceLite
from bridge.media.pings import Answer, Pings, is_answer

HERE, THERE = Credentials("here", "h" * 24), Credentials("there", "t" * 24)
ADDRESS = ("192.0.2.1", 4_000)


def far_end() -> IceLite[str]:
    """Answers as any agent must."""
    ice: IceLite[str] = IceLite()
    ice.expect(THERE, HERE.ufrag, "the node")
    return ice


def answer_to(check: bytes) -> bytes:
    proved = far_end().check(check, ADDRESS)
    assert proved is not None
    return proved.reply


def test_an_answer_tells_the_round_trip_once() -> None:
    pings = Pings()
    check = pings.request(HERE.ufrag, THERE, 5.0)
    answer = answer_to(check)
    assert (is_answer(answer), is_answer(check)) == (True, False)
    assert pings.answered(answer, 5.25) == Answer(0.25, followed=False)
    assert pings.answered(answer, 5.5) is None


def test_a_check_nominates_nothing_and_says_that_we_are_controlled() -> None:
    request = stun.parse_message(Pings().request(HERE.ufrag, THERE, 0.0))
    assert request.attributes["USERNAME"] == "there:here"
    assert "ICE-CONTROLLED" in request.attributes
    assert not {"USE-CANDIDATE", "ICE-CONTROLLING"} & request.attributes.keys()


def test_only_who_knows_the_password_and_the_check_can_answer() -> None:
    pings = Pings()
    check = stun.parse_message(pings.request(HERE.ufrag, THERE, 0.0))
    forged = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, check.transaction_id)
    assert pings.answered(bytes(forged), 0.1) is None
    forged.add_message_integrity(b"x" * 24)
    assert pings.answered(bytes(forged), 0.1) is None
    stranger = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE)
    stranger.add_message_integrity(THERE.password.encode())
    assert pings.answered(bytes(stranger), 0.1) is None
    assert pings.answered(bytes(forged)[:30], 0.1) is None
    assert pings.answered(answer_to(bytes(check)), 0.2) == Answer(0.2, followed=False)


def test_those_that_nobody_answers_are_forgotten() -> None:
    pings = Pings()
    checks = [pings.request(HERE.ufrag, THERE, float(second)) for second in range(100)]
    assert pings.answered(answer_to(checks[0]), 100.0) is None
    assert pings.answered(answer_to(checks[-1]), 100.0) == Answer(1.0, followed=False)
