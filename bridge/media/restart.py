"""ICE restart (RFC 8445 section 9) without I/O: new credentials for a leg of which everything else stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bridge.media.ice import Credentials
from bridge.media.sdp import LEVEL_URI, MID_URI, REPAIRED_RID_URI, RID_URI, SEND_TIME_URI, Offer, Section
from core.errors import BadInput

_URIS = (MID_URI, RID_URI, REPAIRED_RID_URI, LEVEL_URI, SEND_TIME_URI)


@dataclass(frozen=True)
class Way:
    """One generation of a leg's ICE: our credentials, and the client's."""

    local: Credentials
    remote: Credentials
    number: int = 1


class Ways:
    """The way that a leg uses, and the one that a restart offers beside it until the client nominates a pair of it."""

    def __init__(self, remote: Credentials) -> None:
        self.current = Way(Credentials.generate(), remote)
        self.offered: Way | None = None

    @property
    def all(self) -> tuple[Way, ...]:
        """Those whose checks are valid now."""
        return (self.current,) if self.offered is None else (self.current, self.offered)

    def offer(self, remote: Credentials) -> tuple[Way, Way | None]:
        """The way to answer an offer with, and the one whose checks are valid no more.

        The same fragment again is the same offer again: its answer was lost.
        """
        for way in self.all:
            if way.remote.ufrag == remote.ufrag:
                return way, None
        given_up, number = self.offered, self.all[-1].number + 1
        self.offered = Way(Credentials.generate(), remote, number)
        return self.offered, given_up

    def nominated(self, ufrag: str) -> Way | None:
        """The client chose a pair, with our fragment `ufrag`: returns the way that is over by that."""
        if self.offered is None or self.offered.local.ufrag != ufrag:
            return None
        over, self.current, self.offered = self.current, self.offered, None
        return over


def check_restart(old: Offer, new: Offer, mids: Iterable[str]) -> None:
    """Raises `BadInput` (`sdp.changed`) unless the m-lines of `mids` and the certificate are those of the leg's offer.

    Whoever wants anything else needs a new connection, for which there is a new leg.
    """
    sections = {section.mid: section for section in new.sections}
    same = (
        [section.mid for section in old.sections] == [section.mid for section in new.sections]
        and _prints(old) == _prints(new)
        and (new.setup == "actpass" or new.setup == old.setup or old.setup == "actpass")
    )
    different = [mid for mid in mids if not same or not _is_same(old.section(mid), sections[mid])]
    if different or not same:
        detail = "An ICE restart must offer the same media as before. Offer a new connection for anything else."
        raise BadInput("sdp.changed", detail, mids=different)


def _prints(offer: Offer) -> set[tuple[str, str]]:
    return {(found.algorithm, found.value.lower()) for found in offer.fingerprints}


def _is_same(old: Section, new: Section) -> bool:
    """Whether the leg's slots and streams still fit; browsers leave out the extensions that were not agreed on."""
    extensions = all(new.extensions.get(uri, old.extensions.get(uri)) == old.extensions.get(uri) for uri in _URIS)
    return extensions and _essence(old) == _essence(new)


def _essence(section: Section) -> tuple[object, ...]:
    return section.kind, section.sends, section.receives, section.payload_type, section.codec, section.rids
