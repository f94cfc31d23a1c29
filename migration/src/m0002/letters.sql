CREATE TABLE link (
  hash {BYTES} PRIMARY KEY CHECK (length(hash) = 32), purpose {TEXT} NOT NULL CHECK (purpose IN ('RESET', 'VERIFY')),
  user_id {UUID} NOT NULL REFERENCES app_user, created_at {INT} NOT NULL, expires_at {INT} NOT NULL, used_at {INT})
;;
CREATE INDEX link_of_user ON link (user_id)
;;
CREATE INDEX link_end ON link (expires_at)
;;
CREATE TABLE registration (
  hash {BYTES} PRIMARY KEY CHECK (length(hash) = 32), email {TEXT} NOT NULL, display_name {TEXT} NOT NULL, tenant_name {TEXT} NOT NULL,
  tenant_slug {TEXT} NOT NULL, password_hash {TEXT} NOT NULL, expires_at {INT} NOT NULL)
;;
CREATE INDEX registration_end ON registration (expires_at)
;;
ALTER TABLE app_user ADD COLUMN verified_at {INT}
