-- The people whom a conference's halls expect, by name, and whether each of them came.
-- `ticket` is the serial number of the delegate's link: a higher one makes every older link worthless.
CREATE TABLE delegate (
    number       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conference   uuid NOT NULL,
    point        integer NOT NULL,
    code         text NOT NULL,
    name         text NOT NULL,
    position     text NOT NULL DEFAULT '',
    organisation text NOT NULL DEFAULT '',
    state        text NOT NULL DEFAULT 'awaited',
    reason       text NOT NULL DEFAULT '',
    way          text,
    at           timestamptz,
    by           text,
    ticket       integer NOT NULL DEFAULT 1,
    CONSTRAINT delegate_conference_known FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE,
    CONSTRAINT delegate_point_known FOREIGN KEY (point) REFERENCES bridge_point (number),
    CONSTRAINT delegate_code_once UNIQUE (conference, code),
    CONSTRAINT delegate_code_form CHECK (code ~ '^[A-Za-z0-9._-]{1,64}$'),
    CONSTRAINT delegate_name_length CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT delegate_position_length CHECK (length(position) <= 200),
    CONSTRAINT delegate_organisation_length CHECK (length(organisation) <= 200),
    CONSTRAINT delegate_state_known CHECK (state IN ('awaited', 'present', 'absent')),
    CONSTRAINT delegate_way_known CHECK (way IN ('desk', 'scan', 'link', 'console')),
    CONSTRAINT delegate_absent_has_a_reason CHECK ((state = 'absent') = (reason <> '')),
    CONSTRAINT delegate_ticket_in_range CHECK (ticket BETWEEN 1 AND 65535)
);
CREATE INDEX delegate_by_point ON delegate (conference, point, state);

-- Everything that was said about a delegate, never changed afterwards: corrections are further rows.
CREATE TABLE delegate_word (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delegate integer NOT NULL,
    state    text NOT NULL,
    reason   text NOT NULL DEFAULT '',
    way      text NOT NULL,
    at       timestamptz NOT NULL,
    -- An account's name, point:CODE for the hall's own desk, or delegate when they did it themselves.
    by       text NOT NULL,
    CONSTRAINT delegate_word_delegate_known FOREIGN KEY (delegate) REFERENCES delegate (number) ON DELETE CASCADE,
    CONSTRAINT delegate_word_state_known CHECK (state IN ('awaited', 'present', 'absent')),
    CONSTRAINT delegate_word_way_known CHECK (way IN ('desk', 'scan', 'link', 'console')),
    CONSTRAINT delegate_word_reason_length CHECK (length(reason) <= 200),
    CONSTRAINT delegate_word_absent_has_a_reason CHECK ((state = 'absent') = (reason <> ''))
);
CREATE INDEX delegate_word_newest ON delegate_word (delegate, id DESC);

CREATE FUNCTION delegate_word_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was said about a delegate is not changed'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'delegate_word_only_grows';
END $$;
CREATE TRIGGER delegate_word_only_grows BEFORE UPDATE ON delegate_word
    FOR EACH ROW EXECUTE FUNCTION delegate_word_only_grows();

-- A quorum may also ask for delegates that were checked in one by one.
ALTER TABLE headcount_quorum DROP CONSTRAINT headcount_quorum_of_known;
ALTER TABLE headcount_quorum ADD CONSTRAINT headcount_quorum_of_known CHECK (of IN ('delegates', 'verified', 'points'));
