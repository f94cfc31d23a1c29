ALTER TABLE session ADD COLUMN begun_from {UUID}
;;
CREATE INDEX session_begun_from ON session (begun_from)
