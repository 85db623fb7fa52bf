from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import Refused
from core.identity import AnswerRight, FeedRight
from core.model import ConferenceId
from core.settings import Settings
from tests.support.directory import NOON, SIGNER

RIGHT = AnswerRight(conference=ConferenceId("c"), point="P1")


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_settings_no_mail_goes_out() -> None:
    assert Settings().smtp is None


def test_the_mail_server_comes_from_the_environment_and_its_password_is_not_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("HOST", "mail.example"), ("SENDER", "lich@cau.example"), ("PASSWORD", "bí mật")):
        monkeypatch.setenv(f"DIEMCAU_SMTP__{name}", value)
    smtp = Settings().smtp
    assert smtp is not None
    assert (smtp.host, smtp.port, smtp.security, smtp.sender) == ("mail.example", 587, "starttls", "lich@cau.example")
    assert smtp.password is not None
    assert smtp.password.get_secret_value() == "bí mật"
    assert "bí mật" not in repr(Settings())


def test_a_mail_server_without_a_sender_is_refused_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIEMCAU_SMTP__HOST", "mail.example")
    with pytest.raises(ValidationError):
        Settings()


def test_links_lead_to_the_public_address_or_to_the_web_port() -> None:
    assert Settings(public_url="https://cau.example/").base_url == "https://cau.example"
    assert Settings(https=True, web_port=8443).base_url == "https://127.0.0.1:8443"


def test_an_answer_link_and_a_feed_are_signed_end_and_are_never_taken_for_one_another() -> None:
    answer = SIGNER.answer_token(RIGHT, NOON)
    feed = SIGNER.feed_token(FeedRight(of="unit", code="79"), NOON)
    before = NOON - timedelta(seconds=1)
    assert SIGNER.answer_right(answer, before) == RIGHT
    assert SIGNER.feed_right(feed, before).code == "79"
    for wrong in (feed, answer[:-3], ""):
        with pytest.raises(Refused) as caught:
            SIGNER.answer_right(wrong, before)
        assert caught.value.code == "answer.invalid"
    with pytest.raises(Refused) as expired:
        SIGNER.answer_right(answer, NOON)
    assert expired.value.code == "answer.expired"
    for token, moment in ((answer, before), (feed, NOON)):
        with pytest.raises(Refused) as refused:
            SIGNER.feed_right(token, moment)
        assert refused.value.code == "feed.invalid"
    with pytest.raises(Refused):
        SIGNER.join_right(answer, before)
