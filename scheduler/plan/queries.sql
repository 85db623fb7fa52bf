-- name: lock_plans
-- Plans share links and nodes: whoever makes one waits for the one before, until that is committed.
SELECT pg_advisory_xact_lock($1)

-- name: any_node
SELECT EXISTS (SELECT FROM media_node)

-- name: conference
SELECT id, state, can_join_after, start, stop, profile, lightest, chair_unit FROM conference WHERE id = $1

-- name: points
SELECT point.code, point.unit, line.up_kbps, line.down_kbps, point.name
FROM reservation
JOIN bridge_point AS point ON point.number = reservation.point
LEFT JOIN point_line AS line ON line.point = point.number AND NOT line.backup
WHERE reservation.conference = $1
ORDER BY point.code

-- name: points_numbered
SELECT point.code, point.unit, line.up_kbps, line.down_kbps, point.name
FROM bridge_point AS point
LEFT JOIN point_line AS line ON line.point = point.number AND NOT line.backup
WHERE point.number = ANY ($1::int[])
ORDER BY point.code

-- name: closed_nodes
-- Nodes that would serve but for a maintenance window between $1 and $2.
SELECT node.code AS node, node.name, closed.reason, lower(closed.during) AS since, upper(closed.during) AS until
FROM media_node_maintenance AS closed JOIN media_node AS node ON node.code = closed.node
WHERE node.active AND closed.during && tstzrange($1, $2)
ORDER BY lower(closed.during), node.code

-- name: nodes_in_service
-- Between $1 and $2. That a node is silent now says nothing of next week.
SELECT code, unit, legs, kbps, name FROM media_node
WHERE active AND NOT ($1 < now() + interval '1 hour' AND media_node_silent(code)) AND NOT EXISTS (
    SELECT FROM media_node_maintenance AS closed
    WHERE closed.node = media_node.code AND closed.during && tstzrange($1, $2)
)
ORDER BY code

-- name: units
-- The units $1 and all above them.
WITH RECURSIVE above (code) AS (
    SELECT unnest($1::text[])
    UNION
    SELECT unit.parent FROM above JOIN unit ON unit.code = above.code WHERE unit.parent IS NOT NULL
)
SELECT unit.code, unit.name, unit.parent, unit.uplink_kbps FROM above JOIN unit ON unit.code = above.code
ORDER BY unit.code

-- name: link_uses
-- What other conferences than $1 (null: all) need between $2 and $3, of the links of units $4.
SELECT load.unit AS code, load.up_kbps AS first, load.down_kbps AS second,
    conference.can_join_after AS since, conference.stop AS until
FROM plan_link_load AS load JOIN conference ON conference.id = load.conference
WHERE conference.id IS DISTINCT FROM $1::uuid AND conference.state IN ('requested', 'confirmed', 'open')
  AND conference.can_join_after < $3 AND conference.stop > $2 AND load.unit = ANY ($4::text[])

-- name: node_uses
SELECT load.node AS code, load.legs AS first, load.kbps AS second,
    conference.can_join_after AS since, conference.stop AS until
FROM plan_node_load AS load JOIN conference ON conference.id = load.conference
WHERE conference.id IS DISTINCT FROM $1::uuid AND conference.state IN ('requested', 'confirmed', 'open')
  AND conference.can_join_after < $3 AND conference.stop > $2 AND load.node = ANY ($4::text[])

-- name: profiles
SELECT name, stage_kbps, second_kbps, content_kbps, audio_kbps, up_kbps, trunk_down_kbps, leg_streams, up_streams,
    trunk_streams, senders
FROM conference_profile ORDER BY rank

-- name: lock_conference
SELECT id FROM conference WHERE id = $1 FOR UPDATE

-- name: current_plan
SELECT conference, number, made_at, current, document FROM conference_plan WHERE conference = $1 AND current

-- name: numbered_plan
SELECT conference, number, made_at, current, document FROM conference_plan WHERE conference = $1 AND number = $2

-- name: pictures
-- The pictures of the current plan's profile, and of every lighter one that it gives to some points.
SELECT plan.document ->> 'profile' AS profile, known.name, known.stage_kbps AS stage, known.second_kbps AS second,
    known.content_kbps AS content, array_remove(array_agg(given.point ORDER BY given.point), NULL) AS points
FROM conference_plan AS plan
CROSS JOIN conference_profile AS known
LEFT JOIN LATERAL (
    SELECT item ->> 'point' AS point FROM jsonb_array_elements(plan.document -> 'assignments') AS item
    WHERE item ->> 'profile' = known.name
) AS given ON true
WHERE plan.conference = $1 AND plan.current
GROUP BY plan.conference, plan.number, known.name
HAVING known.name = plan.document ->> 'profile' OR count(given.point) > 0
ORDER BY known.rank

-- name: plan_numbers
SELECT number, made_at, current FROM conference_plan WHERE conference = $1 ORDER BY number DESC

-- name: retire_plan
UPDATE conference_plan SET current = false WHERE conference = $1 AND current

-- name: insert_plan
INSERT INTO conference_plan (conference, number, made_at, current, document)
SELECT $1, coalesce(max(number), 0) + 1, $2, true, $3 FROM conference_plan WHERE conference = $1
RETURNING number

-- name: forget_plans
DELETE FROM conference_plan WHERE conference = $1 AND number <= $2

-- name: clear_links
DELETE FROM plan_link_load WHERE conference = $1

-- name: clear_nodes
DELETE FROM plan_node_load WHERE conference = $1

-- name: insert_links
INSERT INTO plan_link_load (conference, unit, up_kbps, down_kbps)
SELECT $1, * FROM unnest($2::text[], $3::int[], $4::int[])

-- name: insert_nodes
INSERT INTO plan_node_load (conference, node, legs, kbps)
SELECT $1, * FROM unnest($2::text[], $3::int[], $4::int[])

-- name: media_nodes
SELECT code, name, unit, legs, kbps, active FROM media_node ORDER BY code

-- name: put_media_node
INSERT INTO media_node (code, name, unit, legs, kbps, active) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (code) DO UPDATE
SET name = excluded.name, unit = excluded.unit, legs = excluded.legs, kbps = excluded.kbps, active = excluded.active

-- name: conferences_on_node
-- Conferences not over whose plan uses node $1 at some time between $2 and $3.
SELECT conference.id FROM plan_node_load AS load JOIN conference ON conference.id = load.conference
WHERE load.node = $1 AND conference.state IN ('requested', 'confirmed', 'open')
  AND ($3::timestamptz IS NULL OR conference.can_join_after < $3)
  AND ($2::timestamptz IS NULL OR conference.stop > $2)
ORDER BY conference.can_join_after, conference.id

-- name: delete_media_node
DELETE FROM media_node WHERE code = $1

-- name: windows
SELECT id, node, lower(during) AS start, upper(during) AS stop, reason FROM media_node_maintenance
WHERE $1::text IS NULL OR node = $1
ORDER BY lower(during), id

-- name: insert_window
INSERT INTO media_node_maintenance (node, during, reason) VALUES ($1, tstzrange($2, $3), $4) RETURNING id

-- name: delete_window
DELETE FROM media_node_maintenance WHERE id = $1

-- name: spoiled
-- Conferences yet to open at $1 (or only $2) whose plan uses a node that is out of service then (or is silent, within the
-- hour), or that needs more of a node or a line than it has at all; the earliest first.
SELECT conference.id FROM conference
WHERE conference.state IN ('requested', 'confirmed') AND conference.can_join_after > $1
  AND ($2::uuid IS NULL OR conference.id = $2)
  AND (
    EXISTS (
        SELECT FROM plan_node_load AS load JOIN media_node AS node ON node.code = load.node
        WHERE load.conference = conference.id AND (
            NOT node.active
            OR (conference.can_join_after < now() + interval '1 hour' AND media_node_silent(node.code))
            OR load.legs > node.legs OR load.kbps > node.kbps OR EXISTS (
                SELECT FROM media_node_maintenance AS closed
                WHERE closed.node = node.code AND closed.during && tstzrange(conference.can_join_after, conference.stop)
            )
        )
    )
    OR EXISTS (
        SELECT FROM plan_link_load AS load JOIN unit ON unit.code = load.unit
        WHERE load.conference = conference.id AND greatest(load.up_kbps, load.down_kbps) > unit.uplink_kbps
    )
  )
ORDER BY conference.can_join_after, conference.id
LIMIT 100
