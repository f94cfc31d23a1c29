CREATE TABLE factor_series (
  tenant_id {UUID} NOT NULL REFERENCES tenant, code {TEXT} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('PROMOTION', 'PRICE', 'HOLIDAY', 'WEATHER', 'OTHER')), name {TEXT} NOT NULL,
  store_id {UUID}, country {TEXT}, from_date {SMALL} NOT NULL, until_date {SMALL} NOT NULL, body {TEXT} NOT NULL,
  version {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, code),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  CHECK (store_id IS NULL OR country IS NULL), CHECK (from_date <= until_date)) {IN_PLACE}
;;
ALTER TABLE forecast_run ADD COLUMN factors {TEXT} NOT NULL DEFAULT '[]'
