CREATE TABLE tenant (
  id {UUID} PRIMARY KEY, slug {TEXT} NOT NULL UNIQUE CHECK (length(slug) BETWEEN 2 AND 63), name {TEXT} NOT NULL,
  default_currency {TEXT} NOT NULL CHECK (length(default_currency) = 3), time_zone {TEXT} NOT NULL,
  mfa_required {BOOL} NOT NULL DEFAULT FALSE, sandbox {BOOL} NOT NULL DEFAULT FALSE,
  closed_through {SMALL}, reservation_seconds {INT} NOT NULL DEFAULT 900 CHECK (reservation_seconds > 0),
  created_at {INT} NOT NULL)
;;
CREATE TABLE app_user (
  id {UUID} PRIMARY KEY, email {TEXT} NOT NULL, email_key {TEXT} NOT NULL UNIQUE, password_hash {TEXT} NOT NULL,
  display_name {TEXT} NOT NULL, created_at {INT} NOT NULL)
;;
CREATE TABLE member (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, user_id {UUID} NOT NULL REFERENCES app_user,
  role {TEXT} NOT NULL, status {TEXT} NOT NULL CHECK (status IN ('INVITED', 'ACTIVE', 'SUSPENDED')),
  version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, user_id))
;;
CREATE INDEX member_user ON member (user_id)
;;
CREATE TABLE signing_key (id {UUID} PRIMARY KEY, algorithm {TEXT} NOT NULL, pkcs8 {BYTES} NOT NULL, created_at {INT} NOT NULL)
;;
CREATE TABLE tenant_counter (
  tenant_id {UUID} PRIMARY KEY REFERENCES tenant, epoch {UUID} NOT NULL, head {INT} NOT NULL DEFAULT 0 CHECK (head >= 0),
  order_number {INT} NOT NULL DEFAULT 0, return_number {INT} NOT NULL DEFAULT 0) {IN_PLACE}
;;
CREATE TABLE event (
  tenant_id {UUID} NOT NULL, seq {INT} NOT NULL CHECK (seq > 0), kind {TEXT} NOT NULL, payload {TEXT} NOT NULL, recorded_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, seq)) {APPEND}
;;
CREATE TABLE idempotency (
  tenant_id {UUID} NOT NULL, owner_id {UUID} NOT NULL, mutation {TEXT} NOT NULL, idempotency_key {TEXT} NOT NULL,
  hash {BYTES} NOT NULL, receipt {TEXT} NOT NULL, recorded_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, idempotency_key, owner_id, mutation)) {APPEND}
