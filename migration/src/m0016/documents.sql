ALTER TABLE tenant_counter ADD COLUMN purchase_order_number {INT} NOT NULL DEFAULT 0 CHECK (purchase_order_number >= 0)
;;
ALTER TABLE tenant_counter ADD COLUMN supplier_return_number {INT} NOT NULL DEFAULT 0 CHECK (supplier_return_number >= 0)
;;
ALTER TABLE tenant_counter ADD COLUMN transfer_number {INT} NOT NULL DEFAULT 0 CHECK (transfer_number >= 0)
;;
ALTER TABLE tenant_counter ADD COLUMN count_number {INT} NOT NULL DEFAULT 0 CHECK (count_number >= 0)
