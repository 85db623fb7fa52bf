-- A point's month is read from the index alone: its minutes lie in as many pages of the table as there are minutes.
CREATE INDEX line_minute_of_a_point ON line_minute (participant, minute) INCLUDE (
    good, fair, poor, kbps_up, kbps_down, loss_up, loss_down, rtt_ms, frozen_share, concealed, fps
);
DROP INDEX line_minute_by_participant;
