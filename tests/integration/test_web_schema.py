"""The API against its own description: requests made from the schemas, replies checked against them (schemathesis)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bridge.node import BridgeNode
from core.database import Database
from core.identity import AnswerRight, FeedRight, JoinRight, Signer
from core.model import ConferenceId, Participant, Role, point_participant
from tests.support.website import SECRET, Visitor, Website, running_website, times_of
from web.endpoint import COOKIE
from web.openapi import document

SEED = 20261123
EXAMPLES = 6
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LEFT_OUT = {
    "feed": "it never ends",
    "sign_in": "it counts attempts and soon refuses everybody",
    "sign_out": "it would end the sign-in that the others use",
}


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path, media_port=0) as site:
        await site.add_points(3)
        node = BridgeNode(site.settings, database, site.bus, site.clock, ["127.0.0.1"])
        await node.start()
        yield site
        await node.stop()


async def _made(organizer: Visitor, method: str, path: str, body: dict[str, Any]) -> Any:
    reply = await organizer.ask(method, path, json=body)
    assert reply.status in {200, 201}, reply.body
    return reply.json


async def _known(organizer: Visitor) -> dict[str, str]:
    """One thing of each kind that paths name; their ids by the paths' parameters."""
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    node = {"name": "Nút", "unit": "p", "legs": 600, "kbps": 1_000_000}
    await _made(organizer, "PUT", "/api/nodes/n1", node)
    booking = {"title": "Họp", "times": times_of(start), "points": ["d1"]}
    id = (await _made(organizer, "POST", "/api/bookings", booking))["conference"]["id"]
    await _made(organizer, "POST", f"/api/conferences/{id}/invitations", {})
    rule = {"title": "Tuần", "first": times_of(start), "rule": "FREQ=WEEKLY;COUNT=3", "points": ["d2"]}
    await _made(organizer, "POST", f"/api/conferences/{id}/snapshots", {"item": "Khai mạc"})
    listed = "code,name,point\nDB1,Nguyễn Văn A,d1\n".encode()
    loaded = await organizer.ask(
        "POST", f"/api/conferences/{id}/delegates", data=listed, headers={"X-File-Name": "delegates.csv"}
    )
    assert loaded.json["applied"], loaded.body
    series = await _made(organizer, "POST", "/api/series", rule)
    template = await _made(organizer, "POST", "/api/templates", {"conference": id, "name": "Mẫu"})
    audience = await _made(organizer, "POST", "/api/audiences", {"name": "Đảo", "choice": {"points": ["d3"]}})
    hook = {"name": "Trực", "channel": "webhook", "target": "https://localhost/hook"}
    alarm = (await _made(organizer, "POST", "/api/alarms", hook))["subscription"]
    signer, later = Signer(SECRET), start + timedelta(days=1)
    answer = signer.answer_token(AnswerRight(conference=ConferenceId(id), point="d1"), later)
    who = Participant(id=point_participant("d1"), role=Role.OPERATOR, name="Điểm 1", point="d1")
    join = signer.join_token(JoinRight(conference=ConferenceId(id), participant=who), later)
    return {
        "id": id,
        "code": "p",
        "unit": "p",
        "point": "d1",
        "node": "n1",
        "series": series["series"]["id"],
        "template": template["id"],
        "audience": audience["id"],
        "alarm": alarm["id"],
        "answer": answer,
        "join": join,
        "delegate": "DB1",
        "ticket": signer.ticket_token(1, 1),
        "snapshot": "1",
        "incident": "00000000-0000-4000-8000-000000000009",
        "feed": signer.feed_token(FeedRight(of="unit", code="p"), later),
    }


def _operations() -> Iterator[Any]:
    """Every operation; those that end something come last."""
    results = list(schemathesis.openapi.from_dict(document()).get_all_operations())
    found = [result.ok() for result in results if isinstance(result, Ok)]
    assert len(found) == len(results), "the description has an operation that cannot be read"
    ending = ("delete", "cancel", "merge", "reschedule", "decide")
    wanted = [one for one in found if one.definition.raw["operationId"] not in LEFT_OUT]
    yield from sorted(wanted, key=lambda one: any(word in f"{one.method} {one.path}".lower() for word in ending))


def _named(path: str, known: dict[str, str]) -> dict[str, str]:
    """The path's parameters that name something known."""
    tokens = {"calendar": "feed", "joins": "join"}
    token = known[next((name for part, name in tokens.items() if f"/{part}/" in path), "answer")]
    code = "d1" if path.startswith("/api/points") else known["code"]
    values = {**known, "token": token, "code": code}
    return {name: value for name, value in values.items() if f"{{{name}}}" in path}


@dataclass
class Asking:
    """Asks every operation and keeps what was wrong, and which statuses it was answered with."""

    base: str
    cookies: dict[str, str]
    faults: list[str] = field(default_factory=list)
    statuses: dict[str, Counter[int]] = field(default_factory=dict)

    def ask_all(self, known: dict[str, str]) -> None:
        """Of things that are there and of things made up; as described, and otherwise."""
        for operation in _operations():
            named = _named(operation.path, known)
            for mode in GenerationMode:
                if mode is GenerationMode.NEGATIVE and not operation.body.items and not operation.query.items:
                    continue
                for given in [named, {}] if named else [{}]:
                    self._ask(operation, given, mode)

    def _ask(self, operation: Any, given: dict[str, str], mode: GenerationMode) -> None:
        seen = self.statuses.setdefault(operation.label, Counter())
        options = {"path_parameters": given} if given else {}

        @hypothesis.seed(SEED)
        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(operation.as_strategy(mode, **options))
        def holds(case: Any) -> None:
            response = case.call(base_url=self.base, cookies=self.cookies, timeout=30)
            seen[response.status_code] += 1
            case.validate_response(response, checks=CHECKS)

        try:
            holds()
        except (Exception, FailureGroup) as exc:
            told = [str(one)[:600] for one in getattr(exc, "exceptions", [exc])]
            self.faults.append(f"{operation.label} ({mode.value}): {' | '.join(told)}")


@schemathesis.serializer("message/rfc822")
def _as_mail(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


async def test_every_reply_is_as_described(site: Website) -> None:
    everybody = await site.signed_in(*Role, username="everybody")
    known = await _known(everybody)
    cookies = {one.key: one.value for one in everybody.http.cookie_jar if one.key == COOKIE}
    asking = Asking(everybody.base, cookies)
    await asyncio.to_thread(asking.ask_all, known)
    assert not asking.faults, f"seed {SEED}:\n" + "\n".join(asking.faults)
    assert not [label for label, seen in asking.statuses.items() if 401 in seen]
    served = [label for label, seen in asking.statuses.items() if seen[200] or seen[201]]
    assert len(served) > 50, sorted(asking.statuses.keys() - set(served))
