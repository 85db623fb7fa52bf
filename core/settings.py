"""One `Settings`: environment (`DIEMCAU_…`), then `diemcau.toml` in the working folder, then defaults."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, IPvAnyNetwork, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class Limits(BaseModel):
    """Every limit that a client can meet, in one place."""

    points_per_conference: int = 3_321
    directory_rows: int = 20_000
    directory_bytes: int = 8 * 1024 * 1024
    request_bytes: int = 1024 * 1024
    signaling_message_bytes: int = 80 * 1024
    signaling_messages_per_second: float = 20.0
    signaling_burst: int = 60
    signaling_reports_per_second: float = 1.0
    signaling_connections: int = 5_000
    signaling_hello_seconds: float = 10.0
    signaling_beat_seconds: float = 5.0
    signaling_unread_seconds: float = 5.0
    resume_seconds: float = 30.0
    sdp_bytes: int = 64 * 1024
    sdp_media_sections: int = 40
    sdp_line_bytes: int = 4_096
    sdp_candidates: int = 64
    legs: int = 1_200
    node_mbps: float = 6_000.0
    """What a media node's line carries out; every leg reserves the most that its slots can show."""
    sign_in_attempts_per_minute: int = 20


class Smtp(BaseModel):
    """The mail server that takes this installation's mail, and the mailbox that calendars answer to."""

    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` insists on it (port 587), `tls` speaks it at once (port 465), `none` is for this machine only."""
    user: str | None = None
    password: SecretStr | None = None
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    """The From address, and the ORGANIZER that calendars send their replies to."""
    timeout_seconds: float = 30.0
    connections: int = Field(default=4, ge=1, le=50)
    """At a time, by each process."""


_FOLDER = r"^[A-Za-z0-9._/ +,-]{1,200}$"


class Imap(BaseModel):
    """The mailbox of `smtp.sender`, where calendar programs answer to. It serves nothing else: all of it is sorted."""

    host: str
    port: int = 993
    security: Literal["tls", "starttls", "none"] = "tls"
    """`tls` speaks it at once (port 993), `starttls` insists on it (port 143), `none` is for this machine only."""
    user: str = Field(pattern=r"^[^\s\x00\"\\]+$")
    password: SecretStr
    folder: str = Field(default="INBOX", pattern=_FOLDER)
    taken_folder: str = Field(default="Diemcau-taken", pattern=_FOLDER)
    """Where answers go that were taken."""
    other_folder: str = Field(default="Diemcau-other", pattern=_FOLDER)
    """Where everything else goes, unread, for somebody to look at."""
    every_seconds: float = Field(default=60.0, ge=1)
    timeout_seconds: float = Field(default=20.0, gt=0)


class Settings(BaseSettings):
    """How this installation runs."""

    model_config = SettingsConfigDict(
        env_prefix="DIEMCAU_", env_nested_delimiter="__", toml_file="diemcau.toml", extra="forbid"
    )

    data_dir: Path = Path("var")
    database_url: str | None = None
    node: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]{1,64}$")
    """The code under which this process's media node stands in the plans; None: it stands in none."""
    host: str = "127.0.0.1"
    media_host: str | None = None
    """Address of the media port where it is another than `host`; media answers only who holds a leg's credentials."""
    advertised_addresses: list[str] = Field(default_factory=list)
    """Addresses that endpoints reach the media port at; empty means the machine's own."""
    web_port: int = 8080
    signaling_port: int = 8081
    media_port: int = 8082
    https: bool = False
    certificate: Path | None = None
    private_key: Path | None = None
    turn_urls: list[str] = Field(default_factory=list)
    """TURN relays for endpoints that reach no UDP port, such as `turns:relay.example:443?transport=tcp`."""
    turn_secret: str | None = None
    """The secret that the relays share with this server (coturn: `static-auth-secret`)."""
    turn_seconds: float = 12 * 3600.0
    allowed_origins: list[str] = Field(default_factory=list)
    """Origins besides the web port's own that may open the signaling WebSocket."""
    secret: str | None = None
    time_zone: str = "Asia/Ho_Chi_Minh"
    log_json: bool = False
    log_level: str = "info"
    sample_seconds: float = 2.0
    grade_profile: Literal["default", "teams", "pexip", "voice-only"] = "default"
    """By what lines are graded (docs/monitoring.md)."""
    sample_days: int = Field(default=7, ge=1, le=366)
    """How many days samples are kept; after that their minutes tell of them (docs/monitoring.md)."""
    minute_months: int = Field(default=36, ge=1, le=600)
    """How many months the minutes of lines are kept."""
    reconnect_grace_seconds: float = 60.0
    """How long after a restart of the bridge a participant keeps place and floor without being back."""
    public_url: str | None = None
    """Where people reach the pages ("https://cau.example.vn"), for links in mails; None: the web port's own."""
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    """Who sends it as a bearer token reads `/metrics` from elsewhere than this machine; None: nobody does."""
    webhook_networks: list[IPvAnyNetwork] = Field(default_factory=list)
    """Private networks that alarms may be posted into, such as `10.20.0.0/16`; any other address must be public, and
    reached by HTTPS."""
    smtp: Smtp | None = None
    """None: no mail is written; answers are noted by hand."""
    imap: Imap | None = None
    """None: answers by mail come in through `POST /api/replies`."""
    reminder_hours: list[float] = Field(default_factory=lambda: [24.0, 1.0])
    """Hours before the start at which invited points are reminded."""
    warning_minutes: list[int] = Field(default_factory=lambda: [15, 5, 1])
    """Minutes before the stop at which an open conference is warned."""
    diagnosis_minutes: float = 15.0
    """Minutes before the start at which a conference is diagnosed."""
    limits: Limits = Field(default_factory=Limits)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def base_url(self) -> str:
        """The address of the pages without a slash at its end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        return f"{'https' if self.https else 'http'}://{self.host}:{self.web_port}"

    @property
    def loopback_only(self) -> bool:
        """Whether nothing but this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"
