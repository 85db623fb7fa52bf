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

-- name: beat
INSERT INTO bridge_process (id, node, seen_at, steady_since) VALUES ($1, $2, now(), now())
ON CONFLICT (id) DO UPDATE
SET node = excluded.node, seen_at = now(), ended = false,
    steady_since = CASE
        WHEN bridge_process.seen_at < now() - bridge_lapse() / 2 THEN now() ELSE bridge_process.steady_since
    END

-- name: forget_processes
-- Those that have been gone for long and have nothing left.
DELETE FROM bridge_process
WHERE seen_at < now() - interval '30 days'
  AND NOT EXISTS (SELECT FROM conference_host WHERE process = bridge_process.id)

-- name: leave_process
UPDATE bridge_process SET ended = true WHERE id = $1

-- name: host
-- Takes a conference that nobody has, that this process had, or whose process has ended or is dead. Whether it is dead is
-- known only to a process that has itself been seen all that time.
INSERT INTO conference_host (conference, process) VALUES ($1, $2)
ON CONFLICT (conference) DO UPDATE SET process = excluded.process
WHERE conference_host.process = $2 OR NOT EXISTS (
    SELECT FROM bridge_process AS other
    WHERE other.id = conference_host.process AND NOT other.ended AND (
        bridge_alive(other)
        OR NOT EXISTS (
            SELECT FROM bridge_process AS own WHERE own.id = $2 AND own.steady_since <= now() - bridge_lapse()
        )
    )
)
RETURNING true

-- name: let_go
DELETE FROM conference_host WHERE conference = $1 AND process = $2

-- name: not_mine
-- Of the conferences $1 that process $2 carries: those that another has taken over, and those that are over.
SELECT mine.id, host.process IS DISTINCT FROM $2 AS lost
FROM unnest($1::uuid[]) AS mine (id)
LEFT JOIN conference_host AS host ON host.conference = mine.id
LEFT JOIN conference ON conference.id = mine.id
WHERE host.process IS DISTINCT FROM $2 OR conference.state IN ('closed', 'cancelled')
