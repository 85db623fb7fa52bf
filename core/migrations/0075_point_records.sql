-- What one point's past is read by: its incidents and its presence over all conferences.
CREATE INDEX incident_member_by_point ON incident_member (point, since);
CREATE INDEX presence_interval_by_participant ON presence_interval (participant, joined_at);
