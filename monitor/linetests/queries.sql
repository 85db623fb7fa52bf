-- name: keep
-- Nothing is written for a point that does not exist.
INSERT INTO line_test (point, at, by, grade, carries, kbps_up, kbps_down, result)
SELECT number, $2, $3, $4, $5, $6, $7, $8 FROM bridge_point WHERE code = $1
RETURNING id

-- name: forget
-- All but the newest $2 of a point.
DELETE FROM line_test
WHERE id IN (
    SELECT t.id FROM line_test t JOIN bridge_point p ON p.number = t.point
    WHERE p.code = $1 ORDER BY t.at DESC, t.id DESC OFFSET $2
)

-- name: known
SELECT EXISTS (SELECT FROM bridge_point WHERE code = $1)

-- name: of_point
SELECT t.result
FROM line_test t JOIN bridge_point p ON p.number = t.point
WHERE p.code = $1 ORDER BY t.at DESC, t.id DESC LIMIT $2

-- name: newest
-- The newest test of each of the points that has one.
SELECT p.code AS point, p.name, t.at, t.grade, t.carries, t.kbps_up, t.kbps_down
FROM bridge_point p
CROSS JOIN LATERAL (
    SELECT * FROM line_test WHERE line_test.point = p.number ORDER BY at DESC, id DESC LIMIT 1
) t
WHERE p.code = ANY ($1::text[])
ORDER BY p.name_order, p.code
