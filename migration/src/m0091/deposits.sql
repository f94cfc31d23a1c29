@postgres
ALTER TABLE purchase_charge DROP CONSTRAINT purchase_charge_kind_check,
  ADD CONSTRAINT purchase_charge_kind_check CHECK (kind IN ('FREIGHT', 'DUTY', 'INSURANCE', 'OTHER', 'DEPOSIT'))
;;
@sqlite
CREATE TABLE purchase_charge_now (
  tenant_id {UUID} NOT NULL, purchase_order_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position > 0),
  kind {TEXT} NOT NULL CHECK (kind IN ('FREIGHT', 'DUTY', 'INSURANCE', 'OTHER', 'DEPOSIT')), basis {TEXT} NOT NULL CHECK (basis IN ('VALUE', 'QUANTITY', 'WEIGHT')),
  name {TEXT} NOT NULL, amount_minor {INT} NOT NULL CHECK (amount_minor > 0),
  PRIMARY KEY (tenant_id, purchase_order_id, position), FOREIGN KEY (tenant_id, purchase_order_id) REFERENCES purchase_order (tenant_id, id)) {APPEND}
;;
@sqlite
INSERT INTO purchase_charge_now SELECT tenant_id, purchase_order_id, position, kind, basis, name, amount_minor FROM purchase_charge
;;
@sqlite DROP TABLE purchase_charge
;;
@sqlite ALTER TABLE purchase_charge_now RENAME TO purchase_charge
