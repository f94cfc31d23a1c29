ALTER TABLE tenant_counter ADD COLUMN low_seq {INT} NOT NULL DEFAULT 0 CHECK (low_seq >= 0)
