@postgres CREATE OR REPLACE FUNCTION audit_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
-- As in m0005, but for the name of the table: the trigger of a part is asked under the part's name.
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF TG_TABLE_NAME <> 'audit_checkpoint'
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
