"""What to do about what is behind an incident. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.incidents.model import ActionKind, CauseKind, Likely

_LIGHTER = (ActionKind.LOWER_LAYER, ActionKind.SOUND_ONLY)
_CALL = (ActionKind.CALL_OPERATOR,)

_ADVICE: dict[Likely, tuple[ActionKind, ...]] = {
    Likely.UPLINK_SATURATED: (*_LIGHTER, *_CALL),
    Likely.DOWNLINK_SATURATED: (*_LIGHTER, *_CALL),
    Likely.PATH_LOSS: (*_LIGHTER, ActionKind.RECONNECT, *_CALL),
    Likely.PATH_DELAY: (ActionKind.RECONNECT, ActionKind.SOUND_ONLY, *_CALL),
    Likely.PATH_JITTER: (*_LIGHTER, ActionKind.RECONNECT, *_CALL),
    Likely.WIFI_JITTER: (*_CALL, *_LIGHTER),
    Likely.NODE_OVERLOADED: _LIGHTER,
    Likely.ENDPOINT_LOST: _CALL,
    Likely.CPU_LIMITED: (*_LIGHTER, *_CALL),
    Likely.CAMERA_BLACK: _CALL,
    Likely.CAMERA_MUTED: _CALL,
    Likely.MICROPHONE_DEAD: _CALL,
    Likely.UNKNOWN: (ActionKind.RECONNECT, *_LIGHTER, *_CALL),
}


def advise(causes: Iterable[Likely], kind: CauseKind) -> tuple[ActionKind, ...]:
    """The actions that can help, the first thing to do first; taking a limit back is always among them, last.

    Of several `causes` the first is dealt with first.
    All halls behind a common fault are not made to connect anew at once: that would add to it.
    """
    wanted = tuple(dict.fromkeys(action for cause in causes for action in _ADVICE[cause]))
    if kind.is_common:
        wanted = tuple(action for action in wanted if action is not ActionKind.RECONNECT)
    limits = any(action in _LIGHTER for action in wanted)
    return (*wanted, ActionKind.FULL_PICTURE) if limits else wanted
