-- name: lock_person
-- Two assignments of one person wait for each other.
SELECT pg_advisory_xact_lock($1, hashtext($2))

-- name: elsewhere
-- Another conference that the person $2 chairs while conference $1 runs.
SELECT other.id, other.title, other.stop
FROM conference
JOIN conference_chair ON conference_chair.username = $2 AND conference_chair.conference <> conference.id
JOIN conference AS other ON other.id = conference_chair.conference
WHERE conference.id = $1 AND other.state IN ('requested', 'confirmed', 'open')
  AND other.start < conference.stop AND conference.start < other.stop
ORDER BY other.start
LIMIT 1

-- name: assign
INSERT INTO conference_chair (conference, username)
SELECT id, $2 FROM conference WHERE id = $1
ON CONFLICT (conference) DO UPDATE SET username = excluded.username

-- name: take
-- Who enters an open conference as its chair is its chair, unless another was appointed.
INSERT INTO conference_chair (conference, username)
SELECT id, $2 FROM conference WHERE id = $1 AND state = 'open'
ON CONFLICT (conference) DO NOTHING

-- name: may_extend
SELECT EXISTS (SELECT FROM conference_chair WHERE conference = $1 AND username = $2)
    OR EXISTS (SELECT FROM conference WHERE id = $1 AND booked_by = $2)

-- name: release
DELETE FROM conference_chair WHERE conference = $1

-- name: chair
SELECT username FROM conference_chair WHERE conference = $1
