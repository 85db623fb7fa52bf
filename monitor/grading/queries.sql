-- name: live
SELECT g.conference, g.profile
FROM conference_grading g
JOIN conference c ON c.id = g.conference AND c.state NOT IN ('closed', 'cancelled')

-- name: one
SELECT g.profile, g.chosen_by, g.chosen_at
FROM conference c LEFT JOIN conference_grading g ON g.conference = c.id
WHERE c.id = $1

-- name: choose
INSERT INTO conference_grading (conference, profile, chosen_by, chosen_at)
SELECT id, $2, $3, $4 FROM conference WHERE id = $1
ON CONFLICT (conference) DO UPDATE
SET profile = excluded.profile, chosen_by = excluded.chosen_by, chosen_at = excluded.chosen_at
RETURNING conference

-- name: forget
DELETE FROM conference_grading WHERE conference = $1
