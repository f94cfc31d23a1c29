CREATE TABLE policy (tenant_id {UUID} PRIMARY KEY REFERENCES tenant, version {INT} NOT NULL CHECK (version > 0)) {IN_PLACE}
;;
CREATE TABLE role (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, key {TEXT} NOT NULL CHECK (length(key) BETWEEN 2 AND 63), name {TEXT} NOT NULL,
  permissions {TEXT} NOT NULL, inherits {TEXT} NOT NULL, version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, key))
;;
CREATE TABLE role_grant (
  tenant_id {UUID} NOT NULL, member_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position > 0), role_id {UUID} NOT NULL,
  scope {TEXT} NOT NULL, expires_at {INT}, PRIMARY KEY (tenant_id, member_id, position),
  FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id))
;;
CREATE INDEX role_grant_role ON role_grant (tenant_id, role_id, member_id)
;;
@sqlite INSERT INTO role_grant (tenant_id, member_id, position, role_id, scope)
  SELECT tenant_id, id, 1, CASE role WHEN 'owner' THEN x'00000000000000000000000000000001' ELSE x'00000000000000000000000000000005' END, '"all"'
  FROM member WHERE role IN ('owner', 'viewer')
;;
@postgres INSERT INTO role_grant (tenant_id, member_id, position, role_id, scope)
  SELECT tenant_id, id, 1, CASE role WHEN 'owner' THEN '00000000-0000-0000-0000-000000000001'::uuid ELSE '00000000-0000-0000-0000-000000000005'::uuid END, '"all"'
  FROM member WHERE role IN ('owner', 'viewer')
;;
ALTER TABLE member DROP COLUMN role
;;
CREATE TABLE store_group (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, code {TEXT} NOT NULL, code_key {TEXT} NOT NULL, name {TEXT} NOT NULL,
  version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, code_key))
;;
CREATE TABLE store_in_group (
  tenant_id {UUID} NOT NULL, group_id {UUID} NOT NULL, store_id {UUID} NOT NULL, PRIMARY KEY (tenant_id, group_id, store_id),
  FOREIGN KEY (tenant_id, group_id) REFERENCES store_group (tenant_id, id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id)) {APPEND}
;;
CREATE INDEX store_in_group_store ON store_in_group (tenant_id, store_id, group_id)
;;
CREATE TABLE integration (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, name {TEXT} NOT NULL, channel_id {UUID}, permissions {TEXT} NOT NULL, scope {TEXT} NOT NULL,
  disabled_at {INT}, version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, channel_id) REFERENCES channel (tenant_id, id))
;;
CREATE TABLE api_key (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, integration_id {UUID} NOT NULL, name {TEXT} NOT NULL, prefix {TEXT} NOT NULL,
  permissions {TEXT}, scope {TEXT}, cidrs {TEXT} NOT NULL, expires_at {INT}, last_used_at {INT}, revoked_at {INT}, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, integration_id) REFERENCES integration (tenant_id, id)) {IN_PLACE}
;;
CREATE INDEX api_key_integration ON api_key (tenant_id, integration_id, created_at, id)
;;
CREATE TABLE api_key_index (
  hash {BYTES} PRIMARY KEY CHECK (length(hash) = 32), tenant_id {UUID} NOT NULL, key_id {UUID} NOT NULL,
  FOREIGN KEY (tenant_id, key_id) REFERENCES api_key (tenant_id, id)) {APPEND}
