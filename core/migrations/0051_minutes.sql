-- Every line by the minute: what years keep of its samples and of what its endpoint said. Figures are means over the
-- samples of the minute in which they were measured, counts and bytes are sums. One partition for each month (UTC).
CREATE TABLE line_minute (
    conference      uuid NOT NULL,
    participant     text NOT NULL,
    minute          timestamptz NOT NULL,
    leg             text,
    transport       text,
    relayed         boolean,
    samples         integer NOT NULL,
    good            integer NOT NULL,
    fair            integer NOT NULL,
    poor            integer NOT NULL,
    kbps_up         real,
    kbps_down       real,
    loss_up         real,
    loss_down       real,
    jitter_up_ms    real,
    jitter_down_ms  real,
    rtt_ms          real,
    audio_loss_up   real,
    video_loss_up   real,
    audio_loss_down real,
    video_loss_down real,
    bytes_up        bigint,
    bytes_down      bigint,
    nacks_up        integer,
    nacks_down      integer,
    key_frames_up   integer,
    key_frames_down integer,
    limit_down_kbps real,
    -- How many of the samples left a picture out, and the layers that most of them showed.
    paused          integer,
    layers          text[],
    -- What the endpoint said; `skew_ms` is its newest.
    reports         integer NOT NULL,
    freezes         integer,
    frozen_share    real,
    concealed       real,
    fps             real,
    height          integer,
    cpu_limited     integer,
    skew_ms         double precision,
    PRIMARY KEY (conference, participant, minute),
    CONSTRAINT line_minute_is_a_minute CHECK (minute = date_trunc('minute', minute)),
    CONSTRAINT line_minute_has_something CHECK (samples + reports > 0),
    CONSTRAINT line_minute_grades_are_of_samples CHECK (good + fair + poor <= samples)
) PARTITION BY RANGE (minute);
CREATE TABLE line_minute_default PARTITION OF line_minute DEFAULT;
CREATE INDEX line_minute_by_participant ON line_minute (participant, minute);

-- The minutes of which samples have come since they were last rolled up. Whoever stores samples touches their minutes in
-- the same transaction; whoever rolls up deletes them in the same transaction. Neither can overtake the other.
CREATE TABLE minute_due (
    conference uuid NOT NULL,
    minute     timestamptz NOT NULL,
    touched    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (conference, minute)
) WITH (fillfactor = 50);

INSERT INTO minute_due (conference, minute)
SELECT DISTINCT conference, date_trunc('minute', at) FROM link_sample;

-- Minutes in the place of samples, for whoever reads samples when those are deleted already.
CREATE VIEW minute_as_sample AS
SELECT conference, participant, coalesce(leg, '') AS leg, minute AS at, kbps_up, kbps_down, loss_up, loss_down,
       jitter_up_ms, jitter_down_ms, rtt_ms, 60 AS seconds, limit_down_kbps,
       bytes_up, bytes_down, nacks_up, nacks_down, key_frames_up, key_frames_down,
       audio_loss_up, video_loss_up, audio_loss_down, video_loss_down, layers, relayed,
       coalesce(transport, 'udp') AS transport,
       CASE WHEN greatest(good, fair, poor) = 0 THEN 'unknown'
            WHEN poor >= greatest(good, fair) THEN 'poor'
            WHEN fair >= good THEN 'fair'
            ELSE 'good' END AS grade
FROM line_minute
WHERE samples > 0;
