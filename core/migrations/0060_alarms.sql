-- Alarms of incidents: who wants to be told, by mail or webhook, and what was sent.

-- Who looks after the installation itself.
ALTER TABLE account DROP CONSTRAINT account_roles_known;
ALTER TABLE account ADD CONSTRAINT account_roles_known CHECK (
    roles <@ ARRAY['organizer', 'chair', 'operator', 'technician', 'administrator']
);

-- `alarmed`: the worst severity of which people were to be told; NULL: none yet.
-- `dismissed`: a person closed it while it was still there; not told again before its cause has recovered.
ALTER TABLE incident ADD COLUMN alarmed text
    CONSTRAINT incident_alarmed_known CHECK (alarmed IN ('minor', 'major', 'critical'));
ALTER TABLE incident ADD COLUMN dismissed boolean NOT NULL DEFAULT false;
UPDATE incident SET alarmed = severity WHERE state <> 'closed';
CREATE INDEX incident_dismissed ON incident (closed_at) WHERE dismissed;

-- The queue takes mails of other parts than invitations; those of a test belong to no conference.
ALTER TABLE mail DROP CONSTRAINT mail_kind_known;
ALTER TABLE mail ADD CONSTRAINT mail_kind_known
    CHECK (kind IN ('request', 'cancel', 'reminder', 'diagnosis', 'refusal', 'alarm'));
ALTER TABLE mail ALTER COLUMN conference DROP NOT NULL;

-- `wait_minutes`: only what nobody has acknowledged for so long (NULL: at once). Without `unit` and `conference`: all.
CREATE TABLE alarm_subscription (
    id           uuid PRIMARY KEY,
    version      integer NOT NULL DEFAULT 1,
    name         text NOT NULL,
    channel      text NOT NULL,
    target       text NOT NULL,
    secret       text,
    language     text NOT NULL,
    unit         text,
    conference   uuid,
    severity     text NOT NULL,
    wait_minutes integer,
    active       boolean NOT NULL,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL,
    removed_at   timestamptz,
    CONSTRAINT alarm_subscription_channel_known CHECK (channel IN ('mail', 'webhook')),
    CONSTRAINT alarm_subscription_language_known CHECK (language IN ('vi', 'en')),
    CONSTRAINT alarm_subscription_severity_known CHECK (severity IN ('minor', 'major', 'critical')),
    CONSTRAINT alarm_subscription_wait_in_range CHECK (wait_minutes BETWEEN 1 AND 1440),
    CONSTRAINT alarm_subscription_webhook_has_a_secret CHECK ((channel = 'webhook') = (secret IS NOT NULL)),
    CONSTRAINT alarm_subscription_conference_known
        FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE
);

-- One thing told to one subscriber; its id is what a receiver knows a repeated webhook by. A mail's own state is in `mail`.
CREATE TABLE alarm_delivery (
    id           uuid PRIMARY KEY,
    subscription uuid NOT NULL,
    incident     uuid,
    kind         text NOT NULL,
    severity     text NOT NULL,
    about        text NOT NULL,
    channel      text NOT NULL,
    body         text,
    state        text NOT NULL DEFAULT 'waiting',
    attempts     integer NOT NULL DEFAULT 0,
    due_at       timestamptz NOT NULL,
    queued_at    timestamptz NOT NULL,
    settled_at   timestamptz,
    error        text NOT NULL DEFAULT '',
    CONSTRAINT alarm_delivery_subscription_known
        FOREIGN KEY (subscription) REFERENCES alarm_subscription (id) ON DELETE CASCADE,
    CONSTRAINT alarm_delivery_incident_known FOREIGN KEY (incident) REFERENCES incident (id) ON DELETE CASCADE,
    CONSTRAINT alarm_delivery_kind_known CHECK (kind IN ('alarm', 'worse', 'escalated', 'cleared', 'test')),
    CONSTRAINT alarm_delivery_state_known CHECK (state IN ('waiting', 'sent', 'failed')),
    -- The same thing is told once.
    CONSTRAINT alarm_delivery_once UNIQUE (subscription, incident, kind, severity)
);
CREATE INDEX alarm_delivery_to_send ON alarm_delivery (due_at) WHERE state = 'waiting' AND channel = 'webhook';
CREATE INDEX alarm_delivery_by_incident ON alarm_delivery (incident);
CREATE INDEX alarm_delivery_newest ON alarm_delivery (queued_at DESC);
