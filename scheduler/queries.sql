-- name: units
WITH RECURSIVE above (unit, code, parent) AS (
    SELECT code, code, parent FROM unit
    UNION
    SELECT above.unit, unit.code, unit.parent FROM above JOIN unit ON unit.code = above.parent
), own AS (
    SELECT unit, count(*) AS points FROM bridge_point GROUP BY unit
)
SELECT unit.code, unit.name, unit.kind, unit.parent, coalesce(sum(own.points), 0)::int AS points
FROM unit
LEFT JOIN above ON above.code = unit.code
LEFT JOIN own ON own.unit = above.unit
GROUP BY unit.code
ORDER BY unit.code

-- name: points
-- $1: a unit's code or null; $2: text in code or name, or null; $3: the unit's own points, not those of units under it.
WITH RECURSIVE below (code) AS (
    SELECT code FROM unit WHERE code = $1
    UNION
    SELECT unit.code FROM below JOIN unit ON unit.parent = below.code AND NOT $3
)
SELECT number, code, name, unit, seats, contact
FROM bridge_point
WHERE ($1::text IS NULL OR unit IN (SELECT code FROM below))
  AND ($2::text IS NULL OR strpos(fold(name), fold($2)) > 0 OR strpos(fold(code), fold($2)) > 0)
ORDER BY code

-- name: chosen_points
-- The points of the subtrees of units $1, and the points $2.
WITH RECURSIVE below (code) AS (
    SELECT code FROM unit WHERE code = ANY ($1::text[])
    UNION
    SELECT unit.code FROM below JOIN unit ON unit.parent = below.code
)
SELECT number, code, name
FROM bridge_point
WHERE unit IN (SELECT code FROM below) OR code = ANY ($2::text[])
ORDER BY code
LIMIT $3

-- name: run_by
-- Those of the points $1 whose operators' list names the account $2, by its address, or its person $3.
SELECT DISTINCT bridge_point.code FROM bridge_point JOIN point_operator ON point_operator.point = bridge_point.number
WHERE bridge_point.code = ANY ($1::text[])
  AND ($2 = lower(btrim(point_operator.email)) OR lower(btrim($3)) = lower(btrim(point_operator.name)))

-- name: unknown_units
SELECT wanted.code FROM unnest($1::text[]) AS wanted (code)
WHERE NOT EXISTS (SELECT FROM unit WHERE unit.code = wanted.code)
ORDER BY wanted.code LIMIT 20

-- name: unknown_points
SELECT wanted.code FROM unnest($1::text[]) AS wanted (code)
WHERE NOT EXISTS (SELECT FROM bridge_point WHERE bridge_point.code = wanted.code)
ORDER BY wanted.code LIMIT 20

-- name: lock_stripes
-- Everything that writes reservations first locks the stripes of its points, in order. So no two writers of one
-- point ever wait for each other inside the exclusion constraint, which is where its deadlocks come from.
-- Stripes rather than points: a lock per point would overrun the server's lock table with two national bookings.
SELECT pg_advisory_xact_lock($1, stripe)
FROM (SELECT DISTINCT point % 64 AS stripe FROM unnest($2::int[]) AS wanted (point) ORDER BY stripe) AS stripes

-- name: insert_conference
INSERT INTO conference (
    id, title, state, can_join_after, start, stop, must_join_before, setup_minutes, teardown_minutes,
    booked_by, booked_at, changed_by, changed_at, profile, lightest, chair_unit, chair, series, recurrence_id
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, $11, $12, $13, $14, $15, $16, $17)

-- name: update_conference
-- The bridge is told again about an open conference that was changed.
UPDATE conference
SET title = $2, state = $3, can_join_after = $4, start = $5, stop = $6, must_join_before = $7, setup_minutes = $8,
    teardown_minutes = $9, changed_by = $10, changed_at = $11, profile = $12, lightest = $13, chair_unit = $14,
    chair = $15, version = version + 1, stale = ($3 = 'open')
WHERE id = $1

-- name: insert_history
INSERT INTO conference_history (conference, version, at, by, action, note, changes)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: history
SELECT version, at, by, action, note, changes FROM conference_history WHERE conference = $1 ORDER BY version

-- name: reserve
-- Adds what is free and leaves out what is taken; fewer rows than points asked for means clashes. $3: since when
-- each point is held; $5: not held by a draft.
INSERT INTO reservation (conference, point, during, held)
SELECT $1, wanted.point, tstzrange(wanted.since, $4), $5
FROM unnest($2::int[], $3::timestamptz[]) AS wanted (point, since)
ORDER BY wanted.point
ON CONFLICT DO NOTHING

-- name: release
DELETE FROM reservation WHERE conference = $1 AND point = ANY ($2::int[])

-- name: reserved_points
SELECT point FROM reservation WHERE conference = $1

-- name: clashes
-- Who holds the points $1 between $2 and $3, other than the conference or maintenance $4; the one that holds a point
-- longest. By way of the holders of that time, which are few: the constraint's index begins with the point and is read
-- whole for many. A reservation lies within its conference's times, and a day before and after them for set-up and
-- tear-down; the exact range is looked at last.
WITH taken AS MATERIALIZED (
    -- OFFSET 0 keeps the planner, which thinks of a fifth of all conferences, from reading all reservations instead.
    SELECT held.*, conference.title
    FROM conference
    CROSS JOIN LATERAL (SELECT * FROM reservation WHERE reservation.conference = conference.id OFFSET 0) AS held
    WHERE conference.can_join_after < $3::timestamptz + interval '1 day'
      AND conference.stop > $2::timestamptz - interval '1 day'
    UNION ALL
    SELECT reservation.*, maintenance.reason
    FROM maintenance JOIN reservation ON reservation.maintenance = maintenance.id
    WHERE maintenance.during && tstzrange($2, $3)
)
SELECT DISTINCT ON (bridge_point.code)
    bridge_point.code AS point, bridge_point.name, taken.conference, taken.maintenance, taken.title,
    lower(taken.during) AS since, upper(taken.during) AS until
FROM taken JOIN bridge_point ON bridge_point.number = taken.point
WHERE taken.held AND taken.point = ANY ($1::int[]) AND taken.during && tstzrange($2, $3)
  AND ($4::uuid IS NULL OR coalesce(taken.conference, taken.maintenance) <> $4)
ORDER BY bridge_point.code, upper(taken.during) DESC

-- name: conferences
SELECT conference.*, (SELECT count(*) FROM reservation WHERE reservation.conference = conference.id) AS points
FROM conference
ORDER BY start DESC, id
LIMIT $1

-- name: conference
SELECT * FROM conference WHERE id = $1

-- name: conference_for_update
SELECT * FROM conference WHERE id = $1 FOR UPDATE

-- name: conferences_for_update
SELECT * FROM conference WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE

-- name: conference_points
-- A conference that is over shows the names of its day.
SELECT bridge_point.number, bridge_point.code,
    coalesce(point_name_at(bridge_point.number, conference.stop), bridge_point.name) AS name
FROM reservation
JOIN conference ON conference.id = reservation.conference
JOIN bridge_point ON bridge_point.number = reservation.point
WHERE reservation.conference = $1
ORDER BY bridge_point.code

-- name: points_of_conferences
SELECT reservation.conference, bridge_point.number, bridge_point.code, bridge_point.name,
    lower(reservation.during) AS since
FROM reservation JOIN bridge_point ON bridge_point.number = reservation.point
WHERE reservation.conference = ANY ($1::uuid[])
ORDER BY reservation.conference, bridge_point.code

-- name: let_go
UPDATE reservation SET held = false WHERE conference = $1 AND held

-- name: open
WITH changed AS (
    UPDATE conference SET state = 'open', changed_by = $2, changed_at = $3, version = version + 1
    WHERE id = $1 AND state = 'confirmed'
    RETURNING id, version
)
INSERT INTO conference_history (conference, version, at, by, action, changes)
SELECT id, version, $3, $2, 'opened', '[{"field": "state", "old": "confirmed", "new": "open"}]' FROM changed

-- name: close
WITH former AS (
    SELECT id, state FROM conference WHERE id = $1 AND state IN ('confirmed', 'open')
), changed AS (
    UPDATE conference SET state = 'closed', changed_by = $2, changed_at = $3, version = version + 1
    WHERE id = $1 AND state IN ('confirmed', 'open')
    RETURNING id, version
)
INSERT INTO conference_history (conference, version, at, by, action, changes)
SELECT id, version, $3, $2, 'closed',
    jsonb_build_array(jsonb_build_object('field', 'state', 'old', former.state, 'new', 'closed'))
FROM changed JOIN former USING (id)

-- name: cut_short
-- A conference that ended early holds its points only for the tear-down.
UPDATE reservation
SET held = held AND lower(during) < ending.at,
    during = CASE WHEN lower(during) < ending.at THEN tstzrange(lower(during), ending.at) ELSE during END
FROM (SELECT $2::timestamptz + make_interval(mins => teardown_minutes) AS at FROM conference WHERE id = $1) AS ending
WHERE conference = $1 AND upper(during) > ending.at
