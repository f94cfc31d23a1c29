//! What the two databases say differently.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

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

/// Runs the statements of `sql` (separated by a line `;;`); lines that begin with `@sqlite` or `@postgres` are for one of them.
pub async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    let (mine, other, column) = match backend {
        DbBackend::Postgres => ("@postgres", "@sqlite", 2),
        _ => ("@sqlite", "@postgres", 1),
    };
    for statement in sql.split("\n;;\n") {
        let statement = statement.trim();
        if statement.is_empty() || statement.starts_with(other) {
            continue;
        }
        let mut text = statement.strip_prefix(mine).unwrap_or(statement).to_owned();
        for word in WORDS {
            text = text.replace(word.0, if column == 1 { word.1 } else { word.2 });
        }
        manager.get_connection().execute_unprepared(&text).await?;
    }
    Ok(())
}
