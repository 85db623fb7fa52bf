-- name: all_units
SELECT code, name, kind, parent, uplink_kbps FROM unit ORDER BY code

-- name: all_points
SELECT number, code, name, unit, seats, contact, address, equipment FROM bridge_point ORDER BY code

-- name: point_by_code
SELECT number, code, name, unit, seats, contact, address, equipment FROM bridge_point WHERE code = $1

-- name: operators
-- Of the points $1, or of all.
SELECT point, name, phone, email FROM point_operator WHERE $1::int[] IS NULL OR point = ANY ($1) ORDER BY point, place

-- name: lines
SELECT point, backup, provider, up_kbps, down_kbps FROM point_line WHERE $1::int[] IS NULL OR point = ANY ($1)

-- name: merged_units
SELECT DISTINCT ON (code) code, successor FROM unit_history
WHERE successor IS NOT NULL AND NOT EXISTS (SELECT FROM unit WHERE unit.code = unit_history.code)
ORDER BY code, valid_to DESC

-- name: put_units
INSERT INTO unit (code, name, kind, parent, uplink_kbps)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[])
ON CONFLICT (code) DO UPDATE
SET name = excluded.name, kind = excluded.kind, parent = excluded.parent, uplink_kbps = excluded.uplink_kbps

-- name: put_points
-- Equipment comes as one text per point, its items between line feeds: unnest would take apart arrays of arrays.
INSERT INTO bridge_point (code, name, unit, seats, contact, address, equipment)
SELECT code, name, unit, seats, contact, address, string_to_array(equipment, E'\n')
FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[])
    AS given (code, name, unit, seats, contact, address, equipment)
ON CONFLICT (code) DO UPDATE
SET name = excluded.name, unit = excluded.unit, seats = excluded.seats, contact = excluded.contact,
    address = excluded.address, equipment = excluded.equipment

-- name: clear_operators
DELETE FROM point_operator USING bridge_point
WHERE bridge_point.number = point_operator.point AND bridge_point.code = ANY ($1::text[])

-- name: clear_lines
DELETE FROM point_line USING bridge_point
WHERE bridge_point.number = point_line.point AND bridge_point.code = ANY ($1::text[])

-- name: put_operators
INSERT INTO point_operator (point, place, name, phone, email)
SELECT bridge_point.number, given.place, given.name, given.phone, given.email
FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[]) AS given (code, place, name, phone, email)
JOIN bridge_point ON bridge_point.code = given.code

-- name: put_lines
INSERT INTO point_line (point, backup, provider, up_kbps, down_kbps)
SELECT bridge_point.number, given.backup, given.provider, given.up_kbps, given.down_kbps
FROM unnest($1::text[], $2::bool[], $3::text[], $4::int[], $5::int[]) AS given (code, backup, provider, up_kbps, down_kbps)
JOIN bridge_point ON bridge_point.code = given.code

-- name: set_effective
-- When the changes of this transaction take effect.
SELECT set_config('diemcau.effective', $1::timestamptz::text, true)

-- name: merge_unit
SELECT merge_unit($1, $2)

-- name: unit_history
SELECT code, name, kind, parent, nullif(valid_from, '-infinity') AS valid_from, valid_to, successor
FROM unit_history WHERE code = $1 ORDER BY valid_to

-- name: predecessors
-- Everything that went into unit $1, directly or by way of others, the latest first.
WITH RECURSIVE way (code) AS (
    SELECT code FROM unit_history WHERE successor = $1
    UNION
    SELECT unit_history.code FROM way JOIN unit_history ON unit_history.successor = way.code
)
SELECT DISTINCT ON (valid_to, code)
    code, name, kind, parent, nullif(valid_from, '-infinity') AS valid_from, valid_to, successor
FROM unit_history WHERE successor IS NOT NULL AND code IN (SELECT code FROM way)
ORDER BY valid_to DESC, code
