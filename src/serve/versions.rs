//! `entrepot version` and `entrepot migrate --plan`.

use platform::storage::{
    Backend, Database, Fault, PlannedLock, PlannedMigration, PlannedStatement, TableRows, Versions, schema_head,
};

use super::{StartError, print_stdout};
use crate::config::VersionArgs;

/// Whether the database is of this binary's version; true without a check.
pub async fn run(args: &VersionArgs) -> Result<bool, StartError> {
    print_stdout(&format!("entrepot {}, schema {}", env!("CARGO_PKG_VERSION"), schema_head()))?;
    if !args.check {
        return Ok(true);
    }
    let db = Database::open(&args.database.database_url, args.database.options()).await?;
    let versions = db.versions().await?;
    print_stdout(&compare_versions(&versions))?;
    db.close().await?;
    Ok(is_equal(&versions))
}

fn is_equal(versions: &Versions) -> bool {
    versions.missing == 0 && versions.newer.is_empty()
}

/// Compares the versions of database and binary, and returns advice.
fn compare_versions(versions: &Versions) -> String {
    let Versions { missing, newer, .. } = versions;
    match (*missing, newer.last()) {
        (0, None) => "the database is of this version".to_owned(),
        (missing, None) => {
            format!("the database is older: it lacks {missing} migration(s) of this binary. Run `entrepot migrate`")
        }
        (0, Some(newest)) => {
            let with = if versions.needed.is_some() { "this binary cannot work with it" } else { "this binary can work with it" };
            format!(
                "the database is newer: it has {} migration(s) that this binary lacks, the last {newest}; {with}. Upgrade this binary",
                newer.len()
            )
        }
        (missing, Some(newest)) => format!(
            "the database is of another release: it lacks {missing} migration(s) of this binary and has {} that this binary lacks, the last {newest}. Use the release that migrated it",
            newer.len()
        ),
    }
}

/// Lists the migrations that the database lacks.
pub async fn plan(db: &Database) -> Result<(), Fault> {
    let migrations = db.planned_migrations().await?;
    let output_fault = |err: std::io::Error| Fault::Broken(err.to_string());
    if migrations.is_empty() {
        return print_stdout("the database is up to date").map_err(output_fault);
    }
    for migration in &migrations {
        print_stdout(&line(migration)).map_err(output_fault)?;
        for text in migration.statements.iter().flat_map(lock_lines) {
            print_stdout(&text).map_err(output_fault)?;
        }
    }
    let breaking = migrations.iter().filter(|migration| migration.is_breaking).count();
    let advice = if breaking > 0 { "stop all older nodes and workers first" } else { "older nodes and workers can keep running" };
    print_stdout(&format!("{} migration(s), {breaking} of them breaking: {advice}", migrations.len())).map_err(output_fault)?;
    if db.backend() == Backend::Postgres {
        print_stdout("a transaction for each migration; an interrupted one starts over. Rows are estimates of the server")
            .map_err(output_fault)?;
        if migrations.iter().any(|migration| migration.name.ends_with("_months")) {
            print_stdout(
                "before them, indexes of large tables that become partitioned by month are built; writes are not blocked",
            )
            .map_err(output_fault)?;
        }
        let mut statements = migrations.iter().flat_map(|migration| &migration.statements);
        if statements.any(|statement| statement.text.starts_with("CREATE INDEX CONCURRENTLY")) {
            print_stdout("indexes of large tables are built CONCURRENTLY before their migration; writes are not blocked, and an interrupted one is dropped and built again")
                .map_err(output_fault)?;
        }
    }
    Ok(())
}

/// Name, BREAKING or adds, and each table with its rows, between tabs.
fn line(migration: &PlannedMigration) -> String {
    let kind = if migration.is_breaking { "BREAKING" } else { "adds" };
    let tables = migration.tables.iter().map(|(table, rows)| with_rows(table, *rows)).collect::<Vec<_>>().join(", ");
    format!("{}\t{kind}\t{}", migration.name, if tables.is_empty() { "no table" } else { &tables })
}

/// One line for each lock of a statement, below its migration: the table with its rows, the lock,
/// what it blocks, the effect on rows, the statement.
fn lock_lines(statement: &PlannedStatement) -> Vec<String> {
    let text = |lock: &PlannedLock| {
        let table = with_rows(&lock.table, lock.rows);
        format!("\t{table}\t{}\t{}\t{}\t{}", lock.mode, lock.blocks, lock.work, statement.text)
    };
    statement.locks.iter().map(text).collect()
}

fn with_rows(table: &str, rows: TableRows) -> String {
    match rows {
        TableRows::New => format!("{table} (new)"),
        TableRows::Counted(rows) => format!("{table} ({rows} rows)"),
        TableRows::Estimated(rows) => format!("{table} (about {rows} rows)"),
        TableRows::Unmeasured => format!("{table} (rows unknown)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_of_this_version_older_newer_or_another() {
        let of = |missing, newer: &[&str]| Versions {
            missing,
            newer: newer.iter().map(|name| (*name).to_owned()).collect(),
            needed: None,
        };
        for (versions, words) in [
            (of(0, &[]), "of this version"),
            (of(2, &[]), "older: it lacks 2"),
            (of(0, &["m9998_a", "m9999_b"]), "newer: it has 2"),
            (of(1, &["m9999_b"]), "another release"),
        ] {
            assert!(compare_versions(&versions).contains(words), "{}", compare_versions(&versions));
            assert_eq!(is_equal(&versions), words == "of this version");
        }
        let needed = Versions { needed: Some("m9999_b".to_owned()), ..of(0, &["m9999_b"]) };
        assert!(compare_versions(&needed).contains("cannot work with it"));
    }

    #[test]
    fn a_line_of_the_plan_has_tables_and_their_rows() {
        let tables = vec![("lot".to_owned(), TableRows::Counted(7)), ("alert".to_owned(), TableRows::New)];
        let planned = PlannedMigration { name: "m9999_b".to_owned(), is_breaking: true, tables, statements: vec![] };
        assert_eq!(line(&planned), "m9999_b\tBREAKING\tlot (7 rows), alert (new)");
        let planned = PlannedMigration { name: "m9998_a".to_owned(), is_breaking: false, tables: vec![], statements: vec![] };
        assert_eq!(line(&planned), "m9998_a\tadds\tno table");
        let (mode, blocks, work) = ("SHARE", "blocks writes", "scan and index");
        let lock = PlannedLock { table: "lot".to_owned(), rows: TableRows::Estimated(7), mode, blocks, work };
        let statement = PlannedStatement { text: "CREATE INDEX lot_code".to_owned(), locks: vec![lock] };
        assert_eq!(lock_lines(&statement), ["\tlot (about 7 rows)\tSHARE\tblocks writes\tscan and index\tCREATE INDEX lot_code"]);
    }
}
