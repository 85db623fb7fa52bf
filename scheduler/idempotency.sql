-- name: claim
-- Waits for a transaction that has the same key in hand.
INSERT INTO idempotent_reply (by, key, request, at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING

-- name: reply
SELECT request, reply FROM idempotent_reply WHERE by = $1 AND key = $2

-- name: keep
UPDATE idempotent_reply SET reply = $3 WHERE by = $1 AND key = $2

-- name: forget
DELETE FROM idempotent_reply
WHERE (by, key) IN (SELECT by, key FROM idempotent_reply WHERE at <= $1 ORDER BY at LIMIT 100 FOR UPDATE SKIP LOCKED)

-- name: forget_own
DELETE FROM idempotent_reply WHERE by = $1 AND key = $2 AND at <= $3
