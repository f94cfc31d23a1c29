-- Grants and policies of every table, laid where they are not there yet. A table is a tenant's if its primary key begins with tenant_id: one
-- of a later migration is walled without being named here. What is no tenant's (people, what they and programs sign in with, the deployment's own
-- keys) is found before anybody's tenant is known: only the steward reaches it, and a table of a later migration without being named. The lists
-- name what is not as usual. A part of a table has no rights at all: rows are reached through the whole table, whose policies hold for all of its parts.
DO $wall$
DECLARE
  app CONSTANT text := 'entrepot_app';
  steward CONSTANT text := 'entrepot_steward';
  -- What the signer of the audit log writes, and only it.
  sealed CONSTANT text[] := ARRAY['audit_checkpoint'];
  -- Written once.
  appended CONSTANT text[] := ARRAY['event', 'movement', 'entry', 'idempotency', 'audit_entry', 'order_hold', 'order_step',
    'fulfilment_line', 'order_line_barred', 'payment',
    'revaluation', 'revaluation_line', 'cost_posting'];
  -- Changed, and never removed but with their tenant.
  kept CONSTANT text[] := ARRAY['tenant', 'tenant_counter', 'policy', 'audit_head', 'store', 'channel', 'customer', 'stock_level', 'reservation', 'sales_order', 'order_line', 'order_detail',
    'fulfilment', 'fulfilment_work', 'fulfilment_work_line', 'parcel', 'parcel_line', 'parcel_line_lot', 'carrier', 'sales_hold', 'sales_return', 'return_line', 'return_match', 'return_lot', 'integration', 'api_key', 'product'];
  -- What the deployment itself does to rows of tenants that its transaction does not work for: it notes when members were here, seals
  -- keys anew, a login that no tenant was known for is written into the log of the one that it led to, and a worker keeps its jobs of
  -- whichever tenants in one statement.
  everywhere CONSTANT jsonb := '{"member": "UPDATE", "subject": "UPDATE", "subject_history": "UPDATE", "audit_entry": "INSERT", "job": "UPDATE", "webhook_endpoint": "UPDATE"}';
  t record;
  may text;
  bound text;
  privilege text;
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I, %I', current_schema(), app, steward);
  FOR t IN
    SELECT c.oid, c.relname::text AS name, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner) AS owner,
      CASE
        WHEN c.relname = 'tenant' THEN 'id'
        WHEN EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
          WHERE i.indrelid = c.oid AND i.indisprimary AND a.attname = 'tenant_id') THEN 'tenant_id'
      END AS key
    FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND c.relname !~ '{part}'
  LOOP
    may := CASE
      WHEN t.name = 'seaql_migrations' OR t.name = ANY (sealed) THEN 'SELECT'
      WHEN t.key IS NULL THEN ''
      WHEN t.name = ANY (appended) THEN 'SELECT, INSERT'
      WHEN t.name = ANY (kept) THEN 'SELECT, INSERT, UPDATE'
      ELSE 'SELECT, INSERT, UPDATE, DELETE'
    END;
    FOREACH privilege IN ARRAY ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'] LOOP
      IF may LIKE '%' || privilege || '%' AND NOT has_table_privilege(app, t.oid, privilege) THEN
        EXECUTE format('GRANT %s ON %I TO %I', privilege, t.name, app);
      ELSIF may NOT LIKE '%' || privilege || '%' AND has_table_privilege(app, t.oid, privilege) THEN
        EXECUTE format('REVOKE %s ON %I FROM %I', privilege, t.name, app);
      END IF;
      IF (t.name <> 'seaql_migrations' OR privilege = 'SELECT') AND NOT has_table_privilege(steward, t.oid, privilege) THEN
        EXECUTE format('GRANT %s ON %I TO %I', privilege, t.name, steward);
      END IF;
    END LOOP;

    CONTINUE WHEN t.key IS NULL;
    -- After a transaction that set it, the setting reads as '' and not as NULL: neither is anybody's tenant.
    -- A query of its own, so that it is worked out once a statement and not for every row: half a microsecond for each that is inserted.
    -- The ledger writes the rows of several tenants in one statement: its connection is bound to a list of them, and to no tenant alone.
    bound := format('%1$I = (SELECT nullif(current_setting(''app.tenant_id'', true), '''')::uuid) OR %1$I = ANY ((SELECT string_to_array('
      'nullif(current_setting(''app.tenant_ids'', true), ''''), '',''))::uuid[])', t.key);
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = t.oid AND polname = 'of_owner') THEN
      EXECUTE format('CREATE POLICY of_owner ON %I FOR ALL TO %I USING (true)', t.name, t.owner);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = t.oid AND polname = 'of_tenant') THEN
      EXECUTE format('CREATE POLICY of_tenant ON %I FOR ALL TO %I, %I USING (%s) WITH CHECK (%s)', t.name, app, steward, bound, bound);
    ELSIF EXISTS (SELECT FROM pg_policy WHERE polrelid = t.oid AND polname = 'of_tenant'
      AND pg_get_expr(polwithcheck, polrelid) NOT LIKE '%app.tenant_ids%') THEN
      EXECUTE format('ALTER POLICY of_tenant ON %I USING (%s) WITH CHECK (%s)', t.name, bound, bound);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = t.oid AND polname = 'of_steward') THEN
      EXECUTE format('CREATE POLICY of_steward ON %I FOR SELECT TO %I USING (true)', t.name, steward);
    END IF;
    IF everywhere ? t.name AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = t.oid AND polname = 'of_steward_everywhere') THEN
      EXECUTE format('CREATE POLICY of_steward_everywhere ON %I FOR %s TO %I %s (true)', t.name, everywhere ->> t.name, steward,
        CASE everywhere ->> t.name WHEN 'INSERT' THEN 'WITH CHECK' ELSE 'USING' END);
    END IF;
    IF NOT t.relrowsecurity OR NOT t.relforcerowsecurity THEN
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t.name);
    END IF;
  END LOOP;

  FOR t IN SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname ~ '{part}'
    AND (has_table_privilege(app, c.oid, 'SELECT, INSERT, UPDATE, DELETE') OR has_table_privilege(steward, c.oid, 'SELECT, INSERT, UPDATE, DELETE'))
  LOOP
    EXECUTE format('REVOKE ALL ON %I FROM %I, %I', t.name, app, steward);
  END LOOP;

  FOR t IN SELECT p.oid, p.oid::regprocedure::text AS name FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace AND p.prosecdef LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', t.name);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I, %I', t.name, app, steward);
  END LOOP;
END $wall$
