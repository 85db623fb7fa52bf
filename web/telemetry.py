"""What is told about the running installation: metrics in Prometheus' text format, and whether it is ready."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")

# Each counter's time of birth would double the number of series, and nothing here asks for it.
disable_created_metrics()  # type: ignore[no-untyped-call]


async def _no_metrics() -> Iterable[Metric]:
    return ()


async def _no_parts() -> Mapping[str, bool]:
    return {}


@dataclass(frozen=True)
class Telemetry:
    """How the web asks the parts beside it: for their metrics now, and which of them are ready."""

    metrics: Callable[[], Awaitable[Iterable[Metric]]] = _no_metrics
    parts: Callable[[], Awaitable[Mapping[str, bool]]] = _no_parts


class Traffic:
    """Counts the HTTP requests. Labels are bounded: path patterns, never paths."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "diemcau_http_requests", "HTTP requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "diemcau_http_request_duration_seconds",
            "From an HTTP request's head to its answer; feeds and streamed files are not in it.",
            ("method", "route"),
            registry=self._registry,
            buckets=_BUCKETS,
        )

    def count(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Notes one answered request; without `seconds` it is counted but not timed."""
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(method, route).observe(seconds)

    def metrics(self) -> Iterable[Metric]:
        """What was counted so far."""
        return self._registry.collect()


TELEMETRY: web.AppKey[Telemetry] = web.AppKey("telemetry", Telemetry)
TRAFFIC: web.AppKey[Traffic] = web.AppKey("traffic", Traffic)


class _Given(Collector):
    def __init__(self, metrics: Collection[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def as_text(metrics: Iterable[Metric]) -> bytes:
    """`metrics` in Prometheus' text format, of type `CONTENT_TYPE`."""
    return generate_latest(_Given(list(metrics)))


def may_scrape(peer: str | None, headers: Mapping[str, str], token: str | None) -> bool:
    """Whether a request from the address `peer` may read the metrics.

    This machine may, unless a proxy on it speaks for somebody else; and whoever sends `token`, where there is one.
    """
    if _is_loopback(peer) and not any(name in headers for name in _PROXY_HEADERS):
        return True
    scheme, _, given = headers.get("Authorization", "").partition(" ")
    if token is None or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token.encode())


def _is_loopback(peer: str | None) -> bool:
    try:
        address = ipaddress.ip_address(peer or "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
