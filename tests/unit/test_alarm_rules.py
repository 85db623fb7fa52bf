"""Who is told what: once, escalated, worse, over; and where a webhook may go."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from ipaddress import ip_network
from typing import Any

import pytest

from core.errors import BadInput
from core.model import ConferenceId, UnitCode
from monitor.alarms.letters import Stationery, Telling, mail
from monitor.alarms.model import AlarmChannel, DeliveryId, NoticeKind, Subscription, SubscriptionId
from monitor.alarms.posting import LEASE, PAUSES, pause_after
from monitor.alarms.rules import Past, Told, Watched, notices
from monitor.alarms.texts import LIKELY
from monitor.alarms.webhook import TIMEOUT_SECONDS, Gate, new_secret, signature
from monitor.incidents.model import (
    Assessment,
    Cause,
    CauseKind,
    Incident,
    IncidentId,
    IncidentSeverity,
    IncidentState,
    Likely,
)

START = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MINOR, MAJOR, CRITICAL = IncidentSeverity
DELIVERY = DeliveryId("00000000-0000-4000-8000-000000000009")
CONFERENCE = ConferenceId("00000000-0000-4000-8000-000000000001")
ID = IncidentId("i")


def subscription(id: str = "s", **facts: Any) -> Subscription:
    return Subscription(
        **{
            "id": SubscriptionId(id),
            "version": 1,
            "name": "Trực kỹ thuật",
            "channel": AlarmChannel.MAIL,
            "target": "truc@example.vn",
            "created_by": "quản trị",
            "created_at": START,
            **facts,
        }
    )


def incident(severity: IncidentSeverity = MAJOR, *, folded: bool = False, **facts: Any) -> Watched:
    told = Incident(
        **{
            "id": ID,
            "version": 1,
            "cause": Cause(kind=CauseKind.UNIT, code="p1"),
            "cause_name": "Tỉnh 1",
            "state": IncidentState.OPEN,
            "assessment": Assessment(likely=Likely.PATH_LOSS, severity=severity, affected=6, observed=6),
            "opened_at": START,
            **facts,
        }
    )
    return Watched(told, severity, folded, frozenset({CONFERENCE}), frozenset({UnitCode("c1"), UnitCode("p1")}))


def past(*told: tuple[NoticeKind, IncidentSeverity], to: str = "s") -> Past:
    return {(SubscriptionId(to), ID): frozenset(Told(*each) for each in told)}


def kinds(one: Subscription, watched: Watched, before: Past | None = None, at: datetime = START) -> list[NoticeKind]:
    return [notice.kind for notice in notices([one], [watched], before or {}, at)]


def test_an_incident_is_told_once() -> None:
    assert kinds(subscription(), incident()) == [NoticeKind.ALARM]
    assert kinds(subscription(), incident(), past((NoticeKind.ALARM, MAJOR))) == []


def test_it_is_told_again_only_when_it_is_worse() -> None:
    told = past((NoticeKind.ALARM, MAJOR))
    assert kinds(subscription(), incident(MINOR), told) == []
    assert kinds(subscription(), incident(CRITICAL), told) == [NoticeKind.WORSE]
    worse = past((NoticeKind.ALARM, MAJOR), (NoticeKind.WORSE, CRITICAL))
    assert kinds(subscription(), incident(CRITICAL), worse) == []


def test_what_is_folded_is_told_with_its_common_cause() -> None:
    assert kinds(subscription(), incident(folded=True)) == []
    assert kinds(subscription(), incident(CRITICAL, folded=True), past((NoticeKind.ALARM, MAJOR))) == []


@pytest.mark.parametrize(
    ("facts", "is_told"),
    [
        ({"unit": "p1"}, True),
        ({"unit": "p2"}, False),
        ({"conference": CONFERENCE}, True),
        ({"conference": ConferenceId("00000000-0000-4000-8000-000000000002")}, False),
        ({"severity": CRITICAL}, False),
        ({"severity": MAJOR}, True),
        ({"active": False}, False),
    ],
)
def test_a_subscriber_hears_of_what_it_asked_for(facts: dict[str, Any], is_told: bool) -> None:
    assert bool(kinds(subscription(**facts), incident())) is is_told


def test_an_escalation_waits_and_is_spared_when_somebody_acknowledges() -> None:
    chief = subscription(wait_minutes=10)
    assert kinds(chief, incident(), at=START + 9 * MINUTE) == []
    assert kinds(chief, incident(), at=START + 10 * MINUTE) == [NoticeKind.ESCALATED]
    seen = incident(acknowledged_at=START + MINUTE, acknowledged_by="lan")
    assert kinds(chief, seen, at=START + 60 * MINUTE) == []


def test_the_end_is_told_once_to_those_who_heard_of_it_and_when_it_has_lasted() -> None:
    closed = incident(state=IncidentState.CLOSED, closed_at=START + 10 * MINUTE)
    told = past((NoticeKind.ALARM, MAJOR))
    assert kinds(subscription(), closed, at=START + 60 * MINUTE) == []
    assert kinds(subscription(), closed, told, START + 14 * MINUTE) == []
    assert kinds(subscription(), closed, told, START + 15 * MINUTE) == [NoticeKind.CLEARED]
    both = past((NoticeKind.ALARM, MAJOR), (NoticeKind.CLEARED, MAJOR))
    assert kinds(subscription(), closed, both, START + 16 * MINUTE) == []


def test_the_end_that_a_person_made_is_told_at_once() -> None:
    closed = incident(state=IncidentState.CLOSED, closed_at=START + MINUTE, closed_by="lan")
    assert kinds(subscription(), closed, past((NoticeKind.ALARM, MAJOR)), START + MINUTE) == [NoticeKind.CLEARED]


def test_a_letter_names_all_faults_of_a_halls_equipment_the_gravest_first() -> None:
    faults = Assessment(
        likely=Likely.MICROPHONE_DEAD, also=(Likely.CPU_LIMITED,), severity=MINOR, affected=1, observed=1
    )
    hall = incident(MINOR, cause=Cause(kind=CauseKind.EQUIPMENT, code="d1"), cause_name="Xã 1", assessment=faults)
    [notice] = notices([subscription(severity=MINOR, language="en")], [hall], {}, START)
    letter = mail(
        Stationery("https://hop.example.vn", UTC, None), Telling(DELIVERY, notice.subscription, notice), START
    )
    text = message_from_bytes(letter, policy=default).get_content()
    assert [line for line in text.splitlines() if line.startswith("Likely cause")] == [
        f"Likely cause: {LIKELY[Likely.MICROPHONE_DEAD]['en']}; {LIKELY[Likely.CPU_LIMITED]['en']}"
    ]


def test_a_webhook_is_signed_as_the_standard_says() -> None:
    secret = new_secret()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, b"msg_1.1700000000.{}", hashlib.sha256).digest()).decode()
    assert signature(secret, "msg_1", 1_700_000_000, b"{}") == f"v1,{expected}"
    assert signature(secret, "msg_2", 1_700_000_000, b"{}") != signature(secret, "msg_1", 1_700_000_000, b"{}")
    assert len(key) == 32


@pytest.mark.parametrize(
    ("address", "secure", "is_admitted"),
    [
        ("93.184.216.34", True, True),
        ("93.184.216.34", False, False),
        ("127.0.0.1", True, False),
        ("10.1.2.3", True, False),
        ("169.254.169.254", True, False),
        ("192.168.1.1", True, False),
        ("0.0.0.0", True, False),
        ("224.0.0.1", True, False),
        ("::1", True, False),
        ("::ffff:127.0.0.1", True, False),
        ("fe80::1%eth0", True, False),
        ("fd00::1", True, False),
        ("2606:2800:220:1:248:1893:25c8:1946", True, True),
        ("10.20.5.5", False, True),
    ],
)
def test_only_public_addresses_and_named_networks_are_posted_to(address: str, secure: bool, is_admitted: bool) -> None:
    assert Gate([ip_network("10.20.0.0/16")]).admits(address, secure=secure) is is_admitted


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.vn/x",
        "https://",
        "https://lan:secret@example.vn/x",
        "https://example.vn/x#y",
        "https://example.vn:99999/",
        "https://exa mple.vn/",
        "https://127.0.0.1/x",
        "http://93.184.216.34/x",
        "https://[::1]/x",
        "javascript:alert(1)",
        "https://[bad/x",
    ],
)
def test_an_address_that_nothing_can_be_posted_to_is_refused_when_it_is_written(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        Gate().check(url)
    assert caught.value.code == "alarm.url"


def test_a_named_host_is_judged_when_it_is_posted_to() -> None:
    Gate().check("https://canhbao.example.vn:8443/diemcau?x=1")


def test_attempts_come_less_often_each_time_and_a_taken_post_is_not_taken_twice() -> None:
    waits = [pause_after(attempt) for attempt in range(1, 12)]
    for wait, pause in zip(waits, PAUSES, strict=False):
        assert 0.8 * pause <= wait <= 1.2 * pause
    assert waits[-1] <= 1.2 * PAUSES[-1]
    assert LEASE.total_seconds() > 2 * TIMEOUT_SECONDS
