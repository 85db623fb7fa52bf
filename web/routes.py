"""The route table: all of the HTTP API."""

from __future__ import annotations

from web import (
    routes_account,
    routes_bookings,
    routes_choosing,
    routes_conferences,
    routes_directory,
    routes_monitoring,
    routes_recordings,
    routes_system,
)
from web.endpoint import AnyEndpoint

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    *routes_system.ENDPOINTS,
    *routes_account.ENDPOINTS,
    *routes_directory.ENDPOINTS,
    *routes_conferences.ENDPOINTS,
    *routes_bookings.ENDPOINTS,
    *routes_choosing.ENDPOINTS,
    *routes_monitoring.ENDPOINTS,
    *routes_recordings.ENDPOINTS,
)
