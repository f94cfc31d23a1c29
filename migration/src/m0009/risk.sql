CREATE TABLE device (
  user_id {UUID} NOT NULL REFERENCES app_user ON DELETE CASCADE, hash {BYTES} NOT NULL CHECK (length(hash) = 32),
  first_at {INT} NOT NULL, last_at {INT} NOT NULL, PRIMARY KEY (user_id, hash))
;;
CREATE INDEX device_hash ON device (hash)
;;
CREATE INDEX device_end ON device (last_at)
;;
CREATE TABLE login_failure (
  user_id {UUID} PRIMARY KEY REFERENCES app_user ON DELETE CASCADE, count {INT} NOT NULL CHECK (count > 0), last_at {INT} NOT NULL)
;;
ALTER TABLE session ADD COLUMN risk {SMALL} NOT NULL DEFAULT 0
;;
ALTER TABLE session ADD COLUMN risk_signs {TEXT} NOT NULL DEFAULT ''
;;
ALTER TABLE login_challenge ADD COLUMN risk {SMALL} NOT NULL DEFAULT 0
;;
ALTER TABLE login_challenge ADD COLUMN risk_signs {TEXT} NOT NULL DEFAULT ''
;;
ALTER TABLE login_challenge ADD COLUMN code_hash {BYTES} CHECK (length(code_hash) = 32)
