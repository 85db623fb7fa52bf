-- How many people each hall expects and has declared: one row for each thing that was said, never changed afterwards.
-- NULL: this row says nothing about it. What holds is the newest row that says something; without one, the hall's seats.
CREATE TABLE headcount (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conference uuid NOT NULL,
    point      integer NOT NULL,
    expected   integer,
    declared   integer,
    at         timestamptz NOT NULL,
    -- An account's name, or point:CODE when the hall's own operator said it.
    by         text NOT NULL,
    why        text NOT NULL DEFAULT '',
    CONSTRAINT headcount_conference_known FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE,
    CONSTRAINT headcount_point_known FOREIGN KEY (point) REFERENCES bridge_point (number),
    CONSTRAINT headcount_says_something CHECK (num_nonnulls(expected, declared) > 0),
    CONSTRAINT headcount_expected_in_range CHECK (expected BETWEEN 0 AND 100000),
    CONSTRAINT headcount_declared_in_range CHECK (declared BETWEEN 0 AND 100000),
    CONSTRAINT headcount_why_length CHECK (length(why) <= 200),
    CONSTRAINT headcount_correction_has_a_reason CHECK (by LIKE 'point:%' OR why <> '')
);
CREATE INDEX headcount_newest ON headcount (conference, point, id DESC);

CREATE FUNCTION headcount_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was said about a headcount is not changed'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'headcount_only_grows';
END $$;
CREATE TRIGGER headcount_only_grows BEFORE UPDATE ON headcount
    FOR EACH ROW EXECUTE FUNCTION headcount_only_grows();

-- When a conference has a quorum: a share of the expected delegates declared, or of the points present.
CREATE TABLE headcount_quorum (
    conference uuid PRIMARY KEY,
    of         text NOT NULL,
    share      double precision NOT NULL,
    CONSTRAINT headcount_quorum_conference_known
        FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE,
    CONSTRAINT headcount_quorum_of_known CHECK (of IN ('delegates', 'points')),
    CONSTRAINT headcount_quorum_share_in_range CHECK (share >= 0 AND share <= 1)
);
