-- name: events
-- Conferences and maintenance that touch the time from $2 to $3 and have a point under unit $1 (null: anywhere), with
-- the number of those points, and, with $4, the units directly under $1 (null: the roots) that they lie in; points of
-- $1 itself count as $1. A conference without any point (a draft) is shown where no unit is asked for.
WITH RECURSIVE below (top, code) AS (
    SELECT code, code FROM unit WHERE parent IS NOT DISTINCT FROM $1::text
    UNION
    SELECT below.top, unit.code FROM below JOIN unit ON unit.parent = below.code
), wanted AS MATERIALIZED (
    SELECT bridge_point.number, below.top FROM bridge_point JOIN below ON below.code = bridge_point.unit
    UNION ALL
    SELECT number, unit FROM bridge_point WHERE unit = $1::text
), conferences AS (
    SELECT id, title, state, start, stop, series FROM conference
    WHERE start < $3 AND stop > $2
    ORDER BY start, id LIMIT $5
), held AS (
    SELECT conferences.id, count(*)::int AS points, array_agg(DISTINCT wanted.top) FILTER (WHERE $4) AS units
    FROM conferences
    CROSS JOIN LATERAL (SELECT point FROM reservation WHERE reservation.conference = conferences.id OFFSET 0) AS taken
    JOIN wanted ON wanted.number = taken.point
    GROUP BY conferences.id
), found AS (
    SELECT id AS conference, NULL::uuid AS maintenance, title, state, start, stop, series, coalesce(points, 0) AS points,
        units
    FROM conferences LEFT JOIN held USING (id)
    WHERE points > 0 OR $1::text IS NULL
    UNION ALL
    SELECT NULL, maintenance.id, maintenance.reason, NULL, lower(maintenance.during), upper(maintenance.during), NULL,
        count(*)::int, array_agg(DISTINCT wanted.top) FILTER (WHERE $4)
    FROM maintenance
    JOIN reservation ON reservation.maintenance = maintenance.id
    JOIN wanted ON wanted.number = reservation.point
    WHERE maintenance.during && tstzrange($2, $3)
    GROUP BY maintenance.id
)
SELECT conference::text, maintenance::text, title, state, start, stop, series::text, points,
    coalesce(units, '{}') AS units
FROM found
ORDER BY start, conference, maintenance
LIMIT $5

-- name: unit_exists
SELECT EXISTS (SELECT FROM unit WHERE code = $1)
