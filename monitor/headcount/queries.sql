-- name: rows
-- What holds for each booked hall: the newest word about each figure.
SELECT p.code AS point, p.name, p.unit,
       coalesce(e.expected, n.listed, p.seats) AS expected, d.declared,
       coalesce(n.listed, 0) AS listed, coalesce(n.verified, 0) AS verified, coalesce(n.absent, 0) AS absent,
       last.at, last.by
FROM reservation r
JOIN bridge_point p ON p.number = r.point
LEFT JOIN (
    SELECT point, count(*)::int AS listed, (count(*) FILTER (WHERE state = 'present'))::int AS verified,
           (count(*) FILTER (WHERE state = 'absent'))::int AS absent
    FROM delegate WHERE conference = $1 GROUP BY point
) n ON n.point = r.point
LEFT JOIN (
    SELECT DISTINCT ON (point) point, expected
    FROM headcount WHERE conference = $1 AND expected IS NOT NULL ORDER BY point, id DESC
) e ON e.point = r.point
LEFT JOIN (
    SELECT DISTINCT ON (point) point, declared
    FROM headcount WHERE conference = $1 AND declared IS NOT NULL ORDER BY point, id DESC
) d ON d.point = r.point
LEFT JOIN (
    SELECT DISTINCT ON (point) point, at, by FROM headcount WHERE conference = $1 ORDER BY point, id DESC
) last ON last.point = r.point
WHERE r.conference = $1 AND ($2::text IS NULL OR p.code = $2)
ORDER BY p.name_order, p.code

-- name: state
SELECT state FROM conference WHERE id = $1

-- name: say
-- Nothing is written for a hall that is not booked, or that has said too much already.
INSERT INTO headcount (conference, point, expected, declared, at, by, why)
SELECT r.conference, r.point, $3, $4, $5, $6, $7
FROM reservation r
JOIN bridge_point p ON p.number = r.point
WHERE r.conference = $1 AND p.code = $2
  AND (SELECT count(*) FROM headcount h WHERE h.conference = r.conference AND h.point = r.point) < $8
RETURNING id

-- name: history
SELECT h.expected, h.declared, h.at, h.by, h.why
FROM headcount h
JOIN bridge_point p ON p.number = h.point
WHERE h.conference = $1 AND p.code = $2
ORDER BY h.id DESC

-- name: quorum
SELECT of, share FROM headcount_quorum WHERE conference = $1

-- name: set_quorum
INSERT INTO headcount_quorum (conference, of, share) VALUES ($1, $2, $3)
ON CONFLICT (conference) DO UPDATE SET of = excluded.of, share = excluded.share

-- name: drop_quorum
DELETE FROM headcount_quorum WHERE conference = $1

-- name: take_snapshot
-- One after the other: the conference's row is locked, so that numbers have no gaps and no twins.
WITH held AS (SELECT id FROM conference WHERE id = $1 FOR UPDATE)
INSERT INTO headcount_snapshot (conference, number, item, at, by, total, quorum, rows)
SELECT held.id, 1 + (SELECT count(*) FROM headcount_snapshot WHERE conference = $1), $2, $3, $4, $5, $6, $7
FROM held
WHERE (SELECT count(*) FROM headcount_snapshot WHERE conference = $1) < $8
RETURNING number, item, at, by, total, quorum

-- name: snapshots
SELECT number, item, at, by, total, quorum FROM headcount_snapshot WHERE conference = $1 ORDER BY number

-- name: snapshot
SELECT number, item, at, by, total, quorum, rows FROM headcount_snapshot WHERE conference = $1 AND number = $2

-- name: snapshot_count
SELECT count(*) AS taken FROM headcount_snapshot WHERE conference = $1
