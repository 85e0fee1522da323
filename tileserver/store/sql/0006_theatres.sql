-- A theatre that is hidden keeps its data, and is for nobody but the desk.

ALTER TABLE theatre ADD COLUMN hidden boolean NOT NULL DEFAULT false;
