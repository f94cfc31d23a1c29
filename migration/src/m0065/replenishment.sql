CREATE TABLE forecast_pool (
  tenant_id {UUID} NOT NULL, first_week {SMALL} NOT NULL, method {SMALL} NOT NULL CHECK (method >= 0), body {TEXT} NOT NULL,
  PRIMARY KEY (tenant_id, first_week, method),
  FOREIGN KEY (tenant_id, first_week) REFERENCES forecast_run (tenant_id, first_week))
;;
CREATE TABLE replenishment_policy (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, scope {TEXT} NOT NULL, product_id {UUID}, store_id {UUID},
  abc_class {TEXT} CHECK (abc_class IN ('A', 'B', 'C')), supplier_id {UUID},
  kind {TEXT} NOT NULL CHECK (kind IN ('MIN_MAX', 'REORDER_POINT', 'PERIODIC', 'SERVICE', 'TARGET_DAYS')),
  service_level {SMALL} CHECK (service_level BETWEEN 5000 AND 9990), cover_days {SMALL} CHECK (cover_days BETWEEN 0 AND 365),
  review_days {SMALL} CHECK (review_days BETWEEN 1 AND 182), review_from {SMALL}, safety_days {SMALL} CHECK (safety_days BETWEEN 0 AND 365),
  target_days {SMALL} CHECK (target_days BETWEEN 1 AND 365), order_cost_minor {INT} CHECK (order_cost_minor > 0), order_cost_currency {TEXT},
  version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES supplier (tenant_id, id),
  CHECK ((order_cost_minor IS NULL) = (order_cost_currency IS NULL)),
  CHECK (store_id IS NULL OR product_id IS NOT NULL OR abc_class IS NOT NULL)) {IN_PLACE}
;;
CREATE UNIQUE INDEX replenishment_policy_scope ON replenishment_policy (tenant_id, scope)
;;
CREATE INDEX replenishment_policy_list ON replenishment_policy (tenant_id, scope, id)
;;
CREATE TABLE replenishment_plan (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL,
  state {TEXT} NOT NULL CHECK (state IN ('DRAFT', 'PARTLY', 'APPROVED', 'EXECUTED', 'SUPERSEDED')),
  scope {TEXT} NOT NULL, stores {TEXT} NOT NULL, supplier_id {UUID}, business_date {SMALL} NOT NULL,
  is_nightly {SMALL} NOT NULL CHECK (is_nightly IN (0, 1)), made_at {INT} NOT NULL, seq {INT} NOT NULL, forecast_week {SMALL},
  budget_minor {INT} CHECK (budget_minor >= 0), budget_currency {TEXT}, line_count {INT} NOT NULL CHECK (line_count >= 0),
  cut_count {INT} NOT NULL CHECK (cut_count >= 0), left_out {INT} NOT NULL CHECK (left_out >= 0), costs {TEXT} NOT NULL,
  actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL,
  version {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, supplier_id) REFERENCES supplier (tenant_id, id),
  CHECK ((budget_minor IS NULL) = (budget_currency IS NULL))) {IN_PLACE}
;;
CREATE INDEX replenishment_plan_made ON replenishment_plan (tenant_id, made_at, id)
;;
CREATE INDEX replenishment_plan_state ON replenishment_plan (tenant_id, state, made_at, id)
;;
CREATE TABLE replenishment_line (
  tenant_id {UUID} NOT NULL, plan_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position > 0), id {UUID} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('TRANSFER', 'PURCHASE')),
  state {TEXT} NOT NULL CHECK (state IN ('OPEN', 'CLAIMED', 'APPROVED', 'REFUSED', 'CUT')),
  product_id {UUID} NOT NULL, store_id {UUID} NOT NULL, from_store_id {UUID}, supplier_id {UUID}, policy_id {UUID}, policy_version {INT},
  quantity {INT} NOT NULL CHECK (quantity > 0), urgency_days {SMALL}, cost_minor {INT}, cost_currency {TEXT}, group_id {UUID},
  purchase_order_id {UUID}, transfer_id {UUID},
  issue {TEXT} CHECK (issue IN ('STALE', 'NO_SUPPLIER', 'DRAFT_REFUSED', 'OVER_BUDGET', 'OTHER_CURRENCY')), body {TEXT} NOT NULL,
  PRIMARY KEY (tenant_id, plan_id, position),
  FOREIGN KEY (tenant_id, plan_id) REFERENCES replenishment_plan (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  CHECK ((kind = 'TRANSFER') = (from_store_id IS NOT NULL)), CHECK ((cost_minor IS NULL) = (cost_currency IS NULL)),
  CHECK ((policy_id IS NULL) = (policy_version IS NULL)), CHECK ((state IN ('REFUSED', 'CUT')) = (issue IS NOT NULL)),
  CHECK ((state = 'APPROVED') = (purchase_order_id IS NOT NULL OR transfer_id IS NOT NULL)))
;;
CREATE UNIQUE INDEX replenishment_line_id ON replenishment_line (tenant_id, plan_id, id)
;;
CREATE INDEX replenishment_line_store ON replenishment_line (tenant_id, plan_id, store_id, position)
;;
CREATE INDEX replenishment_line_state ON replenishment_line (tenant_id, plan_id, state, position)
