-- name: conference
SELECT title, state, can_join_after, start, stop FROM conference WHERE id = $1

-- name: booked
SELECT p.code FROM reservation r JOIN bridge_point p ON p.number = r.point WHERE r.conference = $1

-- name: listed
SELECT d.code, d.name, p.code AS point, d.position, d.organisation
FROM delegate d
JOIN bridge_point p ON p.number = d.point
WHERE d.conference = $1

-- name: put
-- What was said of somebody known stays, also when they move to another hall.
INSERT INTO delegate (conference, code, name, point, position, organisation)
SELECT $1, l.code, l.name, p.number, l.position, l.organisation
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS l (code, name, point, position, organisation)
JOIN bridge_point p ON p.code = l.point
ON CONFLICT (conference, code) DO UPDATE
SET name = excluded.name, point = excluded.point, position = excluded.position, organisation = excluded.organisation

-- name: find
SELECT d.number, d.ticket, d.code, d.name, d.position, d.organisation, p.code AS point, p.name AS point_name,
       d.state, d.reason, d.way, d.at, d.by, count(*) OVER () AS found
FROM delegate d
JOIN bridge_point p ON p.number = d.point
WHERE d.conference = $1
  AND ($2::text IS NULL OR p.code = $2)
  AND ($3::text IS NULL OR d.state = $3)
  AND ($4 = '' OR strpos(fold(d.name || ' ' || d.code || ' ' || d.organisation), fold($4)) > 0)
ORDER BY p.name_order, p.code, fold(d.name), d.code
LIMIT $5

-- name: one
SELECT d.number, d.ticket, d.code, d.name, d.position, d.organisation, p.code AS point, p.name AS point_name,
       d.state, d.reason, d.way, d.at, d.by
FROM delegate d
JOIN bridge_point p ON p.number = d.point
WHERE d.conference = $1 AND d.code = $2

-- name: by_ticket
SELECT d.number, d.ticket, d.code, d.name, d.position, d.organisation, p.code AS point, p.name AS point_name,
       d.state, d.reason, d.way, d.at, d.by, d.conference
FROM delegate d
JOIN bridge_point p ON p.number = d.point
WHERE d.number = $1 AND d.ticket = $2

-- name: say
-- Saying the same again changes nothing and leaves no trace. $6 limits how much may be said of one delegate.
WITH changed AS (
    UPDATE delegate d
    SET state = $2, reason = $3, way = $4, at = $5, by = $7
    WHERE d.number = $1 AND (d.state, d.reason) IS DISTINCT FROM ($2, $3)
      AND (SELECT count(*) FROM delegate_word w WHERE w.delegate = d.number) < $6
    RETURNING d.number
)
INSERT INTO delegate_word (delegate, state, reason, way, at, by)
SELECT number, $2, $3, $4, $5, $7 FROM changed
RETURNING id

-- name: history
SELECT w.state, w.reason, w.way, w.at, w.by
FROM delegate_word w
JOIN delegate d ON d.number = w.delegate
WHERE d.conference = $1 AND d.code = $2
ORDER BY w.id DESC

-- name: renew
UPDATE delegate SET ticket = ticket + 1 WHERE conference = $1 AND code = $2 AND ticket < 65535 RETURNING number

-- name: drop
DELETE FROM delegate d
WHERE d.conference = $1 AND d.code = $2 AND NOT EXISTS (SELECT 1 FROM delegate_word w WHERE w.delegate = d.number)
RETURNING number
