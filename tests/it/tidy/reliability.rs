//! What `docs/RELIABILITY.md` promises is shown by a test, row by row.

use std::{collections::BTreeSet, fs};

use super::{files, no_faults, root, sources};
use crate::row_security::NO_ROW_SECURITY;

/// The names of all tests, and of scenarios that run on both databases.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in ["src", "crates", "tests/it", "migration/src"].iter().flat_map(|folder| files(&root().join(folder), ".rs")) {
        let text = fs::read_to_string(path).unwrap();
        let mut in_list = false;
        for line in text.lines() {
            let line = line.trim_start();
            let of_macro = line.strip_prefix("on_both!(");
            let function = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
            // A list ends with its macro; a scenario with its body in place is no list.
            in_list = (in_list || of_macro.is_some()) && !line.ends_with(");") && !line.ends_with("=> {");
            let start = of_macro.or(function).or(Some(line).filter(|_| in_list)).unwrap_or_default();
            let name: String = start.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            names.insert(name);
        }
    }
    assert!(names.len() > 1_000, "the tests were not found");
    names
}

#[test]
fn every_limit_in_the_papers_has_a_test() {
    let paper = fs::read_to_string(root().join("docs/RELIABILITY.md")).unwrap();
    let (names, mut faults, mut rows, mut is_ours) = (tests(), Vec::new(), 0, false);
    for line in paper.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if line.starts_with("|---") {
            continue;
        }
        let last = cells.last().copied().unwrap_or_default();
        if last == "test" {
            is_ours = true;
            continue;
        }
        // A table of settings alone has no column of tests; it stands before those that have.
        if !is_ours {
            continue;
        }
        rows += 1;
        let shown: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        if cells.len() != 4 || shown.is_empty() {
            faults.push(format!("no test: {line}"));
        }
        faults.extend(shown.iter().filter(|name| !names.contains(**name)).map(|name| format!("there is no test {name}")));
    }
    assert!(rows >= 20, "{rows} rows: the tables were not found");
    no_faults(&faults);
}

#[test]
fn a_migration_that_takes_something_away_says_so() {
    const TAKING: [&str; 6] = ["DROP TABLE", "DROP COLUMN", "RENAME", "SET NOT NULL", " TYPE ", "DROP CONSTRAINT"];
    let mut faults = Vec::new();
    for path in files(&root().join("migration/src"), ".sql") {
        let folder = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        let Some(number) = folder.strip_prefix('m').and_then(|number| number.parse::<u32>().ok()) else { continue };
        let is_named = migration::BREAKING.iter().any(|name| name.starts_with(&folder));
        let text = fs::read_to_string(&path).unwrap().to_uppercase();
        // A foreign key only checks: no release needs it.
        let text: Vec<&str> = text.split("DROP CONSTRAINT IF EXISTS ").collect();
        let text = text.iter().map(|part| part.split_once("_FKEY").map_or(*part, |(_, rest)| rest)).collect::<String>();
        // The promise begins with the migration that made room for it.
        if number >= 31 && !is_named && TAKING.iter().any(|word| text.contains(word)) {
            faults.push(format!(
                "{}: an older release may need what it takes away: name it in migration::BREAKING",
                path.display()
            ));
        }
    }
    no_faults(&faults);
}

/// Bulk writes are made of records, whose derive puts the tenant first; so nobody lists columns by hand, and no table has its tenant elsewhere.
#[test]
fn a_bulk_write_begins_with_its_tenant() {
    const BY_HAND: [&str; 4] = ["Bulk::insert(", "Bulk::update(", "Bulk::delete(", "[Column] = &["];
    let mut faults = Vec::new();
    for (name, path) in
        sources().into_iter().filter(|(name, _)| !name.starts_with("storage/bulk") && !name.starts_with("macros/"))
    {
        let text = fs::read_to_string(&path).unwrap();
        let found = BY_HAND.iter().filter(|word| text.contains(**word));
        faults.extend(found.map(|word| format!("{name}: {word}…) names columns by hand: write records with storage::Rows")));
    }
    let tables = entity::tables::ALL;
    assert!(tables.len() > 100, "{} tables", tables.len());
    for table in tables.iter().filter(|table| !NO_ROW_SECURITY.contains(&table.name)) {
        if table.columns.iter().position(|column| column.0 == "tenant_id").is_some_and(|place| place > 0) {
            faults.push(format!("{}: its tenant is not its first column", table.name));
        }
    }
    no_faults(&faults);
}
