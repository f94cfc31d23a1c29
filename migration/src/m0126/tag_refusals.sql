CREATE TABLE product_tag_refusal (
  tenant_id {UUID} NOT NULL, product_id {UUID} NOT NULL, tag_key {TEXT} NOT NULL, recorded_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, product_id, tag_key),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id)) {APPEND}
