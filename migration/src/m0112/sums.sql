CREATE TABLE forecast_sum (
  tenant_id {UUID} NOT NULL, first_week {SMALL} NOT NULL, category_id {UUID} NOT NULL, store_id {UUID} NOT NULL, body {TEXT} NOT NULL,
  PRIMARY KEY (tenant_id, first_week, category_id, store_id),
  FOREIGN KEY (tenant_id, first_week) REFERENCES forecast_run (tenant_id, first_week)) {APPEND}
