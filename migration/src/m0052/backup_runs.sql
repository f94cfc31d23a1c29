CREATE TABLE backup_run (
  id {UUID} NOT NULL PRIMARY KEY, kind {TEXT} NOT NULL CHECK (kind IN ('BACKUP', 'DRILL')),
  state {TEXT} NOT NULL CHECK (state IN ('RUNNING', 'DONE', 'FAILED')), started_at {INT} NOT NULL, ended_at {INT},
  destination {TEXT} NOT NULL, backup_id {TEXT}, bytes {INT}, stored_bytes {INT}, files {INT}, head {INT}, rto_seconds {INT},
  is_sound {BOOL}, error {TEXT},
  CHECK ((state = 'RUNNING') = (ended_at IS NULL)), CHECK ((state = 'FAILED') = (error IS NOT NULL))) {IN_PLACE}
;;
CREATE INDEX backup_run_started ON backup_run (started_at)
