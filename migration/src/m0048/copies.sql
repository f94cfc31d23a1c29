CREATE TABLE deployment_copy (
  id {UUID} NOT NULL PRIMARY KEY, role {TEXT} NOT NULL CHECK (role IN ('SOURCE', 'TARGET')),
  state {TEXT} NOT NULL CHECK (state IN ('COPYING', 'VERIFYING', 'DONE')), other_end {TEXT} NOT NULL, schema_version {TEXT} NOT NULL,
  runner {UUID} NOT NULL, started_at {INT} NOT NULL, finished_at {INT}, CHECK ((state = 'DONE') = (finished_at IS NOT NULL)))
;;
CREATE UNIQUE INDEX deployment_copy_open ON deployment_copy (role) WHERE finished_at IS NULL
;;
CREATE TABLE copy_progress (
  copy_id {UUID} NOT NULL REFERENCES deployment_copy, table_name {TEXT} NOT NULL, last_key {BYTES} NOT NULL,
  row_count {INT} NOT NULL CHECK (row_count >= 0), byte_count {INT} NOT NULL CHECK (byte_count >= 0), is_done {BOOL} NOT NULL,
  updated_at {INT} NOT NULL, PRIMARY KEY (copy_id, table_name)) {IN_PLACE}
