CREATE TABLE paper (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('PACKING_SLIP', 'PICKING_LIST', 'DELIVERY_NOTE', 'ORDER_CONFIRMATION', 'PURCHASE_ORDER')),
  target_kind {TEXT} NOT NULL, target_id {UUID} NOT NULL, order_id {UUID}, number {TEXT} NOT NULL,
  locale {TEXT} NOT NULL CHECK (locale IN ('EN', 'DE', 'FR')), html_file_id {UUID} NOT NULL, pdf_file_id {UUID},
  html_sha256 {TEXT} NOT NULL, pdf_sha256 {TEXT},
  actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), CHECK ((pdf_file_id IS NULL) = (pdf_sha256 IS NULL)),
  FOREIGN KEY (tenant_id, order_id) REFERENCES sales_order (tenant_id, id),
  FOREIGN KEY (tenant_id, html_file_id) REFERENCES file (tenant_id, id), FOREIGN KEY (tenant_id, pdf_file_id) REFERENCES file (tenant_id, id)) {APPEND}
;;
CREATE INDEX paper_target ON paper (tenant_id, target_id, created_at, id)
;;
CREATE INDEX paper_order ON paper (tenant_id, order_id) WHERE order_id IS NOT NULL
