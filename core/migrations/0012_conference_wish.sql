-- The profile that a conference wants and the lightest that will do are chosen while booking, and are part of what
-- every version of it tells. They were kept apart from it before.
ALTER TABLE conference
    ADD COLUMN profile text NOT NULL DEFAULT 'standard',
    ADD COLUMN lightest text NOT NULL DEFAULT 'voice',
    ADD COLUMN chair_unit text,
    ADD CONSTRAINT conference_profile_wanted_known FOREIGN KEY (profile) REFERENCES conference_profile (name),
    ADD CONSTRAINT conference_lightest_known FOREIGN KEY (lightest) REFERENCES conference_profile (name),
    ADD CONSTRAINT conference_chair_unit_known
        FOREIGN KEY (chair_unit) REFERENCES unit (code) ON UPDATE CASCADE ON DELETE SET NULL;
UPDATE conference
SET profile = wish.profile, lightest = wish.lightest, chair_unit = wish.chair_unit
FROM plan_wish AS wish WHERE wish.conference = conference.id;
DROP TABLE plan_wish;

ALTER TABLE template
    ADD COLUMN profile text NOT NULL DEFAULT 'standard',
    ADD COLUMN lightest text NOT NULL DEFAULT 'voice',
    ADD COLUMN chair_unit text,
    ADD CONSTRAINT template_profile_known FOREIGN KEY (profile) REFERENCES conference_profile (name),
    ADD CONSTRAINT template_lightest_known FOREIGN KEY (lightest) REFERENCES conference_profile (name),
    ADD CONSTRAINT template_chair_unit_known
        FOREIGN KEY (chair_unit) REFERENCES unit (code) ON UPDATE CASCADE ON DELETE SET NULL;
