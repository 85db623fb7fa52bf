"""What endpoints report of themselves: from the real door over the bus to the monitor, and to the technician's view."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from core.database import Database
from core.messages import ENDPOINTS, SAMPLES, EndpointReport, SampleBatch
from core.model import LegId, LinkSample, point_participant
from core.quality import CandidateType, DeviceState, EndpointFigures, LinkStatus
from core.settings import Settings
from monitor.service import Monitor
from signaling.client import SignalingClient
from signaling.protocol import Beat, BeatReply, ErrorMessage, Report
from signaling.session import REPORTS_AT_ONCE
from tests.support.door import CONFERENCE, Door, open_door, visit
from tests.support.polling import UNIT, eventually

FIGURES = EndpointFigures(
    seconds=2, freezes=3, fps=24.5, camera=DeviceState.BLACK, candidate=CandidateType.RELAY, skew_ms=-1500
)


async def test_a_report_travels_with_the_sessions_own_participant() -> None:
    async with open_door() as door, visit(door.url) as visitor:
        with door.bus.subscribe(ENDPOINTS) as reports:
            welcome = await visitor.join(door.token("P7"))
            await visitor.send(Report(figures=FIGURES).model_dump_json(exclude_none=True))
            async with asyncio.timeout(10 * UNIT):
                report = await anext(aiter(reports))
        assert report.figures == FIGURES
        assert (report.participant, report.session) == (point_participant("P7"), welcome.session)
        assert report.conference == CONFERENCE


async def test_figures_out_of_bounds_or_for_somebody_else_are_no_message() -> None:
    async with open_door() as door, visit(door.url) as visitor:
        await visitor.join(door.token())
        await visitor.receive()
        for text in (
            '{"type":"report","figures":{"seconds":2,"fps":1e9}}',
            '{"type":"report","figures":{"seconds":2},"participant":"point:P9"}',
            '{"type":"report","figures":{"seconds":2,"camera":"on fire"}}',
        ):
            await visitor.send(text)
            assert (await visitor.expect(ErrorMessage)).code == "signaling.bad_message"


async def test_reports_too_many_are_dropped_and_the_session_goes_on() -> None:
    async with open_door(signaling_reports_per_second=0.001) as door, visit(door.url) as visitor:
        with door.bus.subscribe(ENDPOINTS) as reports:
            await visitor.join(door.token())
            await visitor.receive()
            for freezes in range(10):
                figures = EndpointFigures(seconds=2, freezes=freezes)
                await visitor.send(Report(figures=figures).model_dump_json(exclude_none=True))
            await visitor.send(Beat(id=1).model_dump_json())
            await visitor.expect(BeatReply)
            # The next one that comes is this, so that all before it have been heard.
            last = EndpointReport.model_validate(
                {
                    "conference": CONFERENCE,
                    "participant": "end",
                    "session": "end",
                    "at": door.clock.now(),
                    "figures": {"seconds": 1},
                }
            )
            door.bus.publish(ENDPOINTS, last)
            heard: list[EndpointReport] = []
            async for report in reports:
                if report == last:
                    break
                heard.append(report)
        assert [report.figures.freezes for report in heard] == list(range(REPORTS_AT_ONCE))


def _status(monitor: Monitor) -> LinkStatus | None:
    links = monitor.snapshot(CONFERENCE).links
    return links.links[0] if links is not None and links.links else None


def _sample(door: Door) -> None:
    at = door.clock.now()
    participant = point_participant("P1")
    sample = LinkSample(
        conference=CONFERENCE, participant=participant, leg=LegId("leg"), at=at, kbps_up=1, kbps_down=900
    )
    door.bus.publish(SAMPLES, SampleBatch(at=at, samples=(sample,)))


async def test_the_monitor_shows_a_clients_figures_with_their_age_and_its_clocks_skew(database: Database) -> None:
    async with open_door(signaling_beat_seconds=0.1) as door:
        monitor = Monitor(database, door.bus, door.clock, Settings())
        watching = asyncio.create_task(monitor.run())
        try:
            await monitor.ready.wait()
            async with SignalingClient(door.url, door.token()) as client:
                await eventually(lambda: None if client.skew else "no skew yet")
                assert await client.report(FIGURES)
                _sample(door)

                def why_not_shown() -> str | None:
                    status = _status(monitor)
                    return None if status is not None and status.endpoint is not None else f"shown: {status}"

                await eventually(why_not_shown)
                status = _status(monitor)
                assert status is not None
                assert status.endpoint is not None
                assert status.endpoint_age_ms is not None
                assert status.endpoint.freezes == 3
                # One machine, one clock: what differs is within the error, and replaces what the caller said.
                assert status.endpoint.skew_ms is not None
                assert status.endpoint.skew_error_ms is not None
                assert abs(status.endpoint.skew_ms) <= status.endpoint.skew_error_ms + 5
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
