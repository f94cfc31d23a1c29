//! Migrations of a database, and whether this binary can work with it.
//!
//! An older release can run beside one that adds tables, columns and indexes: that is how several
//! nodes are upgraded one after the other. A migration that an older binary cannot work with is
//! listed in `migration::BREAKING` or `migration::CONTRACTING`, and recorded in the table
//! `schema_compatibility`.

use std::collections::HashSet;

use entity::record::{Record, Selected};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Statement, Value};

use super::{Database, Fault, Row, fault};

/// Migrations of the database, compared with those of this binary.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Versions {
    /// Number of this binary's migrations that the database lacks.
    pub missing: usize,
    /// Migrations of the database that this binary lacks, in their order: a newer release has
    /// migrated it.
    pub newer: Vec<String>,
    /// One of the newer migrations that every binary needs, if there is one.
    pub needed: Option<String>,
}

impl Versions {
    fn of(applied: Vec<String>, needed: Option<String>) -> Self {
        let known_names: HashSet<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let missing = known_names.iter().filter(|name| !applied.contains(name)).count();
        let newer: Vec<String> = applied.into_iter().filter(|name| !known_names.contains(name)).collect();
        Self { missing, newer, needed: needed.filter(|name| !known_names.contains(name)) }
    }

    /// Returns the reason that this binary cannot work with the database, in a sentence.
    pub fn mismatch(&self) -> Option<String> {
        let version = env!("CARGO_PKG_VERSION");
        if let Some(name) = &self.needed {
            return Some(format!(
                "a newer Entrepot than this one ({version}) has migrated this database: it has the migration {name}, which older \
                 versions cannot work with; use that version or a later one"
            ));
        }
        let missing_message =
            |missing| format!("the database lacks {missing} of this version's migrations: run `entrepot migrate`");
        (self.missing > 0).then(|| missing_message(self.missing))
    }

    /// Returns a notice on a database that this binary works with; `None` unless a newer release
    /// has migrated it.
    pub fn notice(&self) -> Option<String> {
        let last = self.newer.last()?;
        Some(format!(
            "a newer release has migrated the database ({} migration(s), the last {last}); this one ({}) can still work with it: upgrade it too",
            self.newer.len(),
            env!("CARGO_PKG_VERSION")
        ))
    }
}

const APPLIED: &str = "SELECT version FROM seaql_migrations ORDER BY version";
const NEEDED: &str = "SELECT needs FROM schema_compatibility";

/// Identity of a Postgres database on its server.
#[derive(Record)]
struct IdentityRow {
    #[record(sql = "CAST(c.system_identifier AS text) || '/' || CAST(d.oid AS text)")]
    identity: String,
    #[record(
        sql = "NOT EXISTS (SELECT 1 FROM pg_catalog.pg_tables t WHERE t.schemaname NOT IN ('pg_catalog', 'information_schema'))"
    )]
    is_empty: bool,
}

impl Database {
    /// Compares the database's migrations with this binary's. A database without any lacks all.
    pub async fn versions(&self) -> Result<Versions, Fault> {
        let applied = self.applied().await?;
        let is_known = applied.iter().any(|name| name == migration::COMPATIBILITY);
        let needed_version = if is_known { texts(self.query_shared_table(NEEDED).await?)?.pop() } else { None };
        Ok(Versions::of(applied, needed_version))
    }

    /// Returns the names of the database's migrations, in their order.
    pub(super) async fn applied(&self) -> Result<Vec<String>, Fault> {
        texts(self.query_shared_table(APPLIED).await?)
    }

    /// Returns the number of this binary's migrations.
    pub fn all_migrations() -> usize {
        Migrator::migrations().len()
    }

    /// Returns the number of this binary's migrations that the database lacks; 0 means up to date,
    /// for this binary.
    pub async fn pending_migrations(&self) -> Result<usize, Fault> {
        let versions = self.versions().await?;
        if let (Some(_), Some(reason)) = (&versions.needed, versions.mismatch()) {
            return Err(Fault::Broken(reason));
        }
        Ok(versions.missing)
    }

    /// Returns the identity of a Postgres database, independent of its URL, and whether it has no
    /// tables, of this or any other program.
    pub async fn identity(&self) -> Result<(String, bool), Fault> {
        let sql = format!(
            "SELECT {} FROM pg_catalog.pg_control_system() c, pg_catalog.pg_database d WHERE d.datname = current_database()",
            IdentityRow::SELECT
        );
        let rows = self.owner.query_all_raw(Statement::from_string(self.backend.into(), sql)).await?;
        let row = rows.first().ok_or_else(|| Fault::Broken("Postgres does not name its database".to_owned()))?;
        let IdentityRow { identity, is_empty } = Row::new(row).record()?;
        Ok((identity, is_empty))
    }

    /// Returns rows of a table that all logins of this program may read, if the table exists.
    async fn query_shared_table(&self, sql: &str) -> Result<Vec<QueryResult>, Fault> {
        let statement = || Statement::from_string(self.backend.into(), sql);
        let rows = match self.query_all_tenants(statement()).await {
            // The roles may exist before they have any privileges.
            Err(Fault::Database(err)) if fault::error_code(&err).as_deref() == Some("42501") => {
                self.owner.query_all_raw(statement()).await.map_err(Fault::from)
            }
            rows => rows,
        };
        match rows {
            Err(Fault::Database(err)) if is_no_table(&err) => Ok(Vec::new()),
            rows => rows,
        }
    }
}

fn is_no_table(err: &DbErr) -> bool {
    match fault::error_code(err).as_deref() {
        Some("42P01") => true,
        // SQLite has one code for all errors in a statement.
        Some("1") => err.to_string().contains("no such table"),
        _ => false,
    }
}

fn texts(rows: Vec<QueryResult>) -> Result<Vec<String>, Fault> {
    rows.iter().map(Row::scalar).collect()
}

/// Stores the migration that every binary needs.
pub(super) async fn note(transaction: &DatabaseTransaction, needs: Option<String>) -> Result<(), Fault> {
    let Some(needs) = needs else { return Ok(()) };
    let sql = "INSERT INTO schema_compatibility (id, needs) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET needs = excluded.needs";
    let values = [Value::from(needs)];
    transaction.execute_raw(Statement::from_sql_and_values(transaction.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// Returns the fault of a migration by an older binary, if a newer one has migrated the database.
pub(super) fn newer_schema_fault(error: DbErr) -> Fault {
    match &error {
        DbErr::Custom(message) if message.contains("has been applied but its file is missing") => {
            let name = message.split('\'').nth(1).unwrap_or_default();
            Fault::Broken(format!(
                "a newer Entrepot than this one ({}) made this database or has migrated it: it has the migration {name}, which is unknown here; \
                 use that version or a later one",
                env!("CARGO_PKG_VERSION")
            ))
        }
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_works_with_what_it_knows_and_what_was_only_added() {
        let known: Vec<String> = Migrator::migrations().iter().map(|one| one.name().to_owned()).collect();
        let with = |more: &str| known.iter().cloned().chain([more.to_owned()]).collect::<Vec<_>>();
        assert_eq!(Versions::of(known.clone(), None), Versions::default());
        let added = Versions::of(with("m9999_added"), None);
        assert_eq!((added.mismatch(), added.notice().is_some()), (None, true));
        let broken = Versions::of(with("m9999_broken"), Some("m9999_broken".to_owned()));
        assert!(broken.mismatch().is_some_and(|why| why.contains("m9999_broken")), "{broken:?}");
        let earlier = Versions::of(with("m9999_added"), known.first().cloned());
        assert_eq!(earlier.mismatch(), None, "one that this binary knows");
        assert!(Versions::of(known[1..].to_vec(), None).mismatch().is_some_and(|why| why.contains("lacks 1 ")));
    }
}
