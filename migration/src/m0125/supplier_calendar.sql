ALTER TABLE supplier ADD COLUMN calendar {TEXT}
