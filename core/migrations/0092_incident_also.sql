-- The other faults of the hall's equipment, the gravest first.
ALTER TABLE incident ADD COLUMN also text[] NOT NULL DEFAULT '{}';
