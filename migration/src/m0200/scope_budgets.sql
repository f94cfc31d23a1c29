CREATE TABLE replenishment_scope_budget (
  tenant_id {UUID} NOT NULL REFERENCES tenant, scope {TEXT} NOT NULL, supplier_id {UUID}, category_id {UUID}, store_id {UUID}, body {TEXT} NOT NULL,
  version {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, scope),
  CHECK ((supplier_id IS NOT NULL AND category_id IS NULL AND store_id IS NULL) OR (supplier_id IS NULL AND category_id IS NOT NULL AND store_id IS NULL)
    OR (supplier_id IS NULL AND category_id IS NULL AND store_id IS NOT NULL))) {IN_PLACE}
