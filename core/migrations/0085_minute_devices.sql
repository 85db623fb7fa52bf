-- In how many of a minute's reports the endpoint's camera was missing, gone or black, and its microphone missing, gone or
-- silent. A device that somebody switched off is not ill. NULL: it said nothing of it, or the minute is from before.
ALTER TABLE line_minute ADD COLUMN camera_ill integer, ADD COLUMN microphone_ill integer;
