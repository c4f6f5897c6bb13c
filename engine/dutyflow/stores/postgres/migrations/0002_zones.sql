-- Which time zone data a version was published with: other rules of a zone give other due times.

ALTER TABLE publications ADD COLUMN zones TEXT NOT NULL DEFAULT '';
