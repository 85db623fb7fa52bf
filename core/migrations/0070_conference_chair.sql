-- Who will chair a conference is a fact of it like its title: a version, with its line of history.
ALTER TABLE conference
    ADD COLUMN chair text,
    ADD CONSTRAINT conference_chair_length CHECK (length(chair) BETWEEN 1 AND 64);
UPDATE conference SET chair = appointed.username
FROM conference_chair AS appointed WHERE appointed.conference = conference.id;
DROP TABLE conference_chair;

-- A person is in one place at a time: `scheduler/chairs.py` refuses the second.
CREATE INDEX conference_by_chair ON conference (chair, start) WHERE chair IS NOT NULL;
