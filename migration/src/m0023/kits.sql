ALTER TABLE product ADD COLUMN is_kit {SMALL} NOT NULL DEFAULT 0 CHECK (is_kit IN (0, 1))
;;
CREATE TABLE kit_component (
  tenant_id {UUID} NOT NULL, kit_id {UUID} NOT NULL, component_id {UUID} NOT NULL, position {SMALL} NOT NULL,
  quantity {INT} NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (tenant_id, kit_id, component_id), CHECK (kit_id <> component_id),
  FOREIGN KEY (tenant_id, kit_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, component_id) REFERENCES product (tenant_id, id))
;;
CREATE INDEX kit_component_of ON kit_component (tenant_id, component_id, kit_id)
;;
CREATE TABLE order_line_part (
  tenant_id {UUID} NOT NULL, order_id {UUID} NOT NULL, position {SMALL} NOT NULL, product_id {UUID} NOT NULL, nth {SMALL} NOT NULL,
  sku {TEXT} NOT NULL, name {TEXT} NOT NULL, unit_decimals {SMALL} NOT NULL, quantity {INT} NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (tenant_id, order_id, position, product_id),
  FOREIGN KEY (tenant_id, order_id, position) REFERENCES order_line (tenant_id, order_id, position),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id)) {APPEND}
;;
CREATE INDEX order_line_part_product ON order_line_part (tenant_id, product_id, order_id)
;;
CREATE TABLE return_line_part (
  tenant_id {UUID} NOT NULL, return_id {UUID} NOT NULL, position {SMALL} NOT NULL, product_id {UUID} NOT NULL,
  quantity {INT} NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (tenant_id, return_id, position, product_id),
  FOREIGN KEY (tenant_id, return_id, position) REFERENCES return_line (tenant_id, return_id, position),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id)) {APPEND}
