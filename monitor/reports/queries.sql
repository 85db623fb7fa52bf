-- name: conference
SELECT id, title, start, stop, state FROM conference WHERE id = $1

-- name: points
SELECT p.code, p.name, p.unit, u.name AS unit_name, coalesce(a.code, u.code) AS above, coalesce(a.name, u.name) AS above_name,
       coalesce(e.expected, p.seats) AS expected, d.declared
FROM reservation r
JOIN bridge_point p ON p.number = r.point
JOIN unit u ON u.code = p.unit
LEFT JOIN unit a ON a.code = u.parent
LEFT JOIN (
    SELECT DISTINCT ON (point) point, expected
    FROM headcount WHERE conference = $1 AND expected IS NOT NULL ORDER BY point, id DESC
) e ON e.point = r.point
LEFT JOIN (
    SELECT DISTINCT ON (point) point, declared
    FROM headcount WHERE conference = $1 AND declared IS NOT NULL ORDER BY point, id DESC
) d ON d.point = r.point
WHERE r.conference = $1
ORDER BY p.name, p.code

-- name: quality
SELECT participant,
       count(*) FILTER (WHERE grade = 'good') AS good,
       count(*) FILTER (WHERE grade = 'fair') AS fair,
       count(*) FILTER (WHERE grade = 'poor') AS poor,
       count(*) AS samples,
       avg(loss_up) AS loss_up, avg(loss_down) AS loss_down, avg(rtt_ms) AS rtt_ms
FROM link_sample
WHERE conference = $1
GROUP BY participant

-- name: events
SELECT seq, at, event ->> 'type' AS kind,
       coalesce(event ->> 'participant', event -> 'participant' ->> 'id', event ->> 'by') AS who
FROM conference_event
WHERE conference = $1
ORDER BY seq
