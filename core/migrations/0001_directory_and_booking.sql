-- Units, bridge points, conferences and their reservations.

-- Text as people search it: without case and without accents ("Côn Đảo" is found by "con dao").
CREATE FUNCTION fold(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
    translate(lower(regexp_replace(normalize(value, NFD), '[\u0300-\u036f]', '', 'g')), 'đ', 'd');

CREATE TABLE unit (
    code   text PRIMARY KEY,
    name   text NOT NULL,
    kind   text NOT NULL,
    parent text,
    CONSTRAINT unit_code_form CHECK (code ~ '^[A-Za-z0-9._-]{1,64}$'),
    CONSTRAINT unit_name_length CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT unit_kind_known CHECK (kind IN ('centre', 'province', 'commune')),
    CONSTRAINT unit_parent_known FOREIGN KEY (parent) REFERENCES unit (code),
    CONSTRAINT unit_not_its_own_parent CHECK (parent <> code)
);
CREATE INDEX unit_by_parent ON unit (parent);

CREATE TABLE bridge_point (
    number  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code    text NOT NULL,
    name    text NOT NULL,
    unit    text NOT NULL,
    seats   integer NOT NULL DEFAULT 0,
    contact text NOT NULL DEFAULT '',
    CONSTRAINT bridge_point_code_once UNIQUE (code),
    CONSTRAINT bridge_point_code_form CHECK (code ~ '^[A-Za-z0-9._-]{1,64}$'),
    CONSTRAINT bridge_point_name_length CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT bridge_point_unit_known FOREIGN KEY (unit) REFERENCES unit (code),
    CONSTRAINT bridge_point_seats_in_range CHECK (seats BETWEEN 0 AND 100000),
    CONSTRAINT bridge_point_contact_length CHECK (length(contact) <= 200)
);
CREATE INDEX bridge_point_by_unit ON bridge_point (unit);

CREATE TABLE conference (
    id               uuid PRIMARY KEY,
    title            text NOT NULL,
    state            text NOT NULL,
    can_join_after   timestamptz NOT NULL,
    start            timestamptz NOT NULL,
    stop             timestamptz NOT NULL,
    must_join_before timestamptz NOT NULL,
    version          integer NOT NULL DEFAULT 1,
    booked_by        text NOT NULL,
    booked_at        timestamptz NOT NULL,
    changed_by       text NOT NULL,
    changed_at       timestamptz NOT NULL,
    -- Whether the bridge has been asked to run it and not yet been told to stop.
    running          boolean NOT NULL DEFAULT false,
    -- Whether the bridge must be told again about an open conference: it was extended, or the bridge restarted.
    stale            boolean NOT NULL DEFAULT false,
    CONSTRAINT conference_title_length CHECK (length(title) BETWEEN 1 AND 200),
    CONSTRAINT conference_state_known CHECK (state IN ('confirmed', 'open', 'closed', 'cancelled')),
    CONSTRAINT conference_times_in_order CHECK (
        can_join_after <= start AND start < stop AND must_join_before BETWEEN start AND stop
    )
);
CREATE INDEX conference_by_start ON conference (start);
-- What the clockwork has still to do: few rows, however many conferences are over.
CREATE INDEX conference_to_do ON conference (can_join_after) WHERE running OR state IN ('confirmed', 'open');

-- A conference only goes forward: confirmed, open, closed; cancelled from either of the first two.
CREATE FUNCTION conference_state_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (
        ('confirmed', 'open'), ('confirmed', 'closed'), ('confirmed', 'cancelled'),
        ('open', 'closed'), ('open', 'cancelled')
    ) THEN
        RAISE EXCEPTION 'a conference cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'conference_state_goes_forward';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER conference_state_goes_forward BEFORE UPDATE ON conference
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION conference_state_goes_forward();

-- The truth about who holds which point when. There is no btree_gist in the embedded server, so the equality of
-- points is written as the overlap of one-element integer ranges. A cancelled conference keeps its rows (which
-- points it had) but holds nothing.
CREATE TABLE reservation (
    conference uuid NOT NULL,
    point      integer NOT NULL,
    during     tstzrange NOT NULL,
    held       boolean NOT NULL DEFAULT true,
    PRIMARY KEY (conference, point),
    CONSTRAINT reservation_conference_known FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE,
    CONSTRAINT reservation_point_known FOREIGN KEY (point) REFERENCES bridge_point (number),
    CONSTRAINT reservation_bounded CHECK (
        NOT lower_inf(during) AND NOT upper_inf(during) AND lower_inc(during) AND NOT upper_inc(during)
    ),
    CONSTRAINT reservation_no_overlap
        EXCLUDE USING gist (int4range(point, point, '[]') WITH &&, during WITH &&) WHERE (held)
);
