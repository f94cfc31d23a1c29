-- The lots and serial numbers that parcels name, by their lines: those leave. 0 units of what was taken out again.
CREATE TABLE parcel_line_lot (
  tenant_id {UUID} NOT NULL, parcel_id {UUID} NOT NULL, nth {SMALL} NOT NULL, lot_id {UUID} NOT NULL, units {INT} NOT NULL CHECK (units >= 0),
  PRIMARY KEY (tenant_id, parcel_id, nth, lot_id),
  FOREIGN KEY (tenant_id, parcel_id, nth) REFERENCES parcel_line (tenant_id, parcel_id, nth),
  FOREIGN KEY (tenant_id, lot_id) REFERENCES lot (tenant_id, id)) {IN_PLACE}
;;
CREATE INDEX parcel_line_lot_lot ON parcel_line_lot (tenant_id, lot_id, parcel_id)
