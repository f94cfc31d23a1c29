-- Policies of whole stores. An older release reads one as that of its store's products of classes C and Z, never as one of the tenant.
ALTER TABLE replenishment_policy ADD COLUMN is_of_store {SMALL} NOT NULL DEFAULT 0 CHECK (is_of_store IN (0, 1))
