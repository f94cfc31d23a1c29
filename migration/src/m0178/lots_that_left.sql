-- Lots of parcels that have left: named for ever, and asked for no more. A release that does not know the column leaves FALSE, and parcels say the rest.
ALTER TABLE parcel_line_lot ADD COLUMN has_left {BOOL} NOT NULL DEFAULT FALSE
;;
UPDATE parcel_line_lot SET has_left = TRUE WHERE EXISTS (
  SELECT 1 FROM parcel h WHERE h.tenant_id = parcel_line_lot.tenant_id AND h.id = parcel_line_lot.parcel_id AND h.fulfilment_id IS NOT NULL)
;;
-- All that a read of what parcels have of a lot asks for, so that it is preferred to the index of all lots.
CREATE INDEX parcel_line_lot_packed ON parcel_line_lot (tenant_id, lot_id, parcel_id, nth, units, has_left) WHERE units > 0 AND NOT has_left
