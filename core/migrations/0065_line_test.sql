-- Line tests of points: who ran them, what was measured, and what the line was judged to carry.
CREATE TABLE line_test (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    point     integer NOT NULL,
    at        timestamptz NOT NULL,
    -- An account's name, or point:CODE when the hall's own operator ran it by its link.
    by        text NOT NULL,
    grade     text NOT NULL,
    -- The heaviest profile that the line carries; NULL: none at all.
    carries   text,
    kbps_up   real,
    kbps_down real,
    -- All figures and findings.
    result    jsonb NOT NULL,
    CONSTRAINT line_test_point_known FOREIGN KEY (point) REFERENCES bridge_point (number),
    CONSTRAINT line_test_grade_known CHECK (grade IN ('good', 'fair', 'poor', 'unknown')),
    CONSTRAINT line_test_profile_known FOREIGN KEY (carries) REFERENCES conference_profile (name)
);
CREATE INDEX line_test_newest ON line_test (point, at DESC, id DESC);
