-- Parcels by their tracking numbers, whole or by their beginnings.
CREATE INDEX parcel_tracking ON parcel (tenant_id, tracking_number) WHERE tracking_number IS NOT NULL
