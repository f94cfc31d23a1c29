CREATE TABLE job (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, kind {TEXT} NOT NULL, period {INT} CHECK (period > 0), payload {TEXT} NOT NULL,
  state {TEXT} NOT NULL CHECK (state IN ('WAITING', 'RUNNING', 'DONE', 'DEAD')), due_at {INT} NOT NULL,
  owner {UUID}, token {INT} NOT NULL DEFAULT 0 CHECK (token >= 0), beat {INT} NOT NULL DEFAULT 0 CHECK (beat >= 0),
  failures {INT} NOT NULL DEFAULT 0 CHECK (failures >= 0), started_at {INT}, finished_at {INT}, error {TEXT}, fault {TEXT}, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), CHECK ((state = 'RUNNING') = (owner IS NOT NULL)), CHECK (period IS NULL OR state IN ('WAITING', 'RUNNING'))) {IN_PLACE}
;;
CREATE UNIQUE INDEX job_standing ON job (kind) WHERE period IS NOT NULL
;;
CREATE INDEX job_open ON job (due_at, tenant_id, id) WHERE period IS NULL AND state IN ('WAITING', 'RUNNING')
;;
CREATE INDEX job_ended ON job (finished_at) WHERE state = 'DONE'
;;
CREATE TABLE job_worker (id {UUID} PRIMARY KEY, beat {INT} NOT NULL DEFAULT 0, started_at {INT} NOT NULL)
