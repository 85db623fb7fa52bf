-- The directory in depth (operators, lines, equipment, uplinks, what units and points were called before), saved
-- audiences, and maintenance windows.

-- A window in which points cannot be used. Its points are rows of `reservation` like a conference's, so the one
-- exclusion constraint stays the whole truth about who holds which point when.
CREATE TABLE maintenance (
    id        uuid PRIMARY KEY,
    reason    text NOT NULL,
    during    tstzrange NOT NULL,
    booked_by text NOT NULL,
    booked_at timestamptz NOT NULL,
    CONSTRAINT maintenance_reason_length CHECK (length(reason) BETWEEN 1 AND 200),
    CONSTRAINT maintenance_bounded CHECK (
        NOT lower_inf(during) AND NOT upper_inf(during) AND lower_inc(during) AND NOT upper_inc(during)
    )
);
CREATE INDEX maintenance_by_start ON maintenance (lower(during));

ALTER TABLE reservation
    DROP CONSTRAINT reservation_pkey,
    ALTER COLUMN conference DROP NOT NULL,
    ADD COLUMN maintenance uuid,
    ADD CONSTRAINT reservation_once_in_conference UNIQUE (conference, point),
    ADD CONSTRAINT reservation_maintenance_known
        FOREIGN KEY (maintenance) REFERENCES maintenance (id) ON DELETE CASCADE,
    ADD CONSTRAINT reservation_has_one_holder CHECK (num_nonnulls(conference, maintenance) = 1);
-- Partial, so that booking a conference does not pay for it.
CREATE UNIQUE INDEX reservation_once_in_maintenance ON reservation (maintenance, point) WHERE maintenance IS NOT NULL;

-- Capacity of the unit's line to its parent; null: not known.
ALTER TABLE unit
    ADD COLUMN uplink_kbps integer,
    ADD CONSTRAINT unit_uplink_in_range CHECK (uplink_kbps BETWEEN 0 AND 100000000);

ALTER TABLE bridge_point
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN equipment text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT bridge_point_address_length CHECK (length(address) <= 300),
    ADD CONSTRAINT bridge_point_equipment_count CHECK (cardinality(equipment) <= 20);

-- The people who run the hall, in the order in which to call them.
CREATE TABLE point_operator (
    point integer NOT NULL,
    place smallint NOT NULL,
    name  text NOT NULL,
    phone text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    PRIMARY KEY (point, place),
    CONSTRAINT point_operator_point_known FOREIGN KEY (point) REFERENCES bridge_point (number) ON DELETE CASCADE,
    CONSTRAINT point_operator_place_in_range CHECK (place BETWEEN 1 AND 3),
    CONSTRAINT point_operator_name_length CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT point_operator_phone_length CHECK (length(phone) <= 40),
    CONSTRAINT point_operator_email_length CHECK (length(email) <= 254)
);

-- The hall's lines: its main one and, if it has one, the backup. Null bandwidth: not known.
CREATE TABLE point_line (
    point     integer NOT NULL,
    backup    boolean NOT NULL,
    provider  text NOT NULL DEFAULT '',
    up_kbps   integer,
    down_kbps integer,
    PRIMARY KEY (point, backup),
    CONSTRAINT point_line_point_known FOREIGN KEY (point) REFERENCES bridge_point (number) ON DELETE CASCADE,
    CONSTRAINT point_line_provider_length CHECK (length(provider) <= 100),
    CONSTRAINT point_line_up_in_range CHECK (up_kbps BETWEEN 0 AND 100000000),
    CONSTRAINT point_line_down_in_range CHECK (down_kbps BETWEEN 0 AND 100000000)
);

-- What units and points were before: one row per version that is over. `successor` is the unit that a merged one
-- went into. Written by triggers, so that no writer of the directory can forget it.
CREATE TABLE unit_history (
    code       text NOT NULL,
    name       text NOT NULL,
    kind       text NOT NULL,
    parent     text,
    valid_from timestamptz NOT NULL,
    valid_to   timestamptz NOT NULL,
    successor  text,
    PRIMARY KEY (code, valid_to),
    CONSTRAINT unit_history_in_order CHECK (valid_from < valid_to),
    CONSTRAINT unit_history_another_successor CHECK (successor <> code)
);
CREATE TABLE point_history (
    point      integer NOT NULL,
    name       text NOT NULL,
    unit       text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to   timestamptz NOT NULL,
    PRIMARY KEY (point, valid_to),
    CONSTRAINT point_history_point_known FOREIGN KEY (point) REFERENCES bridge_point (number) ON DELETE CASCADE,
    CONSTRAINT point_history_in_order CHECK (valid_from < valid_to)
);

-- When a change of the directory takes effect: now, unless the transaction says otherwise.
CREATE FUNCTION directory_effective() RETURNS timestamptz LANGUAGE sql STABLE RETURN
    coalesce(nullif(current_setting('diemcau.effective', true), '')::timestamptz, now());

-- A version that would end before it began was never valid and leaves no trace.
CREATE FUNCTION keep_unit_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    since timestamptz := coalesce((SELECT max(valid_to) FROM unit_history WHERE code = OLD.code), '-infinity');
BEGIN
    IF since < directory_effective() THEN
        INSERT INTO unit_history (code, name, kind, parent, valid_from, valid_to)
        VALUES (OLD.code, OLD.name, OLD.kind, OLD.parent, since, directory_effective());
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER unit_changed AFTER UPDATE ON unit FOR EACH ROW
    WHEN ((OLD.name, OLD.kind, OLD.parent) IS DISTINCT FROM (NEW.name, NEW.kind, NEW.parent))
    EXECUTE FUNCTION keep_unit_history();
CREATE TRIGGER unit_ended AFTER DELETE ON unit FOR EACH ROW EXECUTE FUNCTION keep_unit_history();

CREATE FUNCTION keep_point_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    since timestamptz := coalesce((SELECT max(valid_to) FROM point_history WHERE point = OLD.number), '-infinity');
BEGIN
    IF since < directory_effective() THEN
        INSERT INTO point_history (point, name, unit, valid_from, valid_to)
        VALUES (OLD.number, OLD.name, OLD.unit, since, directory_effective());
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER bridge_point_changed AFTER UPDATE ON bridge_point FOR EACH ROW
    WHEN ((OLD.name, OLD.unit) IS DISTINCT FROM (NEW.name, NEW.unit)) EXECUTE FUNCTION keep_point_history();

-- A choice of points under a name, to be used again; it is resolved anew each time.
CREATE TABLE audience (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    choice     jsonb NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT audience_name_length CHECK (length(name) BETWEEN 1 AND 200)
);
CREATE UNIQUE INDEX audience_name_once ON audience (fold(name));

-- Moves everything that belongs to the unit `merged` to the unit `successor`, whatever table it is in, and ends
-- the merged one; its history names the successor. What the successor has already (the same approver) is not doubled.
CREATE FUNCTION merge_unit(merged text, successor text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    reference record;
    place tid;
BEGIN
    FOR reference IN
        SELECT conrelid::regclass AS holder, attname AS field
        FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'f' AND confrelid = 'unit'::regclass AND cardinality(conkey) = 1
    LOOP
        FOR place IN EXECUTE format('SELECT ctid FROM %s WHERE %I = $1', reference.holder, reference.field) USING merged
        LOOP
            BEGIN
                EXECUTE format('UPDATE %s SET %I = $1 WHERE ctid = $2', reference.holder, reference.field)
                USING successor, place;
            EXCEPTION WHEN unique_violation THEN
                EXECUTE format('DELETE FROM %s WHERE ctid = $1', reference.holder) USING place;
            END;
        END LOOP;
    END LOOP;
    DELETE FROM unit WHERE code = merged;
    UPDATE unit_history SET successor = merge_unit.successor
    WHERE code = merged AND valid_to = (SELECT max(valid_to) FROM unit_history WHERE code = merged);
END $$;

-- Who will chair a conference. A person is in one place at a time: `scheduler/chairs.py` refuses the second.
CREATE TABLE conference_chair (
    conference uuid PRIMARY KEY,
    username   text NOT NULL,
    CONSTRAINT conference_chair_conference_known FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE,
    CONSTRAINT conference_chair_username_length CHECK (length(username) BETWEEN 1 AND 64)
);
CREATE INDEX conference_chair_by_username ON conference_chair (username);

-- What a point was called at a moment, where that is not what it is called now; null otherwise.
CREATE FUNCTION point_name_at(wanted integer, moment timestamptz) RETURNS text LANGUAGE sql STABLE RETURN (
    SELECT name FROM point_history WHERE point = wanted AND moment < valid_to ORDER BY valid_to LIMIT 1
);
