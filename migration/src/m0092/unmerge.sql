-- A merge of two customers, or of two suppliers. What moved is JSON.
CREATE TABLE party_merge (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, customer_id {UUID}, into_customer_id {UUID}, supplier_id {UUID}, into_supplier_id {UUID},
  moved {TEXT} NOT NULL, merged_at {INT} NOT NULL, undone_at {INT},
  PRIMARY KEY (tenant_id, id), CHECK ((customer_id IS NULL) = (into_customer_id IS NULL)), CHECK ((supplier_id IS NULL) = (into_supplier_id IS NULL)),
  CHECK ((customer_id IS NULL) <> (supplier_id IS NULL))) {IN_PLACE}
;;
-- One that is merged is so by one merge.
CREATE UNIQUE INDEX party_merge_customer ON party_merge (tenant_id, customer_id) WHERE customer_id IS NOT NULL AND undone_at IS NULL
;;
CREATE UNIQUE INDEX party_merge_supplier ON party_merge (tenant_id, supplier_id) WHERE supplier_id IS NOT NULL AND undone_at IS NULL
