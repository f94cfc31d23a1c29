ALTER TABLE sales_order ADD COLUMN hold_kinds {TEXT}
;;
CREATE TABLE sales_hold (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, order_id {UUID} NOT NULL, kind {TEXT} NOT NULL, reason {TEXT} NOT NULL, note {TEXT},
  placed_at {INT} NOT NULL, actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL,
  lifted_at {INT}, lifter_kind {TEXT} CHECK (lifter_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), lifter_id {UUID},
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, order_id) REFERENCES sales_order (tenant_id, id),
  CHECK ((lifted_at IS NULL) = (lifter_kind IS NULL)), CHECK ((lifter_kind IS NULL) = (lifter_id IS NULL))) {IN_PLACE}
;;
CREATE INDEX sales_hold_order ON sales_hold (tenant_id, order_id, placed_at, id)
;;
CREATE INDEX sales_hold_kind ON sales_hold (tenant_id, kind, order_id) WHERE lifted_at IS NULL
;;
CREATE INDEX sales_order_held ON sales_order (tenant_id, hold_kinds, placed_at, id) WHERE hold_kinds IS NOT NULL
