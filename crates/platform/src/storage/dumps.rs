//! What dumps of a Postgres need: one run at a time, a moment that `pg_dump` reads as well, and databases that are made and dropped by name.

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
/// A relation that is no extension's, in whichever schema, but for the mark of a restore.
const RELATION: &str =
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
      AND c.oid IS DISTINCT FROM to_regclass('entrepot_restoring')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1 LIMIT 1";
/// How text of this database is written and sorted.
#[derive(Record)]
struct Locale {
    #[record(sql = "pg_encoding_to_char(encoding)::text")]
    encoding: String,
    #[record(sql = "datcollate::text")]
    collate: String,
    #[record(sql = "datctype::text")]
    kinds: String,
}

/// A table whose rows this login does not see, all of them: it neither owns it nor passes by its policies, or the owner's own policy is not there. `pg_dump` would leave
/// them out in silence.
const HIDDEN: &str =
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles u ON u.rolname = current_user
    WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND c.relkind IN ('r', 'p') AND NOT (u.rolsuper OR u.rolbypassrls)
      AND (NOT pg_has_role(u.oid, c.relowner, 'USAGE') OR (c.relrowsecurity AND c.relforcerowsecurity
        AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'of_owner' AND c.relowner = ANY (p.polroles))))
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1 LIMIT 1";
/// The mark of a database that is being restored: a table. It is committed before the rows, and goes when the deployment is held.
pub(super) const RESTORING: &str = "entrepot_restoring";
const MARK: &str = "CREATE TABLE IF NOT EXISTS entrepot_restoring ()";
const UNMARK: &str = "DROP TABLE IF EXISTS entrepot_restoring";
const MARKED: &str = "SELECT to_regclass('entrepot_restoring') IS NOT NULL";

/// A restored policy of the owner names the login that owned the tables then. Without one of its own, the login that owns them now sees no rows, and migrations
/// change none.
const CLAIM_POLICIES: &str = "DO $policies$
  DECLARE p record;
  BEGIN
    FOR p IN SELECT polrelid::regclass AS holder, pg_get_userbyid(c.relowner) AS owner FROM pg_policy JOIN pg_class c ON c.oid = polrelid
      WHERE polname = 'of_owner' AND NOT c.relowner = ANY (polroles)
    LOOP
      EXECUTE format('ALTER POLICY of_owner ON %s TO %I', p.holder, p.owner);
    END LOOP;
  END $policies$";

/// Keeps other dumps and drills of this database out, from whichever machine, until it is dropped or its connection is lost.
#[derive(Debug)]
#[must_use = "without it another run may begin"]
pub struct DumpLock {
    _lock: SessionLock,
}

/// The rows as they were at one moment, which other sessions can read too while this one is open.
pub struct ExportedSnapshot {
    backend: Backend,
    name: String,
    transaction: Transaction,
}

impl ExportedSnapshot {
    /// What `pg_dump --snapshot` names it by.
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
    /// Opens a moment of a Postgres that `pg_dump` can read, too.
    ///
    /// # Errors
    /// The database is no Postgres, or does not answer.
    pub async fn export_snapshot(&self) -> Result<ExportedSnapshot, Fault> {
        let (db, backend) = (&self.db, self.db.backend);
        let bound = db.active_row_security.stands().then_some(TenantId::NIL);
        let transaction = db.proofs.begin(bound, Purpose::Snapshot).await?;
        let row = transaction.query_one_raw(Statement::from_string(backend.into(), EXPORT)).await?;
        let name = row.as_ref().map(Row::scalar).transpose()?.ok_or_else(nothing)?;
        Ok(ExportedSnapshot { backend, name, transaction })
    }
}

impl Database {
    /// Takes the right to dump or drill this Postgres; None while another run has it.
    ///
    /// # Errors
    /// The database is no Postgres, or does not answer.
    pub async fn lock_dumps(&self) -> Result<Option<DumpLock>, Fault> {
        Ok(self.lock_session(AdvisoryKey::Dumps).await?.map(|lock| DumpLock { _lock: lock }))
    }

    /// Bytes that this Postgres takes on its disk.
    ///
    /// # Errors
    /// The database is no Postgres, or does not answer.
    pub async fn bytes_on_disk(&self) -> Result<i64, Fault> {
        let row = self.owner.query_one_raw(Statement::from_string(self.backend.into(), SIZE)).await?;
        Row::scalar(&row.ok_or_else(nothing)?)
    }

    /// A table or the like of this Postgres, whoever made it; None where there is none.
    ///
    /// # Errors
    /// The database is no Postgres, or does not answer.
    pub async fn any_relation(&self) -> Result<Option<String>, Fault> {
        let row = self.owner.query_one_raw(Statement::from_string(self.backend.into(), RELATION)).await?;
        row.as_ref().map(Row::scalar).transpose()
    }

    /// Gives policies that restored tables have for the login that owned them where they were dumped to the login that owns them now.
    ///
    /// # Errors
    /// The database is no Postgres, or the login does not own the tables.
    pub async fn claim_policies(&self) -> Result<(), Fault> {
        self.owner.execute_unprepared(CLAIM_POLICIES).await?;
        Ok(())
    }

    /// A table of this Postgres whose rows its login does not see, all of them; None where it sees all.
    ///
    /// # Errors
    /// The database is no Postgres, or does not answer.
    pub async fn any_hidden(&self) -> Result<Option<String>, Fault> {
        let row = self.owner.query_one_raw(Statement::from_string(self.backend.into(), HIDDEN)).await?;
        row.as_ref().map(Row::scalar).transpose()
    }

    /// Marks this Postgres as one that is being restored: no node serves it until `end_restoring`, also where the restore is killed.
    ///
    /// # Errors
    /// The database is no Postgres, or the login may make no tables in it.
    pub async fn begin_restoring(&self) -> Result<(), Fault> {
        self.owner.execute_unprepared(MARK).await?;
        Ok(())
    }

    /// Takes the mark away.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn end_restoring(&self) -> Result<(), Fault> {
        self.owner.execute_unprepared(UNMARK).await?;
        Ok(())
    }

    /// Whether a restore of this database has begun and not ended. Never of an embedded one, which is restored beside its place.
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

    /// Makes an empty database in the cluster of this one, whose text is written and sorted as here.
    ///
    /// # Errors
    /// The login may make none, or there is one of this name.
    pub async fn create_database(&self, name: &str) -> Result<(), Fault> {
        let locale = format!("SELECT {} FROM pg_database WHERE datname = current_database()", Locale::SELECT);
        let row = self.owner.query_one_raw(Statement::from_string(self.backend.into(), locale)).await?.ok_or_else(nothing)?;
        let Locale { encoding, collate, kinds } = Row::new(&row).record()?;
        let sql = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}",
            identifier(name),
            literal(&encoding),
            literal(&collate),
            literal(&kinds)
        );
        self.owner.execute_unprepared(&sql).await?;
        Ok(())
    }

    /// Drops a database of the cluster of this one, with the sessions that are open in it. One that is not there is dropped already.
    ///
    /// # Errors
    /// The login does not own it.
    pub async fn drop_database(&self, name: &str) -> Result<(), Fault> {
        self.owner.execute_unprepared(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(name))).await?;
        Ok(())
    }
}

fn nothing() -> Fault {
    Fault::Broken("Postgres answered nothing".to_owned())
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_stay_what_they_are() {
        assert_eq!(identifier("shop\"; DROP"), "\"shop\"\"; DROP\"");
        assert_eq!(literal("C'; DROP"), "'C''; DROP'");
    }
}
