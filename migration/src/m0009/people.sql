ALTER TABLE member ADD COLUMN removed_at {INT}
;;
ALTER TABLE app_user ADD COLUMN locale {TEXT} CHECK (length(locale) BETWEEN 2 AND 35)
;;
ALTER TABLE app_user ADD COLUMN time_zone {TEXT} CHECK (length(time_zone) BETWEEN 1 AND 64)
;;
CREATE TABLE invitation (
  hash {BYTES} PRIMARY KEY CHECK (length(hash) = 32), tenant_id {UUID} NOT NULL, member_id {UUID} NOT NULL, email {TEXT} NOT NULL,
  invited_by {UUID} NOT NULL, sent_at {INT} NOT NULL, expires_at {INT} NOT NULL, UNIQUE (tenant_id, member_id),
  FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id))
;;
ALTER TABLE tenant ADD COLUMN password_length {INT} CHECK (password_length BETWEEN 12 AND 64)
;;
ALTER TABLE app_user ADD COLUMN password_class {INT}
