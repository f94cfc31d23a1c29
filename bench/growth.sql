-- What bench/growth.sh compares: gives the ledger's two tables as many entries as psql's variable `entries` says, as copies of the one tenant that is there
-- under other tenants' IDs. Triggers and foreign keys are off, as the copies have no tenant, no product and no level: nothing but the tables grows.
SET session_replication_role = replica;
SELECT set_config('growth.entries', :'entries', false) \g /dev/null
DO $growth$
DECLARE
  source uuid;
  named text;
  taken text;
  ours bigint;
  t text;
BEGIN
  SELECT tenant_id, count(*) INTO STRICT source, ours FROM entry GROUP BY tenant_id ORDER BY count(*) DESC LIMIT 1;
  FOREACH t IN ARRAY ARRAY['movement', 'entry'] LOOP
    SELECT string_agg(format('%I', column_name), ', ' ORDER BY ordinal_position),
           string_agg(CASE column_name WHEN 'tenant_id' THEN 'c.copy' ELSE format('s.%I', column_name) END, ', ' ORDER BY ordinal_position)
      INTO named, taken FROM information_schema.columns
      WHERE table_schema = current_schema() AND table_name = t AND is_generated = 'NEVER';
    EXECUTE format('INSERT INTO %I (%s) SELECT %s FROM (SELECT md5($1::text || n)::uuid AS copy FROM generate_series(1, $2) n) c
                    CROSS JOIN %I s WHERE s.tenant_id = $1', t, named, taken, t)
      USING source, ceil(current_setting('growth.entries')::numeric / ours)::int;
  END LOOP;
END $growth$;
RESET session_replication_role;
VACUUM (ANALYZE) movement;
VACUUM (ANALYZE) entry;
CHECKPOINT;
