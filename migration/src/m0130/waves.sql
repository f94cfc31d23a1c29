CREATE TABLE fulfilment_wave (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, store_id {UUID} NOT NULL, closed_at {INT},
  version {INT} NOT NULL CHECK (version > 0), created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id)) {IN_PLACE}
;;
CREATE INDEX fulfilment_wave_created ON fulfilment_wave (tenant_id, created_at, id)
;;
CREATE INDEX fulfilment_wave_store ON fulfilment_wave (tenant_id, store_id, created_at, id)
;;
CREATE INDEX fulfilment_wave_open ON fulfilment_wave (tenant_id, created_at, id) WHERE closed_at IS NULL
;;
CREATE TABLE fulfilment_wave_work (
  tenant_id {UUID} NOT NULL, wave_id {UUID} NOT NULL, work_id {UUID} NOT NULL, store_id {UUID} NOT NULL,
  nth {SMALL} NOT NULL CHECK (nth BETWEEN 1 AND 200), left_at {INT},
  PRIMARY KEY (tenant_id, wave_id, work_id),
  FOREIGN KEY (tenant_id, wave_id) REFERENCES fulfilment_wave (tenant_id, id),
  FOREIGN KEY (tenant_id, work_id) REFERENCES fulfilment_work (tenant_id, id)) {IN_PLACE}
;;
CREATE UNIQUE INDEX fulfilment_wave_work_open ON fulfilment_wave_work (tenant_id, work_id) WHERE left_at IS NULL
