-- name: insert_template
INSERT INTO template (
    id, name, title, doors, length, last_join, setup_minutes, teardown_minutes, profile, lightest, chair_unit, chair,
    made_by, made_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)

-- name: insert_points
INSERT INTO template_point (template, point)
SELECT $1, bridge_point.number FROM bridge_point WHERE bridge_point.code = ANY ($2::text[])

-- name: templates
SELECT template.*, (SELECT count(*) FROM template_point WHERE template_point.template = template.id) AS points
FROM template
ORDER BY in_order(name)
LIMIT $1

-- name: template
SELECT template.*, array(
    SELECT bridge_point.code
    FROM template_point JOIN bridge_point ON bridge_point.number = template_point.point
    WHERE template_point.template = template.id
    ORDER BY bridge_point.code
) AS points
FROM template
WHERE template.id = $1

-- name: delete_template
DELETE FROM template WHERE id = $1
