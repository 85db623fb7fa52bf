-- Samples by medium, with what was asked for again, what the line was said to carry, and the grade of each medium.
-- Rows from before know none of it.
ALTER TABLE link_sample
    ADD COLUMN seconds              real,
    ADD COLUMN bytes_up             bigint,
    ADD COLUMN bytes_down           bigint,
    ADD COLUMN audio_loss_up        real,
    ADD COLUMN audio_jitter_up_ms   real,
    ADD COLUMN video_loss_up        real,
    ADD COLUMN video_jitter_up_ms   real,
    ADD COLUMN audio_loss_down      real,
    ADD COLUMN audio_jitter_down_ms real,
    ADD COLUMN video_loss_down      real,
    ADD COLUMN video_jitter_down_ms real,
    ADD COLUMN nacks_up             integer,
    ADD COLUMN nacks_down           integer,
    ADD COLUMN key_frames_up        integer,
    ADD COLUMN key_frames_down      integer,
    ADD COLUMN remb_up_kbps         real,
    ADD COLUMN remb_down_kbps       real,
    ADD COLUMN limit_down_kbps      real,
    ADD COLUMN paused               text[];
