-- name: conference
SELECT conference.*, invited_conference.organizer_email
FROM conference LEFT JOIN invited_conference ON invited_conference.conference = conference.id
WHERE conference.id = $1

-- name: points
-- The conference's points with what is known of each: answer, mail, presence now, before, and in its last conference.
-- $2: now; $3: how far back.
SELECT point.code, point.name, reservation.held, invitation.answer,
    EXISTS (
        SELECT FROM mail WHERE mail.conference = $1 AND mail.point = point.number AND mail.kind = 'request'
          AND mail.state IN ('sent', 'waiting')
    ) AS reachable,
    EXISTS (
        SELECT FROM presence_interval
        WHERE presence_interval.conference = $1 AND presence_interval.participant = 'point:' || point.code
          AND presence_interval.left_at IS NULL
    ) AS here,
    coalesce(before.seen, false) AS seen_lately,
    before.missed AS missed_last
FROM reservation
JOIN bridge_point AS point ON point.number = reservation.point
LEFT JOIN invitation ON invitation.conference = $1 AND invitation.point = point.number AND NOT invitation.withdrawn
LEFT JOIN LATERAL (
    SELECT bool_or(attended.was) AS seen,
        (array_agg(NOT attended.was ORDER BY upper(former.during) DESC))[1] AS missed
    FROM reservation AS former
    JOIN conference ON conference.id = former.conference AND conference.state = 'closed'
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM presence_interval
            WHERE presence_interval.conference = former.conference
              AND presence_interval.participant = 'point:' || point.code
        ) AS was
    ) AS attended
    WHERE former.held AND former.conference <> $1
      AND int4range(former.point, former.point, '[]') && int4range(point.number, point.number, '[]')
      AND former.during && tstzrange($3, $2)
) AS before ON true
WHERE reservation.conference = $1
ORDER BY point.code

-- name: nodes
-- Where the plan puts points, and why a node cannot serve them.
SELECT node.code, node.name, NOT node.active AS inactive, media_node_silent(node.code) AS silent,
    NOT EXISTS (SELECT FROM bridge_process WHERE bridge_process.node = node.code) AS never_seen, EXISTS (
        SELECT FROM media_node_maintenance AS closed
        WHERE closed.node = node.code AND closed.during && tstzrange($2, $3)
    ) AS in_maintenance
FROM plan_node_load JOIN media_node AS node ON node.code = plan_node_load.node
WHERE plan_node_load.conference = $1
ORDER BY node.code

-- name: has_plan
SELECT EXISTS (SELECT FROM conference_plan WHERE conference = $1 AND current)

-- name: points_at
-- How many points take part in any conference at that moment.
SELECT count(*) FROM reservation WHERE held AND conference IS NOT NULL AND during @> $1::timestamptz

-- name: keep
INSERT INTO diagnosis (conference, start, at, report, by_clock) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (conference, start) DO UPDATE
SET at = excluded.at, report = excluded.report, by_clock = diagnosis.by_clock OR excluded.by_clock

-- name: latest
SELECT report FROM diagnosis WHERE conference = $1 ORDER BY at DESC LIMIT 1

-- name: due
SELECT conference.id FROM conference
WHERE conference.state IN ('confirmed', 'open') AND conference.start > $1 AND conference.start <= $2
  AND NOT EXISTS (
    SELECT FROM diagnosis
    WHERE diagnosis.conference = conference.id AND diagnosis.start = conference.start AND diagnosis.by_clock
  )
ORDER BY conference.start
