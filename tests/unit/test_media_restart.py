"""ICE restart of a leg, without I/O: which credentials hold when, and what may not change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiortc.rtcdtlstransport import RTCDtlsFingerprint

from bridge.media.ice import Credentials
from bridge.media.restart import Ways, check_restart
from bridge.media.sdp import MID_URI, Offer, Section
from core.errors import BadInput

CAMERA = Section("0", "video", True, False, 96, 90_000, ("l", "h"), {MID_URI: 4})
STAGE = Section("1", "video", False, True, 96, 90_000, extensions={MID_URI: 4})
PRINT = RTCDtlsFingerprint("sha-256", "AA:BB")
FIRST, SECOND = Credentials("first", "p" * 24), Credentials("second", "q" * 24)
OFFER = Offer((CAMERA, STAGE), FIRST, (PRINT,), "actpass")


def test_the_old_way_holds_until_a_pair_of_the_new_one_is_nominated() -> None:
    ways = Ways(FIRST)
    old = ways.current
    new, given_up = ways.offer(SECOND)
    assert given_up is None
    assert (ways.current, ways.all) == (old, (old, new))
    assert (new.local.ufrag != old.local.ufrag, new.local.password != old.local.password) == (True, True)
    assert ways.nominated(old.local.ufrag) is None
    assert ways.nominated(new.local.ufrag) == old
    assert ways.all == (new,)
    assert (old.number, new.number) == (1, 2)


def test_a_second_restart_gives_up_the_first_that_was_not_finished() -> None:
    ways = Ways(FIRST)
    second, _ = ways.offer(SECOND)
    third, given_up = ways.offer(Credentials("third", "p" * 24))
    assert given_up == second
    assert ways.all == (ways.current, third)
    assert ways.nominated(second.local.ufrag) is None


@pytest.mark.parametrize("remote", [FIRST, SECOND])
def test_an_offer_whose_answer_was_lost_is_answered_as_before(remote: Credentials) -> None:
    ways = Ways(FIRST)
    ways.offer(SECOND)
    before = ways.all
    way, given_up = ways.offer(remote)
    assert (way in before, way.remote, given_up) == (True, remote, None)
    assert ways.all == before


def test_new_credentials_alone_may_change() -> None:
    check_restart(OFFER, replace(OFFER, credentials=SECOND), ["0", "1"])


@pytest.mark.parametrize(
    "new",
    [
        replace(OFFER, sections=(CAMERA,)),
        replace(OFFER, sections=(STAGE, CAMERA)),
        replace(OFFER, sections=(replace(CAMERA, payload_type=97), STAGE)),
        replace(OFFER, sections=(replace(CAMERA, rids=("l",)), STAGE)),
        replace(OFFER, sections=(replace(CAMERA, extensions={MID_URI: 5}), STAGE)),
        replace(OFFER, sections=(CAMERA, replace(STAGE, receives=False))),
        replace(OFFER, fingerprints=(RTCDtlsFingerprint("sha-256", "AA:CC"),)),
    ],
)
def test_anything_else_that_changed_is_refused(new: Offer) -> None:
    with pytest.raises(BadInput) as caught:
        check_restart(OFFER, new, ["0", "1"])
    assert caught.value.code == "sdp.changed"


def test_an_extension_that_was_not_agreed_on_is_offered_no_more() -> None:
    check_restart(OFFER, replace(OFFER, sections=(CAMERA, replace(STAGE, extensions={}))), ["0", "1"])


def test_an_m_line_that_is_neither_slot_nor_source_may_change() -> None:
    check_restart(OFFER, replace(OFFER, sections=(replace(CAMERA, rids=()), STAGE)), ["1"])
