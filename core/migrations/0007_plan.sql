-- Media nodes, conference profiles, and the plan of each conference: who serves whom over which links.

CREATE TABLE media_node (
    code   text PRIMARY KEY,
    name   text NOT NULL,
    unit   text NOT NULL,
    legs   integer NOT NULL,
    kbps   integer NOT NULL,
    active boolean NOT NULL DEFAULT true,
    CONSTRAINT media_node_code_form CHECK (code ~ '^[A-Za-z0-9._-]{1,64}$'),
    CONSTRAINT media_node_name_length CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT media_node_unit_known FOREIGN KEY (unit) REFERENCES unit (code),
    CONSTRAINT media_node_legs_in_range CHECK (legs BETWEEN 1 AND 1000000),
    CONSTRAINT media_node_kbps_in_range CHECK (kbps BETWEEN 1 AND 1000000000)
);

CREATE TABLE media_node_maintenance (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node   text NOT NULL,
    during tstzrange NOT NULL,
    reason text NOT NULL DEFAULT '',
    CONSTRAINT media_node_maintenance_node_known FOREIGN KEY (node) REFERENCES media_node (code) ON DELETE CASCADE,
    CONSTRAINT media_node_maintenance_bounded CHECK (
        NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)
    ),
    CONSTRAINT media_node_maintenance_reason_length CHECK (length(reason) <= 200)
);
CREATE INDEX media_node_maintenance_during ON media_node_maintenance USING gist (during);

-- kbit/s on the wire; docs/planning.md derives the figures.
CREATE TABLE conference_profile (
    name            text PRIMARY KEY,
    -- 0 is the heaviest.
    rank            integer NOT NULL UNIQUE,
    stage_kbps      integer NOT NULL,
    second_kbps     integer NOT NULL,
    content_kbps    integer NOT NULL,
    audio_kbps      integer NOT NULL,
    up_kbps         integer NOT NULL,
    trunk_down_kbps integer NOT NULL,
    leg_streams     integer NOT NULL,
    up_streams      integer NOT NULL,
    trunk_streams   integer NOT NULL,
    senders         integer NOT NULL,
    CONSTRAINT conference_profile_known CHECK (name IN ('full', 'standard', 'light', 'voice')),
    CONSTRAINT conference_profile_in_range CHECK (
        least(stage_kbps, second_kbps, content_kbps, audio_kbps, up_kbps, trunk_down_kbps) >= 0
        AND greatest(stage_kbps, second_kbps, content_kbps, audio_kbps, up_kbps, trunk_down_kbps) <= 1000000
        AND leg_streams BETWEEN 0 AND 100 AND up_streams BETWEEN 0 AND 100
        AND trunk_streams BETWEEN 0 AND 100 AND senders BETWEEN 0 AND 16
    )
);
INSERT INTO conference_profile VALUES
    ('full',     0, 1600, 540, 1600, 210, 2380, 4830, 6, 4, 9, 2),
    ('standard', 1,  540, 170,  800, 210,  780, 1890, 6, 3, 7, 2),
    ('light',    2,  170,   0,  320, 210,  240,  700, 5, 2, 5, 2),
    ('voice',    3,    0,   0,    0, 210,   70,  210, 3, 1, 3, 2);

-- What a conference wants; without a row: standard, at worst voice, chaired from the centre.
CREATE TABLE plan_wish (
    conference uuid PRIMARY KEY,
    profile    text NOT NULL,
    lightest   text NOT NULL,
    chair_unit text,
    CONSTRAINT plan_wish_conference_known FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE,
    CONSTRAINT plan_wish_profile_known FOREIGN KEY (profile) REFERENCES conference_profile (name),
    CONSTRAINT plan_wish_lightest_known FOREIGN KEY (lightest) REFERENCES conference_profile (name),
    CONSTRAINT plan_wish_chair_known FOREIGN KEY (chair_unit) REFERENCES unit (code) ON DELETE SET NULL
);

-- The whole plan as a document, kept for comparison; at most one of a conference is current.
CREATE TABLE conference_plan (
    conference uuid NOT NULL,
    number     integer NOT NULL,
    made_at    timestamptz NOT NULL,
    current    boolean NOT NULL,
    document   jsonb NOT NULL,
    PRIMARY KEY (conference, number),
    CONSTRAINT conference_plan_conference_known FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX conference_plan_current ON conference_plan (conference) WHERE current;

-- What current plans take of each link and node, so that the next plan can count them together.
CREATE TABLE plan_link_load (
    conference uuid NOT NULL,
    unit       text NOT NULL,
    up_kbps    integer NOT NULL,
    down_kbps  integer NOT NULL,
    PRIMARY KEY (conference, unit),
    CONSTRAINT plan_link_load_conference_known FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE
);
CREATE TABLE plan_node_load (
    conference uuid NOT NULL,
    node       text NOT NULL,
    legs       integer NOT NULL,
    kbps       integer NOT NULL,
    PRIMARY KEY (conference, node),
    CONSTRAINT plan_node_load_conference_known FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE
);
