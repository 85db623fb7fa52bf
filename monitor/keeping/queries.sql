-- name: try_lock
SELECT pg_try_advisory_lock($1)

-- name: unlock
SELECT pg_advisory_unlock($1)

-- name: add_partition
SELECT add_partition($1, $2, $3, $4, $5)

-- name: drop_partitions
SELECT drop_partitions($1, $2, $3, $4)

-- name: due_before
SELECT EXISTS (SELECT FROM minute_due WHERE minute < $1)

-- name: take_due
-- Minutes that somebody else rolls up or touches at this moment are left to the next round.
DELETE FROM minute_due
USING (
    SELECT conference, minute FROM minute_due
    WHERE minute < $1
    ORDER BY minute
    LIMIT $2
    FOR UPDATE SKIP LOCKED
) taken
WHERE minute_due.conference = taken.conference AND minute_due.minute = taken.minute
RETURNING minute_due.conference, minute_due.minute

-- name: take_due_of
-- Whoever asks for one conference waits for those who are at its minutes, so that nothing is missing of what they took.
DELETE FROM minute_due
USING (
    SELECT conference, minute FROM minute_due WHERE conference = $1 ORDER BY minute LIMIT $2 FOR UPDATE
) taken
WHERE minute_due.conference = taken.conference AND minute_due.minute = taken.minute
RETURNING minute_due.conference, minute_due.minute

-- name: roll_up
-- One minute ($2 to $3) of a conference. Rolled up again it has what came late too; a minute whose samples are partly
-- deleted already is not made poorer.
WITH node AS (
    SELECT participant,
           max(leg) AS leg, max(transport) AS transport, bool_or(relayed) AS relayed, count(*) AS samples,
           count(*) FILTER (WHERE grade = 'good') AS good,
           count(*) FILTER (WHERE grade = 'fair') AS fair,
           count(*) FILTER (WHERE grade = 'poor') AS poor,
           avg(kbps_up) AS kbps_up, avg(kbps_down) AS kbps_down, avg(loss_up) AS loss_up, avg(loss_down) AS loss_down,
           avg(jitter_up_ms) AS jitter_up_ms, avg(jitter_down_ms) AS jitter_down_ms, avg(rtt_ms) AS rtt_ms,
           avg(audio_loss_up) AS audio_loss_up, avg(video_loss_up) AS video_loss_up,
           avg(audio_loss_down) AS audio_loss_down, avg(video_loss_down) AS video_loss_down,
           least(sum(bytes_up), 9e18) AS bytes_up, least(sum(bytes_down), 9e18) AS bytes_down,
           least(sum(nacks_up), 2e9) AS nacks_up, least(sum(nacks_down), 2e9) AS nacks_down,
           least(sum(key_frames_up), 2e9) AS key_frames_up, least(sum(key_frames_down), 2e9) AS key_frames_down,
           avg(limit_down_kbps) AS limit_down_kbps,
           count(*) FILTER (WHERE cardinality(paused) > 0) AS paused,
           mode() WITHIN GROUP (ORDER BY layers) AS layers
    FROM link_sample
    WHERE conference = $1 AND at >= $2 AND at < $3
    GROUP BY participant
), endpoint AS (
    SELECT participant, count(*) AS reports, least(sum(freezes), 2e9) AS freezes, avg(frozen_share) AS frozen_share,
           avg(concealed) AS concealed, avg(fps) AS fps, max(height) AS height,
           CASE WHEN count(cpu_limited) > 0 THEN count(*) FILTER (WHERE cpu_limited) END AS cpu_limited,
           CASE WHEN bool_or(camera <> 'unknown')
                THEN count(*) FILTER (WHERE camera IN ('missing', 'ended', 'withheld', 'black')) END AS camera_ill,
           CASE WHEN bool_or(microphone <> 'unknown')
                THEN count(*) FILTER (WHERE microphone IN ('missing', 'ended', 'withheld', 'silent')) END AS microphone_ill,
           (array_agg(skew_ms ORDER BY at DESC) FILTER (WHERE skew_ms IS NOT NULL))[1] AS skew_ms
    FROM endpoint_sample
    WHERE conference = $1 AND at >= $2 AND at < $3
    GROUP BY participant
)
INSERT INTO line_minute AS kept (
    conference, participant, minute, leg, transport, relayed, samples, good, fair, poor,
    kbps_up, kbps_down, loss_up, loss_down, jitter_up_ms, jitter_down_ms, rtt_ms,
    audio_loss_up, video_loss_up, audio_loss_down, video_loss_down, bytes_up, bytes_down, nacks_up, nacks_down,
    key_frames_up, key_frames_down, limit_down_kbps, paused, layers,
    reports, freezes, frozen_share, concealed, fps, height, cpu_limited, camera_ill, microphone_ill, skew_ms
)
SELECT $1, participant, $2, leg, transport, relayed,
       coalesce(samples, 0), coalesce(good, 0), coalesce(fair, 0), coalesce(poor, 0),
       kbps_up, kbps_down, loss_up, loss_down, jitter_up_ms, jitter_down_ms, rtt_ms,
       audio_loss_up, video_loss_up, audio_loss_down, video_loss_down, bytes_up, bytes_down, nacks_up, nacks_down,
       key_frames_up, key_frames_down, limit_down_kbps, paused, layers,
       coalesce(reports, 0), freezes, frozen_share, concealed, fps, height, cpu_limited, camera_ill, microphone_ill,
       skew_ms
FROM node FULL JOIN endpoint USING (participant)
ON CONFLICT (conference, participant, minute) DO UPDATE
SET leg = excluded.leg, transport = excluded.transport, relayed = excluded.relayed, samples = excluded.samples,
    good = excluded.good, fair = excluded.fair, poor = excluded.poor,
    kbps_up = excluded.kbps_up, kbps_down = excluded.kbps_down,
    loss_up = excluded.loss_up, loss_down = excluded.loss_down,
    jitter_up_ms = excluded.jitter_up_ms, jitter_down_ms = excluded.jitter_down_ms, rtt_ms = excluded.rtt_ms,
    audio_loss_up = excluded.audio_loss_up, video_loss_up = excluded.video_loss_up,
    audio_loss_down = excluded.audio_loss_down, video_loss_down = excluded.video_loss_down,
    bytes_up = excluded.bytes_up, bytes_down = excluded.bytes_down,
    nacks_up = excluded.nacks_up, nacks_down = excluded.nacks_down,
    key_frames_up = excluded.key_frames_up, key_frames_down = excluded.key_frames_down,
    limit_down_kbps = excluded.limit_down_kbps, paused = excluded.paused, layers = excluded.layers,
    reports = excluded.reports, freezes = excluded.freezes, frozen_share = excluded.frozen_share,
    concealed = excluded.concealed, fps = excluded.fps, height = excluded.height,
    cpu_limited = excluded.cpu_limited, camera_ill = excluded.camera_ill, microphone_ill = excluded.microphone_ill,
    skew_ms = excluded.skew_ms
WHERE excluded.samples >= kept.samples AND excluded.reports >= kept.reports

-- name: ways
-- By what each connection ran in a minute ($2 to $3), added to what is known of it. An endpoint says a little later than
-- its first sample whether it is relayed: until then the rest of the connection tells.
WITH seen AS (
    SELECT participant, leg, transport, relayed, min(at) AS began, max(at) AS ended
    FROM link_sample
    WHERE conference = $1 AND at >= $2 AND at < $3
    GROUP BY participant, leg, transport, relayed
), told AS (
    SELECT participant, leg, transport, began, ended,
           coalesce(relayed, bool_or(relayed) OVER (PARTITION BY participant, leg), (
               SELECT k.relayed FROM line_way k
               WHERE k.conference = $1 AND k.participant = seen.participant AND k.leg = seen.leg
               ORDER BY k.ended DESC LIMIT 1
           ), false) AS relayed
    FROM seen
), machine AS (
    SELECT participant, (array_agg(network ORDER BY at DESC))[1] AS network
    FROM endpoint_sample
    WHERE conference = $1 AND at >= $2 AND at < $3 AND network IS NOT NULL
    GROUP BY participant
)
INSERT INTO line_way AS kept (conference, participant, leg, transport, relayed, network, began, ended)
SELECT $1, participant, leg, transport, relayed, min(network), min(began), max(ended)
FROM told LEFT JOIN machine USING (participant)
GROUP BY participant, leg, transport, relayed
ON CONFLICT (conference, participant, leg, transport, relayed) DO UPDATE
SET began = least(kept.began, excluded.began), ended = greatest(kept.ended, excluded.ended),
    network = coalesce(excluded.network, kept.network)

-- name: forget_ways
DELETE FROM line_way WHERE ended < $1
