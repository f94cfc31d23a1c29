ALTER TABLE saved_view ADD COLUMN readers {TEXT}
