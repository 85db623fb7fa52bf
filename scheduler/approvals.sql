-- name: demanding_units
-- The units that approve bookings of some of the points $1, with those points.
WITH RECURSIVE below (unit, demanding) AS (
    SELECT code, code FROM unit WHERE approval
    UNION
    SELECT unit.code, below.demanding FROM below JOIN unit ON unit.parent = below.unit
)
SELECT below.demanding AS unit, array_agg(bridge_point.number) AS points
FROM below JOIN bridge_point ON bridge_point.unit = below.unit
WHERE bridge_point.number = ANY ($1::int[])
GROUP BY below.demanding

-- name: rights
-- Those of the units $2 that $1 may approve for: the right over a unit covers the units under it.
WITH RECURSIVE above (demanding, code) AS (
    SELECT wanted.code, wanted.code FROM unnest($2::text[]) AS wanted (code)
    UNION
    SELECT above.demanding, unit.parent FROM above JOIN unit ON unit.code = above.code WHERE unit.parent IS NOT NULL
)
SELECT DISTINCT above.demanding AS unit
FROM above JOIN approver ON approver.unit = above.code
WHERE approver.username = $1

-- name: awaited
SELECT unit FROM approval WHERE conference = $1 AND granted IS NULL ORDER BY unit

-- name: forget_awaited
DELETE FROM approval WHERE conference = $1 AND granted IS NULL

-- name: await
INSERT INTO approval (conference, unit)
SELECT $1, * FROM unnest($2::text[])
ON CONFLICT (conference, unit) DO UPDATE SET granted = NULL, decided_by = NULL, decided_at = NULL

-- name: decide
UPDATE approval SET granted = $3, decided_by = $4, decided_at = $5
WHERE conference = $1 AND unit = ANY ($2::text[]) AND granted IS NULL

-- name: waiting_for
-- The conferences that wait for $1, earliest start first.
WITH RECURSIVE covered (code) AS (
    SELECT unit FROM approver WHERE username = $1
    UNION
    SELECT unit.code FROM covered JOIN unit ON unit.parent = covered.code
)
SELECT conference.*, (SELECT count(*) FROM reservation WHERE reservation.conference = conference.id) AS points
FROM conference
WHERE state = 'requested' AND EXISTS (
    SELECT FROM approval JOIN covered ON covered.code = approval.unit
    WHERE approval.conference = conference.id AND approval.granted IS NULL
)
ORDER BY start, id

-- name: set_demand
UPDATE unit SET approval = $2 WHERE code = $1

-- name: appoint
INSERT INTO approver (username, unit) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: dismiss
DELETE FROM approver WHERE username = $1 AND unit = $2

-- name: approvers
SELECT unit.code AS unit, unit.approval AS demanded,
    coalesce(array_agg(approver.username ORDER BY approver.username) FILTER (WHERE approver.username IS NOT NULL), '{}')
        AS approvers
FROM unit LEFT JOIN approver ON approver.unit = unit.code
WHERE unit.approval OR approver.username IS NOT NULL
GROUP BY unit.code
ORDER BY unit.code
