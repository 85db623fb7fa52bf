-- Units, bridge points, conferences and their reservations.

CREATE TABLE unit (
    code   text PRIMARY KEY,
    name   text NOT NULL,
    kind   text NOT NULL CHECK (kind IN ('centre', 'province', 'commune')),
    parent text REFERENCES unit (code)
);

CREATE TABLE bridge_point (
    number  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code    text NOT NULL UNIQUE,
    name    text NOT NULL,
    unit    text NOT NULL REFERENCES unit (code),
    seats   integer NOT NULL DEFAULT 0 CHECK (seats >= 0),
    contact text NOT NULL DEFAULT ''
);
CREATE INDEX bridge_point_unit ON bridge_point (unit);

CREATE TABLE conference (
    id               uuid PRIMARY KEY,
    title            text NOT NULL,
    state            text NOT NULL CHECK (state IN ('confirmed', 'open', 'closed', 'cancelled')),
    can_join_after   timestamptz NOT NULL,
    start            timestamptz NOT NULL,
    stop             timestamptz NOT NULL,
    must_join_before timestamptz NOT NULL,
    version          integer NOT NULL DEFAULT 1,
    booked_by        text NOT NULL,
    booked_at        timestamptz NOT NULL,
    CONSTRAINT conference_times_in_order CHECK (
        can_join_after <= start AND start < stop AND must_join_before BETWEEN start AND stop
    )
);
CREATE INDEX conference_by_time ON conference (start);

-- The truth about who holds which point when. There is no btree_gist in the embedded server, so the equality of
-- points is written as the overlap of one-element integer ranges.
CREATE TABLE reservation (
    conference uuid NOT NULL REFERENCES conference (id) ON DELETE CASCADE,
    point      integer NOT NULL REFERENCES bridge_point (number),
    during     tstzrange NOT NULL,
    PRIMARY KEY (conference, point),
    CONSTRAINT reservation_no_overlap EXCLUDE USING gist (int4range(point, point, '[]') WITH &&, during WITH &&)
);
