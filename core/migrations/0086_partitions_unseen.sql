-- A reader that has looked up the partitions already and then waits for the default one while its rows move into a new
-- one would see them in neither. So the parent is locked first, on which every reader and writer begins.
CREATE OR REPLACE FUNCTION add_partition(parent text, suffix text, key text, begins timestamptz, ends timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    part text := parent || '_' || suffix;
BEGIN
    IF to_regclass(part) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent);
    EXECUTE format(
        'WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
        parent || '_default', key, begins, key, ends, part
    );
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, begins, ends);
    RETURN true;
END $$;
