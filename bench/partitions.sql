-- What bench/partitions.sh compares: `plain` makes the tables that are parted by month whole again, in a database without a row in them; `parted` adds
-- months until each has a year ahead. psql's variable `kind` says which of the two.
SELECT :'kind' = 'plain' AS is_plain \gset
\if :is_plain
DO $plain$
DECLARE
  t record;
  defs text[];
  def text;
  month timestamp;
  is_empty boolean;
BEGIN
  FOR t IN SELECT c.oid, c.relname::text AS name FROM pg_class c
    WHERE c.relkind = 'p' AND c.relnamespace = current_schema()::regnamespace AND NOT c.relispartition
  LOOP
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %I)', t.name) INTO is_empty;
    IF NOT is_empty THEN
      RAISE EXCEPTION '% has rows', t.name;
    END IF;
    SELECT array_agg(format('ALTER TABLE %I ADD CONSTRAINT %I %s', t.name, conname, pg_get_constraintdef(oid)) ORDER BY contype = 'f')
      INTO defs FROM pg_constraint WHERE conrelid = t.oid AND contype IN ('p', 'c', 'f', 'u');
    SELECT coalesce(defs, '{}') || coalesce(array_agg(replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')), '{}') INTO defs
      FROM pg_index i WHERE i.indrelid = t.oid AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = t.oid);
    SELECT defs || coalesce(array_agg(pg_get_triggerdef(oid)), '{}') INTO defs FROM pg_trigger WHERE tgrelid = t.oid AND NOT tgisinternal;
    EXECUTE format('CREATE TABLE whole_again (LIKE %I INCLUDING DEFAULTS)', t.name);
    -- Its parts go with it.
    EXECUTE format('DROP TABLE %I', t.name);
    EXECUTE format('ALTER TABLE whole_again RENAME TO %I', t.name);
    FOREACH def IN ARRAY defs LOOP
      EXECUTE def;
    END LOOP;
    -- Tables with the names of its months: whoever makes these takes them for parts that somebody has detached, and makes none.
    FOR month IN SELECT generate_series(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month',
      date_trunc('month', now() AT TIME ZONE 'UTC') + interval '11 months', '1 month')
    LOOP
      EXECUTE format('CREATE TABLE %I (LIKE %I)', t.name || '_' || to_char(month, 'YYYY_MM'), t.name);
    END LOOP;
  END LOOP;
END $plain$;
\else
DO $parted$
DECLARE
  t record;
  month timestamp;
  part text;
BEGIN
  FOR t IN SELECT c.oid, c.relname::text AS name FROM pg_class c
    WHERE c.relkind = 'p' AND c.relnamespace = current_schema()::regnamespace AND NOT c.relispartition
  LOOP
    FOR month IN SELECT generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'),
      date_trunc('month', now() AT TIME ZONE 'UTC') + interval '11 months', '1 month')
    LOOP
      part := t.name || '_' || to_char(month, 'YYYY_MM');
      CONTINUE WHEN to_regclass(part) IS NOT NULL;
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, t.name);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', t.name, part,
        (extract(epoch FROM month) * 1000000)::bigint, (extract(epoch FROM month + interval '1 month') * 1000000)::bigint);
    END LOOP;
  END LOOP;
END $parted$;
\endif
