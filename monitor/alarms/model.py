"""Who is told of incidents, and what was told. The HTTP API speaks exactly these models."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, NewType

from pydantic import AwareDatetime, Field

from core.model import CodeText, ConferenceId, Model, NameText
from monitor.incidents.model import IncidentId, IncidentSeverity

SubscriptionId = NewType("SubscriptionId", str)
DeliveryId = NewType("DeliveryId", str)

Language = Literal["vi", "en"]


class AlarmChannel(StrEnum):
    """By what an alarm goes out."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class NoticeKind(StrEnum):
    """What is told: a new incident, one that became worse, one that nobody acknowledged in time, its end; a test."""

    ALARM = "alarm"
    WORSE = "worse"
    ESCALATED = "escalated"
    CLEARED = "cleared"
    TEST = "test"


class DeliveryState(StrEnum):
    """How far a notice is."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class SubscriptionFacts(Model):
    """Who is told of what. `target` is a mail address or the address that is posted to.

    With a `unit`: incidents that harm a point in its subtree; with a `conference`: those that harm one of its points.
    `wait_minutes`: only incidents that nobody has acknowledged for so long; None: at once.
    """

    name: NameText
    channel: AlarmChannel
    target: str = Field(min_length=3, max_length=1_000)
    language: Language = "vi"
    unit: CodeText | None = None
    conference: ConferenceId | None = Field(default=None, max_length=64)
    severity: IncidentSeverity = IncidentSeverity.MINOR
    wait_minutes: int | None = Field(default=None, ge=1, le=1_440)
    active: bool = True


class SubscriptionChange(SubscriptionFacts):
    """What a subscription shall be instead, as it was seen at `version`."""

    version: int = Field(ge=1, le=2_147_483_647)


class Subscription(SubscriptionFacts):
    """A subscription with the names of what it is about."""

    id: SubscriptionId
    version: int
    unit_name: str | None = None
    conference_title: str | None = None
    created_by: str
    created_at: AwareDatetime


class SubscriptionMade(Model):
    """A new subscription; `secret`, which signs its webhooks, is shown this once."""

    subscription: Subscription
    secret: str | None = None


class Delivery(Model):
    """One notice to one subscriber. `about` names the incident; `error` is a code: why it has not gone out yet."""

    id: DeliveryId
    subscription: SubscriptionId
    name: str
    channel: AlarmChannel
    kind: NoticeKind
    severity: IncidentSeverity
    incident: IncidentId | None = None
    about: str
    state: DeliveryState
    attempts: int
    queued_at: AwareDatetime
    settled_at: AwareDatetime | None = None
    error: str = ""


class AlarmBoard(Model):
    """All subscriptions by name, and the newest deliveries first. `mail_ready`: there is a mail server."""

    mail_ready: bool
    subscriptions: tuple[Subscription, ...]
    deliveries: tuple[Delivery, ...]
