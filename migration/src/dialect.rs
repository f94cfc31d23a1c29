//! Differences between the SQL of the two databases.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend, Statement},
};

/// (word, SQLite, Postgres). Text is compared by bytes on both, so that keys sort the same.
const WORDS: &[(&str, &str, &str)] = &[
    ("{UUID}", "BLOB", "uuid"),
    ("{INT}", "INTEGER", "bigint"),
    ("{SMALL}", "INTEGER", "integer"),
    ("{TEXT}", "TEXT", "text COLLATE \"C\""),
    ("{BYTES}", "BLOB", "bytea"),
    ("{BOOL}", "BOOLEAN", "boolean"),
    // A table that is appended to in key order: SQLite keeps the rows in the key's own tree.
    ("{APPEND}", "WITHOUT ROWID", ""),
    // A table whose rows change in place: room on the page lets Postgres update without touching indexes.
    ("{IN_PLACE}", "", "WITH (fillfactor = 70)"),
];

/// Runs the statements of `sql` (separated by a line `;;`); lines that begin with `@sqlite` or
/// `@postgres` are for one of them. An existing index of Postgres is not built again.
pub async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    let (mine, other) = match backend {
        DbBackend::Postgres => ("@postgres", "@sqlite"),
        _ => ("@sqlite", "@postgres"),
    };
    for statement in sql.split("\n;;\n") {
        let statement = statement.trim();
        if statement.is_empty() || statement.starts_with(other) {
            continue;
        }
        let text = worded(statement.strip_prefix(mine).unwrap_or(statement), backend);
        if backend == DbBackend::Postgres && is_built(manager.get_connection(), &text).await? {
            continue;
        }
        manager.get_connection().execute_unprepared(&text).await?;
    }
    Ok(())
}

/// A statement in the words of a database.
pub(super) fn worded(statement: &str, backend: DbBackend) -> String {
    let word_of = |word: &(&str, &'static str, &'static str)| if backend == DbBackend::Postgres { word.2 } else { word.1 };
    WORDS.iter().fold(statement.to_owned(), |text, word| text.replace(word.0, word_of(word)))
}

/// Whether a statement creates an index that was built in advance, without blocking writers, by
/// `online` or by an operator. An unfinished index is refused, since no query uses it: those that
/// can be rebuilt have been by now.
async fn is_built(db: &impl ConnectionTrait, statement: &str) -> Result<bool, DbErr> {
    let Some((name, table)) = index_of(statement) else { return Ok(false) };
    let there = format!("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('{name}') AND indrelid = to_regclass('{table}')");
    let unfinished = format!("{there} AND NOT indisvalid");
    let query = |sql: String| db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql));
    if query(there).await?.is_none() {
        return Ok(false);
    }
    if query(unfinished).await?.is_some() {
        return Err(DbErr::Custom(format!(
            "the index {name} is not finished: wait until it is, or run DROP INDEX CONCURRENTLY {name}, and migrate again"
        )));
    }
    Ok(true)
}

/// The index that a statement makes, and its table. None for a unique one.
pub(super) fn index_of(statement: &str) -> Option<(&str, &str)> {
    let code = statement.lines().filter(|line| !line.trim_start().starts_with("--"));
    let words: Vec<&str> = code.flat_map(str::split_whitespace).take(5).collect();
    let is_plain = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    match words.as_slice() {
        ["CREATE", "INDEX", name, "ON", table] if is_plain(name) && is_plain(table) => Some((*name, *table)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_of_a_statement_is_found() {
        let commented = "-- By code.\nCREATE INDEX lot_code ON lot (tenant_id, code)\n  WHERE code IS NOT NULL";
        assert_eq!(index_of(commented), Some(("lot_code", "lot")));
        for other in ["CREATE UNIQUE INDEX lot_code ON lot (code)", "CREATE INDEX lot_code ON lot(code)", "DROP INDEX lot_code"] {
            assert_eq!(index_of(other), None, "{other}");
        }
    }
}
