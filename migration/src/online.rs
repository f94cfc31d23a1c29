//! Indexes of large tables of Postgres, which are built before their migration, while everybody writes: CREATE INDEX CONCURRENTLY, which no transaction may
//! have around it. `docs/decisions/0390-indexes-of-large-tables-are-built-before.md`.

use std::collections::BTreeSet;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::{dialect, months, plan};

/// An index that a migration makes, and that needs nothing else of that migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlineIndex {
    pub name: &'static str,
    pub table: &'static str,
    /// Statement, as in `plan::statements`.
    pub statement: &'static str,
}

/// State of such an index in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexState {
    /// Finished: its migration leaves it out.
    Built,
    /// Begun and not finished, so that no query uses it. It is dropped, and built again.
    Unfinished,
    /// Missing, and its table is large: it is built before its migration.
    Due,
    /// Missing on a small table, or of a table that is parted by month or not there yet: its migration builds it.
    LeftToMigration,
}

/// Bytes from which a table without statistics counts as large: about those of `months::LARGE`
/// rows.
const LARGE_BYTES: i64 = 16 << 20;

impl OnlineIndex {
    /// The statement that builds it while others write.
    pub fn concurrently(&self) -> String {
        let code: Vec<&str> = self.statement.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        dialect::worded(&code.join("\n"), DbBackend::Postgres).replacen("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1)
    }

    /// Returns the state of the index in the database.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn state(&self, db: &impl ConnectionTrait) -> Result<IndexState, DbErr> {
        let Self { name, table, .. } = self;
        let large = months::LARGE;
        let sql = format!(
            "SELECT i.indisvalid AS is_valid, c.reltuples >= {large} OR c.reltuples < 0 AND coalesce(pg_relation_size(c.oid), 0) >= {LARGE_BYTES} AS is_large
             FROM pg_class c LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indexrelid = to_regclass('{name}')
             WHERE c.oid = to_regclass('{table}') AND c.relkind = 'r'"
        );
        let Some(row) = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await? else {
            return Ok(IndexState::LeftToMigration);
        };
        let is_valid: Option<bool> = row.try_get("", "is_valid")?;
        let is_large: bool = row.try_get("", "is_large")?;
        Ok(match is_valid {
            Some(true) => IndexState::Built,
            Some(false) => IndexState::Unfinished,
            None if is_large => IndexState::Due,
            None => IndexState::LeftToMigration,
        })
    }
}

/// The indexes of a migration that may be built before it. Empty for an unknown name. Left out are
/// one that comes after another change of its table, as it may be of a new column; one after a
/// statement that names no table, such as the one that drops the previous index; and unique ones.
pub fn indexes(migration: &str) -> Vec<OnlineIndex> {
    let (mut found, mut changed) = (Vec::new(), BTreeSet::<String>::new());
    for statement in plan::statements(migration, DbBackend::Postgres) {
        if let Some((name, table)) = dialect::index_of(statement) {
            if !changed.contains(table) {
                found.push(OnlineIndex { name, table, statement });
            }
            continue;
        }
        let tables = plan::tables_of(statement);
        if tables.is_empty() {
            break;
        }
        changed.extend(tables);
    }
    found
}

/// Returns the indexes of a migration that are now built before it, in their order.
///
/// # Errors
/// The database does not answer.
pub async fn due(db: &impl ConnectionTrait, migration: &str) -> Result<Vec<OnlineIndex>, DbErr> {
    let mut due = Vec::new();
    for index in indexes(migration) {
        if matches!(index.state(db).await?, IndexState::Due | IndexState::Unfinished) {
            due.push(index);
        }
    }
    Ok(due)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(migration: &str) -> Vec<&'static str> {
        indexes(migration).into_iter().map(|index| index.name).collect()
    }

    #[test]
    fn an_index_is_built_before_its_migration_where_it_needs_nothing_of_it() {
        assert_eq!(names("m0189_orders_by_status"), ["sales_order_status_placed"]);
        assert_eq!(names("m0118_received_twice"), ["goods_receipt_day"], "another table has a new column");
        for (migration, why) in [
            ("m0148_added_charges", "new columns"),
            ("m0100_bundles", "an index of the same name is dropped before"),
            ("m0129_payment_reversals", "a unique index"),
            ("m0001_foundation", "new tables"),
            ("m9999_unknown", "no migration"),
        ] {
            assert!(names(migration).is_empty(), "{migration}: {why}: {:?}", names(migration));
        }
    }

    #[test]
    fn the_statement_is_that_of_the_migration() {
        let statements: Vec<String> = indexes("m0155_list_orders").iter().map(OnlineIndex::concurrently).collect();
        assert_eq!(statements.len(), 4);
        for statement in statements {
            assert!(statement.contains("CREATE INDEX CONCURRENTLY supplier_") && !statement.contains('{'), "{statement}");
        }
    }
}
