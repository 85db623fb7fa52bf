"""How often a conference's view is told: at once, but not again within a spacing. Pure; time comes in as a number."""

from __future__ import annotations

from core.model import ConferenceId


class Pace:
    """Many nodes give a batch each in one period; the view of a whole conference is not made for every one of them.

    `ask` when something changed: True means now. Otherwise the conference waits until `due` names it.
    """

    def __init__(self, spacing_seconds: float) -> None:
        self.spacing_seconds = spacing_seconds
        self._told: dict[ConferenceId, float] = {}
        self._waiting: set[ConferenceId] = set()

    def ask(self, conference: ConferenceId, now: float) -> bool:
        """Whether the view may be told at `now` (monotonic seconds); if not, it is owed."""
        told = self._told.get(conference)
        if told is not None and now - told < self.spacing_seconds:
            self._waiting.add(conference)
            return False
        self._tell(conference, now)
        return True

    def due(self, now: float) -> list[ConferenceId]:
        """The conferences whose owed view is to be told now; call it every `spacing_seconds`."""
        owed = list(self._waiting)
        for conference in owed:
            self._tell(conference, now)
        return owed

    def end(self, conference: ConferenceId) -> None:
        """Forgets an ended conference."""
        self._told.pop(conference, None)
        self._waiting.discard(conference)

    def _tell(self, conference: ConferenceId, now: float) -> None:
        self._told[conference] = now
        self._waiting.discard(conference)
