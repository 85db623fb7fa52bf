-- Samples of lines move into one partition for each day (UTC), beside them those of endpoints. What comes for a day
-- without a partition waits in the default one and moves when its partition is made: nothing is ever refused.
ALTER TABLE link_sample RENAME TO link_sample_before;
ALTER TABLE link_sample_before RENAME CONSTRAINT link_sample_grade_known TO link_sample_before_grade_known;
DROP INDEX link_sample_by_participant;

CREATE TABLE link_sample (
    conference           uuid NOT NULL,
    participant          text NOT NULL,
    leg                  text NOT NULL,
    at                   timestamptz NOT NULL,
    kbps_up              real NOT NULL,
    kbps_down            real NOT NULL,
    loss_up              real,
    loss_down            real,
    jitter_up_ms         real,
    jitter_down_ms       real,
    rtt_ms               real,
    transport            text NOT NULL,
    grade                text NOT NULL,
    seconds              real,
    bytes_up             bigint,
    bytes_down           bigint,
    audio_loss_up        real,
    audio_jitter_up_ms   real,
    video_loss_up        real,
    video_jitter_up_ms   real,
    audio_loss_down      real,
    audio_jitter_down_ms real,
    video_loss_down      real,
    video_jitter_down_ms real,
    nacks_up             integer,
    nacks_down           integer,
    key_frames_up        integer,
    key_frames_down      integer,
    remb_up_kbps         real,
    remb_down_kbps       real,
    limit_down_kbps      real,
    paused               text[],
    -- The chosen layer of each slot that shows a picture, as "stage h"; whether the media goes through a TURN relay.
    layers               text[],
    relayed              boolean,
    CONSTRAINT link_sample_grade_known CHECK (grade IN ('good', 'fair', 'poor', 'unknown'))
) PARTITION BY RANGE (at);
CREATE TABLE link_sample_default PARTITION OF link_sample DEFAULT;
CREATE INDEX link_sample_by_participant ON link_sample (conference, participant, at);
CREATE INDEX link_sample_by_time ON link_sample (conference, at);

CREATE TABLE endpoint_sample (
    conference     uuid NOT NULL,
    participant    text NOT NULL,
    at             timestamptz NOT NULL,
    seconds        real NOT NULL,
    rtt_ms         real,
    loss_down      real,
    freezes        integer NOT NULL,
    frozen_share   real,
    fps            real,
    width          integer,
    height         integer,
    concealed      real,
    sent_fps       real,
    sent_height    integer,
    encoder_limit  text,
    cpu_limited    boolean,
    camera         text NOT NULL,
    microphone     text NOT NULL,
    candidate      text,
    relay_protocol text,
    network        text,
    skew_ms        double precision,
    skew_error_ms  real
) PARTITION BY RANGE (at);
CREATE TABLE endpoint_sample_default PARTITION OF endpoint_sample DEFAULT;
CREATE INDEX endpoint_sample_by_participant ON endpoint_sample (conference, participant, at);
CREATE INDEX endpoint_sample_by_time ON endpoint_sample (conference, at);

-- Makes the partition `parent`_`suffix` for `begins` <= `key` < `ends` and moves into it what waits in the default one.
-- False: it was there.
CREATE FUNCTION add_partition(parent text, suffix text, key text, begins timestamptz, ends timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    part text := parent || '_' || suffix;
BEGIN
    IF to_regclass(part) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_default');
    EXECUTE format(
        'WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
        parent || '_default', key, begins, key, ends, part
    );
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, begins, ends);
    RETURN true;
END $$;

-- Drops the partitions of `parent` whose suffix sorts before `first_kept`, and what waits from before `moment`;
-- returns how many partitions.
CREATE FUNCTION drop_partitions(parent text, first_kept text, key text, moment timestamptz)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    part text;
    dropped integer := 0;
BEGIN
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = parent::regclass AND c.relname LIKE parent || '\_' || left(first_kept, 1) || '2%'
          AND c.relname < parent || '_' || first_kept
    LOOP
        EXECUTE format('DROP TABLE %I', part);
        dropped := dropped + 1;
    END LOOP;
    EXECUTE format('DELETE FROM %I WHERE %I < %L', parent || '_default', key, moment);
    RETURN dropped;
END $$;

SELECT add_partition(
    'link_sample', 'd' || to_char(day, 'YYYYMMDD'), 'at', day AT TIME ZONE 'UTC', (day + interval '1 day') AT TIME ZONE 'UTC'
)
FROM (SELECT DISTINCT date_trunc('day', at AT TIME ZONE 'UTC') AS day FROM link_sample_before) days;
INSERT INTO link_sample (
    conference, participant, leg, at, kbps_up, kbps_down, loss_up, loss_down, jitter_up_ms, jitter_down_ms, rtt_ms,
    transport, grade, seconds, bytes_up, bytes_down, audio_loss_up, audio_jitter_up_ms, video_loss_up,
    video_jitter_up_ms, audio_loss_down, audio_jitter_down_ms, video_loss_down, video_jitter_down_ms, nacks_up,
    nacks_down, key_frames_up, key_frames_down, remb_up_kbps, remb_down_kbps, limit_down_kbps, paused
)
SELECT conference, participant, leg, at, kbps_up, kbps_down, loss_up, loss_down, jitter_up_ms, jitter_down_ms, rtt_ms,
       transport, grade, seconds, bytes_up, bytes_down, audio_loss_up, audio_jitter_up_ms, video_loss_up,
       video_jitter_up_ms, audio_loss_down, audio_jitter_down_ms, video_loss_down, video_jitter_down_ms, nacks_up,
       nacks_down, key_frames_up, key_frames_down, remb_up_kbps, remb_down_kbps, limit_down_kbps, paused
FROM link_sample_before;
DROP TABLE link_sample_before;
