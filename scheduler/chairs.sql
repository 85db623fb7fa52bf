-- name: lock_person
-- Two bookings of one person wait for each other.
SELECT pg_advisory_xact_lock($1, hashtext($2))

-- name: elsewhere
-- The first other conference than $1 that the person $2 chairs at some time between $3 and $4.
SELECT id, title, start, stop FROM conference
WHERE chair = $2 AND id IS DISTINCT FROM $1::uuid AND state IN ('requested', 'confirmed', 'open')
  AND start < $4 AND $3 < stop
ORDER BY start
LIMIT 1

-- name: take
-- Who enters an open conference as its chair is its chair, unless another was appointed.
WITH changed AS (
    UPDATE conference SET chair = $2, changed_by = $2, changed_at = $3, version = version + 1
    WHERE id = $1 AND state = 'open' AND chair IS NULL
    RETURNING id, version
)
INSERT INTO conference_history (conference, version, at, by, action, changes)
SELECT id, version, $3, $2, 'changed',
    jsonb_build_array(jsonb_build_object('field', 'chair', 'old', NULL, 'new', $2::text))
FROM changed

-- name: who
-- The chair of a conference, and what their account is called; no row while there is none.
SELECT c.chair, coalesce(a.name, c.chair) AS name
FROM conference c LEFT JOIN account a ON a.username = c.chair
WHERE c.id = $1 AND c.chair IS NOT NULL

-- name: may_extend
SELECT EXISTS (SELECT FROM conference WHERE id = $1 AND $2 IN (chair, booked_by))
