-- name: insert_window
INSERT INTO maintenance (id, reason, during, booked_by, booked_at)
VALUES ($1, $2, tstzrange($3, $4), $5, $6)

-- name: hold
-- Adds what is free and leaves out what is taken; fewer rows than points asked for means clashes.
INSERT INTO reservation (maintenance, point, during)
SELECT $1, wanted.point, tstzrange($3, $4)
FROM unnest($2::int[]) AS wanted (point)
ORDER BY wanted.point
ON CONFLICT DO NOTHING

-- name: windows
-- Windows that touch the time from $1 to $2 and have a point in the subtree of unit $3 (null: anywhere).
WITH RECURSIVE below (code) AS (
    SELECT code FROM unit WHERE code = $3
    UNION
    SELECT unit.code FROM below JOIN unit ON unit.parent = below.code
)
SELECT maintenance.id, maintenance.reason, lower(maintenance.during) AS start, upper(maintenance.during) AS stop,
    maintenance.booked_by, array_agg(bridge_point.code ORDER BY bridge_point.code) AS points
FROM maintenance
JOIN reservation ON reservation.maintenance = maintenance.id
JOIN bridge_point ON bridge_point.number = reservation.point
WHERE maintenance.during && tstzrange($1, $2)
GROUP BY maintenance.id
HAVING $3::text IS NULL OR bool_or(bridge_point.unit IN (SELECT code FROM below))
ORDER BY lower(maintenance.during), maintenance.id
LIMIT $4

-- name: window
SELECT maintenance.id, maintenance.reason, lower(maintenance.during) AS start, upper(maintenance.during) AS stop,
    maintenance.booked_by, array_agg(bridge_point.code ORDER BY bridge_point.code) AS points
FROM maintenance
JOIN reservation ON reservation.maintenance = maintenance.id
JOIN bridge_point ON bridge_point.number = reservation.point
WHERE maintenance.id = $1
GROUP BY maintenance.id

-- name: delete_window
-- Its reservations go with it.
DELETE FROM maintenance WHERE id = $1

-- name: cut_window
-- The work is done early: the points are free from $2.
WITH cut AS (
    UPDATE maintenance SET during = tstzrange(lower(during), $2)
    WHERE id = $1 AND lower(during) < $2 AND $2 < upper(during)
    RETURNING id, during
)
UPDATE reservation SET during = cut.during FROM cut WHERE reservation.maintenance = cut.id
