-- By what each connection of a participant ran, from when to when: address family, through a TURN relay or not, and what
-- its machine was connected by. Kept as long as minutes are. One leg has several rows when its way changed.
CREATE TABLE line_way (
    conference  uuid NOT NULL,
    participant text NOT NULL,
    leg         text NOT NULL,
    transport   text NOT NULL,
    relayed     boolean NOT NULL,
    network     text,
    began       timestamptz NOT NULL,
    ended       timestamptz NOT NULL,
    PRIMARY KEY (conference, participant, leg, transport, relayed),
    CONSTRAINT line_way_ends_after_it_begins CHECK (ended >= began)
);
CREATE INDEX line_way_by_end ON line_way (ended);

-- What is known of the time before: samples as long as they are kept, then minutes.
INSERT INTO line_way (conference, participant, leg, transport, relayed, began, ended)
SELECT conference, participant, leg, transport, coalesce(relayed, false), min(at), max(at)
FROM link_sample
GROUP BY 1, 2, 3, 4, 5;
INSERT INTO line_way AS kept (conference, participant, leg, transport, relayed, began, ended)
SELECT conference, participant, coalesce(leg, ''), transport, coalesce(relayed, false), min(minute), max(minute)
FROM line_minute
WHERE transport IS NOT NULL
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (conference, participant, leg, transport, relayed) DO UPDATE
SET began = least(kept.began, excluded.began), ended = greatest(kept.ended, excluded.ended);
