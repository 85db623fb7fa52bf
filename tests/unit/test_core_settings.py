from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from core.settings import Settings


def test_environment_wins_over_the_file_and_the_file_over_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "diemcau.toml").write_text("web_port = 9000\nmedia_port = 9002\n[limits]\nlegs = 10\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIEMCAU_WEB_PORT", "9100")
    monkeypatch.setenv("DIEMCAU_LIMITS__SDP_BYTES", "99")
    settings = Settings()
    assert (settings.web_port, settings.media_port, settings.signaling_port) == (9100, 9002, 8081)
    assert settings.limits.sdp_bytes == 99


def test_a_misspelt_setting_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "diemcau.toml").write_text("web_prot = 9000\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize(
    ("host", "only"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)]
)
def test_loopback_is_told_from_the_network(host: str, only: bool) -> None:
    assert Settings(host=host).loopback_only is only
