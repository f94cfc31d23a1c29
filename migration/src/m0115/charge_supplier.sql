ALTER TABLE purchase_charge ADD COLUMN supplier_id {UUID}
;;
CREATE INDEX purchase_charge_supplier ON purchase_charge (tenant_id, supplier_id, purchase_order_id) WHERE supplier_id IS NOT NULL
