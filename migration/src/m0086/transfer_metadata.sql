-- Null where none was given.
ALTER TABLE transfer ADD COLUMN metadata {TEXT}
