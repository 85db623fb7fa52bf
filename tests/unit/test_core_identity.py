from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import NotSignedIn, Refused
from core.identity import JoinRight, Principal, Signer, hash_password, load_secret, password_matches
from core.model import ConferenceId, Role
from tests.support.conferences import hall

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
SIGNER = Signer("s" * 32)
RIGHT = JoinRight(conference=ConferenceId("c1"), participant=hall(1))
SOMEBODY = Principal(username="lan", name="Lan", roles=frozenset({Role.CHAIR}))


def test_a_join_link_carries_its_right_until_it_expires() -> None:
    token = SIGNER.join_token(RIGHT, LATER)
    assert SIGNER.join_right(token, NOW) == RIGHT
    assert SIGNER.join_right(token, LATER - timedelta(seconds=1)) == RIGHT
    with pytest.raises(Refused) as caught:
        SIGNER.join_right(token, LATER)
    assert caught.value.code == "join.expired"


@pytest.mark.parametrize("spoil", [lambda t: t[:-2], lambda t: "x" + t, lambda t: "", lambda t: t.swapcase()])
def test_a_spoilt_link_is_refused_without_a_reason(spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(Refused) as caught:
        SIGNER.join_right(spoil(SIGNER.join_token(RIGHT, LATER)), NOW)
    assert caught.value.code == "join.invalid"


def test_a_link_signed_elsewhere_is_refused() -> None:
    with pytest.raises(Refused):
        SIGNER.join_right(Signer("t" * 32).join_token(RIGHT, LATER), NOW)


def test_the_two_kinds_of_token_are_never_taken_for_one_another() -> None:
    with pytest.raises(Refused):
        SIGNER.join_right(SIGNER.sign_in_token(SOMEBODY, LATER), NOW)
    with pytest.raises(NotSignedIn):
        SIGNER.principal(SIGNER.join_token(RIGHT, LATER), NOW)
    assert SIGNER.principal(SIGNER.sign_in_token(SOMEBODY, LATER), NOW) == SOMEBODY


def test_roles_are_required_by_name() -> None:
    SOMEBODY.require(Role.CHAIR, Role.ORGANIZER)
    with pytest.raises(Refused) as caught:
        SOMEBODY.require(Role.ORGANIZER)
    assert caught.value.data == {"needs": ["organizer"]}


def test_passwords_are_hashed_and_damaged_hashes_match_nothing() -> None:
    hashed = hash_password("điểm cầu")
    assert "điểm" not in hashed
    assert password_matches(hashed, "điểm cầu")
    assert not password_matches(hashed, "diem cau")
    assert not password_matches("not a hash", "điểm cầu")


def test_the_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    secret = load_secret(tmp_path / "data", None)
    assert load_secret(tmp_path / "data", None) == secret
    assert stat.S_IMODE((tmp_path / "data" / "secret.key").stat().st_mode) == 0o600
    assert load_secret(tmp_path, "configured") == "configured"
    with pytest.raises(ValueError, match="32 characters"):
        Signer("short")
