-- name: next_due
-- The first moment after $1 at which the clockwork has something to do; null when there is none. $2: warning minutes.
SELECT min(due)
FROM (
    SELECT due FROM conference, LATERAL (VALUES (can_join_after), (stop)) AS moment (due)
    WHERE state IN ('confirmed', 'open')
    UNION ALL
    SELECT stop - make_interval(mins => mark.minutes)
    FROM conference, unnest($2::int[]) AS mark (minutes)
    WHERE state = 'open'
) AS moment
WHERE due > $1

-- name: due_to_open
SELECT id FROM conference WHERE state = 'confirmed' AND can_join_after <= $1 AND stop > $1
ORDER BY can_join_after, id

-- name: due_to_tell
-- Open conferences that changed, and those whose process is dead: another's bridge takes them up.
SELECT id FROM conference
WHERE state = 'open' AND stop > $1 AND (stale OR EXISTS (
    SELECT FROM conference_host JOIN bridge_process AS carrier ON carrier.id = conference_host.process
    WHERE conference_host.conference = conference.id AND NOT bridge_alive(carrier)
))
ORDER BY start, id

-- name: due_to_close
SELECT id FROM conference WHERE state IN ('confirmed', 'open') AND stop <= $1
ORDER BY stop, id

-- name: due_to_stop
SELECT id FROM conference WHERE running AND state IN ('closed', 'cancelled')
ORDER BY stop, id

-- name: due_to_warn
-- Open conferences that stop before $2, with the smallest mark that they were warned at.
SELECT id, start, stop, (
    SELECT min(minutes) FROM conference_warning AS given
    WHERE given.conference = conference.id AND given.stop = conference.stop
) AS warned
FROM conference
WHERE state = 'open' AND stop > $1 AND stop <= $2
ORDER BY stop, id

-- name: claim
-- Held by the session, so that the server lets go of it when the process that has it dies.
SELECT pg_try_advisory_lock($1, hashtext($2))

-- name: disclaim
SELECT pg_advisory_unlock($1, hashtext($2))

-- name: warn
-- No row when it was warned before, or was closed or extended meanwhile.
INSERT INTO conference_warning (conference, stop, minutes, at)
SELECT id, stop, $3, $4 FROM conference WHERE id = $1 AND stop = $2 AND state = 'open'
ON CONFLICT DO NOTHING
RETURNING stop

-- name: was_warned
-- Whether somebody was warned of its stop, wherever that was then.
SELECT EXISTS (SELECT FROM conference_warning WHERE conference = $1)

-- name: room_to_extend
-- The time until the next holder of any of its points, if there is one within a day.
SELECT min(lower(next.during) - upper(own.during))
FROM reservation AS own
JOIN reservation AS next ON next.held
    AND int4range(next.point, next.point, '[]') && int4range(own.point, own.point, '[]')
    AND next.during && tstzrange(upper(own.during), upper(own.during) + interval '1 day')
WHERE own.conference = $1 AND own.held

-- name: mark_open_stale
UPDATE conference SET stale = true WHERE state = 'open'

-- name: is_stale
SELECT EXISTS (SELECT FROM conference WHERE id = $1 AND state = 'open' AND (stale OR EXISTS (
    SELECT FROM conference_host JOIN bridge_process AS carrier ON carrier.id = conference_host.process
    WHERE conference_host.conference = conference.id AND NOT bridge_alive(carrier)
)))

-- name: is_running_over
SELECT EXISTS (SELECT FROM conference WHERE id = $1 AND running AND state IN ('closed', 'cancelled'))

-- name: mark_told
UPDATE conference SET stale = false WHERE id = $1 AND version = $2

-- name: mark_running
UPDATE conference SET running = true WHERE id = $1 AND state = 'confirmed'

-- name: mark_stopped
UPDATE conference SET running = false WHERE id = $1 AND state IN ('closed', 'cancelled')
