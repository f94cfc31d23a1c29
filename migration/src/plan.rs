//! Tables that each migration touches, and how it locks them, read from its SQL: for `entrepot migrate --plan`.

mod locks;

use std::collections::BTreeSet;

use sea_orm_migration::sea_orm::DbBackend;

use super::list::LIST;

pub use locks::{Lock, LockMode, RowWork, Target, locks};

/// Whether an older binary cannot work with the database once this migration is applied. The promise that it can begins with `COMPATIBILITY`.
pub fn is_breaking(name: &str) -> bool {
    name < super::COMPATIBILITY || super::BREAKING.contains(&name)
}

/// The tables that a migration makes, changes or writes to, in alphabetical order. Empty for a name that is not known.
pub fn tables(name: &str, backend: DbBackend) -> Vec<String> {
    let mut tables = BTreeSet::new();
    for statement in statements(name, backend) {
        collect(statement, &mut tables);
    }
    tables.into_iter().collect()
}

/// The statements of a migration on one of the databases, in their order. Empty for a name that is not known.
pub fn statements(name: &str, backend: DbBackend) -> Vec<&'static str> {
    let (mine, other) = if backend == DbBackend::Postgres { ("@postgres", "@sqlite") } else { ("@sqlite", "@postgres") };
    let texts: &[&'static str] = LIST.iter().find(|(known, _)| *known == name).map_or(&[], |(_, texts)| *texts);
    let all = texts.iter().flat_map(|text| text.split("\n;;\n")).map(str::trim);
    let own = all.filter(|statement| !statement.is_empty() && !statement.starts_with(other));
    own.map(|statement| statement.strip_prefix(mine).unwrap_or(statement).trim()).collect()
}

/// The tables that one statement makes, changes or writes to.
pub(super) fn tables_of(statement: &str) -> BTreeSet<String> {
    let mut tables = BTreeSet::new();
    collect(statement, &mut tables);
    tables
}

/// Adds the tables of one statement. A table that is renamed counts by its new name.
fn collect(statement: &str, tables: &mut BTreeSet<String>) {
    let lines = statement.lines().filter(|line| !line.trim_start().starts_with("--"));
    let text = lines.collect::<Vec<_>>().join(" ");
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || "();,".contains(c)).filter(|word| !word.is_empty()).collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|there| there.eq_ignore_ascii_case(word));
    let name_at = |mut at: usize| {
        while ["IF", "NOT", "EXISTS", "ONLY"].iter().any(|word| is(at, word)) {
            at += 1;
        }
        words.get(at).map(|name| name.trim_matches('"').to_owned())
    };
    match (words.first(), words.get(1)) {
        (Some(_), Some(second)) if second.eq_ignore_ascii_case("TABLE") => {
            let renamed =
                words.windows(2).position(|pair| pair[0].eq_ignore_ascii_case("RENAME") && pair[1].eq_ignore_ascii_case("TO"));
            if let (Some(old), Some(at)) = (name_at(2), renamed) {
                tables.remove(&old);
                tables.extend(name_at(at + 2));
            } else {
                tables.extend(name_at(2));
            }
        }
        (Some(first), Some(second))
            if first.eq_ignore_ascii_case("CREATE")
                && ["INDEX", "UNIQUE", "TRIGGER"].iter().any(|word| second.eq_ignore_ascii_case(word)) =>
        {
            let on = (2..words.len()).find(|at| is(*at, "ON"));
            tables.extend(on.and_then(|at| name_at(at + 1)));
        }
        (Some(first), Some(_)) if first.eq_ignore_ascii_case("UPDATE") => tables.extend(name_at(1)),
        (Some(_), Some(second)) if second.eq_ignore_ascii_case("INTO") || second.eq_ignore_ascii_case("FROM") => {
            tables.extend(name_at(2));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{
        super::{Migrator, MigratorTrait},
        *,
    };

    fn of(statement: &str) -> Vec<String> {
        let mut tables = BTreeSet::from(["lot_next".to_owned()]);
        collect(statement, &mut tables);
        tables.remove("lot_next");
        tables.into_iter().collect()
    }

    #[test]
    fn every_migration_is_planned() {
        assert!(LIST.is_sorted_by(|(before, _), (after, _)| before < after), "in the order of their numbers, each once");
        for migration in Migrator::migrations() {
            // A statement for one database alone names no table in the other.
            let tables = [DbBackend::Sqlite, DbBackend::Postgres].map(|backend| tables(migration.name(), backend));
            assert!(
                tables.iter().flatten().all(|table| table.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())),
                "{}: {tables:?}",
                migration.name()
            );
        }
    }

    /// A text without its line in the list is applied to no database, and no other test notices one that makes an index alone.
    #[test]
    fn every_text_is_listed() {
        let list = include_str!("list.rs");
        let mut texts = 0;
        for folder in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap().map(|entry| entry.unwrap().path())
        {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            if !folder.is_dir() || !name.starts_with("m0") {
                continue;
            }
            for text in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()) {
                let text = format!("include_str!(\"{name}/{}\")", text.to_string_lossy());
                assert!(list.contains(&text), "list.rs has no line with {text}");
                texts += 1;
            }
        }
        assert!(texts >= LIST.len(), "{texts} texts were found");
    }

    #[test]
    fn a_statement_names_its_table() {
        for (statement, table) in [
            ("CREATE TABLE lot (id {UUID})", "lot"),
            ("-- why\nCREATE UNIQUE INDEX lot_code ON lot (tenant_id, code)", "lot"),
            ("CREATE TRIGGER keeps BEFORE UPDATE OR DELETE ON lot FOR EACH ROW EXECUTE FUNCTION keeps()", "lot"),
            ("ALTER TABLE lot ADD COLUMN code {TEXT} REFERENCES product", "lot"),
            ("ALTER TABLE lot_next RENAME TO lot", "lot"),
            ("DROP TABLE IF EXISTS lot", "lot"),
            ("UPDATE lot SET code = ''", "lot"),
            ("INSERT INTO lot (id) SELECT id FROM product", "lot"),
            ("DELETE FROM lot WHERE code = ''", "lot"),
        ] {
            assert_eq!(of(statement), [table], "{statement}");
        }
        for statement in ["", "DROP INDEX lot_code", "CREATE EXTENSION IF NOT EXISTS pg_trgm"] {
            assert!(of(statement).is_empty(), "{statement}");
        }
    }

    #[test]
    fn a_migration_that_changes_what_older_ones_use_is_breaking() {
        for (name, expected) in
            [("m0030_deaths", true), (super::super::COMPATIBILITY, false), ("m0057_holds", true), ("m0063_notes", false)]
        {
            assert_eq!(is_breaking(name), expected, "{name}");
        }
        assert_eq!(tables("m0102_event_months", DbBackend::Postgres), ["event", "event_before"]);
        assert_eq!(tables("m0014_approval", DbBackend::Sqlite), ["tenant"]);
        assert_eq!(tables("m0021_cache", DbBackend::Postgres), ["event", "tenant_counter"]);
        assert_eq!(tables("m0052_backup_runs", DbBackend::Sqlite), ["backup_run"]);
        assert_eq!(tables("m0060_fulfilment_roles", DbBackend::Postgres), ["policy", "role"]);
        assert_eq!(tables("m0067_archive", DbBackend::Sqlite), ["category", "channel", "event", "sales_order", "supplier"]);
        assert_eq!(tables("m0077_master_data", DbBackend::Postgres), ["category", "product", "store", "supplier"]);
    }
}
