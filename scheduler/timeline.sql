-- name: holders
-- What holds points under unit $1 (null: anywhere) between $2 and $3, one row for each holder and range of time.
-- By way of the holders of that time, which are few; a day on both sides is set-up and tear-down.
WITH RECURSIVE below (code) AS (
    SELECT code FROM unit WHERE code = $1
    UNION
    SELECT unit.code FROM below JOIN unit ON unit.parent = below.code
), wanted AS MATERIALIZED (
    SELECT number, code FROM bridge_point WHERE $1::text IS NULL OR unit IN (SELECT code FROM below)
), taken AS MATERIALIZED (
    SELECT held.point, held.during, conference.id AS conference, NULL::uuid AS maintenance, conference.title,
        conference.state, conference.start, conference.stop
    FROM conference
    CROSS JOIN LATERAL (SELECT * FROM reservation WHERE reservation.conference = conference.id OFFSET 0) AS held
    WHERE conference.can_join_after < $3::timestamptz + interval '1 day'
      AND conference.stop > $2::timestamptz - interval '1 day'
      AND conference.state IN ('requested', 'confirmed', 'open', 'closed')
    UNION ALL
    SELECT reservation.point, reservation.during, NULL, maintenance.id, maintenance.reason, NULL,
        lower(maintenance.during), upper(maintenance.during)
    FROM maintenance JOIN reservation ON reservation.maintenance = maintenance.id
    WHERE maintenance.during && tstzrange($2, $3)
)
SELECT conference::text, maintenance::text, title, state, start, stop, lower(during) AS since, upper(during) AS until,
    array_agg(wanted.code ORDER BY wanted.code) AS points
FROM taken JOIN wanted ON wanted.number = taken.point
WHERE during && tstzrange($2, $3)
GROUP BY conference, maintenance, title, state, start, stop, during
ORDER BY lower(during), conference, maintenance
LIMIT $4

-- name: unit_exists
SELECT EXISTS (SELECT FROM unit WHERE code = $1)
