-- name: account
SELECT username, name, password_hash, roles FROM account WHERE username = $1

-- name: save_account
INSERT INTO account (username, name, password_hash, roles) VALUES ($1, $2, $3, $4)
ON CONFLICT (username) DO UPDATE
SET name = excluded.name, password_hash = excluded.password_hash, roles = excluded.roles
