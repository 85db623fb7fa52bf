-- name: account
SELECT username, name, password_hash, roles FROM account WHERE username = $1

-- name: save_account
INSERT INTO account (username, name, password_hash, roles) VALUES ($1, $2, $3, $4)
ON CONFLICT (username) DO UPDATE
SET name = excluded.name, password_hash = excluded.password_hash, roles = excluded.roles

-- name: people
-- Whose accounts have the role $1.
SELECT username, name FROM account WHERE $1 = ANY (roles) ORDER BY in_order(name), username LIMIT 1000

-- name: staff
-- Whose accounts have any other role than that of a hall.
SELECT username, name FROM account WHERE roles && $1 ORDER BY in_order(name), username LIMIT 5000

-- name: has_role
SELECT EXISTS (SELECT FROM account WHERE username = $1 AND $2 = ANY (roles))
