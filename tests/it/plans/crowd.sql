-- Fills the large tables of one tenant with copies of the fullest row in each, or of one that is made up where there is none. crowd.rs replaces
-- the words between braces.
SET session_replication_role = replica;
CREATE TABLE crowd_refused (name text, why text);
GRANT SELECT ON crowd_refused TO PUBLIC;

-- The tables, and how many copies each gets: a tenant of many rows has some more stores and members too, but not as many.
CREATE TEMP TABLE crowd AS
SELECT c.oid, c.relname::text AS name,
  CASE WHEN c.relname = 'channel' THEN 10 WHEN c.relname IN ({small}) THEN least({few}, {rows}) ELSE {rows} END::bigint AS copies
FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace AND CASE WHEN c.relname IN ({small})
  THEN c.relname IN ('app_user', 'category', 'channel', 'member', 'store', 'supplier')
  ELSE EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') END;

-- Their columns.
-- `ids`: it names one of so many copies in another table. `own`: no two copies have the same in it. `word`: one of the few that it may hold.
-- `sparse`: an index has only rows where it is not null; one copy in ten has it. `seldom`: what one copy in ten has, as an index has only such.
CREATE TEMP TABLE crowd_column AS
SELECT t.oid, a.attnum, a.attname::text AS name, a.atttypid::regtype::text AS type, p.copies AS ids,
  p.copies = t.copies OR a.attname LIKE '%\_at' OR a.attname IN ('at', 'seq', 'occurred_max', 'code', 'code_key', 'external_ref',
    'idempotency_key', 'name', 'name_key', 'search_text', 'sku', 'sku_key', 'supplier_sku') AS own,
  (SELECT substring(pg_get_constraintdef(k.oid) FROM '= ANY [(]+ARRAY.''(\w+)''') FROM pg_constraint k
    WHERE k.conrelid = t.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum] AND pg_get_constraintdef(k.oid) LIKE '%= ANY%' LIMIT 1) AS word,
  -- A charge is read as one value of several columns.
  NOT a.attnotnull AND (t.name, a.attname) NOT IN (('revaluation', 'purchase_order_id'), ('revaluation_line', 'charge_minor')) AND (a.attname = 'order_position' OR
    (t.name = 'replenishment_line' AND a.attname IN ('demand_units', 'is_within', 'left_units', 'excess_units')) OR EXISTS (SELECT FROM pg_index i
    WHERE i.indrelid = t.oid AND i.indkey[0] = 1 AND pg_get_expr(i.indpred, t.oid) ~ format('\m%s IS NOT NULL', a.attname))) AS sparse,
  seldom.value AS seldom
FROM crowd t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
LEFT JOIN (VALUES ('actor_id', 'member'), ('approver_id', 'member'), ('assignee_id', 'member'), ('maker_id', 'member'),
  ('requester_id', 'member'), ('resolver_id', 'member'), ('user_id', 'app_user'), ('component_id', 'product'), ('kit_id', 'product'),
  ('family_id', 'product_family'), ('count_id', 'stock_count'), ('work_id', 'fulfilment_work'), ('order_id', 'sales_order'), ('return_id', 'sales_return'),
  ('receipt_id', 'goods_receipt'), ('reversal_id', 'document_reversal'), ('input_id', 'file'), ('result_id', 'file'), ('from_store_id', 'store'), ('to_store_id', 'store'),
  -- These may be of several kinds, of each of which a row has that id.
  ('reference_id', 'movement'), ('reverses_id', 'movement'), ('target_id', 'movement')) AS alias (name, parent) ON alias.name = a.attname
LEFT JOIN (VALUES ('entry', 'unavailable_delta', '1'), ('lot', 'status', 'QUARANTINE'), ('return_lot', 'inspected', '0'), ('replenishment_line', 'outcome', 'REFUSED'),
  ('liquidation_line', 'outcome', 'WITHIN'),
  ('supplier_product', 'preferred', '1')) AS seldom (name, attname, value) ON seldom.name = t.name AND seldom.attname = a.attname
LEFT JOIN crowd p ON a.atttypid = 'uuid'::regtype
  AND p.name = CASE WHEN a.attname = 'id' THEN t.name ELSE coalesce(alias.parent, regexp_replace(a.attname, '_id$', '')) END;

DO $crowd$
DECLARE
  t record;
  part record;
  names text;
  texts text;
  made jsonb;
  -- What is read as one value of several columns: a row that no room could have written is a fault.
  legal CONSTANT jsonb := '{"count_line": {"state": "COUNTED"}, "order_detail": {"tags": "[]", "metadata": "{}"}, "node_tags": {"tags": "[]", "metadata": "{}"}}';
BEGIN
  -- Where copies would meet in a unique index, its last column that is no word of a list tells them apart.
  FOR t IN SELECT i.indrelid, i.indkey[0:i.indnkeyatts - 1]::smallint[] AS keys FROM pg_index i JOIN crowd c ON c.oid = i.indrelid
      WHERE i.indisunique LOOP
    CONTINUE WHEN EXISTS (SELECT FROM crowd_column c WHERE c.oid = t.indrelid AND c.attnum = ANY (t.keys) AND c.own);
    UPDATE crowd_column SET own = TRUE WHERE oid = t.indrelid AND attnum = (
      SELECT c.attnum FROM crowd_column c WHERE c.oid = t.indrelid AND c.attnum = ANY (t.keys) AND c.type <> 'uuid'
        AND c.word IS NULL ORDER BY array_position(t.keys, c.attnum) DESC LIMIT 1);
  END LOOP;
  -- A copy may say what no room would write: a transfer from a store to itself.
  FOR t IN SELECT conrelid::regclass AS name, conname FROM pg_constraint WHERE contype = 'c' AND coninhcount = 0 AND connamespace = 'public'::regnamespace LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', t.name, t.conname);
  END LOOP;
  FOR t IN SELECT * FROM crowd LOOP
    SELECT string_agg(quote_ident(k.name), ', '),
      string_agg(format('CASE WHEN r.%1$I IS NOT NULL' || CASE WHEN k.sparse THEN ' OR g %% 10 = 0' ELSE '' END || ' THEN ' || CASE
        -- What is sealed opens in its own row only.
        WHEN k.name = 'personal' THEN 'NULL::bytea'
        WHEN k.seldom IS NOT NULL THEN 'CASE WHEN g %% 10 = 0 THEN %3$L ELSE r.%1$I END'
        WHEN k.name = 'order_position' THEN 'coalesce(r.%1$I, 1)'
        WHEN k.ids IS NOT NULL THEN 'lpad(to_hex(4096 * (1 + (g - 1) %% %2$s)), 32, ''0'')::uuid'
        WHEN k.own IS NOT TRUE AND NOT k.sparse THEN 'r.%1$I'
        WHEN k.name = 'seq' THEN '1000000 + g'
        WHEN k.type = 'text' THEN 'coalesce(r.%1$I, '''') || g'
        WHEN k.type = 'bytea' THEN 'coalesce(r.%1$I, '''') || int8send(g)'
        WHEN k.name LIKE '%\_at' THEN 'coalesce(r.%1$I, 1790000000000000) + g * 1000000'
        WHEN k.type = 'uuid' THEN '''{tenant}''::uuid'
        WHEN k.own THEN 'coalesce(r.%1$I, 0) + 1000000 + g'
        ELSE 'coalesce(r.%1$I, 0) + g %% 1000' END || ' END', k.name, k.ids, k.seldom), ', '),
      jsonb_object_agg(k.name, CASE WHEN k.type = 'uuid' THEN '{tenant}' WHEN k.type = 'bytea' THEN '\x01' WHEN k.type = 'boolean' THEN 'f'
        WHEN k.type <> 'text' THEN '1' WHEN k.name = 'actor_kind' THEN 'MEMBER' ELSE coalesce(k.word, 'x') END)
      INTO names, texts, made FROM crowd_column k WHERE k.oid = t.oid;
    made := made || coalesce(legal -> t.name, '{}');
    -- Measured anew, it would no longer be as large as crowd.rs says.
    FOR part IN SELECT coalesce(h.inhrelid, t.oid)::regclass AS name FROM (SELECT 1) one LEFT JOIN pg_inherits h ON h.inhparent = t.oid LOOP
      EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = FALSE)', part.name);
    END LOOP;
    BEGIN
      EXECUTE format('INSERT INTO %1$I (%2$s) SELECT %3$s
        FROM (SELECT * FROM ((SELECT *, FALSE AS is_made FROM %1$I r WHERE %4$s ORDER BY num_nonnulls(r.*) DESC LIMIT 1)
            UNION ALL (SELECT *, TRUE FROM jsonb_populate_record(NULL::%1$I, %6$L))) m ORDER BY is_made LIMIT 1) r,
          generate_series(1::bigint, %5$s) g', t.name, names, texts,
        CASE WHEN t.name = 'app_user' THEN 'TRUE' ELSE 'tenant_id = ''{tenant}''' END, t.copies, made);
    EXCEPTION WHEN others THEN INSERT INTO crowd_refused VALUES (t.name, SQLERRM);
    END;
  END LOOP;
END $crowd$;
