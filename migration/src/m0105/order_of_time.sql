-- When the tenant's last batch or change was recorded: the next one is never recorded earlier.
ALTER TABLE tenant_counter ADD COLUMN recorded_at {INT} NOT NULL DEFAULT 0
;;
-- The head at which that began: what lies before may have been recorded by clocks that differed.
ALTER TABLE tenant_counter ADD COLUMN ordered_from {INT} NOT NULL DEFAULT 0
;;
UPDATE tenant_counter SET ordered_from = head, recorded_at = coalesce((SELECT e.recorded_at FROM event e
    WHERE e.tenant_id = tenant_counter.tenant_id AND e.seq = tenant_counter.head), 0)
