-- One row per leg and sampling period, and the presence intervals of participants.
CREATE TABLE link_sample (
    conference     uuid NOT NULL,
    participant    text NOT NULL,
    leg            text NOT NULL,
    at             timestamptz NOT NULL,
    kbps_up        real NOT NULL,
    kbps_down      real NOT NULL,
    loss_up        real,
    loss_down      real,
    jitter_up_ms   real,
    jitter_down_ms real,
    rtt_ms         real,
    transport      text NOT NULL,
    grade          text NOT NULL CONSTRAINT link_sample_grade_known CHECK (grade IN ('good', 'fair', 'poor', 'unknown'))
);
CREATE INDEX link_sample_by_participant ON link_sample (conference, participant, at);

-- `last_seen` moves every sampling period: room is left on each page so that it moves without touching an index.
CREATE TABLE presence_interval (
    conference  uuid NOT NULL,
    participant text NOT NULL,
    name        text NOT NULL,
    role        text NOT NULL,
    point       text,
    joined_at   timestamptz NOT NULL,
    last_seen   timestamptz NOT NULL,
    left_at     timestamptz,
    how         text CONSTRAINT presence_how_known CHECK (how IN ('departed', 'failed', 'booted', 'ended')),
    PRIMARY KEY (conference, participant, joined_at),
    CONSTRAINT presence_ends_after_it_begins CHECK (left_at >= joined_at),
    CONSTRAINT presence_end_has_a_manner CHECK ((left_at IS NULL) = (how IS NULL))
) WITH (fillfactor = 70);
-- At most one open interval per participant and conference.
CREATE UNIQUE INDEX presence_interval_open ON presence_interval (conference, participant) WHERE left_at IS NULL;
