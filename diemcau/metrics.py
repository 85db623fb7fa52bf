"""The metrics of one process, from what its parts say of themselves. Pure.

Names begin with `diemcau_`, units are base units, counters end in `_total`. Labels have few values that are known
beforehand: never a point, a conference or a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from prometheus_client import Metric
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

from bridge.media.leg import LegState
from bridge.media.stats import EngineStats
from core import VERSION
from core.messages import NodeLoad
from core.model import Grade, Presence
from monitor.figures import KeeperFigures, Making, MonitorFigures

S = TypeVar("S", bound=StrEnum)


@dataclass(frozen=True)
class PoolFigures:
    """The database pool's connections."""

    open: int
    idle: int
    limit: int


@dataclass(frozen=True)
class Reading:
    """What all parts said at one moment. `mails_waiting` None: the database did not answer."""

    conferences: int
    engine: EngineStats
    monitor: MonitorFigures
    bus_overflows: int
    bus_dropped: int
    pool: PoolFigures
    signaling_connections: int
    feeds: int
    mails_waiting: int | None


def metrics_of(reading: Reading) -> Iterator[Metric]:
    """Every metric of `reading`."""
    build = GaugeMetricFamily("diemcau_build_info", "The version that runs.", labels=("version",))
    build.add_metric((VERSION,), 1)
    yield build
    yield GaugeMetricFamily("diemcau_conferences_live", "Conferences that are open.", reading.conferences)
    yield from _media(reading.engine)
    yield from _monitor(reading.monitor)
    yield CounterMetricFamily(
        "diemcau_bus_overflows", "Listeners on the bus that were too slow and started again.", reading.bus_overflows
    )
    yield CounterMetricFamily(
        "diemcau_bus_dropped_messages", "Bus messages that gave way to newer ones.", reading.bus_dropped
    )
    yield from _database(reading)
    yield GaugeMetricFamily(
        "diemcau_signaling_connections", "Open signaling WebSockets.", reading.signaling_connections
    )
    yield GaugeMetricFamily("diemcau_web_feeds", "Pages that follow a live feed.", reading.feeds)


def _media(stats: EngineStats) -> Iterator[Metric]:
    yield _by_state("diemcau_media_legs", "Open media legs by state.", LegState, stats.leg_states)
    totals = (
        ("received_packets", "Packets received on the media port.", stats.packets_in),
        ("received_bytes", "Bytes received on the media port.", stats.bytes_in),
        ("sent_packets", "Packets sent from the media port.", stats.packets_out),
        ("sent_bytes", "Bytes sent from the media port.", stats.bytes_out),
        ("forwarded_packets", "Media packets forwarded, counted once for each receiver.", stats.forwarded),
        ("resent_packets", "Packets sent again because a receiver missed them.", stats.resent),
        ("recovered_packets", "Packets that a source sent again because the node asked.", stats.recovered),
        ("keyframe_requests", "Key frames asked of sources.", stats.keyframe_requests),
    )
    for name, text, value in totals:
        yield CounterMetricFamily(f"diemcau_media_{name}", text, value)
    # Two reasons are always there, so that a graph of drops shows a line at zero and not nothing.
    drops = {"send_queue": 0, "send_error": 0, **stats.drops}
    yield _labelled(
        CounterMetricFamily("diemcau_media_dropped_packets", "Packets not taken or not sent.", labels=("reason",)),
        drops,
    )


def _monitor(figures: MonitorFigures) -> Iterator[Metric]:
    lines = GaugeMetricFamily("diemcau_lines", "Lines of live conferences by grade.", labels=("grade",))
    yield _labelled(lines, {grade.value: figures.lines.get(grade, 0) for grade in Grade})
    yield _by_state("diemcau_participants", "Participants of live conferences.", Presence, figures.presence)
    yield CounterMetricFamily("diemcau_samples_stored", "Link samples stored.", figures.samples_stored)
    yield CounterMetricFamily(
        "diemcau_samples_dropped", "Link samples pushed out while the database was away.", figures.samples_dropped
    )
    yield CounterMetricFamily(
        "diemcau_sample_batches_stored", "Batches of link samples stored.", figures.batches_stored
    )
    yield GaugeMetricFamily("diemcau_samples_waiting", "Link samples not stored yet.", figures.samples_waiting)
    yield CounterMetricFamily(
        "diemcau_endpoint_reports_stored", "What endpoints said of themselves, stored.", figures.reports_stored
    )
    yield CounterMetricFamily(
        "diemcau_endpoint_reports_dropped",
        "What endpoints said, pushed out while the database was away.",
        figures.reports_dropped,
    )
    yield GaugeMetricFamily(
        "diemcau_endpoint_reports_waiting", "What endpoints said, not stored yet.", figures.reports_waiting
    )
    posts = CounterMetricFamily("diemcau_alarm_posts", "Attempts to post an alarm to a webhook.", labels=("result",))
    yield _labelled(posts, {"taken": figures.posts_taken, "refused": figures.posts_refused})
    yield from _nodes(figures.nodes)
    yield from _keeper(figures.keeper)
    yield from _report_files(figures.report_files)


def _nodes(loads: Mapping[str, NodeLoad]) -> Iterator[Metric]:
    cores = GaugeMetricFamily("diemcau_node_cpu_cores", "CPU of a media node's process, in cores.", labels=("node",))
    yield _labelled(cores, {node: load.cores for node, load in loads.items()})
    late = GaugeMetricFamily(
        "diemcau_node_loop_late_seconds", "How late a media node comes to what is due, on average.", labels=("node",)
    )
    yield _labelled(late, {node: load.late_ms / 1000 for node, load in loads.items()})


def _keeper(figures: KeeperFigures) -> Iterator[Metric]:
    rounds = CounterMetricFamily(
        "diemcau_keeper_rounds", "Rounds of rolling up minutes and keeping partitions.", labels=("result",)
    )
    yield _labelled(rounds, {"done": figures.rounds, "failed": figures.failed_rounds})
    if figures.last_round is not None:
        yield GaugeMetricFamily(
            "diemcau_keeper_last_round_timestamp_seconds", "When the last round was done.", figures.last_round
        )
    yield CounterMetricFamily(
        "diemcau_rollups", "Minutes of conferences rolled up from samples.", figures.minutes_rolled
    )
    yield CounterMetricFamily(
        "diemcau_partitions_dropped", "Partitions dropped because they were too old.", figures.partitions_dropped
    )


def _report_files(made: Mapping[str, Making]) -> Iterator[Metric]:
    files = CounterMetricFamily("diemcau_report_files", "Report files made.", labels=("format",))
    yield _labelled(files, {form: making.files for form, making in made.items()})
    seconds = CounterMetricFamily(
        "diemcau_report_making_seconds", "Time that making report files took.", labels=("format",)
    )
    yield _labelled(seconds, {form: making.seconds for form, making in made.items()})


def _database(reading: Reading) -> Iterator[Metric]:
    pool = reading.pool
    yield GaugeMetricFamily("diemcau_database_up", "Whether the database answers.", reading.mails_waiting is not None)
    yield _labelled(
        GaugeMetricFamily("diemcau_database_connections", "Connections of the pool.", labels=("state",)),
        {"used": pool.open - pool.idle, "idle": pool.idle},
    )
    yield GaugeMetricFamily("diemcau_database_connections_limit", "The most that the pool opens.", pool.limit)
    if reading.mails_waiting is not None:
        yield GaugeMetricFamily("diemcau_mails_waiting", "Mails yet to be sent.", reading.mails_waiting)


def _by_state(name: str, text: str, states: type[S], counts: Mapping[S, int]) -> Metric:
    """A gauge with every state, also those that nothing is in."""
    return _labelled(
        GaugeMetricFamily(name, text, labels=("state",)), {state.value: counts.get(state, 0) for state in states}
    )


def _labelled(
    family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[str, float]
) -> GaugeMetricFamily | CounterMetricFamily:
    for label, value in values.items():
        family.add_metric((label,), value)
    return family
