CREATE TABLE saved_view (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, slug {TEXT} NOT NULL, name {TEXT} NOT NULL, document {TEXT} NOT NULL,
  variables {TEXT} NOT NULL, cost {INT} NOT NULL CHECK (cost >= 0), is_paused {SMALL} NOT NULL CHECK (is_paused IN (0, 1)),
  actor_kind {TEXT} NOT NULL, actor_id {UUID} NOT NULL, version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id)) {IN_PLACE}
;;
CREATE UNIQUE INDEX saved_view_slug ON saved_view (tenant_id, slug)
