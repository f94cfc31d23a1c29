CREATE TABLE store (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, code {TEXT} NOT NULL, code_key {TEXT} NOT NULL, name {TEXT} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('SHOP', 'WAREHOUSE', 'VIRTUAL')), time_zone {TEXT} NOT NULL, archived_at {INT},
  version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, code_key))
;;
CREATE TABLE category (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, parent_id {UUID}, name {TEXT} NOT NULL, slug {TEXT} NOT NULL,
  position {SMALL} NOT NULL DEFAULT 0, image_url {TEXT}, metadata {TEXT} NOT NULL DEFAULT '{}',
  version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, slug),
  FOREIGN KEY (tenant_id, parent_id) REFERENCES category (tenant_id, id), CHECK (parent_id IS NULL OR parent_id <> id))
;;
CREATE INDEX category_parent ON category (tenant_id, parent_id, position, id)
;;
CREATE TABLE supplier (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, code {TEXT} NOT NULL, code_key {TEXT} NOT NULL, name {TEXT} NOT NULL,
  lead_time_days {SMALL} CHECK (lead_time_days >= 0), email {TEXT},
  version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, code_key))
;;
CREATE TABLE product_family (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, name {TEXT} NOT NULL, option_names {TEXT} NOT NULL DEFAULT '[]',
  version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL, PRIMARY KEY (tenant_id, id))
;;
CREATE TABLE product (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, sku {TEXT} NOT NULL, sku_key {TEXT} NOT NULL,
  name {TEXT} NOT NULL, name_key {TEXT} NOT NULL, description {TEXT},
  status {TEXT} NOT NULL CHECK (status IN ('DRAFT', 'ACTIVE', 'ARCHIVED')),
  stock_policy {TEXT} NOT NULL CHECK (stock_policy IN ('TRACKED', 'UNTRACKED', 'BACKORDER')),
  category_id {UUID}, supplier_id {UUID}, family_id {UUID}, options {TEXT} NOT NULL DEFAULT '[]', former_skus {TEXT} NOT NULL DEFAULT '[]',
  unit_code {TEXT} NOT NULL, unit_decimals {SMALL} NOT NULL CHECK (unit_decimals BETWEEN 0 AND 9),
  price_minor {INT} CHECK (price_minor >= 0), price_currency {TEXT}, cost_minor {INT} CHECK (cost_minor >= 0), cost_currency {TEXT},
  low_stock_threshold {INT} CHECK (low_stock_threshold >= 0), metadata {TEXT} NOT NULL DEFAULT '{}', search_text {TEXT} NOT NULL,
  version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, sku_key),
  FOREIGN KEY (tenant_id, category_id) REFERENCES category (tenant_id, id),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES supplier (tenant_id, id),
  FOREIGN KEY (tenant_id, family_id) REFERENCES product_family (tenant_id, id),
  CHECK ((price_minor IS NULL) = (price_currency IS NULL)), CHECK ((cost_minor IS NULL) = (cost_currency IS NULL)))
;;
CREATE INDEX product_name ON product (tenant_id, name_key, id)
;;
CREATE INDEX product_created ON product (tenant_id, created_at, id)
;;
CREATE INDEX product_updated ON product (tenant_id, updated_at, id)
;;
CREATE INDEX product_category ON product (tenant_id, category_id, sku_key, id)
;;
CREATE INDEX product_category_name ON product (tenant_id, category_id, name_key, id)
;;
CREATE INDEX product_supplier ON product (tenant_id, supplier_id, sku_key, id)
;;
CREATE INDEX product_family_members ON product (tenant_id, family_id, sku_key) WHERE family_id IS NOT NULL
;;
CREATE TABLE barcode (
  tenant_id {UUID} NOT NULL, code {TEXT} NOT NULL, product_id {UUID} NOT NULL, pack_quantity {INT} NOT NULL CHECK (pack_quantity > 0),
  position {SMALL} NOT NULL, PRIMARY KEY (tenant_id, code),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id))
;;
CREATE INDEX barcode_product ON barcode (tenant_id, product_id, position)
;;
CREATE TABLE customer (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, external_ref {TEXT}, name {TEXT}, country {TEXT}, email {TEXT},
  version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, external_ref))
;;
CREATE TABLE channel (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, code {TEXT} NOT NULL, code_key {TEXT} NOT NULL, name {TEXT} NOT NULL,
  version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, code_key))
;;
@postgres CREATE EXTENSION IF NOT EXISTS pg_trgm
;;
@postgres CREATE INDEX product_search_trigram ON product USING gin (search_text gin_trgm_ops)
;;
@postgres CREATE INDEX product_search_words ON product USING gin (to_tsvector('simple', search_text))
;;
@sqlite CREATE VIRTUAL TABLE product_search USING fts5(search_text, content='product', content_rowid='rowid', tokenize='trigram')
;;
@sqlite CREATE TRIGGER product_search_insert AFTER INSERT ON product BEGIN
  INSERT INTO product_search (rowid, search_text) VALUES (new.rowid, new.search_text);
END
;;
@sqlite CREATE TRIGGER product_search_update AFTER UPDATE OF search_text ON product BEGIN
  INSERT INTO product_search (product_search, rowid, search_text) VALUES ('delete', old.rowid, old.search_text);
  INSERT INTO product_search (rowid, search_text) VALUES (new.rowid, new.search_text);
END
;;
@sqlite CREATE TRIGGER product_search_delete AFTER DELETE ON product BEGIN
  INSERT INTO product_search (product_search, rowid, search_text) VALUES ('delete', old.rowid, old.search_text);
END
