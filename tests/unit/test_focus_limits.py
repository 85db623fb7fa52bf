"""A technician's limits in the focus: only points, only what changes, the same after a replay."""

from __future__ import annotations

from datetime import UTC, datetime

from bridge.conference import events as ev
from bridge.conference import limits
from bridge.conference.focus import Focus, replay
from core.model import CHAIR, CameraLevel, ParticipantId
from core.session_messages import PictureLimit, PublishDirective
from tests.support.conferences import hall, spec_of

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)


def test_points_are_limited_and_given_back_and_nothing_is_logged_twice() -> None:
    spec = spec_of(2)
    log = [ev.LogEntry(seq=1, at=NOW, event=ev.Opened(spec=spec))]
    focus = replay(log)
    everybody = [hall(1).id, CHAIR, ParticipantId("point:nowhere")]
    [event] = limits.decide(focus, everybody, PictureLimit.LOWER, "lan")
    assert isinstance(event, ev.PicturesLimited)
    assert (event.participants, event.by) == ((hall(1).id,), "lan")
    log.append(ev.LogEntry(seq=2, at=NOW, event=event))
    again: Focus = replay(log)
    assert again.limits == {hall(1).id: PictureLimit.LOWER}
    assert limits.decide(again, everybody, PictureLimit.LOWER, "lan") == []
    [back] = limits.decide(again, everybody, PictureLimit.FULL, "mai")
    again.apply(ev.LogEntry(seq=3, at=NOW, event=back))
    assert again.limits == {}


def test_only_sound_only_takes_the_picture_from_what_is_sent() -> None:
    full = PublishDirective(microphone=True, camera=CameraLevel.FULL, content=True)
    assert limits.limited(full, PictureLimit.LOWER) == full
    sound = limits.limited(full, PictureLimit.SOUND)
    assert (sound.microphone, sound.camera, sound.content) == (True, CameraLevel.OFF, False)
