"""A bad line of our own: a seeded UDP relay between an endpoint and the node, each direction with its own faults.

`LineModel` decides, without I/O, when each packet arrives; `Line` is the relay around two of them:

    async with Line(node_port, down=Faults(loss=0.05), seed=7) as line:
        await endpoint.connect(line.rewrite(answer))
        line.down.faults = Faults(kbps=400)

The node is told nothing: it sees the relay's address as the endpoint's, and the endpoint the relay's as the node's.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import re
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
_DATAGRAM = 65_535
_READ_AT_ONCE = 64
_SOCKET_BUFFER = 1 << 20
_MOST_SOURCES = 32
_CANDIDATE = re.compile(r"^(a=candidate:\S+ \d+ udp \d+) \S+ (\d+) (typ host.*)$", re.MULTILINE)

Address = tuple[str, int]


@dataclass(frozen=True)
class Bursts:
    """Losses that come together (Gilbert's model): `share` of all packets, `packets` in a row in the mean."""

    share: float
    packets: float
    loss: float = 1.0
    """Of the packets in a burst (Elliott's addition)."""

    def __post_init__(self) -> None:
        if not (0 < self.share < self.loss <= 1 and self.packets >= 1):
            raise ValueError("bursts need 0 < share < loss <= 1 and a length of at least 1 packet")

    @property
    def ends(self) -> float:
        """The chance that a burst is over after a packet."""
        return 1 / self.packets

    @property
    def begins(self) -> float:
        """The chance that one begins after a packet, so that `share` is lost in the long run."""
        bad = self.share / self.loss
        return bad * self.ends / (1 - bad)


@dataclass(frozen=True)
class Faults:
    """What a direction does to its packets. Nothing by default."""

    loss: float = 0.0
    """Share of packets, each for itself."""
    bursts: Bursts | None = None
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    """Each packet is later or earlier by up to this much, evenly; packets may overtake one another."""
    wander_ms: float = 0.0
    """The delay moves by up to this much to either side, slowly enough that packets keep their order."""
    reordered: float = 0.0
    """Share of packets that are held back by `reordered_ms`, so that later ones overtake them."""
    reordered_ms: float = 20.0
    duplicated: float = 0.0
    kbps: float | None = None
    queue_ms: float = 300.0
    """Before the rate: packets that would wait longer than this are dropped (tail drop)."""
    queue_bytes: int | None = None
    """Instead of `queue_ms`: what the queue holds."""

    def __post_init__(self) -> None:
        if not all(0 <= share <= 1 for share in (self.loss, self.reordered, self.duplicated)):
            raise ValueError("shares are 0..1")
        moves = (self.jitter_ms, self.wander_ms)
        if min(moves) < 0 or self.delay_ms < sum(moves) or (self.kbps is not None and self.kbps <= 0):
            raise ValueError("a rate is above 0, and a delay not below what it is moved by")


NO_FAULTS = Faults()


@dataclass
class LineModel:
    """One direction. `faults` may be replaced at any time; the same seed and packets give the same fate."""

    seed: int
    faults: Faults = NO_FAULTS
    packets: int = 0
    lost: int = 0
    """By chance, singly or in bursts."""
    overflowed: int = 0
    """At the full queue."""
    _dice: random.Random = field(init=False)
    _in_burst: bool = False
    _waiting_bits: float = 0.0
    _drained_at: float = 0.0
    _out: float = 0.0
    _wander: tuple[float, float] = (0.0, 0.0)
    _wander_from: float = float("-inf")

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def carry(self, now: float, size: int) -> list[float]:
        """A packet of `size` bytes enters at `now` (seconds): when it comes out; nothing is lost, twice is doubled."""
        self.packets += 1
        out = self._queue(now, size)
        if out is None:
            self.overflowed += 1
            return []
        if self._loses():
            self.lost += 1
            return []
        faults = self.faults
        arrival = out + (faults.delay_ms + faults.jitter_ms * self._dice.uniform(-1, 1)) / 1000 + self._wandered(out)
        if self._dice.random() < faults.reordered:
            arrival += faults.reordered_ms / 1000
        return [arrival, arrival] if self._dice.random() < faults.duplicated else [arrival]

    def _queue(self, now: float, size: int) -> float | None:
        """When the packet has passed the bottleneck, never before an earlier one; None when its queue is full."""
        kbps = self.faults.kbps
        if kbps is None:
            self._waiting_bits = 0.0
            return max(now, self._out)
        self._waiting_bits = max(0.0, self._waiting_bits - (now - self._drained_at) * kbps * 1000)
        self._drained_at = now
        room = kbps * self.faults.queue_ms if self.faults.queue_bytes is None else self.faults.queue_bytes * 8
        if self._waiting_bits + size * 8 > max(room, size * 8):
            return None
        self._waiting_bits += size * 8
        self._out = max(self._out, now + self._waiting_bits / (kbps * 1000))
        return self._out

    def _loses(self) -> bool:
        bursts, dice = self.faults.bursts, self._dice
        if bursts is None:
            return dice.random() < self.faults.loss
        lost = self._in_burst and dice.random() < bursts.loss
        self._in_burst = dice.random() >= bursts.ends if self._in_burst else dice.random() < bursts.begins
        return lost or dice.random() < self.faults.loss

    def _wandered(self, at: float) -> float:
        """Straight lines between dice throws that lie far enough apart for the delay never to outrun the clock."""
        reach = self.faults.wander_ms / 1000
        if reach <= 0:
            return 0.0
        step = 3 * reach
        if at >= self._wander_from + step:
            begin = self._wander[1] if at < self._wander_from + 2 * step else self._dice.uniform(-1, 1)
            self._wander = (begin, self._dice.uniform(-1, 1))
            self._wander_from = at
        begin, end = self._wander
        return reach * (begin + (end - begin) * (at - self._wander_from) / step)


class Line:
    """The relay of `host`:`port` to the node's `node_port` on loopback; an async context manager.

    `up` is from the endpoint to the node. A failure that leaves the context is given the seed as a note.
    """

    def __init__(
        self,
        node_port: int,
        *,
        up: Faults = NO_FAULTS,
        down: Faults = NO_FAULTS,
        seed: int | None = None,
        host: str = HOST,
    ) -> None:
        self.host = host
        self.seed = secrets.randbits(32) if seed is None else seed
        self.up = LineModel(self.seed, up)
        self.down = LineModel(self.seed + 1, down)
        self.cut = False
        """Nothing gets through in either direction."""
        self.refused = 0
        """Packets that met the cut."""
        self.carried = 0
        """Packets that came while it was not cut."""
        self._node: Address = (HOST, node_port)
        self._sent_up, self._sent_down = _Departures(), _Departures()
        self._near: _Wire | None = None
        self._far: dict[Address, _Wire] = {}

    async def __aenter__(self) -> Self:
        self._near = _Wire(self._from_endpoint, self.host)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for departures in (self._sent_up, self._sent_down):
            departures.close()
        for wire in (self._near, *self._far.values()):
            if wire is not None:
                wire.close()
        if error is not None:
            error.add_note(f"the line's seed was {self.seed}")

    @property
    def port(self) -> int:
        """Where endpoints reach the node through this line."""
        assert self._near is not None, "use the line as an async context manager"
        return self._near.port

    @property
    def under_way(self) -> int:
        """Packets that have come and not yet gone on, in both directions."""
        return len(self._sent_up) + len(self._sent_down)

    def rewrite(self, sdp: str) -> str:
        """An answer of the node whose candidates are this line instead."""
        return _CANDIDATE.sub(rf"\1 {self.host} {self.port} \3", sdp)

    def _from_endpoint(self, data: bytes, source: Address) -> None:
        wire = self._far.get(source)
        if wire is None:
            if len(self._far) >= _MOST_SOURCES:
                return
            wire = self._far[source] = _Wire(lambda data, _: self._from_node(data, source))
        for at in self._carry(self.up, len(data)):
            self._sent_up.add(at, wire, data, self._node)

    def _from_node(self, data: bytes, endpoint: Address) -> None:
        assert self._near is not None
        for at in self._carry(self.down, len(data)):
            self._sent_down.add(at, self._near, data, endpoint)

    def _carry(self, model: LineModel, size: int) -> list[float]:
        if self.cut:
            self.refused += 1
            return []
        self.carried += 1
        return model.carry(asyncio.get_running_loop().time(), size)


class _Wire:
    """A UDP socket of the relay."""

    def __init__(self, take: Callable[[bytes, Address], None], host: str = HOST) -> None:
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, option, _SOCKET_BUFFER)
        self._socket.bind((host, 0))
        self.port = int(self._socket.getsockname()[1])
        self._loop.add_reader(self._socket, self._read)

    def send(self, data: bytes, address: Address) -> None:
        with suppress(OSError):
            self._socket.sendto(data, address)

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        for _ in range(_READ_AT_ONCE):
            try:
                data, source = self._socket.recvfrom(_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:
                continue  # the far end refused an earlier datagram
            self._take(data, source)


class _Departures:
    """What is under way in one direction, by its time of arrival; equal times keep their order."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._under_way: list[tuple[float, int, _Wire, bytes, Address]] = []
        self._number = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, at: float, wire: _Wire, data: bytes, address: Address) -> None:
        if at <= self._loop.time() and not self._under_way:
            wire.send(data, address)
            return
        heapq.heappush(self._under_way, (at, next(self._number), wire, data, address))
        self._rest()

    def __len__(self) -> int:
        return len(self._under_way)

    def close(self) -> None:
        self._under_way.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _rest(self) -> None:
        due = self._under_way[0][0]
        if self._timer is not None and self._timer.when() > due:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._send_due)

    def _send_due(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._under_way and self._under_way[0][0] <= now:
            _, _, wire, data, address = heapq.heappop(self._under_way)
            wire.send(data, address)
        if self._under_way:
            self._rest()
