-- A store's own limits of anomalies, as an object of whole numbers. What it does not name is as the tenant has it, which an older release uses for all.
ALTER TABLE store ADD COLUMN anomaly_limits {TEXT} NOT NULL DEFAULT '{}'
