-- Which processes carry conferences, and which conference is at which. All by the database's clock: those of the machines
-- may differ.

-- How long a process may be silent before it counts as dead. Processes beat every 3 s.
CREATE FUNCTION bridge_lapse() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '15 seconds' $$;

CREATE TABLE bridge_process (
    id           text PRIMARY KEY,
    -- The media node (of the plans) that it is; not a reference, so that it may run before it is registered.
    node         text,
    seen_at      timestamptz NOT NULL,
    -- Since when it has beaten without a gap: after an outage of the database everybody looks dead for a moment.
    steady_since timestamptz NOT NULL,
    -- It said goodbye.
    ended        boolean NOT NULL DEFAULT false,
    CONSTRAINT bridge_process_id_length CHECK (length(id) BETWEEN 1 AND 64),
    CONSTRAINT bridge_process_node_form CHECK (node ~ '^[A-Za-z0-9._-]{1,64}$')
);
CREATE INDEX bridge_process_by_node ON bridge_process (node) WHERE node IS NOT NULL;

CREATE FUNCTION bridge_alive(process bridge_process) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT process.ended AND process.seen_at > now() - bridge_lapse()
$$;

CREATE TABLE conference_host (
    conference uuid PRIMARY KEY,
    process    text NOT NULL
);

-- A node that was seen once and is seen no longer. Of one that never was, nothing is known.
CREATE FUNCTION media_node_silent(code text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(bool_and(NOT bridge_alive(process)), false) FROM bridge_process AS process WHERE node = code
$$;
