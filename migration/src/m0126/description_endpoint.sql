-- Where a tenant's descriptions of products are written: one endpoint a tenant. `calls` counts those of the day `calls_day`, days since 1970 in UTC.
CREATE TABLE description_endpoint (
  tenant_id {UUID} NOT NULL REFERENCES tenant, url {TEXT} NOT NULL, model {TEXT} NOT NULL, key_sealed {BYTES},
  is_enabled {SMALL} NOT NULL CHECK (is_enabled IN (0, 1)), max_tokens {SMALL} NOT NULL CHECK (max_tokens > 0),
  calls_per_day {SMALL} NOT NULL CHECK (calls_per_day > 0), calls_day {INT} NOT NULL, calls {INT} NOT NULL CHECK (calls >= 0),
  version {INT} NOT NULL CHECK (version > 0), updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id)) {IN_PLACE}
