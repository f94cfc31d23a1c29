CREATE TABLE ready_setting (
  tenant_id {UUID} NOT NULL REFERENCES tenant, store_id {UUID} NOT NULL, body {TEXT} NOT NULL, version {INT} NOT NULL CHECK (version > 0),
  updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, store_id)) {IN_PLACE}
