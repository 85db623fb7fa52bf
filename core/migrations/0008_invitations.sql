-- Invitations and their answers, the mail that is still to go out, warnings that were given, diagnoses that were made.

-- A conference whose points have been invited. `version` is the conference's version that its invitations reflect:
-- a smaller one means that there is something to tell.
CREATE TABLE invited_conference (
    conference      uuid PRIMARY KEY,
    version         integer NOT NULL,
    invited_by      text NOT NULL,
    invited_at      timestamptz NOT NULL,
    organizer_email text,
    note            text NOT NULL DEFAULT '',
    -- The last reminder that was dealt with: for which start, and how many hours before it.
    reminded_start  timestamptz,
    reminded_hours  double precision,
    CONSTRAINT invited_conference_known FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE,
    CONSTRAINT invited_conference_note_length CHECK (length(note) <= 2000)
);

-- One per point: the calendar object that it was sent (RFC 5545 UID, SEQUENCE, what it said) and its answer.
CREATE TABLE invitation (
    conference     uuid NOT NULL,
    point          integer NOT NULL,
    -- One for all occurrences of a series; RECURRENCE-ID tells them apart. Random: who can name it was invited.
    uid            text NOT NULL,
    sequence       integer NOT NULL,
    -- The revision that asked last: a reply to an earlier one agrees to other times.
    asked_sequence integer NOT NULL,
    facts          jsonb NOT NULL,
    withdrawn      boolean NOT NULL DEFAULT false,
    revised_at     timestamptz NOT NULL,
    answer         text NOT NULL DEFAULT 'waiting',
    answered_at    timestamptz,
    answered_by    text,
    delegates      integer,
    operator       text NOT NULL DEFAULT '',
    comment        text NOT NULL DEFAULT '',
    proposed_start timestamptz,
    proposed_stop  timestamptz,
    -- DTSTAMP of the newest reply by mail: an older one that arrives later changes nothing.
    replied_at     timestamptz,
    PRIMARY KEY (conference, point),
    CONSTRAINT invitation_uid_once UNIQUE (uid, conference),
    CONSTRAINT invitation_of_an_invited_conference
        FOREIGN KEY (conference) REFERENCES invited_conference (conference) ON DELETE CASCADE,
    CONSTRAINT invitation_point_known FOREIGN KEY (point) REFERENCES bridge_point (number),
    CONSTRAINT invitation_answer_known CHECK (answer IN ('waiting', 'confirmed', 'declined', 'tentative', 'proposed')),
    CONSTRAINT invitation_answer_has_a_moment CHECK ((answer = 'waiting') = (answered_at IS NULL)),
    CONSTRAINT invitation_proposal_has_times CHECK (
        (answer = 'proposed') = (proposed_start IS NOT NULL AND proposed_stop IS NOT NULL)
    ),
    CONSTRAINT invitation_proposal_in_order CHECK (proposed_start < proposed_stop),
    CONSTRAINT invitation_delegates_in_range CHECK (delegates BETWEEN 0 AND 100000),
    CONSTRAINT invitation_sequence_in_order CHECK (0 <= asked_sequence AND asked_sequence <= sequence)
);

-- The queue. `key` says what the mail is (kind, conference, point, revision, recipient): the same thing is queued once.
-- The finished message is kept until it is settled, so that every attempt sends the same bytes.
CREATE TABLE mail (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key        text NOT NULL CONSTRAINT mail_once UNIQUE,
    kind       text NOT NULL CONSTRAINT mail_kind_known CHECK (kind IN ('request', 'cancel', 'reminder', 'diagnosis')),
    conference uuid NOT NULL,
    point      integer,
    recipient  text NOT NULL,
    content    bytea,
    state      text NOT NULL DEFAULT 'waiting'
        CONSTRAINT mail_state_known CHECK (state IN ('waiting', 'sent', 'failed', 'obsolete')),
    attempts   integer NOT NULL DEFAULT 0,
    -- When to try (again). Taking a mail moves it on, so that a sender that dies loses it to another after a while.
    due_at     timestamptz NOT NULL,
    queued_at  timestamptz NOT NULL,
    settled_at timestamptz,
    error      text NOT NULL DEFAULT '',
    CONSTRAINT mail_conference_known FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE,
    CONSTRAINT mail_content_until_settled CHECK ((state = 'waiting') = (content IS NOT NULL)),
    CONSTRAINT mail_settled_at_a_moment CHECK ((state = 'waiting') = (settled_at IS NULL))
);
CREATE INDEX mail_to_send ON mail (due_at) WHERE state = 'waiting';
CREATE INDEX mail_by_conference ON mail (conference, point);

-- A conference that is moved or extended is warned about its new stop again.
CREATE TABLE conference_warning (
    conference uuid NOT NULL,
    stop       timestamptz NOT NULL,
    minutes    integer NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (conference, stop, minutes),
    CONSTRAINT conference_warning_known FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE
);

-- The newest diagnosis of a conference for each start it had. `by_clock`: the one before the start was made and mailed.
CREATE TABLE diagnosis (
    conference uuid NOT NULL,
    start      timestamptz NOT NULL,
    at         timestamptz NOT NULL,
    report     jsonb NOT NULL,
    by_clock   boolean NOT NULL DEFAULT false,
    PRIMARY KEY (conference, start),
    CONSTRAINT diagnosis_conference_known FOREIGN KEY (conference) REFERENCES conference (id) ON DELETE CASCADE
);
