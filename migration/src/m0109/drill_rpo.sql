ALTER TABLE backup_run ADD COLUMN rpo_seconds {INT}
