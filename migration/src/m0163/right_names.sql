-- A pair of products that are two, or a product, paired with itself, whose name stays: as long as the names are these.
CREATE TABLE product_name_refusal (
  tenant_id {UUID} NOT NULL, product_id {UUID} NOT NULL, other_id {UUID} NOT NULL, name {TEXT} NOT NULL, other_name {TEXT} NOT NULL,
  recorded_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, product_id, other_id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, other_id) REFERENCES product (tenant_id, id), CHECK (product_id <= other_id))
