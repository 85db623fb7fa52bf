-- name: append_event
INSERT INTO conference_event (conference, seq, at, event) VALUES ($1, $2, $3, $4)

-- name: read_events
SELECT seq, at, event FROM conference_event WHERE conference = $1 ORDER BY seq

-- name: unfinished
SELECT DISTINCT conference FROM conference_event AS opened
WHERE seq = 1 AND NOT EXISTS (
    SELECT 1 FROM conference_event AS closing
    WHERE closing.conference = opened.conference AND closing.event ->> 'type' = 'closed'
)

-- name: is_closed
SELECT event ->> 'type' = 'closed' FROM conference_event WHERE conference = $1 ORDER BY seq DESC LIMIT 1
