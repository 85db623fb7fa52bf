-- Booking again keeps the chair.
ALTER TABLE template
    ADD COLUMN chair text,
    ADD CONSTRAINT template_chair_length CHECK (length(chair) BETWEEN 1 AND 64);
