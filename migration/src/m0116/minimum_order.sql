ALTER TABLE supplier ADD COLUMN minimum_order_minor {INT} CHECK (minimum_order_minor > 0)
;;
ALTER TABLE supplier ADD COLUMN minimum_order_currency {TEXT} CHECK ((minimum_order_minor IS NULL) = (minimum_order_currency IS NULL))
;;
@postgres
ALTER TABLE replenishment_line DROP CONSTRAINT replenishment_line_issue_check,
  ADD CONSTRAINT replenishment_line_issue_check
  CHECK (issue IN ('STALE', 'NO_SUPPLIER', 'DRAFT_REFUSED', 'OVER_BUDGET', 'OTHER_CURRENCY', 'BELOW_MINIMUM'))
;;
@sqlite
CREATE TABLE replenishment_line_now (
  tenant_id {UUID} NOT NULL, plan_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position > 0), id {UUID} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('TRANSFER', 'PURCHASE')),
  state {TEXT} NOT NULL CHECK (state IN ('OPEN', 'CLAIMED', 'APPROVED', 'REFUSED', 'CUT')),
  product_id {UUID} NOT NULL, store_id {UUID} NOT NULL, from_store_id {UUID}, supplier_id {UUID}, policy_id {UUID}, policy_version {INT},
  quantity {INT} NOT NULL CHECK (quantity > 0), urgency_days {SMALL}, cost_minor {INT}, cost_currency {TEXT}, group_id {UUID},
  purchase_order_id {UUID}, transfer_id {UUID},
  issue {TEXT} CHECK (issue IN ('STALE', 'NO_SUPPLIER', 'DRAFT_REFUSED', 'OVER_BUDGET', 'OTHER_CURRENCY', 'BELOW_MINIMUM')),
  body {TEXT} NOT NULL,
  approved_kind {TEXT} CHECK (approved_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), approved_by {UUID}, due_on {SMALL},
  outcome {TEXT} CHECK (outcome IN ('ACCEPTED', 'CHANGED', 'REFUSED')), demand_units {INT}, is_within {SMALL} CHECK (is_within IN (0, 1)),
  out_days {SMALL} CHECK (out_days >= 0), left_units {INT}, excess_units {INT} CHECK (excess_units >= 0), naive_units {INT} CHECK (naive_units >= 0),
  PRIMARY KEY (tenant_id, plan_id, position),
  FOREIGN KEY (tenant_id, plan_id) REFERENCES replenishment_plan (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  CHECK ((kind = 'TRANSFER') = (from_store_id IS NOT NULL)), CHECK ((cost_minor IS NULL) = (cost_currency IS NULL)),
  CHECK ((policy_id IS NULL) = (policy_version IS NULL)), CHECK ((state IN ('REFUSED', 'CUT')) = (issue IS NOT NULL)),
  CHECK ((state = 'APPROVED') = (purchase_order_id IS NOT NULL OR transfer_id IS NOT NULL)))
;;
@sqlite
INSERT INTO replenishment_line_now (
  tenant_id, plan_id, position, id, kind, state, product_id, store_id, from_store_id, supplier_id, policy_id, policy_version, quantity,
  urgency_days, cost_minor, cost_currency, group_id, purchase_order_id, transfer_id, issue, body, approved_kind, approved_by, due_on, outcome,
  demand_units, is_within, out_days, left_units, excess_units, naive_units)
SELECT
  tenant_id, plan_id, position, id, kind, state, product_id, store_id, from_store_id, supplier_id, policy_id, policy_version, quantity,
  urgency_days, cost_minor, cost_currency, group_id, purchase_order_id, transfer_id, issue, body, approved_kind, approved_by, due_on, outcome,
  demand_units, is_within, out_days, left_units, excess_units, naive_units
FROM replenishment_line
;;
@sqlite DROP TABLE replenishment_line
;;
@sqlite ALTER TABLE replenishment_line_now RENAME TO replenishment_line
;;
@sqlite CREATE UNIQUE INDEX replenishment_line_id ON replenishment_line (tenant_id, plan_id, id)
;;
@sqlite CREATE INDEX replenishment_line_store ON replenishment_line (tenant_id, plan_id, store_id, position)
;;
@sqlite CREATE INDEX replenishment_line_state ON replenishment_line (tenant_id, plan_id, state, position)
;;
@sqlite CREATE INDEX replenishment_line_unscored ON replenishment_line (tenant_id, due_on) WHERE due_on IS NOT NULL AND outcome IS NULL
;;
@sqlite CREATE INDEX replenishment_line_scored ON replenishment_line (tenant_id, due_on, store_id) WHERE outcome IS NOT NULL
;;
@sqlite CREATE INDEX replenishment_line_plan_unscored ON replenishment_line (tenant_id, plan_id) WHERE due_on IS NOT NULL AND outcome IS NULL
