-- People who sign in to the pages.
CREATE TABLE account (
    username      text PRIMARY KEY CONSTRAINT account_username_folded CHECK (
        username = lower(btrim(username)) AND length(username) BETWEEN 1 AND 64
    ),
    name          text NOT NULL,
    password_hash text NOT NULL,
    roles         text[] NOT NULL CONSTRAINT account_roles_known CHECK (
        roles <@ ARRAY['organizer', 'chair', 'operator', 'technician']
    )
);
