-- The order of alerts by their last change.
CREATE INDEX alert_updated ON alert (tenant_id, updated_at, id)
