-- name: map_points
SELECT p.code, p.name, p.unit
FROM reservation r
JOIN bridge_point p ON p.number = r.point
WHERE r.conference = $1
ORDER BY p.name, p.code

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
SELECT code, name, kind, parent FROM above ORDER BY name, code

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
