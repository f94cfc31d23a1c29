CREATE TABLE supplier_product (
  tenant_id {UUID} NOT NULL, supplier_id {UUID} NOT NULL, product_id {UUID} NOT NULL, supplier_sku {TEXT} CHECK (length(supplier_sku) BETWEEN 1 AND 64),
  pack_size {INT} NOT NULL CHECK (pack_size > 0), minimum_order {INT} NOT NULL CHECK (minimum_order >= 0), lead_time_days {SMALL} CHECK (lead_time_days BETWEEN 0 AND 3650),
  currency {TEXT} NOT NULL CHECK (length(currency) = 3), unit_cost_minor {INT} NOT NULL CHECK (unit_cost_minor >= 0), price_breaks {TEXT} NOT NULL, preferred {SMALL} NOT NULL CHECK (preferred IN (0, 1)),
  version {INT} NOT NULL CHECK (version > 0), created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, supplier_id, product_id),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES supplier (tenant_id, id), FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id)) {IN_PLACE}
;;
CREATE INDEX supplier_product_product ON supplier_product (tenant_id, product_id, supplier_id)
;;
CREATE UNIQUE INDEX supplier_product_preferred ON supplier_product (tenant_id, product_id) WHERE preferred = 1
;;
CREATE TABLE purchase_order (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, number {INT} NOT NULL CHECK (number > 0),
  status {TEXT} NOT NULL CHECK (status IN ('DRAFT', 'PENDING_APPROVAL', 'APPROVED', 'REJECTED', 'ORDERED', 'PARTIALLY_RECEIVED', 'RECEIVED', 'CLOSED', 'CANCELLED')),
  supplier_id {UUID} NOT NULL, store_id {UUID} NOT NULL, currency {TEXT} NOT NULL CHECK (length(currency) = 3), expected_on {SMALL}, external_ref {TEXT}, note {TEXT},
  over_percent {SMALL} NOT NULL CHECK (over_percent BETWEEN 0 AND 100), under_percent {SMALL} NOT NULL CHECK (under_percent BETWEEN 0 AND 100),
  goods_minor {INT} NOT NULL CHECK (goods_minor >= 0), charges_minor {INT} NOT NULL CHECK (charges_minor >= 0), reason {TEXT},
  actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL,
  requester_kind {TEXT} CHECK (requester_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), requester_id {UUID}, approver_id {UUID},
  submitted_at {INT}, decided_at {INT}, ordered_at {INT}, received_at {INT}, ended_at {INT},
  version {INT} NOT NULL CHECK (version > 0), created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES supplier (tenant_id, id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  CHECK ((requester_kind IS NULL) = (requester_id IS NULL)), CHECK ((status IN ('CLOSED', 'CANCELLED')) = (ended_at IS NOT NULL)),
  CHECK (status IN ('DRAFT', 'REJECTED', 'CANCELLED') OR submitted_at IS NOT NULL), CHECK (status NOT IN ('APPROVED', 'ORDERED', 'PARTIALLY_RECEIVED', 'RECEIVED', 'CLOSED') OR approver_id IS NOT NULL),
  CHECK (status NOT IN ('ORDERED', 'PARTIALLY_RECEIVED', 'RECEIVED', 'CLOSED') OR ordered_at IS NOT NULL)) {IN_PLACE}
;;
CREATE UNIQUE INDEX purchase_order_external ON purchase_order (tenant_id, supplier_id, external_ref) WHERE external_ref IS NOT NULL
;;
CREATE INDEX purchase_order_supplier ON purchase_order (tenant_id, supplier_id, number)
;;
CREATE INDEX purchase_order_store ON purchase_order (tenant_id, store_id, number)
;;
CREATE INDEX purchase_order_status ON purchase_order (tenant_id, status, number)
;;
CREATE INDEX purchase_order_expected ON purchase_order (tenant_id, expected_on, number) WHERE expected_on IS NOT NULL
;;
CREATE INDEX purchase_order_ordered ON purchase_order (tenant_id, supplier_id, ordered_at) WHERE ordered_at IS NOT NULL
;;
CREATE TABLE purchase_order_line (
  tenant_id {UUID} NOT NULL, purchase_order_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position BETWEEN 1 AND 4095), product_id {UUID} NOT NULL,
  sku {TEXT} NOT NULL, name {TEXT} NOT NULL, supplier_sku {TEXT}, unit_decimals {SMALL} NOT NULL CHECK (unit_decimals BETWEEN 0 AND 9), expected_on {SMALL}, weight {INT} CHECK (weight >= 0),
  quantity {INT} NOT NULL CHECK (quantity > 0), most {INT} NOT NULL, unit_cost_minor {INT} NOT NULL CHECK (unit_cost_minor >= 0), total_minor {INT} NOT NULL CHECK (total_minor >= 0),
  charges_minor {INT} NOT NULL CHECK (charges_minor >= 0), received {INT} NOT NULL CHECK (received >= 0), damaged {INT} NOT NULL CHECK (damaged >= 0), open {INT} NOT NULL CHECK (open >= 0),
  short {INT} NOT NULL CHECK (short >= 0), returned {INT} NOT NULL CHECK (returned >= 0),
  PRIMARY KEY (tenant_id, purchase_order_id, position),
  FOREIGN KEY (tenant_id, purchase_order_id) REFERENCES purchase_order (tenant_id, id), FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  CHECK (most >= quantity), CHECK (received <= most), CHECK (damaged <= received), CHECK (returned <= received),
  CHECK (open + short = CASE WHEN received >= quantity THEN 0 ELSE quantity - received END)) {IN_PLACE}
;;
CREATE INDEX purchase_order_line_open ON purchase_order_line (tenant_id, product_id, purchase_order_id) WHERE open > 0
;;
CREATE TABLE purchase_charge (
  tenant_id {UUID} NOT NULL, purchase_order_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position > 0),
  kind {TEXT} NOT NULL CHECK (kind IN ('FREIGHT', 'DUTY', 'INSURANCE', 'OTHER')), basis {TEXT} NOT NULL CHECK (basis IN ('VALUE', 'QUANTITY', 'WEIGHT')),
  name {TEXT} NOT NULL, amount_minor {INT} NOT NULL CHECK (amount_minor > 0),
  PRIMARY KEY (tenant_id, purchase_order_id, position), FOREIGN KEY (tenant_id, purchase_order_id) REFERENCES purchase_order (tenant_id, id)) {APPEND}
;;
CREATE TABLE goods_receipt (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, purchase_order_id {UUID} NOT NULL, number {SMALL} NOT NULL CHECK (number > 0), store_id {UUID} NOT NULL, external_ref {TEXT}, note {TEXT},
  occurred_at {INT} NOT NULL, business_date {SMALL} NOT NULL, actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, purchase_order_id, number),
  FOREIGN KEY (tenant_id, purchase_order_id) REFERENCES purchase_order (tenant_id, id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id))
;;
CREATE TABLE goods_receipt_line (
  tenant_id {UUID} NOT NULL, receipt_id {UUID} NOT NULL, purchase_order_id {UUID} NOT NULL, position {SMALL} NOT NULL,
  quantity {INT} NOT NULL CHECK (quantity > 0), damaged {INT} NOT NULL CHECK (damaged >= 0), goods_minor {INT} NOT NULL CHECK (goods_minor >= 0), charges_minor {INT} NOT NULL CHECK (charges_minor >= 0),
  PRIMARY KEY (tenant_id, receipt_id, position), FOREIGN KEY (tenant_id, receipt_id) REFERENCES goods_receipt (tenant_id, id),
  FOREIGN KEY (tenant_id, purchase_order_id, position) REFERENCES purchase_order_line (tenant_id, purchase_order_id, position), CHECK (damaged <= quantity)) {APPEND}
;;
CREATE INDEX goods_receipt_line_order ON goods_receipt_line (tenant_id, purchase_order_id, position)
;;
CREATE TABLE purchase_discrepancy (
  tenant_id {UUID} NOT NULL, purchase_order_id {UUID} NOT NULL, number {SMALL} NOT NULL CHECK (number > 0), receipt_id {UUID}, position {SMALL}, product_id {UUID},
  kind {TEXT} NOT NULL CHECK (kind IN ('SHORT', 'OVER', 'DAMAGED', 'WRONG_ITEM')), quantity {INT} NOT NULL CHECK (quantity > 0), note {TEXT}, noted_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, purchase_order_id, number), FOREIGN KEY (tenant_id, purchase_order_id) REFERENCES purchase_order (tenant_id, id),
  FOREIGN KEY (tenant_id, receipt_id) REFERENCES goods_receipt (tenant_id, id), FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  CHECK ((kind = 'WRONG_ITEM') = (position IS NULL)), CHECK (kind = 'SHORT' OR receipt_id IS NOT NULL)) {APPEND}
;;
CREATE TABLE supplier_return (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, number {INT} NOT NULL CHECK (number > 0), supplier_id {UUID} NOT NULL, store_id {UUID} NOT NULL, purchase_order_id {UUID}, external_ref {TEXT},
  currency {TEXT} NOT NULL CHECK (length(currency) = 3), credit_minor {INT} NOT NULL CHECK (credit_minor >= 0), reason_code {TEXT} NOT NULL, note {TEXT}, occurred_at {INT} NOT NULL, business_date {SMALL} NOT NULL,
  actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES supplier (tenant_id, id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  FOREIGN KEY (tenant_id, purchase_order_id) REFERENCES purchase_order (tenant_id, id))
;;
CREATE INDEX supplier_return_supplier ON supplier_return (tenant_id, supplier_id, number)
;;
CREATE INDEX supplier_return_store ON supplier_return (tenant_id, store_id, number)
;;
CREATE INDEX supplier_return_order ON supplier_return (tenant_id, purchase_order_id) WHERE purchase_order_id IS NOT NULL
;;
CREATE TABLE supplier_return_line (
  tenant_id {UUID} NOT NULL, supplier_return_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position BETWEEN 1 AND 4095), product_id {UUID} NOT NULL, sku {TEXT} NOT NULL, name {TEXT} NOT NULL,
  unit_decimals {SMALL} NOT NULL, purchase_order_id {UUID}, order_position {SMALL}, quantity {INT} NOT NULL CHECK (quantity > 0), source {TEXT} NOT NULL CHECK (source IN ('AVAILABLE', 'QUARANTINE')),
  unit_credit_minor {INT} NOT NULL CHECK (unit_credit_minor >= 0), total_minor {INT} NOT NULL CHECK (total_minor >= 0),
  PRIMARY KEY (tenant_id, supplier_return_id, position), FOREIGN KEY (tenant_id, supplier_return_id) REFERENCES supplier_return (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, purchase_order_id, order_position) REFERENCES purchase_order_line (tenant_id, purchase_order_id, position),
  CHECK ((purchase_order_id IS NULL) = (order_position IS NULL))) {APPEND}
;;
CREATE INDEX supplier_return_line_order ON supplier_return_line (tenant_id, purchase_order_id, order_position) WHERE purchase_order_id IS NOT NULL
;;
CREATE INDEX order_line_backordered ON order_line (tenant_id, product_id, order_id) WHERE backordered > 0
;;
CREATE INDEX stock_level_policy ON stock_level (tenant_id, store_id, product_id) WHERE reorder_point IS NOT NULL OR maximum IS NOT NULL
