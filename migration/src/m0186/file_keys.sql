-- The key that a program made a file with; null of members' files. An older release leaves it null.
ALTER TABLE file ADD COLUMN key_id {UUID}
