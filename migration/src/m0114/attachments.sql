CREATE TABLE attachment (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, target_kind {TEXT} NOT NULL, target_id {UUID} NOT NULL, file_id {UUID} NOT NULL,
  name {TEXT} NOT NULL, description {TEXT} NOT NULL,
  actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, file_id) REFERENCES file (tenant_id, id))
;;
CREATE UNIQUE INDEX attachment_file ON attachment (tenant_id, file_id)
;;
CREATE INDEX attachment_target ON attachment (tenant_id, target_id, created_at, id)
