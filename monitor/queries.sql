-- name: known
SELECT id FROM conference WHERE id = $1

-- name: booked_points
SELECT p.code, p.name
FROM reservation r
JOIN bridge_point p ON p.number = r.point
WHERE r.conference = $1
ORDER BY p.name_order, p.code

-- name: save_intervals
INSERT INTO presence_interval (conference, participant, name, role, point, joined_at, last_seen, left_at, how, lost)
SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[],
    $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::text[], $10::bool[]
)
ON CONFLICT (conference, participant, joined_at) DO UPDATE
SET name = excluded.name, last_seen = excluded.last_seen, left_at = excluded.left_at, how = excluded.how,
    lost = excluded.lost

-- name: open_intervals
SELECT conference, participant, name, role, point, joined_at, last_seen, left_at, how, lost
FROM presence_seen
WHERE left_at IS NULL

-- name: intervals
SELECT conference, participant, name, role, point, joined_at, last_seen, left_at, how, lost
FROM presence_seen
WHERE conference = $1
ORDER BY participant, joined_at

-- name: history
SELECT conference, participant, leg, at, kbps_up, kbps_down, loss_up, loss_down,
       jitter_up_ms, jitter_down_ms, rtt_ms, seconds, remb_up_kbps, remb_down_kbps, limit_down_kbps,
       bytes_up, bytes_down, nacks_up, nacks_down, key_frames_up, key_frames_down,
       audio_loss_up, audio_jitter_up_ms, video_loss_up, video_jitter_up_ms,
       audio_loss_down, audio_jitter_down_ms, video_loss_down, video_jitter_down_ms, paused, layers, relayed,
       transport, grade
FROM link_sample
WHERE conference = $1 AND participant = $2
  AND at > (SELECT max(at) FROM link_sample WHERE conference = $1 AND participant = $2) - $3::interval
ORDER BY at

-- name: history_by_minutes
SELECT * FROM minute_as_sample
WHERE conference = $1 AND participant = $2
  AND at > (SELECT max(minute) FROM line_minute WHERE conference = $1 AND participant = $2) - $3::interval
ORDER BY at

-- name: samples_by_minutes
SELECT * FROM minute_as_sample WHERE conference = $1 ORDER BY participant, at

-- name: has_samples
SELECT EXISTS (SELECT FROM link_sample WHERE conference = $1)

-- name: touch_minutes
INSERT INTO minute_due (conference, minute)
SELECT * FROM unnest($1::uuid[], $2::timestamptz[])
ON CONFLICT (conference, minute) DO UPDATE SET touched = now()

-- name: samples
SELECT conference, participant, leg, at, kbps_up, kbps_down, loss_up, loss_down,
       jitter_up_ms, jitter_down_ms, rtt_ms, seconds, remb_up_kbps, remb_down_kbps, limit_down_kbps,
       bytes_up, bytes_down, nacks_up, nacks_down, key_frames_up, key_frames_down,
       audio_loss_up, audio_jitter_up_ms, video_loss_up, video_jitter_up_ms,
       audio_loss_down, audio_jitter_down_ms, video_loss_down, video_jitter_down_ms, paused, layers, relayed,
       transport, grade
FROM link_sample
WHERE conference = $1
ORDER BY participant, at
