CREATE INDEX demand_week_level ON demand_week (tenant_id, generation, product_id, store_id, week_date)
;;
CREATE TABLE forecast_run (
  tenant_id {UUID} NOT NULL, first_week {SMALL} NOT NULL, made_at {INT} NOT NULL, seq {INT} NOT NULL, weeks {SMALL} NOT NULL CHECK (weeks > 0),
  series {INT} NOT NULL CHECK (series >= 0), version {TEXT} NOT NULL, choices {TEXT} NOT NULL, fingerprint {TEXT} NOT NULL,
  PRIMARY KEY (tenant_id, first_week))
;;
CREATE TABLE forecast_series (
  tenant_id {UUID} NOT NULL, first_week {SMALL} NOT NULL, product_id {UUID} NOT NULL, store_id {UUID} NOT NULL, class {TEXT} NOT NULL
    CHECK (class IN ('SMOOTH', 'ERRATIC', 'INTERMITTENT', 'LUMPY', 'NEW', 'ENDED', 'DORMANT')),
  computed_class {TEXT} NOT NULL
    CHECK (computed_class IN ('SMOOTH', 'ERRATIC', 'INTERMITTENT', 'LUMPY', 'NEW', 'ENDED', 'DORMANT')),
  status {TEXT} NOT NULL CHECK (status IN ('READY', 'NEW', 'DORMANT', 'ENDED', 'TOO_LITTLE', 'NAIVE_WAS_BETTER')), body {TEXT} NOT NULL,
  PRIMARY KEY (tenant_id, first_week, product_id, store_id),
  FOREIGN KEY (tenant_id, first_week) REFERENCES forecast_run (tenant_id, first_week),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id)) {APPEND}
;;
CREATE TABLE forecast_score (
  tenant_id {UUID} NOT NULL, week_date {SMALL} NOT NULL, lead {SMALL} NOT NULL CHECK (lead > 0), level {TEXT} NOT NULL
    CHECK (level IN ('STORE', 'ALL_STORES')), class {TEXT} NOT NULL
    CHECK (class IN ('SMOOTH', 'ERRATIC', 'INTERMITTENT', 'LUMPY', 'NEW', 'ENDED', 'DORMANT')),
  series {INT} NOT NULL, units {INT} NOT NULL, error_milli {INT} NOT NULL, absolute_milli {INT} NOT NULL, naive_milli {INT} NOT NULL,
  bounded {INT} NOT NULL, inside80 {INT} NOT NULL, inside95 {INT} NOT NULL,
  PRIMARY KEY (tenant_id, week_date, lead, level, class))
