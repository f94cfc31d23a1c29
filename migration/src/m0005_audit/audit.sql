CREATE TABLE audit_entry (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, at {INT} NOT NULL,
  actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM', 'ANONYMOUS')), actor_id {UUID} NOT NULL,
  session_id {UUID}, action {TEXT} NOT NULL,
  outcome {TEXT} NOT NULL CHECK (outcome IN ('DONE', 'UNCHANGED', 'REFUSED', 'DENIED', 'FAILED')),
  target_kind {TEXT}, target_id {UUID}, request_id {TEXT} NOT NULL, changes {TEXT} NOT NULL,
  ip {TEXT}, ip_salt {BYTES}, ip_commitment {BYTES}, mac_key {TEXT} NOT NULL, mac {BYTES} NOT NULL,
  seq {INT} CHECK (seq > 0), prev_hash {BYTES}, hash {BYTES},
  PRIMARY KEY (tenant_id, id), CHECK ((seq IS NULL) = (hash IS NULL) AND (seq IS NULL) = (prev_hash IS NULL)))
;;
CREATE UNIQUE INDEX audit_entry_seq ON audit_entry (tenant_id, seq) WHERE seq IS NOT NULL
;;
CREATE INDEX audit_entry_unsealed ON audit_entry (tenant_id, id) WHERE seq IS NULL
;;
CREATE TABLE audit_head (
  tenant_id {UUID} PRIMARY KEY, seq {INT} NOT NULL, hash {BYTES} NOT NULL,
  checkpoint_seq {INT} NOT NULL, checkpoint_at {INT} NOT NULL) {IN_PLACE}
;;
CREATE TABLE audit_checkpoint (
  tenant_id {UUID} NOT NULL, seq {INT} NOT NULL, hash {BYTES} NOT NULL, at {INT} NOT NULL,
  key_id {TEXT} NOT NULL, public_key {BYTES} NOT NULL, signature {BYTES} NOT NULL, PRIMARY KEY (tenant_id, seq))
;;
CREATE TABLE tenant_erasure (
  tenant_id {UUID} PRIMARY KEY, asked_at {INT} NOT NULL, asked_by {TEXT} NOT NULL, due_at {INT} NOT NULL, erased_at {INT})
;;
@sqlite CREATE TRIGGER audit_entry_kept BEFORE UPDATE ON audit_entry WHEN
  NEW.tenant_id IS NOT OLD.tenant_id OR NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at OR NEW.actor_kind IS NOT OLD.actor_kind
  OR NEW.actor_id IS NOT OLD.actor_id OR NEW.session_id IS NOT OLD.session_id OR NEW.action IS NOT OLD.action
  OR NEW.outcome IS NOT OLD.outcome OR NEW.target_kind IS NOT OLD.target_kind OR NEW.target_id IS NOT OLD.target_id
  OR NEW.request_id IS NOT OLD.request_id OR NEW.changes IS NOT OLD.changes OR NEW.ip_commitment IS NOT OLD.ip_commitment
  OR NEW.mac_key IS NOT OLD.mac_key OR NEW.mac IS NOT OLD.mac
  OR (OLD.seq IS NOT NULL AND (NEW.seq IS NOT OLD.seq OR NEW.prev_hash IS NOT OLD.prev_hash OR NEW.hash IS NOT OLD.hash))
  OR (NEW.ip IS NOT OLD.ip AND NEW.ip IS NOT NULL) OR (NEW.ip_salt IS NOT OLD.ip_salt AND NEW.ip_salt IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'audit entries are kept as they were written'); END
;;
@sqlite CREATE TRIGGER audit_entry_stays BEFORE DELETE ON audit_entry
WHEN NOT EXISTS (SELECT 1 FROM tenant_erasure e WHERE e.tenant_id = OLD.tenant_id AND e.erased_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'audit entries are never removed'); END
;;
@sqlite CREATE TRIGGER audit_checkpoint_kept BEFORE UPDATE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are kept as they were written'); END
;;
@sqlite CREATE TRIGGER audit_checkpoint_stays BEFORE DELETE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are never removed'); END
;;
@postgres CREATE FUNCTION audit_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF TG_TABLE_NAME = 'audit_entry'
       AND EXISTS (SELECT 1 FROM tenant_erasure e WHERE e.tenant_id = OLD.tenant_id AND e.erased_at IS NOT NULL) THEN
      RETURN OLD;
    END IF;
    RAISE EXCEPTION 'audit entries are never removed';
  END IF;
  IF TG_TABLE_NAME = 'audit_checkpoint' THEN
    RAISE EXCEPTION 'audit checkpoints are kept as they were written';
  END IF;
  IF (NEW.tenant_id, NEW.id, NEW.at, NEW.actor_kind, NEW.actor_id, NEW.session_id, NEW.action, NEW.outcome, NEW.target_kind,
      NEW.target_id, NEW.request_id, NEW.changes, NEW.ip_commitment, NEW.mac_key, NEW.mac)
     IS DISTINCT FROM
     (OLD.tenant_id, OLD.id, OLD.at, OLD.actor_kind, OLD.actor_id, OLD.session_id, OLD.action, OLD.outcome, OLD.target_kind,
      OLD.target_id, OLD.request_id, OLD.changes, OLD.ip_commitment, OLD.mac_key, OLD.mac)
     OR (OLD.seq IS NOT NULL AND (NEW.seq, NEW.prev_hash, NEW.hash) IS DISTINCT FROM (OLD.seq, OLD.prev_hash, OLD.hash))
     OR (NEW.ip IS DISTINCT FROM OLD.ip AND NEW.ip IS NOT NULL)
     OR (NEW.ip_salt IS DISTINCT FROM OLD.ip_salt AND NEW.ip_salt IS NOT NULL) THEN
    RAISE EXCEPTION 'audit entries are kept as they were written';
  END IF;
  RETURN NEW;
END $$
;;
@postgres CREATE TRIGGER audit_entry_keeps BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_keeps()
;;
@postgres CREATE TRIGGER audit_checkpoint_keeps BEFORE UPDATE OR DELETE ON audit_checkpoint FOR EACH ROW EXECUTE FUNCTION audit_keeps()
