-- Incidents of lines and halls: what is at fault, whom it harms, and what happened since.

CREATE TABLE incident (
    id              uuid PRIMARY KEY,
    version         integer NOT NULL DEFAULT 1,
    kind            text NOT NULL,
    code            text NOT NULL,
    name            text NOT NULL,
    state           text NOT NULL,
    likely          text NOT NULL,
    severity        text NOT NULL,
    affected        integer NOT NULL,
    observed        integer NOT NULL,
    figures         jsonb NOT NULL,
    opened_at       timestamptz NOT NULL,
    closed_at       timestamptz,
    closed_by       text,
    acknowledged_at timestamptz,
    acknowledged_by text,
    owner           text,
    former          uuid,
    folded_into     uuid,
    CONSTRAINT incident_kind_known CHECK (kind IN ('line', 'equipment', 'unit', 'provider', 'node')),
    CONSTRAINT incident_state_known CHECK (state IN ('open', 'folded', 'closed')),
    CONSTRAINT incident_severity_known CHECK (severity IN ('minor', 'major', 'critical')),
    CONSTRAINT incident_closed_has_a_time CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CONSTRAINT incident_acknowledged_by_somebody CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL)),
    CONSTRAINT incident_former_known FOREIGN KEY (former) REFERENCES incident (id) ON DELETE SET NULL,
    CONSTRAINT incident_folded_into_known FOREIGN KEY (folded_into) REFERENCES incident (id) ON DELETE SET NULL
);
-- A cause has one incident at a time.
CREATE UNIQUE INDEX incident_once_per_cause ON incident (kind, code) WHERE state <> 'closed';
CREATE INDEX incident_by_cause ON incident (kind, code, closed_at);

CREATE TABLE incident_member (
    incident   uuid NOT NULL,
    point      text NOT NULL,
    conference uuid NOT NULL,
    since      timestamptz NOT NULL,
    until      timestamptz,
    condition  text NOT NULL,
    reason     text NOT NULL DEFAULT '',
    equipment  text,
    PRIMARY KEY (incident, point),
    CONSTRAINT incident_member_incident_known FOREIGN KEY (incident) REFERENCES incident (id) ON DELETE CASCADE,
    CONSTRAINT incident_member_condition_known CHECK (condition IN ('good', 'fair', 'poor', 'lost', 'unknown'))
);
CREATE INDEX incident_member_by_conference ON incident_member (conference, incident);

CREATE TABLE incident_event (
    incident uuid NOT NULL,
    number   integer NOT NULL,
    at       timestamptz NOT NULL,
    kind     text NOT NULL,
    by       text,
    text     text NOT NULL DEFAULT '',
    PRIMARY KEY (incident, number),
    CONSTRAINT incident_event_incident_known FOREIGN KEY (incident) REFERENCES incident (id) ON DELETE CASCADE,
    CONSTRAINT incident_event_text_length CHECK (length(text) <= 1000)
);
