-- Messages that were never tried are due at once, whatever the clock said that queued them.
CREATE INDEX webhook_delivery_untried ON webhook_delivery (tenant_id, endpoint_id, seq) WHERE state = 'PENDING' AND attempts = 0
