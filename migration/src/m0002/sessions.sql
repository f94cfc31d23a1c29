CREATE TABLE session (
  id {UUID} PRIMARY KEY, user_id {UUID} NOT NULL REFERENCES app_user, tenant_id {UUID} NOT NULL REFERENCES tenant, member_id {UUID} NOT NULL,
  name {TEXT} CHECK (length(name) BETWEEN 1 AND 255), user_agent {TEXT}, address {TEXT},
  created_at {INT} NOT NULL, used_at {INT} NOT NULL, auth_at {INT} NOT NULL, mfa_at {INT}, ends_at {INT} NOT NULL,
  ended_at {INT}, end_reason {TEXT} CHECK (end_reason IN ('LOGOUT', 'REVOKED', 'REUSE', 'PASSWORD', 'MEMBER', 'FACTOR')),
  CHECK ((ended_at IS NULL) = (end_reason IS NULL)))
;;
CREATE INDEX session_of_user ON session (user_id, created_at)
;;
CREATE INDEX session_of_member ON session (tenant_id, member_id)
;;
CREATE INDEX session_end ON session (ends_at)
;;
CREATE TABLE refresh_token (
  id {UUID} PRIMARY KEY, hash {BYTES} NOT NULL UNIQUE CHECK (length(hash) = 32), session_id {UUID} NOT NULL REFERENCES session ON DELETE CASCADE,
  issued_at {INT} NOT NULL, expires_at {INT} NOT NULL, used_at {INT}, rotated_at {INT}, successor_id {UUID}, dead_at {INT})
;;
CREATE INDEX refresh_token_session ON refresh_token (session_id)
;;
ALTER TABLE signing_key ADD COLUMN signs_from {INT} NOT NULL DEFAULT 0
;;
ALTER TABLE member ADD COLUMN last_seen_at {INT}
;;
CREATE TABLE server_secret (id {UUID} PRIMARY KEY, value {BYTES} NOT NULL, created_at {INT} NOT NULL)
