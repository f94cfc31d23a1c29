CREATE TABLE totp (
  user_id {UUID} PRIMARY KEY REFERENCES app_user, seed {BYTES}, confirmed_at {INT}, last_step {INT} NOT NULL DEFAULT 0,
  pending_seed {BYTES}, pending_at {INT}, wrong {INT} NOT NULL DEFAULT 0 CHECK (wrong >= 0), wrong_since {INT} NOT NULL DEFAULT 0,
  CHECK ((seed IS NULL) = (confirmed_at IS NULL)), CHECK ((pending_seed IS NULL) = (pending_at IS NULL)))
;;
CREATE TABLE backup_code (
  user_id {UUID} NOT NULL REFERENCES app_user, number {INT} NOT NULL CHECK (number BETWEEN 1 AND 10), hash {TEXT} NOT NULL, used_at {INT},
  PRIMARY KEY (user_id, number))
;;
CREATE TABLE login_challenge (
  hash {BYTES} PRIMARY KEY CHECK (length(hash) = 32), user_id {UUID} NOT NULL REFERENCES app_user, tenant_id {UUID} NOT NULL REFERENCES tenant,
  member_id {UUID} NOT NULL, network {TEXT}, auth_at {INT} NOT NULL, expires_at {INT} NOT NULL, tries {INT} NOT NULL DEFAULT 0, done_at {INT})
;;
CREATE INDEX login_challenge_end ON login_challenge (expires_at)
