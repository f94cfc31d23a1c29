CREATE TABLE paper_settings (
  tenant_id {UUID} NOT NULL REFERENCES tenant, body {TEXT} NOT NULL, logo {BYTES}, version {INT} NOT NULL CHECK (version > 0),
  updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id)) {IN_PLACE}
