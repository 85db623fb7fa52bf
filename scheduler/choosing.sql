-- name: chosen
-- The points of the subtrees of units $1 and the points $2, without the subtrees of units $3 and the points $4.
WITH RECURSIVE below (code, excluded) AS (
    SELECT code, false FROM unit WHERE code = ANY ($1::text[])
    UNION
    SELECT code, true FROM unit WHERE code = ANY ($3::text[])
    UNION
    SELECT unit.code, below.excluded FROM below JOIN unit ON unit.parent = below.code
)
SELECT number, code, name
FROM bridge_point
WHERE (unit IN (SELECT code FROM below WHERE NOT excluded) OR code = ANY ($2::text[]))
  AND unit NOT IN (SELECT code FROM below WHERE excluded)
  AND code <> ALL ($4::text[])
ORDER BY code

-- name: present_units
-- For each code of $1 the unit that it means today: itself, or what it was merged into. Unknown codes are left out.
WITH RECURSIVE way (asked, code) AS (
    SELECT code, code FROM unnest($1::text[]) AS wanted (code)
    UNION
    SELECT way.asked, (
        SELECT unit_history.successor FROM unit_history
        WHERE unit_history.code = way.code ORDER BY unit_history.valid_to DESC LIMIT 1
    )
    FROM way
    WHERE way.code IS NOT NULL AND NOT EXISTS (SELECT FROM unit WHERE unit.code = way.code)
)
SELECT way.asked, way.code FROM way JOIN unit ON unit.code = way.code ORDER BY way.asked

-- name: known_points
SELECT code FROM bridge_point WHERE code = ANY ($1::text[])

-- name: directory_names
-- `place` tells equal names apart: the name of the unit above that has another name.
SELECT unit.code, unit.name, unit.parent, upper.name AS place, false AS is_point
FROM unit LEFT JOIN unit AS upper ON upper.code = unit.parent
UNION ALL
SELECT bridge_point.code, bridge_point.name, bridge_point.unit,
    CASE WHEN unit.name = bridge_point.name THEN upper.name ELSE unit.name END, true
FROM bridge_point
JOIN unit ON unit.code = bridge_point.unit
LEFT JOIN unit AS upper ON upper.code = unit.parent
ORDER BY code

-- name: audiences
SELECT id, name, choice, version, changed_by, changed_at FROM audience ORDER BY in_order(name)

-- name: audience
SELECT id, name, choice, version, changed_by, changed_at FROM audience WHERE id = $1

-- name: audience_by_name
SELECT id, choice FROM audience WHERE fold(name) = fold($1)

-- name: add_audience
INSERT INTO audience (id, name, choice, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5)

-- name: change_audience
UPDATE audience SET name = $2, choice = $3, changed_by = $4, changed_at = $5, version = version + 1
WHERE id = $1 AND version = $6

-- name: drop_audience
DELETE FROM audience WHERE id = $1
