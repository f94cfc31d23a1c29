//! A tenant of many rows: the fullest row that it has in each large table so many times, under other ids, numbers and moments. Row n of one
//! table refers to rows n of all others, so whatever id is asked for, few rows have it.

use std::collections::BTreeMap;

use entrepot::storage::{Reads, TenantScope};

use crate::authorization::world::World;

use super::plan::SMALL;

/// Postgres only; as its superuser, so that no constraint between tables and no policy is looked at.
pub async fn crowd(world: &World, rows: u64) {
    let small = SMALL.iter().map(|table| format!("'{table}'")).collect::<Vec<_>>().join(", ");
    let tenant = world.ours.owner.tenant.uuid();
    let sql = CROWD.replace("{small}", &small).replace("{tenant}", &tenant.to_string()).replace("{rows}", &rows.to_string());
    world.as_owner(&[&sql, "ANALYZE"]).await;
}

/// Large tables that it has left alone: those of which the tenant had no row, and those whose rows it could not repeat, with the reason.
pub async fn left_alone(scope: &TenantScope) -> BTreeMap<String, String> {
    let sql = "SELECT c.relname::text, coalesce(r.why, '') FROM pg_class c LEFT JOIN crowd_refused r ON r.name = c.relname
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.reltuples < 1000 AND $1::uuid IS NOT NULL";
    let rows = scope.rows(sql, Vec::new()).await.unwrap();
    rows.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect()
}

const CROWD: &str = r#"
SET session_replication_role = replica;
DO $crowd$
DECLARE
  t record;
  names text;
  texts text;
BEGIN
  CREATE TABLE crowd_refused (name text, why text);
  GRANT SELECT ON crowd_refused TO PUBLIC;
  FOR t IN SELECT conrelid::regclass AS name, conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', t.name, t.conname);
  END LOOP;
  FOR t IN SELECT c.oid, c.relname FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
      AND c.relname NOT IN ({small}) AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
  LOOP
    SELECT string_agg(quote_ident(k.name), ', '), string_agg(k.text, ', ') INTO names, texts FROM (
      SELECT a.attname AS name, CASE
        WHEN a.attname = 'tenant_id' THEN 'r.tenant_id'
        WHEN a.atttypid = 'uuid'::regtype
          THEN format('CASE WHEN r.%1$I IS NOT NULL THEN lpad(to_hex(g * 4096), 32, ''0'')::uuid END', a.attname)
        WHEN a.atttypid = 'bigint'::regtype AND (a.attname LIKE '%\_at' OR a.attname = 'occurred_max') THEN format('r.%I + g * 1000000', a.attname)
        WHEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisunique AND i.indkey[i.indnkeyatts - 1] = a.attnum
            AND NOT EXISTS (SELECT FROM unnest(i.indkey) n JOIN pg_attribute u ON u.attrelid = t.oid AND u.attnum = n
              WHERE u.atttypid = 'uuid'::regtype AND u.attname <> 'tenant_id'))
          THEN format(CASE a.atttypid WHEN 'text'::regtype THEN 'r.%I || g' WHEN 'bytea'::regtype THEN 'r.%I || int8send(g)' ELSE 'r.%I + 1000000 + g' END, a.attname)
        ELSE format('r.%I', a.attname) END AS text
      FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum) k;
    BEGIN
      EXECUTE format('INSERT INTO %I (%s) SELECT %s FROM (SELECT * FROM %I r WHERE tenant_id = %L ORDER BY num_nonnulls(r.*) DESC LIMIT 1) r,
        generate_series(1::bigint, {rows}) g', t.relname, names, texts, t.relname, '{tenant}');
    EXCEPTION WHEN others THEN INSERT INTO crowd_refused VALUES (t.relname, SQLERRM);
    END;
  END LOOP;
END $crowd$;
"#;
