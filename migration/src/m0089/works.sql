@postgres ALTER TABLE fulfilment_work_line DROP CONSTRAINT IF EXISTS fulfilment_work_line_tenant_id_work_id_fkey,
  DROP CONSTRAINT IF EXISTS fulfilment_work_line_tenant_id_order_id_position_fkey,
  DROP CONSTRAINT IF EXISTS fulfilment_work_line_tenant_id_product_id_fkey,
  DROP CONSTRAINT IF EXISTS fulfilment_work_line_check, DROP CONSTRAINT IF EXISTS fulfilment_work_line_nth_check,
  DROP CONSTRAINT IF EXISTS fulfilment_work_line_quantity_check, DROP CONSTRAINT IF EXISTS fulfilment_work_line_open_check,
  DROP CONSTRAINT IF EXISTS fulfilment_work_line_picked_check, DROP CONSTRAINT IF EXISTS fulfilment_work_line_packed_check,
  DROP CONSTRAINT IF EXISTS fulfilment_work_line_shipped_check, DROP CONSTRAINT IF EXISTS fulfilment_work_line_dropped_check,
  ADD CONSTRAINT fulfilment_work_line_check CHECK (quantity = open + picked + packed + shipped + dropped
    AND least(quantity - 1, open, picked, packed, shipped, dropped) >= 0 AND nth BETWEEN 1 AND 4095)
;;
@postgres ALTER TABLE fulfilment_work DROP CONSTRAINT IF EXISTS fulfilment_work_tenant_id_order_id_fkey,
  DROP CONSTRAINT IF EXISTS fulfilment_work_tenant_id_store_id_fkey,
  DROP CONSTRAINT IF EXISTS fulfilment_work_check, DROP CONSTRAINT IF EXISTS fulfilment_work_check1,
  DROP CONSTRAINT IF EXISTS fulfilment_work_check2, DROP CONSTRAINT IF EXISTS fulfilment_work_check3,
  DROP CONSTRAINT IF EXISTS fulfilment_work_nth_check, DROP CONSTRAINT IF EXISTS fulfilment_work_version_check,
  DROP CONSTRAINT IF EXISTS fulfilment_work_status_check, DROP CONSTRAINT IF EXISTS fulfilment_work_assignee_kind_check,
  DROP CONSTRAINT IF EXISTS fulfilment_work_reject_reason_check,
  ADD CONSTRAINT fulfilment_work_check CHECK (version > 0 AND nth BETWEEN 1 AND 4095 AND (accepted_at IS NULL) = (assignee_kind IS NULL)
    AND (assignee_kind IS NULL) = (assignee_id IS NULL) AND (ready_at IS NULL) = (collect_code IS NULL)
    AND (reject_note IS NULL OR reject_reason IS NOT NULL))
