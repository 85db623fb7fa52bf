"""The trials of `bench.monitor_lines`, and what the monitor said of each held against the truth. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, median
from typing import Any

from core.model import Grade, LinkSample
from core.quality import Direction, LinkStatus
from monitor.incidents.model import CauseKind, Likely
from tests.support.line import Faults
from tests.support.watched import Outcome, Reading, Trial

SETTLE_SECONDS = 8.0
"""From the fault on; what is compared begins with the first period that lies wholly behind it."""
LOSS_POINTS, LOSS_SHARE, LOSS_SMALL = 0.01, 0.20, 0.05
TRIP_MS = 10.0
CAP_SHARE = 0.15
RIGHT_SECONDS, BACK_SECONDS = 10.0, 30.0
INCIDENT_SECONDS, UNKNOWN_SECONDS = 24.0, 11.0
"""From a cut to its incident: the node waits 15 s for a silent hall and looks each second, the desk sees it within a
sampling period of 2 s, and the incident opens at the first look 4 s after that. Until then the grade becomes unknown,
when nothing was measured in a window of four samples: within 10 s and the time until it is told."""
_HARMED = (Grade.FAIR, Grade.POOR)


def _trials() -> Iterator[Trial]:
    for direction in Direction:
        way = direction.value
        for percent, right in (
            (1, (Grade.GOOD, Grade.FAIR)),
            (3, _HARMED),
            (7, (Grade.POOR,)),
            (15, (Grade.POOR,)),
        ):
            yield Trial(f"loss {percent} % {way}", direction, Faults(loss=percent / 100), right)
        for ms, right in ((60, _HARMED), (100, (Grade.POOR,))):
            yield Trial(f"jitter ±{ms} ms {way}", direction, Faults(delay_ms=ms, jitter_ms=ms), right)
        for kbps in (250, 350):
            yield Trial(f"cap {kbps} kbit/s {way}", direction, Faults(kbps=kbps), _HARMED)
        yield Trial(f"delay 100 ms {way}", direction, Faults(delay_ms=100), (Grade.GOOD,))
    yield Trial("delay 400 ms both", None, Faults(delay_ms=200), (Grade.FAIR,))
    yield Trial("delay 600 ms both", None, Faults(delay_ms=300), (Grade.POOR,))
    yield Trial("cut both", None, Faults(loss=1.0), (Grade.UNKNOWN,))


TRIALS: Sequence[Trial] = tuple(_trials())
"""Bounds of the profile `default`; where a loss is a bound itself, the grades on both its sides are right."""


def row_of(outcome: Outcome) -> dict[str, Any]:
    """One line of the table."""
    trial, compared = outcome.trial, _compared(outcome)
    row: dict[str, Any] = {"trial": trial.name, **_figure(outcome, compared)}
    right, back = outcome.right_after, outcome.good_after
    row |= {
        "grades": sorted({outcome.grade(one).value for one in compared}),
        "reasons": _reasons(outcome, compared),
        "right_after_s": None if right is None else round(right, 1),
        "good_after_s": None if back is None else round(back, 1),
    }
    within = row.pop("within", True)
    timely = right is not None and right <= (UNKNOWN_SECONDS if trial.is_cut else RIGHT_SECONDS)
    if not trial.is_cut:
        # A headless hall does not look for a new way when the node's consent has expired (30 s, RFC 7675).
        timely = timely and back is not None and back <= BACK_SECONDS
    return row | {"figure_right": within, "grade_right": timely}


def text_of(row: dict[str, Any]) -> str:
    """As a person reads it."""
    true, told = row.get("true"), row.get("told")
    figure = (
        f"{row['unit']}: true {true}, told {told}{', ' + row['called'] if row.get('called') else ''}"
        if true is not None
        else ""
    )
    times = f"right after {row['right_after_s']} s, good again after {row['good_after_s']} s"
    if row.get("carries"):
        times += f", said to carry {', '.join(row['carries'])}"
    marks = f"{'ok' if row['figure_right'] else 'WRONG'} / {'ok' if row['grade_right'] else 'LATE'}"
    return f"{row['trial']:<22} {figure:<44} {', '.join(row['grades']):<12} {times}  {marks}"


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The worst of each kind, and how many are right."""

    def worst(unit: str, key: str) -> float | None:
        return max(
            (abs(row[key]) for row in rows if row.get("unit") == unit and row.get(key) is not None), default=None
        )

    harmed = [row for row in rows if "called" not in row]
    rights = [row["right_after_s"] for row in harmed]
    backs = [row["good_after_s"] for row in harmed]
    return {
        "trials": len(rows),
        "figures_right": sum(row["figure_right"] for row in rows),
        "grades_right": sum(row["grade_right"] for row in rows),
        "loss_error_max": worst("loss", "error"),
        "rtt_error_ms_max": worst("ms", "error"),
        "cap_error_max": worst("kbit/s", "error"),
        "cut_incident_s": next((row["told"] for row in rows if "called" in row), None),
        "grade_right_s_max": None if None in rights else max(rights, default=None),
        "grade_good_again_s_max": None if None in backs else max(backs, default=None),
    }


def _compared(outcome: Outcome) -> list[Reading]:
    """One reading for each sample that was taken when the fault had lasted."""
    found: dict[object, Reading] = {}
    for reading in outcome.during:
        if reading.at - outcome.began >= SETTLE_SECONDS:
            found.setdefault(reading.status.sample.at, reading)
    return list(found.values())


def _reasons(outcome: Outcome, compared: Sequence[Reading]) -> list[str]:
    """What the grades were given for, each once."""
    found: dict[str, None] = {}
    for one in compared:
        status, direction = one.status, outcome.trial.direction
        way = status.up if direction is Direction.UP else status.down
        reason = status.reason if direction is None else way.reason
        if reason is not None:
            found[f"{reason.code.value} {reason.medium.value if reason.medium else ''}".strip()] = None
    return list(found)


def _figure(outcome: Outcome, compared: Sequence[Reading]) -> dict[str, Any]:
    trial, faults = outcome.trial, outcome.trial.faults
    samples = [one.status.sample for one in compared]
    if trial.is_cut:
        return _incident(outcome)
    if faults.loss and trial.direction is not None:
        return _loss(trial.direction, compared, samples)
    if faults.kbps and trial.direction is not None:
        return _cap(trial.direction, faults.kbps, compared)
    if faults.jitter_ms:
        return {}
    return _trip(outcome, samples)


def _loss(direction: Direction, compared: Sequence[Reading], samples: Sequence[LinkSample]) -> dict[str, Any]:
    first, last = compared[0], compared[-1]
    true = (last.lost - first.lost) / max(last.packets - first.packets, 1)
    # The first sample is of the period before the emulator's first count.
    told = fmean(value for one in samples[1:] if (value := _loss_of(one, direction)) is not None)
    allowed = LOSS_SHARE * true if true > LOSS_SMALL else LOSS_POINTS
    error = told - true
    figures = {"true": round(true, 4), "told": round(told, 4), "error": round(error, 4)}
    return {"unit": "loss", **figures, "within": abs(error) <= allowed}


def _loss_of(sample: LinkSample, direction: Direction) -> float | None:
    return sample.loss_up if direction is Direction.UP else sample.loss_down


def _cap(direction: Direction, kbps: float, compared: Sequence[Reading]) -> dict[str, Any]:
    said = [value for one in compared if (value := _cap_of(one.status, direction)) is not None]
    if not said:
        return {"unit": "kbit/s", "true": kbps, "told": None, "error": None, "within": False}
    told = median(said)
    error = told / kbps - 1
    figures = {"true": kbps, "told": round(told), "error": round(error, 3)}
    return {"unit": "kbit/s", **figures, "within": abs(error) <= CAP_SHARE}


def _cap_of(status: LinkStatus, direction: Direction) -> float | None:
    return status.carries_up_kbps if direction is Direction.UP else status.carries_down_kbps


def _incident(outcome: Outcome) -> dict[str, Any]:
    """The hall's own incident: when it was told first, and what it was called then."""
    first = next(iter(outcome.incidents), None)
    if first is None:
        return {"unit": "s", "true": 0, "told": None, "called": None, "within": False}
    cause, likely = first.incident.cause, first.incident.assessment.likely
    told = round(first.at - outcome.began, 1)
    named = cause.kind is CauseKind.LINE and likely is Likely.ENDPOINT_LOST
    called = f"{cause.kind.value} {likely.value}"
    return {"unit": "s", "true": 0, "told": told, "called": called, "within": named and told <= INCIDENT_SECONDS}


def _trip(outcome: Outcome, samples: Sequence[LinkSample]) -> dict[str, Any]:
    before = [value for one in outcome.before if (value := one.status.sample.rtt_ms) is not None]
    told = [value for one in samples if (value := one.rtt_ms) is not None]
    added = outcome.trial.faults.delay_ms * (2 if outcome.trial.direction is None else 1)
    true = median(before) + added
    error = median(told) - true
    figures = {"true": round(true, 1), "told": round(median(told), 1), "error": round(error, 1)}
    carries = _untrue_caps(outcome)
    return {"unit": "ms", **figures, "carries": carries, "within": abs(error) <= TRIP_MS and not carries}


def _untrue_caps(outcome: Outcome) -> list[str]:
    """What the line was said to carry that is less than went through before, as near as caps are told.

    Nothing caps a line that only became longer.
    """
    found: dict[str, None] = {}
    for direction in Direction:
        sent = median(_rate_of(one.status.sample, direction) for one in outcome.before)
        for one in (*outcome.during, *outcome.after):
            told = _cap_of(one.status, direction)
            if told is not None and told < (1 - CAP_SHARE) * sent:
                found[f"{direction.value} {told:.0f} kbit/s of {sent:.0f}"] = None
    return list(found)


def _rate_of(sample: LinkSample, direction: Direction) -> float:
    return sample.kbps_up if direction is Direction.UP else sample.kbps_down
