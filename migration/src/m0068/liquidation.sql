CREATE TABLE liquidation_settings (
  tenant_id {UUID} NOT NULL REFERENCES tenant, body {TEXT} NOT NULL, version {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id)) {IN_PLACE}
;;
CREATE TABLE liquidation_plan (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL,
  state {TEXT} NOT NULL CHECK (state IN ('DRAFT', 'PARTLY', 'APPROVED', 'DONE', 'SUPERSEDED')),
  stores {TEXT} NOT NULL, business_date {SMALL} NOT NULL, made_at {INT} NOT NULL, seq {INT} NOT NULL, forecast_week {SMALL},
  currency {TEXT} NOT NULL, line_count {INT} NOT NULL CHECK (line_count >= 0), left_out {INT} NOT NULL CHECK (left_out >= 0),
  low_minor {INT} NOT NULL, likely_minor {INT} NOT NULL, high_minor {INT} NOT NULL, value_minor {INT} NOT NULL,
  actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL,
  version {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id)) {IN_PLACE}
;;
CREATE INDEX liquidation_plan_made ON liquidation_plan (tenant_id, made_at, id)
;;
CREATE INDEX liquidation_plan_state ON liquidation_plan (tenant_id, state, made_at, id)
;;
CREATE TABLE liquidation_line (
  tenant_id {UUID} NOT NULL, plan_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position > 0), id {UUID} NOT NULL,
  action {TEXT} NOT NULL CHECK (action IN ('KEEP', 'WRITE_OFF', 'RETURN', 'TRANSFER', 'MARKDOWN')),
  state {TEXT} NOT NULL CHECK (state IN ('PROPOSED', 'CLAIMED', 'APPROVED', 'DONE', 'REFUSED')),
  product_id {UUID} NOT NULL, store_id {UUID} NOT NULL, to_store_id {UUID}, supplier_id {UUID},
  quantity {INT} NOT NULL CHECK (quantity > 0), low_minor {INT} NOT NULL, likely_minor {INT} NOT NULL, high_minor {INT} NOT NULL,
  until_date {SMALL} NOT NULL, approved_date {SMALL}, steps_done {SMALL} NOT NULL CHECK (steps_done >= 0), group_id {UUID}, claimed_by {UUID},
  transfer_id {UUID}, supplier_return_id {UUID}, movement_id {UUID}, issue {TEXT} CHECK (issue IN ('STALE', 'REFUSED')), body {TEXT} NOT NULL,
  PRIMARY KEY (tenant_id, plan_id, position),
  FOREIGN KEY (tenant_id, plan_id) REFERENCES liquidation_plan (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  CHECK ((action = 'TRANSFER') = (to_store_id IS NOT NULL)), CHECK ((action = 'RETURN') = (supplier_id IS NOT NULL)),
  CHECK ((state = 'REFUSED') = (issue IS NOT NULL)), CHECK ((state = 'CLAIMED') = (claimed_by IS NOT NULL)))
;;
CREATE UNIQUE INDEX liquidation_line_id ON liquidation_line (tenant_id, plan_id, id)
;;
CREATE INDEX liquidation_line_store ON liquidation_line (tenant_id, plan_id, store_id, position)
;;
CREATE INDEX liquidation_line_state ON liquidation_line (tenant_id, plan_id, state, position)
;;
CREATE INDEX liquidation_line_cut ON liquidation_line (tenant_id, product_id) WHERE action = 'MARKDOWN' AND state IN ('CLAIMED', 'APPROVED')
;;
CREATE INDEX supplier_return_reference ON supplier_return (tenant_id, external_ref) WHERE external_ref IS NOT NULL
