CREATE TABLE product_text_refusal (
  tenant_id {UUID} NOT NULL, product_id {UUID} NOT NULL, category_id {UUID} NOT NULL, recorded_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, product_id, category_id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, category_id) REFERENCES category (tenant_id, id)) {APPEND}
