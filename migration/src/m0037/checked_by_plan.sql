@postgres ALTER TABLE entry DROP CONSTRAINT IF EXISTS entry_tenant_id_seq_fkey, DROP CONSTRAINT IF EXISTS entry_tenant_id_product_id_store_id_fkey
;;
@postgres ALTER TABLE reservation DROP CONSTRAINT IF EXISTS reservation_tenant_id_product_id_store_id_fkey
;;
@postgres ALTER TABLE order_line DROP CONSTRAINT IF EXISTS order_line_tenant_id_order_id_fkey, DROP CONSTRAINT IF EXISTS order_line_tenant_id_product_id_fkey
