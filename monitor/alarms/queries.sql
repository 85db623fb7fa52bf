-- name: subscriptions
SELECT s.id, s.version, s.name, s.channel, s.target, s.language, s.unit, s.conference, s.severity, s.wait_minutes,
       s.active, s.created_by, s.created_at, u.name AS unit_name, c.title AS conference_title
FROM alarm_subscription s
LEFT JOIN unit u ON u.code = s.unit
LEFT JOIN conference c ON c.id = s.conference
WHERE s.removed_at IS NULL AND ($1::uuid IS NULL OR s.id = $1)
ORDER BY in_order(s.name), s.created_at

-- name: count
SELECT count(*) FROM alarm_subscription WHERE removed_at IS NULL

-- name: known_unit
SELECT true FROM unit WHERE code = $1

-- name: known_conference
SELECT true FROM conference WHERE id = $1

-- name: add
INSERT INTO alarm_subscription (id, name, channel, target, language, unit, conference, severity, wait_minutes, active,
                                secret, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)

-- name: change
UPDATE alarm_subscription
SET version = version + 1, name = $2, channel = $3, target = $4, language = $5, unit = $6, conference = $7, severity = $8,
    wait_minutes = $9, active = $10, secret = $11
WHERE id = $1

-- name: lock
SELECT version, secret FROM alarm_subscription WHERE id = $1 AND removed_at IS NULL FOR UPDATE

-- name: renew_secret
UPDATE alarm_subscription SET version = version + 1, secret = $2 WHERE id = $1

-- name: remove
UPDATE alarm_subscription SET version = version + 1, removed_at = $2 WHERE id = $1 AND removed_at IS NULL RETURNING id

-- name: restore
UPDATE alarm_subscription SET version = version + 1, removed_at = NULL
WHERE id = $1 AND removed_at > $2 RETURNING id

-- name: deliveries
-- What a mail's own row in the queue says counts for a mail.
SELECT d.id, d.subscription, s.name, d.channel, d.kind, d.severity, d.incident, d.about, d.queued_at,
       CASE WHEN m.id IS NULL THEN d.state WHEN m.state IN ('waiting', 'sent') THEN m.state ELSE 'failed' END AS state,
       CASE WHEN m.id IS NULL THEN d.attempts ELSE m.attempts END AS attempts,
       CASE WHEN m.id IS NULL THEN d.settled_at ELSE m.settled_at END AS settled_at,
       CASE WHEN m.id IS NULL THEN d.error ELSE m.error END AS error
FROM alarm_delivery d
JOIN alarm_subscription s ON s.id = d.subscription
LEFT JOIN mail m ON d.channel = 'mail' AND m.key = 'alarm:' || d.id
WHERE $1::uuid IS NULL OR d.id = $1
ORDER BY d.queued_at DESC, d.id
LIMIT $2

-- name: watched
-- Incidents of which people are to be told, that are there or whose end may still be owed to somebody.
SELECT i.*,
       coalesce((SELECT e.kind = 'folded' FROM incident_event e
                 WHERE e.incident = i.id AND e.kind IN ('opened', 'reopened', 'folded', 'unfolded')
                 ORDER BY e.number DESC LIMIT 1), false) AS folded,
       ARRAY(SELECT DISTINCT m.conference FROM incident_member m WHERE m.incident = i.id) AS conferences,
       ARRAY(SELECT DISTINCT p.unit FROM incident_member m JOIN bridge_point p ON p.code = m.point
             WHERE m.incident = i.id AND p.unit IS NOT NULL) AS units,
       coalesce(closer.name, i.closed_by) AS closer
FROM incident i
LEFT JOIN account closer ON closer.username = i.closed_by
WHERE i.alarmed IS NOT NULL
  AND (i.state <> 'closed'
       OR (i.closed_at > $1
           AND EXISTS (SELECT FROM alarm_delivery d WHERE d.incident = i.id)
           AND NOT EXISTS (SELECT FROM alarm_delivery d WHERE d.incident = i.id AND d.kind = 'cleared')))

-- name: parents
SELECT code, parent FROM unit

-- name: past
SELECT subscription, incident, kind, severity FROM alarm_delivery WHERE incident = ANY($1::uuid[])

-- name: deliver
INSERT INTO alarm_delivery (id, subscription, incident, kind, severity, about, channel, body, state, due_at, queued_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
ON CONFLICT ON CONSTRAINT alarm_delivery_once DO NOTHING
RETURNING id

-- name: take
-- Takes due posts for a while: other processes pass them by, and if this one dies they are due again at $2. Of each
-- subscription the oldest, so that a receiver that does not answer holds up nobody else.
UPDATE alarm_delivery d SET attempts = attempts + 1, due_at = $2
FROM alarm_subscription s
WHERE s.id = d.subscription AND d.id IN (
    SELECT o.id FROM alarm_delivery o
    WHERE o.state = 'waiting' AND o.channel = 'webhook' AND o.due_at <= $1 AND NOT o.subscription = ANY($4::uuid[])
      AND NOT EXISTS (
          SELECT FROM alarm_delivery e
          WHERE e.subscription = o.subscription AND e.state = 'waiting' AND e.channel = 'webhook' AND e.due_at <= $1
            AND (e.due_at, e.id) < (o.due_at, o.id)
      )
    ORDER BY o.due_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
)
RETURNING d.id, d.subscription, d.body, d.attempts, d.queued_at, s.target, s.secret, s.removed_at

-- name: sent
UPDATE alarm_delivery SET state = 'sent', body = NULL, settled_at = $2, error = '' WHERE id = $1 AND state = 'waiting'

-- name: failed
UPDATE alarm_delivery SET state = 'failed', body = NULL, settled_at = $2, error = $3
WHERE id = $1 AND state = 'waiting'

-- name: postponed
UPDATE alarm_delivery SET due_at = $2, error = $3 WHERE id = $1 AND state = 'waiting'

-- name: switch_off
UPDATE alarm_subscription SET version = version + 1, active = false WHERE id = $1
