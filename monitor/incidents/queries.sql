-- name: places
SELECT p.code, p.name, p.unit, coalesce(l.provider, '') AS provider, l.up_kbps, l.down_kbps
FROM bridge_point p
LEFT JOIN point_line l ON l.point = p.number AND NOT l.backup
WHERE p.code = ANY($1::text[])

-- name: units
SELECT code, name, parent, uplink_kbps FROM unit

-- name: nodes
SELECT a ->> 'point' AS point, a ->> 'node' AS node
FROM conference_plan c
CROSS JOIN LATERAL jsonb_array_elements(c.document -> 'assignments') a
WHERE c.current AND c.conference = ANY($1::uuid[])

-- name: node_names
SELECT code, name FROM media_node

-- name: save
INSERT INTO incident (id, kind, code, name, state, likely, also, severity, affected, observed, figures, opened_at,
                      closed_at, folded_into, alarmed, former)
SELECT $1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text[], $8::text, $9::integer, $10::integer,
       $11::jsonb, $12::timestamptz, CASE WHEN $5::text = 'closed' THEN $12::timestamptz END, $13::uuid,
       $15::text,
       (SELECT f.id FROM incident f
        WHERE f.kind = $2::text AND f.code = $3::text AND f.state = 'closed' AND f.id <> $1::uuid
        ORDER BY f.closed_at DESC LIMIT 1)
ON CONFLICT (id) DO UPDATE
SET state = excluded.state, likely = excluded.likely, also = excluded.also, severity = excluded.severity,
    affected = excluded.affected, observed = excluded.observed, figures = excluded.figures,
    closed_at = excluded.closed_at, closed_by = NULL, folded_into = excluded.folded_into,
    alarmed = coalesce(excluded.alarmed, incident.alarmed), version = incident.version + $14::integer

-- name: join
INSERT INTO incident_member (incident, point, conference, since, condition, reason, equipment)
SELECT $1::uuid, m.point, m.conference, $2::timestamptz, m.condition, m.reason, m.equipment
FROM unnest($3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[])
     AS m (point, conference, condition, reason, equipment)
ON CONFLICT (incident, point) DO UPDATE
SET until = NULL, conference = excluded.conference, condition = excluded.condition, reason = excluded.reason,
    equipment = excluded.equipment,
    since = CASE WHEN incident_member.until IS NULL THEN incident_member.since ELSE excluded.since END

-- name: leave
UPDATE incident_member SET until = $2 WHERE incident = $1 AND point = ANY($3::text[]) AND until IS NULL

-- name: note
INSERT INTO incident_event (incident, number, at, kind, by, text)
SELECT $1::uuid, coalesce(max(number), 0) + 1, $2::timestamptz, $3::text, $4::text, $5::text
FROM incident_event WHERE incident = $1::uuid

-- name: left_open
SELECT * FROM incident WHERE state <> 'closed' ORDER BY opened_at

-- name: left_members
SELECT m.* FROM incident_member m
JOIN incident i ON i.id = m.incident AND i.state <> 'closed'
JOIN conference c ON c.id = m.conference AND c.state NOT IN ('closed', 'cancelled')
WHERE m.until IS NULL

-- name: dismissed
SELECT * FROM incident WHERE dismissed ORDER BY closed_at

-- name: dismissed_members
SELECT m.* FROM incident_member m
JOIN incident i ON i.id = m.incident AND i.dismissed AND i.closed_at = m.until
JOIN conference c ON c.id = m.conference AND c.state NOT IN ('closed', 'cancelled')

-- name: closed_lately
SELECT * FROM incident WHERE state = 'closed' AND closed_by IS NULL AND closed_at > $1 ORDER BY closed_at

-- name: recovered
UPDATE incident SET dismissed = false
WHERE dismissed AND (kind, code) IN (SELECT * FROM unnest($1::text[], $2::text[]))

-- name: conferences
SELECT DISTINCT conference FROM incident_member WHERE incident = ANY($1::uuid[])

-- name: board
SELECT i.*,
       (SELECT e.text FROM incident_event e
        WHERE e.incident = i.id AND e.kind = 'acted' AND e.text IN ('lower_layer', 'sound_only', 'full_picture')
        ORDER BY e.number DESC LIMIT 1) AS limited,
       ARRAY(SELECT m.point FROM incident_member m
             WHERE m.incident = i.id AND m.conference = $1 AND (m.until IS NULL OR i.state = 'closed')
             ORDER BY m.point) AS members
FROM incident i
WHERE EXISTS (SELECT FROM incident_member m WHERE m.incident = i.id AND m.conference = $1)
  AND (i.state = 'open' OR (i.state = 'closed' AND $2))
ORDER BY i.state = 'closed', array_position(ARRAY['critical', 'major', 'minor'], i.severity), i.affected DESC,
         i.opened_at DESC, i.id
LIMIT $3

-- name: one
SELECT i.*,
       (SELECT e.text FROM incident_event e
        WHERE e.incident = i.id AND e.kind = 'acted' AND e.text IN ('lower_layer', 'sound_only', 'full_picture')
        ORDER BY e.number DESC LIMIT 1) AS limited,
       ARRAY(SELECT m.point FROM incident_member m
             WHERE m.incident = i.id AND m.conference = $2 AND (m.until IS NULL OR i.state = 'closed')
             ORDER BY m.point) AS members
FROM incident i
WHERE i.id = $1 AND EXISTS (SELECT FROM incident_member m WHERE m.incident = i.id AND m.conference = $2)

-- name: lock
SELECT version, state FROM incident i
WHERE i.id = $1 AND EXISTS (SELECT FROM incident_member m WHERE m.incident = i.id AND m.conference = $2)
FOR UPDATE

-- name: members
SELECT m.point, coalesce(p.name, m.point) AS name, m.conference, m.since, m.until, m.condition, m.reason
FROM incident_member m
LEFT JOIN bridge_point p ON p.code = m.point
WHERE m.incident = $1 AND m.conference = $2
ORDER BY m.until IS NOT NULL, p.name_order, m.point

-- name: history
SELECT number, at, kind, by, text FROM incident_event WHERE incident = $1 ORDER BY number

-- name: acknowledged
UPDATE incident SET version = version + 1, acknowledged_at = $2, acknowledged_by = $3 WHERE id = $1

-- name: owned
UPDATE incident SET version = version + 1, owner = $3 WHERE id = $1 AND $2::timestamptz IS NOT NULL

-- name: acted
UPDATE incident SET version = version + 1
WHERE id = $1 AND $2::timestamptz IS NOT NULL AND $3::text IS NOT NULL

-- name: noted
UPDATE incident SET version = version + 1
WHERE id = $1 AND $2::timestamptz IS NOT NULL AND $3::text IS NOT NULL

-- name: closed
UPDATE incident SET version = version + 1, state = 'closed', closed_at = $2, closed_by = $3, folded_into = NULL, dismissed = true
WHERE id = $1 OR folded_into = $1

-- name: all_recover
UPDATE incident_member SET until = $2 WHERE incident = $1 AND until IS NULL
