"""The report as tables in one language: what CSV, XLSX and PDF all show. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from core.model import CHAIR
from monitor.reports.model import (
    DelegateFigures,
    IncidentFigures,
    Origin,
    PointFigures,
    Report,
    SnapshotFigures,
    WayUsed,
)
from monitor.reports.texts import DEPARTURES, EVENTS, TEXTS, Language, incident_name
from monitor.reports.units import Counts

Section = Literal["summary", "units", "worst", "attendance", "delegates", "snapshots", "quality", "incidents", "events"]
Cell = str | int | float | datetime | None
"""Moments are local to the installation and without a zone, as a spreadsheet wants them."""


@dataclass(frozen=True)
class Table:
    """A titled table; all rows are as long as `header`.

    Of a tree `levels` tells how deep each row stands: 1 is a root, 0 the total below it all.
    """

    section: Section
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    levels: tuple[int, ...] = ()


def tables(report: Report, language: Language, zone: tzinfo) -> tuple[Table, ...]:
    """All tables, in the order in which a reader wants them."""
    return _Writer(report, language, zone).all()


class _Writer:
    def __init__(self, report: Report, language: Language, zone: tzinfo) -> None:
        self._report = report
        self._language = language
        self._zone = zone
        self._names: dict[str, str] = {p.attended.point: p.attended.name for p in report.points}

    def all(self) -> tuple[Table, ...]:
        report = self._report
        return (
            self._table("summary", ("what", "value"), self._summary()),
            self._units(),
            self._table("worst", _QUALITY, [self._quality(p) for p in report.worst]),
            self._table("attendance", _ATTENDANCE, [self._attendance(p) for p in report.points]),
            self._table("delegates", _DELEGATES, [self._delegate(d) for d in report.delegates]),
            self._table("snapshots", _SNAPSHOTS, [self._snapshot(s) for s in report.snapshots]),
            self._table("quality", _QUALITY, [self._quality(p) for p in report.points if p.line]),
            self._table("incidents", _INCIDENTS, [self._incident(i) for i in report.incidents]),
            self._table("events", ("number", "at", "event", "who"), self._events()),
        )

    def _table(self, section: Section, header: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> Table:
        return Table(section, self._t(section), tuple(self._t(f"column.{name}") for name in header), tuple(rows))

    def _t(self, key: str) -> str:
        return TEXTS[key][self._language == "en"]

    def _local(self, at: datetime | None) -> datetime | None:
        return at.astimezone(self._zone).replace(tzinfo=None, microsecond=0) if at else None

    def _summary(self) -> list[tuple[Cell, ...]]:
        report, total = self._report, self._report.total
        values: dict[str, Cell] = {
            "title": report.title,
            "start": self._local(report.start),
            "stop": self._local(report.stop),
            "made_at": self._local(report.made_at),
            "state": self._t(f"conference.{report.state}"),
            "chair": report.chair,
            "expected": total.points,
            "came": total.came,
            "never": total.points - total.came,
            "late": total.late,
            "early": total.early,
            "delegates_expected": total.expected,
            "delegates_declared": total.declared,
            "delegates_listed": total.listed,
            "delegates_verified": total.verified,
            "delegates_absent": total.absent,
            "incidents": len(report.incidents),
        }
        # Only a chair may be missing.
        return [(self._t(f"summary.{key}"), value) for key, value in values.items() if value is not None]

    def _units(self) -> Table:
        sums = self._report.units
        rows = [(u.unit.name, u.unit.code, u.parent, u.level, *_counted(u.counts)) for u in sums]
        rows.append((self._t("total"), None, None, None, *_counted(self._report.total)))
        return replace(self._table("units", _UNITS, rows), levels=(*(u.level for u in sums), 0))

    def _delegate(self, who: DelegateFigures) -> tuple[Cell, ...]:
        way = self._t(f"way.{who.way}") if who.way else None
        told = (self._t(f"state.{who.state}"), who.reason or None, self._local(who.at), way)
        return (who.code, who.name, who.position or None, who.organisation or None, who.point_name, *told)

    def _snapshot(self, kept: SnapshotFigures) -> tuple[Cell, ...]:
        quorum = {None: "none", True: "reached", False: "short"}[kept.quorum]
        sums = (kept.expected, kept.declared, kept.verified, kept.absent)
        moment = (kept.number, kept.item, self._local(kept.at))
        return (*moment, kept.points, kept.present, *sums, self._t(f"quorum.{quorum}"))

    def _incident(self, one: IncidentFigures) -> tuple[Cell, ...]:
        times = (self._local(one.opened_at), self._local(one.closed_at), one.minutes)
        causes = "; ".join(self._t(f"likely.{cause}") for cause in (one.likely, *one.also))
        words = (self._t(f"severity.{one.severity}"), causes)
        name = incident_name(one.kind, one.name, self._language)
        return (name, *words, one.points, *times, one.owner, self._t(f"incident.{one.state}"))

    def _attendance(self, figures: PointFigures) -> tuple[Cell, ...]:
        row = figures.attended
        how = DEPARTURES[figures.how][self._language == "en"] if figures.how else None
        if not figures.came:
            how = self._t("never")
        return (
            row.point,
            row.name,
            figures.point.above.name,
            figures.point.expected,
            figures.point.declared,
            figures.point.verified,
            figures.point.absent,
            self._local(row.first_joined),
            self._local(row.last_left),
            figures.minutes,
            row.intervals,
            _minutes(figures.late),
            _minutes(figures.early),
            figures.origin.skew if figures.origin else None,
            figures.late_by_own_clock,
            figures.early_by_own_clock,
            how,
            self._origin(figures.origin),
        )

    def _origin(self, origin: Origin | None) -> str | None:
        if origin is None:
            return None
        ways = origin.stretches
        if len(ways) == 1:
            return self._way_used(ways[0])
        return "; ".join(f"{self._clock(w.began)}–{self._clock(w.ended)} {self._way_used(w)}" for w in ways) or None

    def _way_used(self, way: WayUsed) -> str:
        words = [self._t(f"transport.{way.transport}")]
        words += [self._t("relayed")] if way.relayed else []
        words += [self._t(f"network.{way.network}")] if way.network else []
        return ", ".join(words)

    def _clock(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%H:%M}"

    def _quality(self, figures: PointFigures) -> tuple[Cell, ...]:
        line = figures.line
        assert line is not None
        who = (figures.attended.point, figures.attended.name, self._way(line.relayed))
        facts = (line.samples, line.good, line.fair, line.poor, line.poor_percent)
        seen = line.seen
        told = (seen.freezes, seen.frozen, seen.concealed, seen.fps, seen.cpu_limited)
        devices = (seen.camera_ill, seen.microphone_ill)
        return (*who, *facts, line.loss_up, line.loss_down, line.rtt_ms, *told, *devices)

    def _way(self, relayed: bool | None) -> str | None:
        return None if relayed is None else self._t("relayed" if relayed else "direct")

    def _events(self) -> list[tuple[Cell, ...]]:
        return [(e.seq, self._local(e.at), self._event(e.kind), self._who(e.who)) for e in self._report.events]

    def _event(self, kind: str) -> str:
        words = EVENTS.get(kind)
        return words[self._language == "en"] if words else kind

    def _who(self, who: str | None) -> str | None:
        if who is None:
            return None
        if who == CHAIR or who in ("clock", "failure"):
            return self._t(f"who.{who}")
        code = who.removeprefix("point:")
        return self._names.get(code, code)


def _counted(of: Counts) -> tuple[Cell, ...]:
    return (of.points, of.came, of.late, of.early, of.expected, of.declared, of.verified, of.absent)


def _minutes(length: timedelta) -> float:
    return round(length.total_seconds() / 60, 1)


_PEOPLE = ("delegates_verified", "delegates_absent")
_DELEGATES = ("delegate", "person", "position", "organisation", "name", "state", "reason", "at", "way")
_SNAPSHOTS = (
    "number",
    "item",
    "at",
    "points",
    "present",
    "delegates_expected",
    "delegates_declared",
    *_PEOPLE,
    "quorum",
)
_INCIDENTS = ("incident", "severity", "likely", "points", "opened", "closed", "minutes_open", "owner", "incident_state")
_UNITS = (
    "unit",
    "unit_code",
    "unit_above",
    "level",
    "points",
    "came",
    "late",
    "early",
    "delegates_expected",
    "delegates_declared",
    *_PEOPLE,
)
_ATTENDANCE = (
    "point",
    "name",
    "unit",
    "delegates_expected",
    "delegates_declared",
    *_PEOPLE,
    "first_joined",
    "last_left",
    "minutes",
    "times",
    "late_minutes",
    "early_minutes",
    "clock_skew",
    "late_own_clock",
    "early_own_clock",
    "how",
    "origin",
)
_QUALITY = (
    "point",
    "name",
    "way_there",
    "samples",
    "good",
    "fair",
    "poor",
    "poor_percent",
    "loss_up",
    "loss_down",
    "rtt",
    "freezes",
    "frozen",
    "concealed",
    "fps",
    "cpu_limited",
    "camera_ill",
    "microphone_ill",
)
