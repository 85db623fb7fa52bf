"""Who is heard when more microphones are open than can be heard at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.media.loudness import ATTACK_SECONDS, RELEASE_SECONDS, SILENCE, Seats

STEP = 0.1


class Room:
    """Three seats and a clock; `hear` goes on for a while and returns how often the seats changed."""

    def __init__(self, reserved: tuple[str | None, ...], *others: str) -> None:
        self.seats: Seats[str] = Seats(3)
        self.seats.open(reserved, others)
        self.now = 100.0

    def hear(self, seconds: float, **levels: int) -> int:
        changes = 0
        for _ in range(round(seconds / STEP)):
            self.now += STEP
            changes += self.seats.choose(levels, self.now)
        return changes

    @property
    def heard(self) -> set[str]:
        return {who for who in self.seats.seated if who is not None}


def test_while_there_is_a_seat_for_everybody_all_are_heard_and_nothing_is_compared() -> None:
    room = Room(("holder", "chair"), "a")
    assert room.seats.seated == ["holder", "chair", "a"]
    assert not room.seats.is_contended
    assert room.hear(3, a=SILENCE) == 0


def test_reserved_seats_are_kept_in_silence_and_a_seat_that_is_not_needed_goes_to_others() -> None:
    room = Room(("holder", "chair"), "a", "b")
    assert room.hear(10, b=20) == 1
    assert room.seats.seated == ["holder", "chair", "b"]
    room.seats.open((None, "chair"), ["a", "b"])
    assert room.seats.seated == ["a", "chair", "b"]


def test_somebody_who_begins_to_speak_is_heard_within_a_fraction_of_a_second() -> None:
    room = Room((None, "chair"), "a", "b", "c")
    assert room.heard == {"chair", "a", "b"}
    room.hear(ATTACK_SECONDS + 2 * STEP, c=30)
    assert room.heard >= {"chair", "c"}


def test_a_short_noise_takes_no_seat_and_neither_does_the_halls_hum() -> None:
    room = Room((None, "chair"), "a", "b", "c")
    assert room.hear(STEP, c=10) + room.hear(1) == 0
    assert room.hear(5, c=60) == 0


def test_a_pause_between_sentences_costs_no_seat() -> None:
    room = Room(("holder", "chair"), "a", "b")
    room.hear(2, a=30)
    assert room.hear(RELEASE_SECONDS - 0.3, b=33) == 0
    room.hear(0.5, a=30, b=33)
    assert room.heard == {"holder", "chair", "a"}
    room.hear(RELEASE_SECONDS + 1, b=33)
    assert room.heard == {"holder", "chair", "b"}


def test_two_equally_loud_voices_do_not_take_turns() -> None:
    room = Room(("holder", "chair"), "a", "b")
    room.hear(1, a=30)
    assert sum(room.hear(STEP, a=28 + n % 5, b=32 - n % 5) for n in range(200)) == 0


def test_a_much_louder_voice_takes_over() -> None:
    room = Room(("holder", "chair"), "a", "b")
    room.hear(1, a=45)
    room.hear(1, a=45, b=20)
    assert room.heard == {"holder", "chair", "b"}


def test_a_closed_microphone_loses_its_seat_at_once() -> None:
    room = Room((None, "chair"), "a", "b", "c")
    room.hear(1, a=20, b=20)
    room.seats.open((None, "chair"), ["b", "c"])
    assert room.heard == {"chair", "b", "c"}
    room.seats.open((None, None), [])
    assert room.heard == set()


names = st.sampled_from("abcdef")
openings = st.tuples(
    st.lists(st.one_of(st.none(), names), max_size=2, unique_by=lambda n: n or object()), st.sets(names)
)
measurements = st.dictionaries(names, st.integers(0, 127))


@given(st.lists(st.tuples(openings, st.lists(measurements, max_size=8)), max_size=6))
def test_only_open_microphones_are_heard_each_once_and_no_seat_stays_empty_for_nothing(
    history: list[tuple[tuple[list[str | None], set[str]], list[dict[str, int]]]],
) -> None:
    seats: Seats[str] = Seats(3)
    now = 0.0
    for (reserved, others), levels in history:
        seats.open(reserved, sorted(others))
        for level in levels:
            now += STEP
            seats.choose(level, now)
            heard = [who for who in seats.seated if who is not None]
            may = {who for who in reserved if who is not None} | others
            assert set(heard) <= may
            assert len(heard) == len(set(heard)) == min(3, len(may))
            assert seats.seated[: len(reserved)] == [
                own if own is not None else got for own, got in zip(reserved, seats.seated, strict=False)
            ]
