-- name: queue_mail
INSERT INTO mail (key, kind, conference, recipient, content, due_at, queued_at)
VALUES ($1, $2, NULL, $3, $4, $5, $5)
ON CONFLICT (key) DO NOTHING
