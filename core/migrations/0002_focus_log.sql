-- The event log of every live conference; replaying it rebuilds the focus. It is also the minutes.
CREATE TABLE conference_event (
    conference uuid NOT NULL,
    seq        integer NOT NULL,
    at         timestamptz NOT NULL,
    event      jsonb NOT NULL,
    PRIMARY KEY (conference, seq)
);
