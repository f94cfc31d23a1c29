ALTER TABLE tenant ADD COLUMN version {INT} NOT NULL DEFAULT 1
;;
ALTER TABLE tenant ADD COLUMN updated_at {INT}
;;
ALTER TABLE tenant ADD COLUMN session_idle_seconds {INT} CHECK (session_idle_seconds BETWEEN 300 AND 43200)
;;
ALTER TABLE tenant ADD COLUMN session_seconds {INT} CHECK (session_seconds BETWEEN 900 AND 1209600)
