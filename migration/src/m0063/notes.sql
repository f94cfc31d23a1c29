CREATE TABLE note (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, target_kind {TEXT} NOT NULL, target_id {UUID} NOT NULL,
  audience {TEXT} NOT NULL CHECK (audience IN ('STAFF', 'CUSTOMER')), body {TEXT} NOT NULL,
  actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL,
  version {INT} NOT NULL CHECK (version > 0), created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id)) {IN_PLACE}
;;
CREATE INDEX note_target ON note (tenant_id, target_id, created_at, id)
;;
CREATE TABLE note_edit (
  tenant_id {UUID} NOT NULL, note_id {UUID} NOT NULL, version {INT} NOT NULL CHECK (version > 0), body {TEXT} NOT NULL,
  written_at {INT} NOT NULL, PRIMARY KEY (tenant_id, note_id, version),
  FOREIGN KEY (tenant_id, note_id) REFERENCES note (tenant_id, id)) {APPEND}
;;
CREATE TABLE note_mention (
  tenant_id {UUID} NOT NULL, note_id {UUID} NOT NULL, member_id {UUID} NOT NULL, PRIMARY KEY (tenant_id, note_id, member_id),
  FOREIGN KEY (tenant_id, note_id) REFERENCES note (tenant_id, id),
  FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)) {APPEND}
