-- Postgres looks at policies before it looks whether a row is complete: a row that has nothing but its tenant is refused by its policy (42501)
-- or passes it, and is then refused for what it lacks. Each try is undone by its own refusal, or with the transaction. Tried bound to one tenant, and
-- to a list that has the same one last.
DO $trial$
DECLARE
  other CONSTANT uuid := '01970000-0000-7000-8000-000000000002';
  third CONSTANT uuid := '01970000-0000-7000-8000-000000000003';
  bound CONSTANT uuid := current_setting('app.tenant_id')::uuid;
  t record;
  passed boolean;
BEGIN
  FOR t IN
    SELECT way, c.relname::text AS name, CASE c.relname WHEN 'tenant' THEN 'id' ELSE 'tenant_id' END AS key,
      -- A row goes to its part before policies are asked: to that of the oldest months, which is always there.
      (SELECT quote_ident(a.attname) FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
        WHERE p.partrelid = c.oid) AS month
    FROM unnest(ARRAY['one', 'list']) way, pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND c.relrowsecurity
      AND has_table_privilege(c.oid, 'INSERT')
    ORDER BY way DESC, c.relname
  LOOP
    IF t.way = 'list' THEN
      PERFORM set_config('app.tenant_id', '', true), set_config('app.tenant_ids', third || ',' || bound, true);
    END IF;
    passed := true;
    BEGIN
      EXECUTE format('INSERT INTO %I (%I%s) VALUES ($1%s)', t.name, t.key, ', ' || t.month, CASE WHEN t.month IS NOT NULL THEN ', 0' END) USING other;
    EXCEPTION
      WHEN insufficient_privilege THEN passed := false;
      WHEN read_only_sql_transaction THEN RAISE;
      WHEN OTHERS THEN NULL;
    END;
    IF passed THEN
      RAISE EXCEPTION 'a row of another tenant passes into the table %', t.name;
    END IF;
    BEGIN
      EXECUTE format('INSERT INTO %I (%I%s) VALUES ($1%s)', t.name, t.key, ', ' || t.month, CASE WHEN t.month IS NOT NULL THEN ', 0' END) USING bound;
    EXCEPTION
      WHEN insufficient_privilege THEN RAISE EXCEPTION 'no row of the bound tenant passes into the table %', t.name;
      WHEN read_only_sql_transaction THEN RAISE;
      WHEN OTHERS THEN NULL;
    END;
  END LOOP;
END $trial$
