-- Says, before the table is locked for good, that no row of it lies beyond the month after the next one. Not looked at row by row yet.
DO $check$
DECLARE
  upto bigint;
BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('{table}') AND conname = '{table}_months') THEN
    RETURN;
  END IF;
  EXECUTE 'SELECT greatest((extract(epoch FROM date_trunc(''month'', now() AT TIME ZONE ''UTC'') + interval ''2 months'') * 1000000)::bigint,
    (extract(epoch FROM date_trunc(''month'', to_timestamp(max({column}) / 1000000) AT TIME ZONE ''UTC'') + interval ''1 month'') * 1000000)::bigint)
    FROM {table}' INTO upto;
  PERFORM set_config('lock_timeout', '2s', true);
  FOR try IN 1..20 LOOP
    BEGIN
      EXECUTE format('ALTER TABLE {table} ADD CONSTRAINT {table}_months CHECK ({column} < %s) NOT VALID', upto);
      RETURN;
    EXCEPTION WHEN lock_not_available THEN
      PERFORM pg_sleep(random());
    END;
  END LOOP;
  RAISE EXCEPTION 'somebody holds the table {table}: nothing was changed, run it again';
END $check$
