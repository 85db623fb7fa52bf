-- `last_seen` of an open interval is written seldom: the samples of a present endpoint say how long it was seen.
-- `lost` marks an interval whose endpoint is away for now, so that stray samples prove nothing.
ALTER TABLE presence_interval ADD COLUMN lost boolean NOT NULL DEFAULT false;

CREATE VIEW presence_seen AS
SELECT conference, participant, name, role, point, joined_at,
       CASE WHEN left_at IS NULL AND NOT lost THEN greatest(last_seen, (
           SELECT max(s.at) FROM link_sample s
           WHERE s.conference = p.conference AND s.participant = p.participant AND s.at > p.last_seen
       )) ELSE last_seen END AS last_seen,
       left_at, how, lost
FROM presence_interval p;
