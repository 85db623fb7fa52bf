-- People who sign in to the pages.
CREATE TABLE account (
    username      text PRIMARY KEY,
    name          text NOT NULL,
    password_hash text NOT NULL,
    roles         text[] NOT NULL
);
