-- name: events
SELECT seq, at, event FROM conference_event WHERE conference = $1 ORDER BY seq

-- name: intervals
SELECT participant, name, role, point, joined_at, last_seen, left_at, how
FROM presence_interval
WHERE conference = $1
ORDER BY joined_at, participant

-- name: connections
SELECT participant, leg, transport, relayed, network, began, ended
FROM line_way
WHERE conference = $1
ORDER BY participant, began, ended, leg

-- name: headcounts
SELECT p.code AS point, h.expected, h.declared, h.at, h.by, h.why
FROM headcount h
JOIN bridge_point p ON p.number = h.point
WHERE h.conference = $1
ORDER BY p.code, h.id DESC

-- name: words
SELECT d.code, w.state, w.reason, w.way, w.at, w.by
FROM delegate_word w
JOIN delegate d ON d.number = w.delegate
WHERE d.conference = $1
ORDER BY d.code, w.id DESC

-- name: incidents
SELECT DISTINCT i.id, i.opened_at
FROM incident i
JOIN incident_member m ON m.incident = i.id
WHERE m.conference = $1
ORDER BY i.opened_at, i.id

-- name: minutes
SELECT participant, minute, samples, good, fair, poor, kbps_up, kbps_down, loss_up, loss_down,
       jitter_up_ms, jitter_down_ms, rtt_ms, transport, relayed, skew_ms,
       reports, freezes, frozen_share, concealed, fps, height, cpu_limited, camera_ill, microphone_ill
FROM line_minute
WHERE conference = $1
ORDER BY participant, minute
