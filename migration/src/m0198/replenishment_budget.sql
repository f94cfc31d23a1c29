CREATE TABLE replenishment_budget (
  tenant_id {UUID} NOT NULL REFERENCES tenant, body {TEXT} NOT NULL, version {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id)) {IN_PLACE}
;;
-- Orders by the time at which they were placed: those of a period count against its budget.
CREATE INDEX purchase_order_placed ON purchase_order (tenant_id, ordered_at) WHERE ordered_at IS NOT NULL
