-- name: map_points
SELECT p.code, p.name, p.unit
FROM reservation r
JOIN bridge_point p ON p.number = r.point
WHERE r.conference = $1
ORDER BY p.name_order, p.code

-- name: map_units
WITH RECURSIVE above AS (
    SELECT u.code, u.name, u.kind, u.parent
    FROM unit u
    WHERE u.code IN (
        SELECT p.unit FROM reservation r JOIN bridge_point p ON p.number = r.point WHERE r.conference = $1
    )
    UNION
    SELECT u.code, u.name, u.kind, u.parent FROM unit u JOIN above ON u.code = above.parent
)
SELECT code, name, kind, parent FROM above ORDER BY in_order(name), code

-- name: point
SELECT p.code, p.name, p.unit, u.parent
FROM reservation r
JOIN bridge_point p ON p.number = r.point
JOIN unit u ON u.code = p.unit
WHERE r.conference = $1 AND p.code = $2

-- name: presence
SELECT joined_at, left_at, how
FROM presence_interval
WHERE conference = $1 AND participant = $2
ORDER BY joined_at

-- name: floor
-- Of everybody's events only those that moved the floor to this point, or away from it.
SELECT at, event ->> 'type' AS type, event ->> 'participant' = $2 AS own
FROM conference_event
WHERE conference = $1
  AND event ->> 'type' IN ('floor_requested', 'floor_granted', 'floor_released', 'floor_revoked', 'request_denied')
ORDER BY seq

-- name: said
-- At most $4 of what the endpoint said, spread over the time.
WITH said AS (
    SELECT at, fps, frozen_share, concealed, row_number() OVER (ORDER BY at) AS place, count(*) OVER () AS total
    FROM endpoint_sample
    WHERE conference = $1 AND participant = $2
      AND at > (SELECT max(at) FROM endpoint_sample WHERE conference = $1 AND participant = $2) - $3::interval
)
SELECT at, fps, frozen_share, concealed FROM said
WHERE place % greatest(1, ceil(total::numeric / $4)::bigint) = 0 OR place = total
ORDER BY at

-- name: last_time
-- Middle values of its minutes.
WITH former AS (
    SELECT c.id, c.title, c.start
    FROM reservation r
    JOIN bridge_point p ON p.number = r.point
    JOIN conference c ON c.id = r.conference
    WHERE p.code = $2 AND c.start < (SELECT start FROM conference WHERE id = $1) AND c.id <> $1
      AND EXISTS (SELECT 1 FROM line_minute m WHERE m.conference = c.id AND m.participant = $3 AND m.samples > 0)
    ORDER BY c.start DESC
    LIMIT 1
)
SELECT former.id, former.title, former.start,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY m.kbps_up) AS kbps_up,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY m.kbps_down) AS kbps_down,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY greatest(m.loss_up, m.loss_down)) AS loss,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY m.rtt_ms) AS rtt_ms,
       sum(m.good)::float8 / nullif(sum(m.good + m.fair + m.poor), 0) AS good
FROM former
JOIN line_minute m ON m.conference = former.id AND m.participant = $3 AND m.samples > 0
GROUP BY former.id, former.title, former.start

-- name: point_number
SELECT number FROM bridge_point WHERE code = $1

-- name: record_moments
-- The minutes from $2 until $3 by steps of $4: at most as many rows as a chart has pixels, whatever was kept.
SELECT date_bin($4::interval, minute, $2::timestamptz) AS at, count(*)::int AS minutes,
       avg(kbps_up) AS kbps_up, avg(kbps_down) AS kbps_down, avg(loss_up) AS loss_up, avg(loss_down) AS loss_down,
       max(greatest(loss_up, loss_down)) AS worst_loss, avg(rtt_ms) AS rtt_ms, max(rtt_ms) AS worst_rtt_ms,
       sum(good)::int AS good, sum(fair)::int AS fair, sum(poor)::int AS poor,
       max(greatest(frozen_share, concealed)) AS disturbed, avg(fps) AS fps
FROM line_minute
WHERE participant = $1 AND minute >= $2 AND minute < $3
GROUP BY 1
ORDER BY 1

-- name: record_conferences
SELECT c.id, c.title, c.start, c.stop
FROM reservation r
JOIN conference c ON c.id = r.conference
WHERE r.held AND int4range(r.point, r.point, '[]') && int4range($1, $1, '[]') AND r.during && tstzrange($2, $3)
  AND c.start < $3 AND c.stop > $2
ORDER BY c.start, c.id
LIMIT $4

-- name: record_incidents
SELECT i.id, i.kind, i.code, i.name, i.likely, i.also, i.severity, m.conference, m.since, m.until
FROM incident_member m
JOIN incident i ON i.id = m.incident
WHERE m.point = $1 AND m.since < $3 AND (m.until IS NULL OR m.until > $2)
ORDER BY m.since, i.id
LIMIT $4

-- name: record_presence
SELECT joined_at, left_at, how
FROM presence_interval
WHERE participant = $1 AND joined_at < $3 AND (left_at IS NULL OR left_at > $2)
ORDER BY joined_at
LIMIT $4

-- name: record_floor
SELECT conference, at, event ->> 'type' AS type, event ->> 'participant' = $2 AS own
FROM conference_event
WHERE conference = ANY($1)
  AND event ->> 'type' IN ('floor_requested', 'floor_granted', 'floor_released', 'floor_revoked', 'request_denied')
ORDER BY conference, seq
