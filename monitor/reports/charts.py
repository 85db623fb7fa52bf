"""The report's charts as bars: what each line of a chart says in words, and where its spans lie. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from monitor.reports.model import IncidentFigures, PointFigures, Report
from monitor.reports.texts import TEXTS, Language, incident_name
from monitor.reports.units import Counts, Unit, groups

MOST_BARS = 40
"""A chart of more is no picture any more; the table has them all."""

GOOD, FAIR, POOR, CALM, STRONG, PALE = "#2e7d4f", "#b07d1a", "#b5362c", "#9db8d6", "#1f5fa8", "#d6d9de"
_STEPS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360))
_MOST_TICKS = 12
_LATE = ((timedelta(0), "late.none"), (timedelta(minutes=5), "late.little"), (timedelta(minutes=15), "late.some"))


@dataclass(frozen=True)
class Span:
    """A piece of a bar, from and to as shares of its length."""

    begin: float
    end: float
    colour: str


@dataclass(frozen=True)
class Bar:
    """One line: `told` says the same as its spans."""

    label: str
    spans: tuple[Span, ...]
    told: str


@dataclass(frozen=True)
class Chart:
    """A titled chart with what its figures and colours mean."""

    title: str
    note: str
    legend: tuple[tuple[str, str], ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Tick:
    """A moment on an axis of time, `at` a share of its length."""

    at: float
    label: str


@dataclass(frozen=True)
class Curve:
    """How many points were present: equal steps of time, the most of them, and the moments below."""

    values: tuple[int, ...]
    most: int
    ticks: tuple[Tick, ...]


def curve(report: Report, zone: tzinfo) -> Curve | None:
    """The curve of presence; None before anything can be shown."""
    if not report.curve:
        return None
    ticks = _ticks(report.start, min(report.stop, report.made_at), zone)
    return Curve(report.curve, max(report.curve), ticks)


def _ticks(since: datetime, until: datetime, zone: tzinfo) -> tuple[Tick, ...]:
    """Full minutes of the local clock, as many as are easily read."""
    length = until - since
    step = next((step for step in _STEPS if length / step <= _MOST_TICKS), length)
    midnight = since.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight + -((midnight - since) // step) * step
    count = int((until - first) / step) + 1 if until >= first else 0
    moments = [first + n * step for n in range(count)]
    return tuple(Tick((at - since) / length, f"{at.astimezone(zone):%H:%M}") for at in moments)


def charts(report: Report, language: Language, zone: tzinfo) -> tuple[Chart, ...]:
    """Those that have anything to show, in the order in which a reader wants them."""
    word = _Words(language, zone)
    drawn = (_arrivals(report, word), _people(report, word), _grades(report, word), _worst(report, word))
    return tuple(chart for chart in (*drawn, _incidents(report, word)) if chart.bars)


class _Words:
    def __init__(self, language: Language, zone: tzinfo) -> None:
        self.language = language
        self._zone = zone

    def __call__(self, key: str, **facts: object) -> str:
        return TEXTS[key][self.language == "en"].format(**facts)

    def clock(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%H:%M}"

    def number(self, value: float) -> str:
        text = f"{value:.1f}"
        return text.replace(".", ",") if self.language == "vi" else text


def _people(report: Report, word: _Words) -> Chart:
    """Declared and checked-in delegates of the expected, for the units with most."""
    sums: dict[Unit, Counts] = {}
    for unit, point in _grouped(report.points):
        sums[unit] = sums.get(unit, Counts()) + point.counts
    largest = sorted(sums.items(), key=lambda one: -one[1].expected)[:MOST_BARS]
    bars = tuple(_unit_bar(unit, counts, word) for unit, counts in largest if counts.expected or counts.declared)
    legend = ((word("chart.verified"), STRONG), (word("chart.declared"), CALM), (word("chart.expected"), PALE))
    note = word("chart.people.note")
    if len(sums) > MOST_BARS:
        note += " " + word("chart.people.cut", shown=MOST_BARS, all=len(sums))
    return Chart(word("chart.people"), note, legend, bars)


def _grouped(points: Sequence[PointFigures]) -> list[tuple[Unit, PointFigures]]:
    return list(zip(groups([point.point.path for point in points]), points, strict=True))


def _unit_bar(unit: Unit, people: Counts, word: _Words) -> Bar:
    whole = max(people.expected, people.declared, people.verified)
    spans = (
        Span(0, people.expected / whole, PALE),
        Span(0, people.declared / whole, CALM),
        Span(0, people.verified / whole, STRONG),
    )
    told = f"{people.verified} · {people.declared} / {people.expected}"
    return Bar(unit.name, spans, told)


def _arrivals(report: Report, word: _Words) -> Chart:
    """How many points came in time, a little late, late, very late, or never."""
    counts = dict.fromkeys(("late.none", "late.little", "late.some", "late.much", "late.never"), 0)
    for point in report.points:
        counts[_lateness(point)] += 1
    most = max(1, *counts.values())
    colours = {"late.none": GOOD, "late.never": POOR}
    bars = tuple(
        Bar(word(key), (Span(0, count / most, colours.get(key, FAIR)),), str(count)) for key, count in counts.items()
    )
    return Chart(word("chart.arrivals"), word("chart.arrivals.note"), (), bars if report.points else ())


def _lateness(point: PointFigures) -> str:
    if not point.came:
        return "late.never"
    return next((key for bound, key in _LATE if point.late <= bound), "late.much")


def _grades(report: Report, word: _Words) -> Chart:
    """The lines' grades by unit over the whole conference, the units with most poor samples first."""
    sums: dict[Unit, tuple[int, int, int]] = {}
    for unit, point in _grouped(report.points):
        if point.line is not None:
            good, fair, poor = sums.get(unit, (0, 0, 0))
            sums[unit] = (good + point.line.good, fair + point.line.fair, poor + point.line.poor)
    graded = [(unit, counts) for unit, counts in sums.items() if sum(counts)]
    graded.sort(key=lambda one: -one[1][2] / sum(one[1]))
    bars = tuple(_grade_bar(unit.name, counts, word) for unit, counts in graded[:MOST_BARS])
    legend = ((word("column.good"), GOOD), (word("column.fair"), FAIR), (word("column.poor"), POOR))
    note = word("chart.grades.note")
    if len(graded) > MOST_BARS:
        note += " " + word("chart.grades.cut", shown=MOST_BARS, all=len(graded))
    return Chart(word("chart.grades"), note, legend, bars)


def _grade_bar(name: str, counts: tuple[int, int, int], word: _Words) -> Bar:
    whole, spans, begin = sum(counts), [], 0.0
    for count, colour in zip(counts, (GOOD, FAIR, POOR), strict=True):
        spans.append(Span(begin, begin + count / whole, colour))
        begin += count / whole
    return Bar(name, tuple(spans), " · ".join(f"{word.number(100 * count / whole)} %" for count in counts))


def _worst(report: Report, word: _Words) -> Chart:
    """The lines with most poor samples, each beside the worst of them."""
    shares = [(point, point.line.poor_percent or 0.0) for point in report.worst if point.line is not None]
    most = max((percent for _, percent in shares), default=0.0) or 1.0
    bars = (
        Bar(
            f"{point.attended.name} ({point.point.above.name})",
            (Span(0, percent / most, POOR),),
            f"{word.number(percent)} %",
        )
        for point, percent in shares
    )
    return Chart(word("chart.worst"), word("chart.worst.note"), (), tuple(bars))


def _incidents(report: Report, word: _Words) -> Chart:
    """When each incident was open, on the conference's time."""
    until = max((min(report.stop, report.made_at), *(one.closed_at or report.made_at for one in report.incidents)))
    since = min((report.start, *(one.opened_at for one in report.incidents)))
    colours = {"minor": FAIR, "major": POOR, "critical": POOR}
    bars: Iterable[Bar] = (
        Bar(
            incident_name(one.kind, one.name, word.language),
            (Span(_place(one.opened_at, since, until), _end(one, since, until), colours[one.severity]),),
            word(f"severity.{one.severity}"),
        )
        for one in report.incidents[:MOST_BARS]
    )
    note = word("chart.incidents.note", since=word.clock(since), until=word.clock(until))
    if len(report.incidents) > MOST_BARS:
        note += " " + word("chart.incidents.cut", shown=MOST_BARS, all=len(report.incidents))
    return Chart(word("chart.incidents"), note, (), tuple(bars))


def _place(at: datetime, since: datetime, until: datetime) -> float:
    whole = (until - since).total_seconds()
    return min(1.0, max(0.0, (at - since).total_seconds() / whole)) if whole > 0 else 0.0


def _end(one: IncidentFigures, since: datetime, until: datetime) -> float:
    """Never so short that it cannot be seen."""
    begin = _place(one.opened_at, since, until)
    return min(1.0, max(_place(one.closed_at or until, since, until), begin + 0.005))
