//! Prerequisites of Postgres dumps: one run at a time, a snapshot that `pg_dump` reads as well, and
//! databases that are created and dropped by name.

mod client;

use async_trait::async_trait;
use entity::{
    prelude::TenantId,
    record::{Record, Selected},
};
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

use super::{
    Backend, Database, Fault, Global, GlobalReads, Row,
    session_lock::{AdvisoryKey, SessionLock},
    transaction::{Purpose, Transaction},
};

pub use client::{ClientLogin, with_database};

const EXPORT: &str = "SELECT pg_export_snapshot()::text";
const SIZE: &str = "SELECT pg_database_size(current_database())::bigint";
/// A relation in any schema that belongs to no extension, except for the mark of a restore.
const RELATION: &str =
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
      AND c.oid IS DISTINCT FROM to_regclass('entrepot_restoring')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1 LIMIT 1";
/// Encoding and sort order of text in this database.
#[derive(Record)]
struct Locale {
    #[record(sql = "pg_encoding_to_char(encoding)::text")]
    encoding: String,
    #[record(sql = "datcollate::text")]
    collate: String,
    #[record(sql = "datctype::text")]
    kinds: String,
}

/// A table of which this login does not see all rows: it neither owns the table nor bypasses its
/// policies, or the owner's own policy is missing. `pg_dump` would silently omit the rows.
const TABLES_WITH_HIDDEN_ROWS: &str =
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles u ON u.rolname = current_user
    WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND c.relkind IN ('r', 'p') AND NOT (u.rolsuper OR u.rolbypassrls)
      AND (NOT pg_has_role(u.oid, c.relowner, 'USAGE') OR (c.relrowsecurity AND c.relforcerowsecurity
        AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'of_owner' AND c.relowner = ANY (p.polroles))))
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1 LIMIT 1";
/// The mark of a database that is being restored: a table. It is committed before the rows, and
/// removed when the deployment's jobs are on hold.
pub(super) const RESTORING: &str = "entrepot_restoring";
const MARK: &str = "CREATE TABLE IF NOT EXISTS entrepot_restoring ()";
const UNMARK: &str = "DROP TABLE IF EXISTS entrepot_restoring";
const MARKED: &str = "SELECT to_regclass('entrepot_restoring') IS NOT NULL";

/// A restored owner's policy names the login that owned the tables at the time of the dump. Without
/// a policy of its own, the current owner sees no rows, and migrations change none.
const CLAIM_POLICIES: &str = "DO $policies$
  DECLARE p record;
  BEGIN
    FOR p IN SELECT polrelid::regclass AS holder, pg_get_userbyid(c.relowner) AS owner FROM pg_policy JOIN pg_class c ON c.oid = polrelid
      WHERE polname = 'of_owner' AND NOT c.relowner = ANY (polroles)
    LOOP
      EXECUTE format('ALTER POLICY of_owner ON %s TO %I', p.holder, p.owner);
    END LOOP;
  END $policies$";

/// Lock against other dumps and drills of this database, from any machine, until it is dropped or
/// its connection is lost.
#[derive(Debug)]
#[must_use = "without it another run may begin"]
pub struct DumpLock {
    _lock: SessionLock,
}

/// The rows as of one moment, which other sessions can read too while this one is open.
pub struct ExportedSnapshot {
    backend: Backend,
    name: String,
    transaction: Transaction,
}

impl ExportedSnapshot {
    /// Returns the name of the snapshot for `pg_dump --snapshot`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

#[async_trait]
impl GlobalReads for ExportedSnapshot {
    fn backend(&self) -> Backend {
        self.backend
    }
    async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Fault> {
        let statement = Statement::from_sql_and_values(self.backend.into(), sql, values);
        Ok(self.transaction.query_all_raw(statement).await?)
    }
}

impl Global {
    /// Opens a snapshot of a Postgres that `pg_dump` can read, too.
    ///
    /// # Errors
    /// The database is no Postgres, or does not answer.
    pub async fn export_snapshot(&self) -> Result<ExportedSnapshot, Fault> {
        let (db, backend) = (&self.db, self.db.backend);
        let bound = db.active_row_security.is_enforced().then_some(TenantId::NIL);
        let transaction = db.proofs.begin(bound, Purpose::Snapshot).await?;
        let row = transaction.query_one_raw(Statement::from_string(backend.into(), EXPORT)).await?;
        let name = row.as_ref().map(Row::scalar).transpose()?.ok_or_else(no_response_fault)?;
        Ok(ExportedSnapshot { backend, name, transaction })
    }
}

impl Database {
    /// Takes the lock of dumps and drills of this Postgres; None while another run has it.
    ///
    /// # Errors
    /// The database is no Postgres, or does not answer.
    pub async fn lock_dumps(&self) -> Result<Option<DumpLock>, Fault> {
        Ok(self.lock_session(AdvisoryKey::Dumps).await?.map(|lock| DumpLock { _lock: lock }))
    }

    /// Returns the bytes of this Postgres on its disk.
    ///
    /// # Errors
    /// The database is no Postgres, or does not answer.
    pub async fn bytes_on_disk(&self) -> Result<i64, Fault> {
        let row = self.owner.query_one_raw(Statement::from_string(self.backend.into(), SIZE)).await?;
        Row::scalar(&row.ok_or_else(no_response_fault)?)
    }

    /// Returns the name of a table or similar relation of this Postgres, whoever created it; None
    /// if there is none.
    ///
    /// # Errors
    /// The database is no Postgres, or does not answer.
    pub async fn find_relation(&self) -> Result<Option<String>, Fault> {
        let row = self.owner.query_one_raw(Statement::from_string(self.backend.into(), RELATION)).await?;
        row.as_ref().map(Row::scalar).transpose()
    }

    /// Reassigns policies of restored tables from the login that owned them at the dump to the
    /// login that owns them now.
    ///
    /// # Errors
    /// The database is no Postgres, or the login does not own the tables.
    pub async fn claim_policies(&self) -> Result<(), Fault> {
        self.owner.execute_unprepared(CLAIM_POLICIES).await?;
        Ok(())
    }

    /// Returns a table of this Postgres of which its login does not see all rows; None if it sees
    /// all.
    ///
    /// # Errors
    /// The database is no Postgres, or does not answer.
    pub async fn find_hidden_table(&self) -> Result<Option<String>, Fault> {
        let row = self.owner.query_one_raw(Statement::from_string(self.backend.into(), TABLES_WITH_HIDDEN_ROWS)).await?;
        row.as_ref().map(Row::scalar).transpose()
    }

    /// Marks this Postgres as being restored: no node serves it until `end_restoring`, even if the
    /// restore is killed.
    ///
    /// # Errors
    /// The database is no Postgres, or the login may create no tables in it.
    pub async fn begin_restoring(&self) -> Result<(), Fault> {
        self.owner.execute_unprepared(MARK).await?;
        Ok(())
    }

    /// Removes the mark.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn end_restoring(&self) -> Result<(), Fault> {
        self.owner.execute_unprepared(UNMARK).await?;
        Ok(())
    }

    /// Whether a restore of this database has begun and not ended. False for an embedded one, which
    /// is restored to another file first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn is_restoring(&self) -> Result<bool, Fault> {
        if self.backend == Backend::Sqlite {
            return Ok(false);
        }
        let row = self.owner.query_one_raw(Statement::from_string(self.backend.into(), MARKED)).await?;
        row.as_ref().map_or(Ok(false), Row::scalar)
    }

    /// Creates an empty database in the same cluster, with the same encoding and collation.
    ///
    /// # Errors
    /// The login may create none, or there is one of this name.
    pub async fn create_database(&self, name: &str) -> Result<(), Fault> {
        let locale = format!("SELECT {} FROM pg_database WHERE datname = current_database()", Locale::SELECT);
        let row =
            self.owner.query_one_raw(Statement::from_string(self.backend.into(), locale)).await?.ok_or_else(no_response_fault)?;
        let Locale { encoding, collate, kinds } = Row::new(&row).record()?;
        let sql = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}",
            quote_identifier(name),
            quote_literal(&encoding),
            quote_literal(&collate),
            quote_literal(&kinds)
        );
        self.owner.execute_unprepared(&sql).await?;
        Ok(())
    }

    /// Drops a database of the same cluster, with its open sessions. A missing one counts as
    /// dropped.
    ///
    /// # Errors
    /// The login does not own it.
    pub async fn drop_database(&self, name: &str) -> Result<(), Fault> {
        self.owner.execute_unprepared(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote_identifier(name))).await?;
        Ok(())
    }
}

fn no_response_fault() -> Fault {
    Fault::Broken("Postgres answered nothing".to_owned())
}

fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_stay_what_they_are() {
        assert_eq!(quote_identifier("shop\"; DROP"), "\"shop\"\"; DROP\"");
        assert_eq!(quote_literal("C'; DROP"), "'C''; DROP'");
    }
}
