CREATE TABLE sourcing_rule (
  tenant_id {UUID} NOT NULL REFERENCES tenant, strategy {TEXT} NOT NULL CHECK (strategy IN ('NEAREST', 'MOST_STOCK', 'PRIORITY')),
  split {TEXT} NOT NULL CHECK (split IN ('ALLOW', 'REFUSE')), max_stores {SMALL} NOT NULL CHECK (max_stores BETWEEN 1 AND 10), updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id))
;;
CREATE TABLE store_sourcing (
  tenant_id {UUID} NOT NULL, store_id {UUID} NOT NULL, is_source {SMALL} NOT NULL CHECK (is_source IN (0, 1)), priority {SMALL} NOT NULL,
  latitude {SMALL} CHECK (latitude BETWEEN -90000000 AND 90000000), longitude {SMALL} CHECK (longitude BETWEEN -180000000 AND 180000000), updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, store_id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  CHECK ((latitude IS NULL) = (longitude IS NULL)))
;;
CREATE TABLE order_sourcing (
  tenant_id {UUID} NOT NULL, order_id {UUID} NOT NULL, strategy {TEXT} NOT NULL CHECK (strategy IN ('NEAREST', 'MOST_STOCK', 'PRIORITY')),
  split {TEXT} NOT NULL CHECK (split IN ('ALLOW', 'REFUSE')), max_stores {SMALL} NOT NULL CHECK (max_stores BETWEEN 1 AND 10),
  latitude {SMALL} CHECK (latitude BETWEEN -90000000 AND 90000000), longitude {SMALL} CHECK (longitude BETWEEN -180000000 AND 180000000),
  PRIMARY KEY (tenant_id, order_id), FOREIGN KEY (tenant_id, order_id) REFERENCES sales_order (tenant_id, id),
  CHECK ((latitude IS NULL) = (longitude IS NULL))) {APPEND}
