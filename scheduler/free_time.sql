-- name: busy
-- When any of the points $1 is held between $2 and $3: ranges in order, without overlaps, in seconds of the epoch.
SELECT extract(epoch FROM lower(taken.during))::float8 AS start, extract(epoch FROM upper(taken.during))::float8 AS stop
FROM (
    SELECT unnest(range_agg(during)) AS during FROM reservation
    WHERE held AND point = ANY ($1::int[]) AND during && tstzrange($2, $3)
) AS taken

-- name: busy_by_point
-- The same with the points that are held then, in order of the starts. Conferences hold many points for one range.
SELECT extract(epoch FROM lower(during))::float8 AS start, extract(epoch FROM upper(during))::float8 AS stop,
    array_agg(point) AS points
FROM reservation
WHERE held AND point = ANY ($1::int[]) AND during && tstzrange($2, $3)
GROUP BY during
ORDER BY lower(during)

-- name: chair_busy
SELECT extract(epoch FROM conference.start)::float8 AS start, extract(epoch FROM conference.stop)::float8 AS stop
FROM conference
WHERE conference.chair = $1 AND conference.state IN ('requested', 'confirmed', 'open')
  AND conference.start < $3 AND $2 < conference.stop
ORDER BY conference.start
