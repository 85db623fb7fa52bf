"""Spoilt offers and answers: one kind of error, and whatever is accepted can be answered cleanly."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from bridge.endpoint.negotiation import Local as EndpointLocal
from bridge.endpoint.negotiation import new_credentials, read_description, write_offer
from bridge.media.answer import Local, write_answer
from bridge.media.ice import Credentials
from bridge.media.sdp import check_slots, parse_offer
from core.errors import BadInput
from core.model import CONSOLE_SLOTS, SlotName, Track
from core.settings import Limits
from tests.support.mutation import fuzzed, spoilt_text
from tests.unit.test_media_sdp import OFFER

FINGERPRINT = ":".join(["AB"] * 32)
HEADLESS = write_offer(
    EndpointLocal(
        new_credentials(),
        FINGERPRINT,
        ("192.0.2.1", 4_000),
        "name",
        {track: number for number, track in enumerate(Track, start=1)},
    ),
    CONSOLE_SLOTS,
)
RECEIVE = {"1": SlotName.STAGE, "2": SlotName.AUDIO1}
SEND = {"0": Track.CAMERA}
LOCAL = Local(["192.0.2.9"], 8_082, Credentials("u" * 8, "p" * 24), FINGERPRINT, dict.fromkeys(RECEIVE, 7), "node")
ANSWER = write_answer(parse_offer(OFFER, Limits()), RECEIVE, SEND, LOCAL)


@fuzzed
@given(st.one_of(spoilt_text(OFFER), st.text(max_size=400)))
def test_offers(text: str) -> None:
    with suppress(BadInput):
        offer = parse_offer(text, Limits())
        check_slots(offer, RECEIVE, SEND)
        answer = write_answer(offer, RECEIVE, SEND, LOCAL)
        _assert_clean(answer)


def _assert_clean(answer: str) -> None:
    """Only whole lines of SDP, and one m-line for each that was offered: nothing of an offer slips in between."""
    lines = answer.split("\r\n")
    assert lines[-1] == ""
    assert all(line[1:2] == "=" and line[:1].isalpha() for line in lines[:-1]), answer
    assert len(answer.splitlines()) == len(lines) - 1
    read_description(answer)


@fuzzed
@given(spoilt_text(HEADLESS[0]))
def test_offers_of_headless_endpoints(text: str) -> None:
    _, receive, send = HEADLESS
    with suppress(BadInput):
        offer = parse_offer(text, Limits())
        check_slots(offer, receive, send)
        ssrcs = {mid: number + 1 for number, mid in enumerate(receive)}
        _assert_clean(write_answer(offer, receive, send, Local(**(vars(LOCAL) | {"ssrcs": ssrcs}))))


@fuzzed
@given(st.one_of(spoilt_text(ANSWER), st.text(max_size=400)))
def test_answers_as_an_endpoint_reads_them(text: str) -> None:
    with suppress(BadInput):
        answer = read_description(text)
        assert answer.peer.candidates


@fuzzed
@given(
    st.dictionaries(st.text(max_size=3), st.sampled_from(SlotName)),
    st.dictionaries(st.text(max_size=3), st.sampled_from(Track)),
)
def test_slots_that_do_not_fit_the_offer(receive: dict[str, SlotName], send: dict[str, Track]) -> None:
    offer = parse_offer(OFFER, Limits())
    with suppress(BadInput):
        check_slots(offer, receive, send)
        assert receive.keys() | send.keys() <= {"0", "1", "2"}
