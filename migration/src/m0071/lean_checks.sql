@postgres ALTER TABLE stock_level DROP CONSTRAINT IF EXISTS stock_level_check,
  DROP CONSTRAINT IF EXISTS stock_level_in_transit_check, DROP CONSTRAINT IF EXISTS stock_level_incoming_check,
  DROP CONSTRAINT IF EXISTS stock_level_maximum_check, DROP CONSTRAINT IF EXISTS stock_level_on_hand_check,
  DROP CONSTRAINT IF EXISTS stock_level_reorder_point_check, DROP CONSTRAINT IF EXISTS stock_level_reserved_check,
  DROP CONSTRAINT IF EXISTS stock_level_safety_stock_check, DROP CONSTRAINT IF EXISTS stock_level_unavailable_check,
  DROP CONSTRAINT IF EXISTS stock_level_version_check,
  ADD CONSTRAINT stock_level_check CHECK (reserved <= on_hand - unavailable
    AND least(on_hand, reserved, unavailable, incoming, in_transit, safety_stock, reorder_point, maximum, version) >= 0)
;;
@postgres ALTER TABLE reservation DROP CONSTRAINT IF EXISTS reservation_check, DROP CONSTRAINT IF EXISTS reservation_check1,
  DROP CONSTRAINT IF EXISTS reservation_quantity_check, DROP CONSTRAINT IF EXISTS reservation_status_check,
  ADD CONSTRAINT reservation_check CHECK ((status = 'ACTIVE') = (remaining > 0) AND least(quantity - 1, remaining, quantity - remaining) >= 0)
;;
@postgres ALTER TABLE order_line DROP CONSTRAINT IF EXISTS order_line_check, DROP CONSTRAINT IF EXISTS order_line_check1,
  DROP CONSTRAINT IF EXISTS order_line_check2, DROP CONSTRAINT IF EXISTS order_line_check3, DROP CONSTRAINT IF EXISTS order_line_check4,
  DROP CONSTRAINT IF EXISTS order_line_backordered_check, DROP CONSTRAINT IF EXISTS order_line_basis_discount_minor_check,
  DROP CONSTRAINT IF EXISTS order_line_basis_quantity_check, DROP CONSTRAINT IF EXISTS order_line_basis_tax_minor_check,
  DROP CONSTRAINT IF EXISTS order_line_cancelled_check, DROP CONSTRAINT IF EXISTS order_line_discount_minor_check,
  DROP CONSTRAINT IF EXISTS order_line_fulfilled_check, DROP CONSTRAINT IF EXISTS order_line_kind_check,
  DROP CONSTRAINT IF EXISTS order_line_open_check, DROP CONSTRAINT IF EXISTS order_line_placed_quantity_check,
  DROP CONSTRAINT IF EXISTS order_line_position_check, DROP CONSTRAINT IF EXISTS order_line_quantity_check,
  DROP CONSTRAINT IF EXISTS order_line_returned_check, DROP CONSTRAINT IF EXISTS order_line_tax_minor_check,
  ADD CONSTRAINT order_line_check CHECK (quantity = open + backordered + cancelled + fulfilled
    AND least(quantity - 1, open, backordered, cancelled, fulfilled, returned, return_pending, fulfilled - returned - return_pending,
      discount_minor, tax_minor, basis_quantity - 1, basis_discount_minor, basis_tax_minor, placed_quantity) >= 0
    AND (kind = 'PRODUCT') = (product_id IS NOT NULL) AND (unit_price_minor >= 0 OR kind = 'CHARGE') AND position BETWEEN 1 AND 4095)
;;
@postgres ALTER TABLE sales_order DROP CONSTRAINT IF EXISTS sales_order_payment_status_check,
  DROP CONSTRAINT IF EXISTS sales_order_refund_status_check, DROP CONSTRAINT IF EXISTS sales_order_status_check
;;
@postgres ALTER TABLE entry DROP CONSTRAINT IF EXISTS entry_check, DROP CONSTRAINT IF EXISTS entry_check1,
  DROP CONSTRAINT IF EXISTS entry_line_check, DROP CONSTRAINT IF EXISTS entry_on_hand_after_check,
  DROP CONSTRAINT IF EXISTS entry_reserved_after_check, DROP CONSTRAINT IF EXISTS entry_unavailable_after_check,
  DROP CONSTRAINT IF EXISTS entry_version_after_check
;;
@postgres ALTER TABLE movement DROP CONSTRAINT IF EXISTS movement_actor_kind_check, DROP CONSTRAINT IF EXISTS movement_check1,
  DROP CONSTRAINT IF EXISTS movement_kind_check
;;
@postgres ALTER TABLE tenant_counter DROP CONSTRAINT IF EXISTS tenant_counter_head_check,
  DROP CONSTRAINT IF EXISTS tenant_counter_low_seq_check, DROP CONSTRAINT IF EXISTS tenant_counter_purchase_order_number_check,
  DROP CONSTRAINT IF EXISTS tenant_counter_supplier_return_number_check, DROP CONSTRAINT IF EXISTS tenant_counter_transfer_number_check,
  DROP CONSTRAINT IF EXISTS tenant_counter_count_number_check, DROP CONSTRAINT IF EXISTS tenant_counter_revaluation_number_check
;;
@postgres ALTER TABLE event DROP CONSTRAINT IF EXISTS event_seq_check
;;
@postgres ALTER TABLE audit_entry DROP CONSTRAINT IF EXISTS audit_entry_actor_kind_check,
  DROP CONSTRAINT IF EXISTS audit_entry_outcome_check, DROP CONSTRAINT IF EXISTS audit_entry_seq_check
;;
@postgres ALTER TABLE sales_order DROP CONSTRAINT IF EXISTS sales_order_tenant_id_store_id_fkey,
  DROP CONSTRAINT IF EXISTS sales_order_tenant_id_channel_id_fkey, DROP CONSTRAINT IF EXISTS sales_order_tenant_id_customer_id_fkey
