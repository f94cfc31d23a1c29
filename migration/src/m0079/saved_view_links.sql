CREATE TABLE saved_view_link (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, view_id {UUID} NOT NULL, secret_hash {TEXT} NOT NULL, variables {TEXT} NOT NULL,
  actor_kind {TEXT} NOT NULL, actor_id {UUID} NOT NULL, key_id {UUID}, expires_at {INT} NOT NULL, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id)) {IN_PLACE}
;;
CREATE INDEX saved_view_link_view ON saved_view_link (tenant_id, view_id)
