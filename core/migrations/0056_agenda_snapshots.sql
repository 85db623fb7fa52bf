-- The figures of a moment, kept under the name of the agenda's item that they were taken for; never changed afterwards.
CREATE TABLE headcount_snapshot (
    conference uuid NOT NULL,
    number     integer NOT NULL,
    item       text NOT NULL,
    at         timestamptz NOT NULL,
    by         text NOT NULL,
    -- The sums and the quorum as they were told, and each hall's figures.
    total      jsonb NOT NULL,
    quorum     jsonb,
    rows       jsonb NOT NULL,
    PRIMARY KEY (conference, number),
    CONSTRAINT headcount_snapshot_conference_known
        FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE,
    CONSTRAINT headcount_snapshot_item_length CHECK (length(item) BETWEEN 1 AND 200)
);
CREATE FUNCTION headcount_snapshot_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a snapshot is not changed'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'headcount_snapshot_stays';
END $$;
CREATE TRIGGER headcount_snapshot_stays BEFORE UPDATE ON headcount_snapshot
    FOR EACH ROW EXECUTE FUNCTION headcount_snapshot_stays();
