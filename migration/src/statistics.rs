//! What Postgres is to think of tenants when it plans.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};

/// Says of every table with tenants' rows that they may all be one tenant's.
///
/// A statement that is met often has one plan for all tenants. Planned for the average of a thousand small ones, it would read all rows of a
/// tenant to find ten by their ids; and for the one with a million rows it would do the same.
const ONE_TENANT: &str = "DO $one$
DECLARE t record;
BEGIN
  FOR t IN SELECT a.attrelid::regclass AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attname = 'tenant_id' AND c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND a.attoptions IS NULL
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN tenant_id SET (n_distinct = 1)', t.name);
  END LOOP;
END $one$";

/// Called after all migrations, so that a table that comes later has it too. Only the tables' owner can.
pub async fn settle(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    db.execute_unprepared(ONE_TENANT).await.map(drop)
}
