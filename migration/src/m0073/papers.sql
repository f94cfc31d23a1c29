CREATE TABLE paper (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('PACKING_SLIP', 'PICKING_LIST', 'DELIVERY_NOTE', 'ORDER_CONFIRMATION', 'PURCHASE_ORDER', 'INVOICE', 'CREDIT_NOTE')),
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
;;
CREATE TABLE legal_entity (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, code {TEXT} NOT NULL, name {TEXT} NOT NULL, address {TEXT} NOT NULL, tax_id {TEXT},
  invoice_prefix {TEXT} NOT NULL, credit_note_prefix {TEXT} NOT NULL, invoices {INT} NOT NULL CHECK (invoices >= 0),
  credit_notes {INT} NOT NULL CHECK (credit_notes >= 0), version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), CHECK (invoice_prefix <> credit_note_prefix)) {IN_PLACE}
;;
CREATE UNIQUE INDEX legal_entity_code ON legal_entity (tenant_id, code)
;;
CREATE TABLE store_legal_entity (
  tenant_id {UUID} NOT NULL, store_id {UUID} NOT NULL, legal_entity_id {UUID} NOT NULL, PRIMARY KEY (tenant_id, store_id),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES legal_entity (tenant_id, id)) {IN_PLACE}
;;
CREATE INDEX store_legal_entity_entity ON store_legal_entity (tenant_id, legal_entity_id)
;;
CREATE TABLE invoice (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, kind {TEXT} NOT NULL CHECK (kind IN ('INVOICE', 'CREDIT_NOTE')),
  legal_entity_id {UUID} NOT NULL, number {INT} NOT NULL CHECK (number > 0), label {TEXT} NOT NULL, order_id {UUID} NOT NULL, store_id {UUID} NOT NULL,
  credits_id {UUID}, currency {TEXT} NOT NULL, net_minor {INT} NOT NULL, tax_minor {INT} NOT NULL, total_minor {INT} NOT NULL,
  issued_on {SMALL} NOT NULL, issued_at {INT} NOT NULL, facts {TEXT} NOT NULL, personal {BYTES}, reason {TEXT},
  actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL,
  PRIMARY KEY (tenant_id, id), CHECK ((kind = 'CREDIT_NOTE') = (credits_id IS NOT NULL)), CHECK (total_minor = net_minor + tax_minor),
  FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES legal_entity (tenant_id, id),
  FOREIGN KEY (tenant_id, order_id) REFERENCES sales_order (tenant_id, id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  FOREIGN KEY (tenant_id, credits_id) REFERENCES invoice (tenant_id, id))
;;
CREATE UNIQUE INDEX invoice_number ON invoice (tenant_id, legal_entity_id, kind, number)
;;
CREATE INDEX invoice_order ON invoice (tenant_id, order_id, issued_at, id)
;;
CREATE INDEX invoice_credits ON invoice (tenant_id, credits_id, issued_at, id) WHERE credits_id IS NOT NULL
;;
CREATE TABLE invoice_line (
  tenant_id {UUID} NOT NULL, invoice_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position > 0), order_id {UUID} NOT NULL,
  sku {TEXT} NOT NULL, name {TEXT} NOT NULL, unit_decimals {SMALL} NOT NULL, quantity {INT} NOT NULL CHECK (quantity > 0),
  unit_price_minor {INT} NOT NULL, discount_minor {INT} NOT NULL, tax_minor {INT} NOT NULL, total_minor {INT} NOT NULL,
  PRIMARY KEY (tenant_id, invoice_id, position), FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoice (tenant_id, id)) {APPEND}
;;
CREATE INDEX invoice_line_order ON invoice_line (tenant_id, order_id)
