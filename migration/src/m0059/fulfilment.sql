CREATE TABLE carrier (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, code {TEXT} NOT NULL, code_key {TEXT} NOT NULL, name {TEXT} NOT NULL,
  services {TEXT} NOT NULL, tracking_url_template {TEXT}, number_pattern {TEXT}, is_active {BOOL} NOT NULL,
  version {INT} NOT NULL CHECK (version > 0), created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id)) {IN_PLACE}
;;
CREATE UNIQUE INDEX carrier_code ON carrier (tenant_id, code_key)
;;
CREATE TABLE fulfilment_work (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, order_id {UUID} NOT NULL, nth {SMALL} NOT NULL CHECK (nth BETWEEN 1 AND 4095), store_id {UUID} NOT NULL,
  status {TEXT} NOT NULL CHECK (status IN ('OPEN', 'ACCEPTED', 'PICKING', 'PICKED', 'PACKED', 'READY', 'SHIPPED', 'DONE', 'REJECTED', 'CANCELLED')),
  due_at {INT} NOT NULL, accepted_at {INT}, assignee_kind {TEXT} CHECK (assignee_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), assignee_id {UUID},
  ready_at {INT}, collect_code {TEXT},
  reject_reason {TEXT} CHECK (reject_reason IN ('NO_STOCK', 'DAMAGED', 'NO_CAPACITY', 'CANNOT_SHIP', 'OTHER')), reject_note {TEXT}, moved_from {UUID},
  version {INT} NOT NULL CHECK (version > 0), created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, order_id) REFERENCES sales_order (tenant_id, id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  CHECK ((accepted_at IS NULL) = (assignee_kind IS NULL)), CHECK ((assignee_kind IS NULL) = (assignee_id IS NULL)),
  CHECK ((ready_at IS NULL) = (collect_code IS NULL)), CHECK (reject_note IS NULL OR reject_reason IS NOT NULL)) {IN_PLACE}
;;
CREATE UNIQUE INDEX fulfilment_work_order ON fulfilment_work (tenant_id, order_id, nth)
;;
CREATE INDEX fulfilment_work_store ON fulfilment_work (tenant_id, store_id, status, due_at, id)
;;
CREATE INDEX fulfilment_work_due ON fulfilment_work (tenant_id, due_at, id)
;;
CREATE INDEX fulfilment_work_live ON fulfilment_work (tenant_id, due_at, id)
  WHERE status IN ('OPEN', 'ACCEPTED', 'PICKING', 'PICKED', 'PACKED', 'READY')
;;
CREATE TABLE fulfilment_work_line (
  tenant_id {UUID} NOT NULL, work_id {UUID} NOT NULL, nth {SMALL} NOT NULL CHECK (nth BETWEEN 1 AND 4095),
  order_id {UUID} NOT NULL, position {SMALL} NOT NULL, product_id {UUID} NOT NULL,
  quantity {INT} NOT NULL CHECK (quantity > 0), open {INT} NOT NULL CHECK (open >= 0), picked {INT} NOT NULL CHECK (picked >= 0),
  packed {INT} NOT NULL CHECK (packed >= 0), shipped {INT} NOT NULL CHECK (shipped >= 0), dropped {INT} NOT NULL CHECK (dropped >= 0),
  PRIMARY KEY (tenant_id, work_id, nth),
  FOREIGN KEY (tenant_id, work_id) REFERENCES fulfilment_work (tenant_id, id),
  FOREIGN KEY (tenant_id, order_id, position) REFERENCES order_line (tenant_id, order_id, position),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  CHECK (quantity = open + picked + packed + shipped + dropped)) {IN_PLACE}
;;
CREATE TABLE parcel (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, work_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position > 0), fulfilment_id {UUID},
  carrier_id {UUID}, service {TEXT}, tracking_number {TEXT}, weight {INT} CHECK (weight > 0), created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, work_id) REFERENCES fulfilment_work (tenant_id, id),
  FOREIGN KEY (tenant_id, fulfilment_id) REFERENCES fulfilment (tenant_id, id),
  FOREIGN KEY (tenant_id, carrier_id) REFERENCES carrier (tenant_id, id)) {IN_PLACE}
;;
CREATE UNIQUE INDEX parcel_work ON parcel (tenant_id, work_id, position)
;;
CREATE INDEX parcel_fulfilment ON parcel (tenant_id, fulfilment_id) WHERE fulfilment_id IS NOT NULL
;;
CREATE TABLE parcel_line (
  tenant_id {UUID} NOT NULL, parcel_id {UUID} NOT NULL, work_id {UUID} NOT NULL, nth {SMALL} NOT NULL, quantity {INT} NOT NULL CHECK (quantity >= 0),
  PRIMARY KEY (tenant_id, parcel_id, nth),
  FOREIGN KEY (tenant_id, parcel_id) REFERENCES parcel (tenant_id, id),
  FOREIGN KEY (tenant_id, work_id, nth) REFERENCES fulfilment_work_line (tenant_id, work_id, nth)) {IN_PLACE}
;;
CREATE TABLE order_line_barred (
  tenant_id {UUID} NOT NULL, order_id {UUID} NOT NULL, position {SMALL} NOT NULL, store_id {UUID} NOT NULL,
  barred_at {INT} NOT NULL, actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL,
  PRIMARY KEY (tenant_id, order_id, position, store_id),
  FOREIGN KEY (tenant_id, order_id, position) REFERENCES order_line (tenant_id, order_id, position),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id)) {APPEND}
;;
ALTER TABLE fulfilment ADD COLUMN work_id {UUID}
;;
ALTER TABLE fulfilment ADD COLUMN delivered_at {INT}
;;
ALTER TABLE fulfilment ADD COLUMN failed_at {INT}
;;
ALTER TABLE fulfilment ADD COLUMN failed_reason {TEXT}
