-- Makes a table that is there the first part of one that is partitioned by month. No row is copied. What `prepare.sql` has built is used, and built here
-- where it is not there. Indexes, checks, foreign keys and triggers stay under their names; those of the old table get `_before` at their end.
DO $turn$
DECLARE
  old CONSTANT regclass := to_regclass('{table}');
  part CONSTANT text := '{table}_before';
  patience CONSTANT text := current_setting('lock_timeout');
  upto bigint;
  kept text[];
  triggers text[];
  t record;
BEGIN
  IF (SELECT relkind FROM pg_class WHERE oid = old) = 'p' THEN
    RETURN;
  END IF;
  -- Who waits for this lock keeps everybody behind it waiting: rather not for long. The migration can be run again.
  PERFORM set_config('lock_timeout', '10s', true);
  LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;
  -- Its owner sees all of it, whatever its policies say.
  EXECUTE 'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY';
  PERFORM set_config('lock_timeout', patience, true);
  -- Up to where the old table goes: as its check says, or the month before this one where it is empty, so that parts begin with that one.
  SELECT substring(pg_get_constraintdef(oid) FROM '\d{10,}')::bigint INTO upto FROM pg_constraint
    WHERE conrelid = old AND conname = '{table}_months' AND convalidated;
  IF upto IS NULL THEN
    EXECUTE 'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_months';
    EXECUTE format('SELECT CASE WHEN max({column}) IS NULL THEN %1$s ELSE greatest(%2$s, %3$s) END FROM {table}',
      '(extract(epoch FROM date_trunc(''month'', now() AT TIME ZONE ''UTC'') - interval ''1 month'') * 1000000)::bigint',
      '(extract(epoch FROM date_trunc(''month'', now() AT TIME ZONE ''UTC'') + interval ''2 months'') * 1000000)::bigint',
      '(extract(epoch FROM date_trunc(''month'', to_timestamp(max({column}) / 1000000) AT TIME ZONE ''UTC'') + interval ''1 month'') * 1000000)::bigint')
      INTO upto;
    EXECUTE format('ALTER TABLE {table} ADD CONSTRAINT {table}_months CHECK ({column} < %s)', upto);
  END IF;
  -- Its unique keys get the column that it is parted by.
  FOR t IN SELECT indexrelid::regclass AS name FROM pg_index WHERE indrelid = old AND NOT indisvalid LOOP
    EXECUTE format('DROP INDEX %s', t.name);
  END LOOP;
  EXECUTE 'CREATE UNIQUE INDEX IF NOT EXISTS {table}_key ON {table} ({key}, {column})';
  EXECUTE 'ALTER TABLE {table} DROP CONSTRAINT {table}_pkey, ADD CONSTRAINT {table}_pkey PRIMARY KEY USING INDEX {table}_key';
  FOR t IN SELECT c.relname::text AS name, pg_get_indexdef(i.indexrelid) AS def FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = old AND i.indisunique AND NOT i.indisprimary AND c.relname <> '{table}_seq_at'
  LOOP
    EXECUTE format('DROP INDEX %I', t.name);
    IF t.name = '{table}_seq' AND to_regclass('{table}_seq_at') IS NOT NULL THEN
      EXECUTE 'ALTER INDEX {table}_seq_at RENAME TO {table}_seq';
    ELSE
      EXECUTE regexp_replace(t.def, '\)( WHERE .*)?$', ', {column})\1');
    END IF;
  END LOOP;

  SELECT array_agg(format('ALTER TABLE {table} ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)))
    INTO kept FROM pg_constraint WHERE conrelid = old AND contype IN ('p', 'c', 'f') AND conname <> '{table}_months';
  SELECT kept || coalesce(array_agg(pg_get_indexdef(indexrelid)), '{}') INTO kept FROM pg_index WHERE indrelid = old AND NOT indisprimary;
  FOR t IN SELECT tgname AS name, pg_get_triggerdef(oid) AS def FROM pg_trigger WHERE tgrelid = old AND NOT tgisinternal LOOP
    triggers := triggers || t.def;
    EXECUTE format('DROP TRIGGER %I ON {table}', t.name);
  END LOOP;
  EXECUTE format('ALTER TABLE {table} RENAME TO %I', part);
  FOR t IN SELECT c.relname::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = old LOOP
    EXECUTE format('ALTER INDEX %I RENAME TO %I', t.name, t.name || '_before');
  END LOOP;

  EXECUTE format('CREATE TABLE {table} (LIKE %I INCLUDING DEFAULTS) PARTITION BY RANGE ({column})', part);
  FOR t IN SELECT def FROM unnest(kept || triggers) AS def LOOP
    EXECUTE t.def;
  END LOOP;
  EXECUTE format('ALTER TABLE {table} ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%s)', part, upto);
  EXECUTE format('ALTER TABLE %I DROP CONSTRAINT {table}_months', part);
  -- Rights are those of the whole table: a part that was asked directly would be asked past its policies.
  FOR t IN SELECT DISTINCT a.grantee::regrole::text AS name FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.oid = old AND a.grantee <> c.relowner AND a.grantee <> 0
  LOOP
    EXECUTE format('REVOKE ALL ON %I FROM %s', part, t.name);
  END LOOP;
END $turn$
