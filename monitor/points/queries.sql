-- name: known
SELECT id FROM conference WHERE id = $1

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
SELECT joined_at, last_seen, left_at, how
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

-- name: last_time
WITH former AS (
    SELECT c.id, c.title, c.start
    FROM reservation r
    JOIN bridge_point p ON p.number = r.point
    JOIN conference c ON c.id = r.conference
    WHERE p.code = $2 AND c.start < (SELECT start FROM conference WHERE id = $1) AND c.id <> $1
      AND EXISTS (SELECT 1 FROM link_sample s WHERE s.conference = c.id AND s.participant = $3)
    ORDER BY c.start DESC
    LIMIT 1
)
SELECT former.id, former.title, former.start,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY s.kbps_up) AS kbps_up,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY s.kbps_down) AS kbps_down,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY greatest(s.loss_up, s.loss_down)) AS loss,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY s.rtt_ms) AS rtt_ms,
       (count(*) FILTER (WHERE s.grade = 'good'))::float8 / nullif(count(*) FILTER (WHERE s.grade <> 'unknown'), 0)
           AS good
FROM former
JOIN link_sample s ON s.conference = former.id AND s.participant = $3
GROUP BY former.id, former.title, former.start
