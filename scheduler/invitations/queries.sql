-- name: invite
-- Version 0 is behind every conference's: its points are to be told.
INSERT INTO invited_conference (conference, version, invited_by, invited_at, organizer_email, note)
VALUES ($1, 0, $2, $3, $4, coalesce($5, ''))
ON CONFLICT (conference) DO UPDATE
SET version = 0, organizer_email = coalesce(excluded.organizer_email, invited_conference.organizer_email),
    note = coalesce($5, invited_conference.note)

-- name: is_series
SELECT EXISTS (SELECT FROM series WHERE id = $1)

-- name: occurrences
SELECT id FROM conference WHERE series = $1 AND state IN ('confirmed', 'open') AND stop > $2 ORDER BY start

-- name: behind
-- Conferences that have changed since their points were told.
SELECT invited_conference.conference FROM invited_conference
JOIN conference ON conference.id = invited_conference.conference
WHERE invited_conference.version <> conference.version
ORDER BY conference.start

-- name: take_conference
-- Whoever holds this row tells the conference's points; another process passes it by.
SELECT conference.*, invited_conference.note, invited_conference.organizer_email,
    invited_conference.reminded_start, invited_conference.reminded_hours
FROM invited_conference JOIN conference ON conference.id = invited_conference.conference
WHERE invited_conference.conference = $1
FOR UPDATE OF invited_conference SKIP LOCKED

-- name: take_conference_waiting
SELECT conference.*, invited_conference.note, invited_conference.organizer_email,
    invited_conference.reminded_start, invited_conference.reminded_hours
FROM invited_conference JOIN conference ON conference.id = invited_conference.conference
WHERE invited_conference.conference = $1
FOR UPDATE OF invited_conference

-- name: caught_up
UPDATE invited_conference SET version = $2 WHERE conference = $1

-- name: guests
-- The points that the conference holds or has invited, and who answers for them.
SELECT point.number, point.code, point.name, point.address, point.contact, held.conference IS NOT NULL AS held,
    coalesce(
        (SELECT array_agg(email ORDER BY place) FROM point_operator WHERE point = point.number AND email <> ''), '{}'
    ) AS emails,
    coalesce(
        (SELECT array_agg(name ORDER BY place) FROM point_operator WHERE point = point.number AND email <> ''), '{}'
    ) AS names
FROM bridge_point AS point
LEFT JOIN reservation AS held ON held.conference = $1 AND held.point = point.number AND held.held
WHERE held.conference IS NOT NULL
   OR EXISTS (SELECT FROM invitation WHERE invitation.conference = $1 AND invitation.point = point.number)
ORDER BY point.number

-- name: sent_revisions
SELECT point, uid, sequence, facts, withdrawn FROM invitation WHERE conference = $1

-- name: series_uids
-- What the points' invitations to other occurrences of the same series are called.
SELECT DISTINCT ON (invitation.point) invitation.point, invitation.uid
FROM conference AS this
JOIN conference AS other ON other.series = this.series
JOIN invitation ON invitation.conference = other.id
WHERE this.id = $1
ORDER BY invitation.point, other.recurrence_id

-- name: points_told
-- Points whose mail server may have seen a request.
SELECT DISTINCT point FROM mail WHERE conference = $1 AND kind = 'request' AND attempts > 0

-- name: write_revisions
INSERT INTO invitation (conference, point, uid, sequence, asked_sequence, facts, withdrawn, revised_at)
SELECT $1, told.point, told.uid, told.sequence, told.sequence, told.facts, told.withdrawn, $7
FROM unnest($2::int[], $3::text[], $4::int[], $5::jsonb[], $6::boolean[])
    AS told (point, uid, sequence, facts, withdrawn)
ON CONFLICT (conference, point) DO UPDATE
SET sequence = excluded.sequence, facts = excluded.facts, withdrawn = excluded.withdrawn, revised_at = excluded.revised_at

-- name: ask_again
-- The former answer no longer counts; what was expected of the hall stays as a suggestion.
UPDATE invitation
SET asked_sequence = sequence, answer = 'waiting', answered_at = NULL, answered_by = NULL,
    proposed_start = NULL, proposed_stop = NULL, proposed_by = NULL, refused_at = NULL
WHERE conference = $1 AND point = ANY ($2::int[])

-- name: overtake
-- What a newer revision says must not be followed by what an older one said.
UPDATE mail SET state = 'obsolete', content = NULL, settled_at = $3
WHERE conference = $1 AND point = ANY ($2::int[]) AND state = 'waiting'

-- name: queue
-- The same thing is queued once; only what failed for good is tried anew when it is asked for again.
INSERT INTO mail (key, kind, conference, point, recipient, content, due_at, queued_at)
SELECT letter.key, letter.kind, $1, letter.point, letter.recipient, letter.content, $7, $7
FROM unnest($2::text[], $3::text[], $4::int[], $5::text[], $6::bytea[]) AS letter (key, kind, point, recipient, content)
ON CONFLICT (key) DO UPDATE
SET state = 'waiting', content = excluded.content, attempts = 0, due_at = excluded.due_at, settled_at = NULL, error = ''
WHERE mail.state = 'failed'

-- name: answers
SELECT point.code AS point, point.name, invitation.sequence, invitation.answer, invitation.answered_at,
    invitation.answered_by, invitation.delegates, invitation.operator, invitation.comment, invitation.proposed_start,
    invitation.proposed_stop, invitation.refused_at, coalesce(newest.mail, 'none') AS mail
FROM invitation
JOIN bridge_point AS point ON point.number = invitation.point
LEFT JOIN LATERAL (
    -- One address that was reached is enough; among the rest, hope comes before failure.
    SELECT state AS mail FROM mail
    WHERE mail.conference = invitation.conference AND mail.point = invitation.point AND mail.kind = 'request'
      AND state IN ('sent', 'waiting', 'failed')
    ORDER BY array_position(ARRAY['sent', 'waiting', 'failed'], state)
    LIMIT 1
) AS newest ON true
WHERE invitation.conference = $1 AND NOT invitation.withdrawn AND ($2::text IS NULL OR point.code = $2)
ORDER BY point.code

-- name: conference_asked
SELECT conference.*, invited_conference.note, invited_conference.organizer_email,
    invited_conference.reminded_start, invited_conference.reminded_hours
FROM conference LEFT JOIN invited_conference ON invited_conference.conference = conference.id
WHERE conference.id = $1

-- name: answer
UPDATE invitation
SET answer = $3, answered_at = $4, answered_by = $5, delegates = $6, operator = $7, comment = $8,
    proposed_start = $9, proposed_stop = $10, proposed_by = NULL, refused_at = NULL
FROM bridge_point
WHERE invitation.conference = $1 AND bridge_point.number = invitation.point AND bridge_point.code = $2
  AND NOT invitation.withdrawn

-- name: refuse
-- A proposal is refused once; what was proposed, and by whom, is what it takes to say so.
WITH proposal AS (
    SELECT invitation.conference, invitation.point, invitation.proposed_start, invitation.proposed_stop,
        invitation.proposed_by
    FROM invitation JOIN bridge_point ON bridge_point.number = invitation.point
    WHERE invitation.conference = $1 AND bridge_point.code = $2 AND NOT invitation.withdrawn
      AND invitation.answer = 'proposed'
    FOR UPDATE OF invitation
)
UPDATE invitation
SET answer = 'waiting', answered_at = NULL, answered_by = NULL, proposed_start = NULL, proposed_stop = NULL,
    proposed_by = NULL, refused_at = $3
FROM proposal
WHERE invitation.conference = proposal.conference AND invitation.point = proposal.point
RETURNING invitation.point, invitation.uid, invitation.sequence, proposal.proposed_start, proposal.proposed_stop,
    proposal.proposed_by

-- name: take_reply
INSERT INTO reply_taken (digest, conference, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true

-- name: take_mailbox
SELECT pg_try_advisory_lock($1)

-- name: leave_mailbox
SELECT pg_advisory_unlock($1)

-- name: by_uid
-- The invitations that a reply means: one occurrence of a series by its RECURRENCE-ID $2, without one all of them; and
-- whether one of $3 was invited to it.
SELECT invitation.conference, point.code AS point, EXISTS (
        SELECT FROM mail
        WHERE mail.conference = invitation.conference AND mail.point = invitation.point AND mail.kind = 'request'
          AND lower(mail.recipient) = ANY ($3::text[])
    ) AS invited
FROM invitation
JOIN bridge_point AS point ON point.number = invitation.point
JOIN conference ON conference.id = invitation.conference
WHERE invitation.uid = $1 AND NOT invitation.withdrawn
  AND ($2::timestamptz IS NULL OR conference.recurrence_id = $2)
ORDER BY conference.start

-- name: reply
-- A calendar's reply says nothing of delegates and operator: what was said before stays. It counts unless it answers a
-- revision from before the point was asked anew, or a newer reply has come already, or the conference is over.
UPDATE invitation
SET answer = $3, answered_at = $4, answered_by = 'mail', comment = $5, proposed_start = $6, proposed_stop = $7,
    replied_at = $8, proposed_by = CASE WHEN $3 = 'proposed' THEN $10 END, refused_at = NULL
FROM conference
WHERE conference.id = invitation.conference AND conference.state IN ('requested', 'confirmed', 'open')
  AND invitation.uid = $1 AND invitation.conference = $2 AND NOT invitation.withdrawn
  AND $9 >= asked_sequence AND (replied_at IS NULL OR replied_at <= $8)

-- name: to_remind
-- Invited conferences that start between $1 and $2.
SELECT conference.*, invited_conference.note, invited_conference.organizer_email,
    invited_conference.reminded_start, invited_conference.reminded_hours
FROM invited_conference JOIN conference ON conference.id = invited_conference.conference
WHERE conference.state IN ('confirmed', 'open') AND conference.start > $1 AND conference.start <= $2
  AND invited_conference.version = conference.version
ORDER BY conference.start

-- name: reminded
UPDATE invited_conference SET reminded_start = $2, reminded_hours = $3 WHERE conference = $1

-- name: remindable
SELECT invitation.point, invitation.revised_at, invitation.answer
FROM invitation
WHERE invitation.conference = $1 AND NOT invitation.withdrawn AND invitation.answer <> 'declined'

-- name: point_feed
SELECT conference.id, conference.title, conference.state, conference.can_join_after, conference.start, conference.stop,
    conference.changed_at, conference.recurrence_id, point.name AS place, coalesce(invitation.sequence, conference.version) AS sequence,
    invitation.uid
FROM bridge_point AS point
JOIN reservation ON reservation.point = point.number
JOIN conference ON conference.id = reservation.conference
LEFT JOIN invitation ON invitation.conference = conference.id AND invitation.point = point.number
WHERE point.code = $1 AND conference.state IN ('confirmed', 'open', 'closed', 'cancelled')
  AND conference.stop >= $2 AND conference.start <= $3
ORDER BY conference.start, conference.id

-- name: unit_feed
WITH RECURSIVE below (code) AS (
    SELECT code FROM unit WHERE code = $1
    UNION
    SELECT unit.code FROM below JOIN unit ON unit.parent = below.code
)
SELECT conference.id, conference.title, conference.state, conference.can_join_after, conference.start, conference.stop,
    conference.changed_at, count(*) AS points, conference.version AS sequence
FROM bridge_point AS point
JOIN reservation ON reservation.point = point.number
JOIN conference ON conference.id = reservation.conference
WHERE point.unit IN (SELECT code FROM below) AND conference.state IN ('confirmed', 'open', 'closed', 'cancelled')
  AND conference.stop >= $2 AND conference.start <= $3
GROUP BY conference.id
ORDER BY conference.start, conference.id

-- name: point_name
SELECT name FROM bridge_point WHERE code = $1

-- name: unit_name
SELECT name FROM unit WHERE code = $1

-- name: take_mail
-- Takes due mails for a while, alarms before all others: other senders pass them by, and if this one dies they are due
-- again at $2.
UPDATE mail SET attempts = attempts + 1, due_at = $2
WHERE id IN (
    SELECT id FROM mail WHERE state = 'waiting' AND due_at <= $1
    ORDER BY kind <> 'alarm', due_at, id
    LIMIT $3
    FOR UPDATE SKIP LOCKED
)
RETURNING id, kind, conference, recipient, content, attempts, queued_at

-- name: mail_sent
UPDATE mail SET state = 'sent', content = NULL, settled_at = $2, error = '' WHERE id = $1 AND state = 'waiting'

-- name: mail_postponed
UPDATE mail SET due_at = $2, error = $3 WHERE id = $1 AND state = 'waiting'

-- name: mail_failed
UPDATE mail SET state = 'failed', content = NULL, settled_at = $2, error = $3 WHERE id = $1 AND state = 'waiting'

-- name: mail_put_back
-- The server was not reached at all: that is no attempt to deliver this mail.
UPDATE mail SET attempts = attempts - 1, due_at = $2, error = $3 WHERE id = ANY ($1::bigint[]) AND state = 'waiting'

-- name: next_mail
SELECT min(due_at) FROM mail WHERE state = 'waiting'

-- name: mails_waiting
SELECT count(*) FROM mail WHERE state = 'waiting'
