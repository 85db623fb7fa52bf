-- name: insert_series
INSERT INTO series (id, rule, zone, first_start, exdates, skip_holidays, booked_by, booked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: series
SELECT * FROM series WHERE id = $1

-- name: lock_series
SELECT zone FROM series WHERE id = $1 FOR UPDATE

-- name: occurrences
SELECT conference.*, (SELECT count(*) FROM reservation WHERE reservation.conference = conference.id) AS points
FROM conference WHERE series = $1
ORDER BY recurrence_id

-- name: occurrence_ids
-- Those from the moment $2 on; null: all.
SELECT id FROM conference WHERE series = $1 AND ($2::timestamptz IS NULL OR recurrence_id >= $2)
