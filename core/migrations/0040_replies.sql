-- Calendar replies that were applied, by a digest of what they say: the same one, fetched again after a crash or delivered
-- twice, changes nothing.
CREATE TABLE reply_taken (
    digest     bytea PRIMARY KEY,
    conference uuid NOT NULL,
    at         timestamptz NOT NULL,
    CONSTRAINT reply_taken_digest_length CHECK (length(digest) = 32),
    CONSTRAINT reply_taken_conference_known FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE
);

ALTER TABLE invitation
    -- Who proposed another time by mail, so that the refusal goes to nobody else.
    ADD COLUMN proposed_by text,
    -- When the organizer refused the point's last proposal; what the point answers next counts instead.
    ADD COLUMN refused_at timestamptz,
    ADD CONSTRAINT invitation_refused_until_answered CHECK (refused_at IS NULL OR answer = 'waiting');

ALTER TABLE mail
    DROP CONSTRAINT mail_kind_known,
    ADD CONSTRAINT mail_kind_known CHECK (kind IN ('request', 'cancel', 'reminder', 'diagnosis', 'refusal'));
