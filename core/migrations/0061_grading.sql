-- By which profile a conference's lines are graded, where it is another than the installation's.
CREATE TABLE conference_grading (
    conference uuid PRIMARY KEY,
    profile    text NOT NULL,
    chosen_by  text NOT NULL,
    chosen_at  timestamptz NOT NULL,
    CONSTRAINT conference_grading_conference_known
        FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE,
    CONSTRAINT conference_grading_profile_known CHECK (profile IN ('default', 'teams', 'pexip', 'voice-only'))
);
