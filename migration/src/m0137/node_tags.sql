CREATE TABLE node_tags (
  tenant_id {UUID} NOT NULL, target_id {UUID} NOT NULL, target_kind {TEXT} NOT NULL, tags {TEXT} NOT NULL, tag_keys {TEXT} NOT NULL,
  metadata {TEXT} NOT NULL, version {INT} NOT NULL CHECK (version > 0), created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, target_id))
