"""What is asked of choosing points and what it answers. The HTTP API speaks exactly these models."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from core.model import Model, PointRef

PASTED_CHARACTERS = 400_000

Codes = Annotated[tuple[Annotated[str, Field(max_length=64)], ...], Field(max_length=10_000)]


class Choice(Model):
    """Which points: those of the subtrees of `units`, `points`, the saved `audiences` (by name) and the `pasted` lines,
    without the subtrees of `except_units` and without `except_points`.
    """

    units: Codes = ()
    points: Codes = ()
    audiences: Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Field(max_length=100)] = ()
    pasted: str = Field(default="", max_length=PASTED_CHARACTERS)
    except_units: Codes = ()
    except_points: Codes = ()


class UnknownLine(Model):
    """A pasted line (counted from 1) that names nothing in the directory."""

    line: int
    text: str


class Candidate(Model):
    """A point or a whole unit that an ambiguous line can mean; `above` is the unit that it belongs to.

    `place` tells equal names apart: the name of the nearest unit above that is called otherwise.
    """

    code: str
    name: str
    above: str | None
    place: str | None = None
    is_point: bool


class AmbiguousLine(Model):
    """A pasted line that can mean several; at most ten are listed. It chooses none of them."""

    line: int
    text: str
    candidates: tuple[Candidate, ...]


class MergedUnit(Model):
    """A unit of the choice that was merged, and the present unit that stands for it."""

    code: str
    successor: str


class Chosen(Model):
    """The points of a choice, in order of their codes, and what of the choice could not be followed as written."""

    count: int
    points: tuple[PointRef, ...]
    unknown: tuple[UnknownLine, ...] = ()
    ambiguous: tuple[AmbiguousLine, ...] = ()
    merged: tuple[MergedUnit, ...] = ()


class AudienceRequest(Model):
    """A choice under a name; resolved anew each time it is used. `version` as it was read, when it is changed."""

    name: str
    choice: Choice
    version: int | None = None


class Audience(Model):
    """A saved audience."""

    id: str
    name: str
    choice: Choice
    version: int
    changed_by: str
    changed_at: AwareDatetime
