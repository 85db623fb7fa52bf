-- name: conference
SELECT c.title, c.start, c.stop, coalesce(a.name, c.chair) AS chair
FROM conference c
LEFT JOIN account a ON a.username = c.chair
WHERE c.id = $1

-- name: points
SELECT p.code, p.name, p.unit,
       coalesce(e.expected, n.listed, p.seats) AS expected, d.declared,
       coalesce(n.listed, 0) AS listed, coalesce(n.verified, 0) AS verified, coalesce(n.absent, 0) AS absent
FROM reservation r
JOIN bridge_point p ON p.number = r.point
LEFT JOIN (
    SELECT point, count(*)::int AS listed, (count(*) FILTER (WHERE state = 'present'))::int AS verified,
           (count(*) FILTER (WHERE state = 'absent'))::int AS absent
    FROM delegate WHERE conference = $1 GROUP BY point
) n ON n.point = r.point
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
-- From the minutes; each counts by its samples, or by what its endpoint reported.
SELECT participant, sum(good) AS good, sum(fair) AS fair, sum(poor) AS poor, sum(samples) AS samples,
       sum(loss_up * samples) / sum(samples) FILTER (WHERE loss_up IS NOT NULL) AS loss_up,
       sum(loss_down * samples) / sum(samples) FILTER (WHERE loss_down IS NOT NULL) AS loss_down,
       sum(rtt_ms * samples) / sum(samples) FILTER (WHERE rtt_ms IS NOT NULL) AS rtt_ms,
       2 * count(*) FILTER (WHERE relayed) > nullif(count(relayed), 0) AS relayed,
       sum(freezes) AS freezes,
       sum(frozen_share * reports) / sum(reports) FILTER (WHERE frozen_share IS NOT NULL) AS frozen,
       sum(concealed * reports) / sum(reports) FILTER (WHERE concealed IS NOT NULL) AS concealed,
       sum(fps * reports) / sum(reports) FILTER (WHERE fps IS NOT NULL) AS fps,
       sum(cpu_limited)::float8 / sum(reports) FILTER (WHERE cpu_limited IS NOT NULL) AS cpu_limited,
       sum(camera_ill)::float8 / sum(reports) FILTER (WHERE camera_ill IS NOT NULL) AS camera_ill,
       sum(microphone_ill)::float8 / sum(reports) FILTER (WHERE microphone_ill IS NOT NULL) AS microphone_ill
FROM line_minute
WHERE conference = $1
GROUP BY participant
HAVING sum(samples) > 0

-- name: events
SELECT seq, at, event ->> 'type' AS kind,
       coalesce(event ->> 'participant', event -> 'participant' ->> 'id', event ->> 'by') AS who
FROM conference_event
WHERE conference = $1
ORDER BY seq

-- name: delegates
SELECT d.code, d.name, d.position, d.organisation, p.code AS point, p.name AS point_name, d.state, d.reason, d.at, d.way
FROM delegate d
JOIN bridge_point p ON p.number = d.point
WHERE d.conference = $1
ORDER BY p.name, p.code, fold(d.name), d.code

-- name: snapshots
SELECT number, item, at, total, quorum FROM headcount_snapshot WHERE conference = $1 ORDER BY number

-- name: incidents
SELECT i.kind, i.name, i.likely, i.also, i.severity, i.state, i.opened_at, i.closed_at,
       coalesce(a.name, i.owner) AS owner, count(*)::int AS points
FROM incident i
JOIN incident_member m ON m.incident = i.id
LEFT JOIN account a ON a.username = i.owner
WHERE m.conference = $1
GROUP BY i.id, a.name
ORDER BY i.opened_at, i.kind, i.code

-- name: origins
-- Each clock as it was measured last.
SELECT participant, (array_agg(skew_ms ORDER BY minute DESC) FILTER (WHERE skew_ms IS NOT NULL))[1] AS skew_ms
FROM line_minute
WHERE conference = $1
GROUP BY participant

-- name: ways
SELECT participant, transport, relayed, network, began, ended
FROM line_way
WHERE conference = $1
ORDER BY participant, began, ended, leg
