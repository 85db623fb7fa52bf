-- Booking in depth: drafts and approval, buffers, series, templates, who changed what, and requests that may be
-- sent twice.

-- A booking of a point under such a unit waits until somebody with the right over that unit approves it.
ALTER TABLE unit ADD COLUMN approval boolean NOT NULL DEFAULT false;
CREATE INDEX unit_with_approval ON unit (code) WHERE approval;

-- The right to approve bookings of points under a unit (and of every unit under it).
CREATE TABLE approver (
    username text NOT NULL,
    unit     text NOT NULL,
    PRIMARY KEY (username, unit),
    CONSTRAINT approver_unit_known FOREIGN KEY (unit) REFERENCES unit (code) ON UPDATE CASCADE ON DELETE CASCADE
);

-- How the occurrences of a series were made. What is true of one occurrence now is in its own row of `conference`.
CREATE TABLE series (
    id            uuid PRIMARY KEY,
    rule          text NOT NULL,
    zone          text NOT NULL,
    first_start   timestamptz NOT NULL,
    -- Starts that the rule gives but that were left out: asked for, holidays, or taken.
    exdates       timestamptz[] NOT NULL,
    skip_holidays boolean NOT NULL,
    booked_by     text NOT NULL,
    booked_at     timestamptz NOT NULL,
    CONSTRAINT series_rule_length CHECK (length(rule) BETWEEN 1 AND 500),
    CONSTRAINT series_exdates_bounded CHECK (cardinality(exdates) <= 400)
);

ALTER TABLE conference
    DROP CONSTRAINT conference_state_known,
    ADD CONSTRAINT conference_state_known CHECK (
        state IN ('draft', 'requested', 'confirmed', 'rejected', 'open', 'closed', 'cancelled')
    ),
    ADD COLUMN setup_minutes integer NOT NULL DEFAULT 0,
    ADD COLUMN teardown_minutes integer NOT NULL DEFAULT 0,
    ADD COLUMN series uuid,
    -- The start that the series' rule gave this occurrence (RFC 5545 section 3.8.4.4), wherever it was moved since.
    ADD COLUMN recurrence_id timestamptz,
    ADD CONSTRAINT conference_setup_in_range CHECK (setup_minutes BETWEEN 0 AND 1440),
    ADD CONSTRAINT conference_teardown_in_range CHECK (teardown_minutes BETWEEN 0 AND 1440),
    ADD CONSTRAINT conference_series_known FOREIGN KEY (series) REFERENCES series (id),
    ADD CONSTRAINT conference_has_its_place_in_a_series CHECK ((series IS NULL) = (recurrence_id IS NULL));
CREATE UNIQUE INDEX conference_once_in_series ON conference (series, recurrence_id) WHERE series IS NOT NULL;

-- The same table as `scheduler/lifecycle.py`; a test compares them. Only changed times or points can send a confirmed
-- conference back to be approved.
CREATE OR REPLACE FUNCTION conference_state_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (
        ('draft', 'requested'), ('draft', 'confirmed'), ('draft', 'cancelled'),
        ('requested', 'confirmed'), ('requested', 'rejected'), ('requested', 'cancelled'),
        ('confirmed', 'requested'), ('confirmed', 'open'), ('confirmed', 'closed'), ('confirmed', 'cancelled'),
        ('open', 'closed'), ('open', 'cancelled')
    ) THEN
        RAISE EXCEPTION 'a conference cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'conference_state_goes_forward';
    END IF;
    RETURN NEW;
END $$;

-- Whose approval a conference needs, and what they decided; no decision yet: it waits.
CREATE TABLE approval (
    conference uuid NOT NULL,
    -- Not a reference: a unit that is merged away must not take the decision with it.
    unit       text NOT NULL,
    granted    boolean,
    decided_by text,
    decided_at timestamptz,
    PRIMARY KEY (conference, unit),
    CONSTRAINT approval_conference_known FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE,
    CONSTRAINT approval_decided_whole CHECK (num_nonnulls(granted, decided_by, decided_at) IN (0, 3))
);
CREATE INDEX approval_waiting ON approval (unit) WHERE granted IS NULL;

-- Every version of a conference and what it changed: `[{"field", "old", "new"}]`. Nothing is ever taken back.
CREATE TABLE conference_history (
    conference uuid NOT NULL,
    version    integer NOT NULL,
    at         timestamptz NOT NULL,
    by         text NOT NULL,
    action     text NOT NULL,
    note       text NOT NULL DEFAULT '',
    changes    jsonb NOT NULL,
    PRIMARY KEY (conference, version),
    CONSTRAINT conference_history_conference_known FOREIGN KEY (conference) REFERENCES conference (id)
);
CREATE FUNCTION conference_history_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of a conference is not rewritten'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'conference_history_is_kept';
END $$;
CREATE TRIGGER conference_history_is_kept BEFORE UPDATE OR DELETE ON conference_history
    FOR EACH ROW EXECUTE FUNCTION conference_history_is_kept();

-- Replies to requests that carry an idempotency key, for a day. Written in the same transaction as what they report.
CREATE TABLE idempotent_reply (
    by      text NOT NULL,
    key     text NOT NULL,
    request bytea NOT NULL,
    reply   jsonb,
    at      timestamptz NOT NULL,
    PRIMARY KEY (by, key),
    CONSTRAINT idempotent_reply_key_length CHECK (length(key) BETWEEN 1 AND 200)
);
CREATE INDEX idempotent_reply_by_age ON idempotent_reply (at);

-- A booking to be made again: what it is called, how long it lasts, who takes part.
CREATE TABLE template (
    id               uuid PRIMARY KEY,
    name             text NOT NULL,
    title            text NOT NULL,
    doors            interval NOT NULL,
    length           interval NOT NULL,
    last_join        interval NOT NULL,
    setup_minutes    integer NOT NULL,
    teardown_minutes integer NOT NULL,
    made_by          text NOT NULL,
    made_at          timestamptz NOT NULL,
    CONSTRAINT template_name_length CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT template_title_length CHECK (length(title) BETWEEN 1 AND 200),
    CONSTRAINT template_times_in_order CHECK (
        doors >= interval '0' AND length > interval '0' AND last_join BETWEEN interval '0' AND length
    )
);
CREATE UNIQUE INDEX template_name_once ON template (fold(name));
CREATE TABLE template_point (
    template uuid NOT NULL,
    point    integer NOT NULL,
    PRIMARY KEY (template, point),
    CONSTRAINT template_point_template_known FOREIGN KEY (template) REFERENCES template (id) ON DELETE CASCADE,
    CONSTRAINT template_point_point_known FOREIGN KEY (point) REFERENCES bridge_point (number) ON DELETE CASCADE
);
