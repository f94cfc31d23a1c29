ALTER TABLE tenant ADD COLUMN approval_minor {INT} CHECK (approval_minor >= 0)
