-- Makes the parts that are missing, from the month before this one to so many months ahead. A month that some part covers is left as it is. Parts are
-- attached, which keeps nobody from reading or writing; what cannot be had at once is tried again by the next run.
DO $make$
DECLARE
  parent CONSTANT regclass := '{table}'::regclass;
  month timestamp;
  lower bigint;
  upper bigint;
  part text;
  patience CONSTANT text := current_setting('lock_timeout');
BEGIN
  PERFORM set_config('lock_timeout', '2s', true);
  -- One at a time: the next one finds what this one has made.
  PERFORM pg_advisory_xact_lock(7170154);
  FOR month IN SELECT generate_series(date_trunc('month', to_timestamp({now}::bigint / 1000000) AT TIME ZONE 'UTC') - interval '1 month',
    date_trunc('month', to_timestamp({now}::bigint / 1000000) AT TIME ZONE 'UTC') + interval '{ahead} months', '1 month')
  LOOP
    lower := (extract(epoch FROM month) * 1000000)::bigint;
    upper := (extract(epoch FROM month + interval '1 month') * 1000000)::bigint;
    part := '{table}_' || to_char(month, 'YYYY_MM');
    CONTINUE WHEN EXISTS (SELECT FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid,
      regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''?(MINVALUE|-?\d+)''?\) TO \(''?(MAXVALUE|-?\d+)''?\)') AS b
      WHERE h.inhparent = parent AND (b[1] = 'MINVALUE' OR b[1]::numeric <= lower) AND (b[2] = 'MAXVALUE' OR b[2]::numeric >= upper));
    CONTINUE WHEN to_regclass(part) IS NOT NULL;
    EXECUTE format('CREATE TABLE %I (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
    EXECUTE format('ALTER TABLE %I ALTER COLUMN tenant_id SET (n_distinct = 1)', part);
    EXECUTE format('ALTER TABLE {table} ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', part, lower, upper);
  END LOOP;
  PERFORM set_config('lock_timeout', patience, true);
END $make$
