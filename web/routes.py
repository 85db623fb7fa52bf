"""The route table: all of the HTTP API."""

from __future__ import annotations

from web import (
    routes_account,
    routes_actions,
    routes_alarms,
    routes_bookings,
    routes_choosing,
    routes_conferences,
    routes_delegates,
    routes_diagnosis,
    routes_directory,
    routes_headcount,
    routes_incidents,
    routes_invitations,
    routes_joins,
    routes_linetests,
    routes_monitoring,
    routes_plans,
    routes_points,
    routes_recordings,
    routes_reports,
    routes_series,
    routes_system,
    routes_templates,
)
from web.endpoint import AnyEndpoint

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    *routes_system.ENDPOINTS,
    *routes_account.ENDPOINTS,
    *routes_directory.ENDPOINTS,
    *routes_conferences.ENDPOINTS,
    *routes_bookings.ENDPOINTS,
    *routes_choosing.ENDPOINTS,
    *routes_series.ENDPOINTS,
    *routes_templates.ENDPOINTS,
    *routes_invitations.ENDPOINTS,
    *routes_plans.ENDPOINTS,
    *routes_diagnosis.ENDPOINTS,
    *routes_monitoring.ENDPOINTS,
    *routes_incidents.ENDPOINTS,
    *routes_actions.ENDPOINTS,
    *routes_alarms.ENDPOINTS,
    *routes_points.ENDPOINTS,
    *routes_joins.ENDPOINTS,
    *routes_linetests.ENDPOINTS,
    *routes_headcount.ENDPOINTS,
    *routes_delegates.ENDPOINTS,
    *routes_recordings.ENDPOINTS,
    *routes_reports.ENDPOINTS,
)
