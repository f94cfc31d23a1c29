CREATE TABLE sales_order (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, number {INT} NOT NULL,
  status {TEXT} NOT NULL CHECK (status IN ('DRAFT', 'PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED', 'FULFILLED', 'CLOSED', 'CANCELLED', 'EXPIRED')),
  store_id {UUID} NOT NULL, channel_id {UUID} NOT NULL, customer_id {UUID}, external_ref {TEXT}, currency {TEXT} NOT NULL, total_minor {INT} NOT NULL,
  placed_at {INT} NOT NULL, business_date {SMALL} NOT NULL, expires_at {INT}, actor_kind {TEXT} NOT NULL, actor_id {UUID} NOT NULL,
  version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channel (tenant_id, id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id)) {IN_PLACE}
;;
CREATE UNIQUE INDEX sales_order_external ON sales_order (tenant_id, channel_id, external_ref) WHERE external_ref IS NOT NULL
;;
CREATE INDEX sales_order_placed ON sales_order (tenant_id, placed_at, id)
;;
CREATE INDEX sales_order_store ON sales_order (tenant_id, store_id, placed_at, id)
;;
CREATE INDEX sales_order_customer ON sales_order (tenant_id, customer_id, placed_at, id) WHERE customer_id IS NOT NULL
;;
CREATE INDEX sales_order_expiry ON sales_order (expires_at) WHERE status = 'PENDING' AND expires_at IS NOT NULL
;;
CREATE TABLE order_line (
  tenant_id {UUID} NOT NULL, order_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position BETWEEN 1 AND 4095),
  kind {TEXT} NOT NULL CHECK (kind IN ('PRODUCT', 'CHARGE')), product_id {UUID}, sku {TEXT} NOT NULL, name {TEXT} NOT NULL,
  stock_policy {TEXT} NOT NULL, unit_decimals {SMALL} NOT NULL,
  quantity {INT} NOT NULL CHECK (quantity > 0), open {INT} NOT NULL CHECK (open >= 0), backordered {INT} NOT NULL CHECK (backordered >= 0),
  cancelled {INT} NOT NULL CHECK (cancelled >= 0), fulfilled {INT} NOT NULL CHECK (fulfilled >= 0), returned {INT} NOT NULL CHECK (returned >= 0),
  unit_price_minor {INT} NOT NULL, discount_minor {INT} NOT NULL CHECK (discount_minor >= 0), tax_minor {INT} NOT NULL CHECK (tax_minor >= 0), total_minor {INT} NOT NULL,
  unit_cost_minor {INT},
  PRIMARY KEY (tenant_id, order_id, position),
  FOREIGN KEY (tenant_id, order_id) REFERENCES sales_order (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  CHECK (quantity = open + backordered + cancelled + fulfilled), CHECK (returned <= fulfilled), CHECK (unit_price_minor >= 0 OR kind = 'CHARGE'), CHECK ((kind = 'PRODUCT') = (product_id IS NOT NULL))) {APPEND}
;;
CREATE TABLE order_hold (
  tenant_id {UUID} NOT NULL, order_id {UUID} NOT NULL, reason {TEXT} NOT NULL, placed_at {INT} NOT NULL, actor_kind {TEXT} NOT NULL, actor_id {UUID} NOT NULL,
  PRIMARY KEY (tenant_id, order_id, reason), FOREIGN KEY (tenant_id, order_id) REFERENCES sales_order (tenant_id, id))
;;
CREATE TABLE fulfilment (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, order_id {UUID} NOT NULL, store_id {UUID} NOT NULL,
  status {TEXT} NOT NULL CHECK (status IN ('PENDING', 'PICKED', 'PACKED', 'SHIPPED', 'DELIVERED', 'CANCELLED')), shipped_at {INT}, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, order_id) REFERENCES sales_order (tenant_id, id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id))
;;
CREATE INDEX fulfilment_order ON fulfilment (tenant_id, order_id, id)
;;
CREATE TABLE fulfilment_line (
  tenant_id {UUID} NOT NULL, fulfilment_id {UUID} NOT NULL, order_id {UUID} NOT NULL, order_position {SMALL} NOT NULL, quantity {INT} NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (tenant_id, fulfilment_id, order_position),
  FOREIGN KEY (tenant_id, fulfilment_id) REFERENCES fulfilment (tenant_id, id),
  FOREIGN KEY (tenant_id, order_id, order_position) REFERENCES order_line (tenant_id, order_id, position)) {APPEND}
;;
CREATE TABLE sales_return (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, number {INT} NOT NULL,
  status {TEXT} NOT NULL CHECK (status IN ('REQUESTED', 'APPROVED', 'REJECTED', 'PARTIALLY_RECEIVED', 'RECEIVED', 'INSPECTED', 'CLOSED')),
  store_id {UUID} NOT NULL, customer_id {UUID}, channel_id {UUID}, external_ref {TEXT}, currency {TEXT} NOT NULL, refund_minor {INT} NOT NULL, note {TEXT},
  occurred_at {INT} NOT NULL, received_at {INT}, business_date {SMALL} NOT NULL, actor_kind {TEXT} NOT NULL, actor_id {UUID} NOT NULL,
  version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channel (tenant_id, id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id))
;;
CREATE UNIQUE INDEX sales_return_external ON sales_return (tenant_id, external_ref) WHERE external_ref IS NOT NULL
;;
CREATE INDEX sales_return_occurred ON sales_return (tenant_id, occurred_at, id)
;;
CREATE TABLE return_line (
  tenant_id {UUID} NOT NULL, return_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position BETWEEN 1 AND 4095),
  kind {TEXT} NOT NULL CHECK (kind IN ('PRODUCT', 'CHARGE')), product_id {UUID}, sku {TEXT} NOT NULL, name {TEXT} NOT NULL, unit_decimals {SMALL} NOT NULL,
  quantity {INT} NOT NULL CHECK (quantity > 0), unit_price_minor {INT} NOT NULL, total_minor {INT} NOT NULL,
  disposition {TEXT} NOT NULL CHECK (disposition IN ('RESTOCK', 'QUARANTINE', 'WRITE_OFF')),
  PRIMARY KEY (tenant_id, return_id, position),
  FOREIGN KEY (tenant_id, return_id) REFERENCES sales_return (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  CHECK (unit_price_minor >= 0 OR kind = 'CHARGE'), CHECK ((kind = 'PRODUCT') = (product_id IS NOT NULL))) {APPEND}
;;
CREATE TABLE return_match (
  tenant_id {UUID} NOT NULL, return_id {UUID} NOT NULL, return_position {SMALL} NOT NULL, order_id {UUID} NOT NULL, order_position {SMALL} NOT NULL,
  quantity {INT} NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (tenant_id, return_id, return_position, order_id, order_position),
  FOREIGN KEY (tenant_id, return_id, return_position) REFERENCES return_line (tenant_id, return_id, position),
  FOREIGN KEY (tenant_id, order_id, order_position) REFERENCES order_line (tenant_id, order_id, position)) {APPEND}
;;
CREATE INDEX return_match_order ON return_match (tenant_id, order_id, order_position)
