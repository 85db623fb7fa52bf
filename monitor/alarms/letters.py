"""What is sent: the mail to a person, the JSON body to a machine. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from monitor.alarms import texts
from monitor.alarms.model import DeliveryId, Language, NoticeKind, Subscription
from monitor.alarms.rules import Notice
from monitor.incidents.advice import advise
from monitor.incidents.model import Incident


@dataclass(frozen=True)
class Stationery:
    """What all alarms of an installation share: its pages' address, its time zone, its mail address if it has one."""

    base_url: str
    zone: tzinfo
    sender: str | None


@dataclass(frozen=True)
class Telling:
    """One notice as it will be told: `notice` is None for a test."""

    id: DeliveryId
    subscription: Subscription
    notice: Notice | None

    @property
    def kind(self) -> NoticeKind:
        """What is told."""
        return self.notice.kind if self.notice else NoticeKind.TEST


def about(incident: Incident, language: Language) -> str:
    """The incident's name."""
    return texts.CAUSES[incident.cause.kind][language].format(name=incident.cause_name)


def subject(telling: Telling) -> str:
    """One line that says all that matters."""
    language, notice = telling.subscription.language, telling.notice
    template = texts.SUBJECTS[telling.kind][language]
    if notice is None:
        return template
    return template.format(
        severity=texts.SEVERITIES[notice.severity][language],
        about=about(notice.watched.incident, language),
        minutes=telling.subscription.wait_minutes,
    )


def mail(stationery: Stationery, telling: Telling, at: datetime) -> bytes:
    """The whole message. All mails of one incident to one subscriber are one conversation."""
    sender = stationery.sender or "diemcau@localhost"
    domain, language = sender.rpartition("@")[2], telling.subscription.language
    message = EmailMessage()
    message["From"] = Address(texts.PRODUCT[language], addr_spec=sender)
    message["To"] = Address(addr_spec=telling.subscription.target)
    message["Subject"] = f"[{texts.PRODUCT[language]}] {subject(telling)}"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<alarm.{telling.id}@{domain}>"
    if telling.notice is not None:
        thread = f"<incident.{telling.notice.watched.incident.id}.{telling.subscription.id}@{domain}>"
        message["References"] = thread
        message["In-Reply-To"] = thread
    # RFC 3834: no holiday replies.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(_lines(stationery, telling)) + "\n", cte="base64")
    return message.as_bytes(policy=SMTP)


def _lines(stationery: Stationery, telling: Telling) -> Iterator[str]:
    subscription, notice = telling.subscription, telling.notice
    language = subscription.language
    say = texts.LINES[language]
    if notice is None:
        yield say["test"].format(name=subscription.name)
        return
    incident = notice.watched.incident
    told = incident.assessment
    yield say["about"].format(about=about(incident, language))
    yield say["severity"].format(severity=texts.SEVERITIES[notice.severity][language])
    yield say["opened"].format(time=_time(incident.opened_at, stationery))
    if incident.closed_at is not None:
        minutes = max(1, round((incident.closed_at - incident.opened_at).total_seconds() / 60))
        yield say["closed"].format(time=_time(incident.closed_at, stationery), minutes=minutes)
    if notice.watched.closer is not None:
        yield say["closed_by"].format(name=notice.watched.closer)
    if told.observed:
        yield say["points"].format(affected=told.affected, observed=told.observed)
    causes = "; ".join(texts.LIKELY[cause][language] for cause in told.causes)
    yield say["likely"].format(likely=causes)
    if incident.closed_at is None and (actions := advise(told.causes, incident.cause.kind)):
        yield say["action"].format(action=texts.ACTIONS[actions[0]][language])
    for url in _pages(stationery, notice):
        yield say["link"].format(url=url)
    yield ""
    yield say["footer"].format(name=subscription.name)


def _pages(stationery: Stationery, notice: Notice) -> list[str]:
    return [f"{stationery.base_url}/technician/{one}" for one in sorted(notice.watched.conferences)]


def _time(at: datetime, stationery: Stationery) -> str:
    return at.astimezone(stationery.zone).strftime("%H:%M %d/%m/%Y")


def body(stationery: Stationery, telling: Telling, at: datetime) -> str:
    """What is posted: `type`, `timestamp` and `data`, as standardwebhooks.com has them. The same at every attempt."""
    notice = telling.notice
    data: dict[str, Any] = {"subscription": telling.subscription.name, "text": subject(telling)}
    if notice is not None:
        incident = notice.watched.incident
        data |= {
            "severity": notice.severity.value,
            "incident": incident.model_dump(mode="json"),
            "conferences": sorted(notice.watched.conferences),
            "urls": _pages(stationery, notice),
        }
    said = {"type": f"incident.{telling.kind.value}" if notice else "test", "timestamp": at.isoformat(), "data": data}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
