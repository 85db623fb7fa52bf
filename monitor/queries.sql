-- name: known
SELECT id FROM conference WHERE id = $1

-- name: booked_points
SELECT p.code, p.name
FROM reservation r
JOIN bridge_point p ON p.number = r.point
WHERE r.conference = $1
ORDER BY p.name, p.code

-- name: save_intervals
INSERT INTO presence_interval (conference, participant, name, role, point, joined_at, last_seen, left_at, how)
SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[],
    $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::text[]
)
ON CONFLICT (conference, participant, joined_at) DO UPDATE
SET name = excluded.name, last_seen = excluded.last_seen, left_at = excluded.left_at, how = excluded.how

-- name: open_intervals
SELECT conference, participant, name, role, point, joined_at, last_seen, left_at, how
FROM presence_interval
WHERE left_at IS NULL

-- name: intervals
SELECT conference, participant, name, role, point, joined_at, last_seen, left_at, how
FROM presence_interval
WHERE conference = $1
ORDER BY participant, joined_at

-- name: history
SELECT conference, participant, leg, at, kbps_up, kbps_down, loss_up, loss_down,
       jitter_up_ms, jitter_down_ms, rtt_ms, seconds, remb_up_kbps, remb_down_kbps, limit_down_kbps,
       bytes_up, bytes_down, nacks_up, nacks_down, key_frames_up, key_frames_down,
       audio_loss_up, audio_jitter_up_ms, video_loss_up, video_jitter_up_ms,
       audio_loss_down, audio_jitter_down_ms, video_loss_down, video_jitter_down_ms, paused, transport, grade
FROM link_sample
WHERE conference = $1 AND participant = $2
  AND at > (SELECT max(at) FROM link_sample WHERE conference = $1 AND participant = $2) - $3::interval
ORDER BY at

-- name: samples
SELECT conference, participant, leg, at, kbps_up, kbps_down, loss_up, loss_down,
       jitter_up_ms, jitter_down_ms, rtt_ms, seconds, remb_up_kbps, remb_down_kbps, limit_down_kbps,
       bytes_up, bytes_down, nacks_up, nacks_down, key_frames_up, key_frames_down,
       audio_loss_up, audio_jitter_up_ms, video_loss_up, video_jitter_up_ms,
       audio_loss_down, audio_jitter_down_ms, video_loss_down, video_jitter_down_ms, paused, transport, grade
FROM link_sample
WHERE conference = $1
ORDER BY participant, at
