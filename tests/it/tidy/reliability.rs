//! Each guarantee of `docs/RELIABILITY.md` has a test, row by row.

use std::{collections::BTreeSet, ffi::OsStr, fs, path::Path};

use migration::{
    Migrator, MigratorTrait, online,
    plan::{self, RowWork, Target},
};
use sea_orm::DbBackend;

use super::{files, no_faults, root, sources};
use crate::row_security::NO_ROW_SECURITY;

/// The names of all tests, and of scenarios that run on both databases.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in ["src", "crates", "tests", "migration/src"].iter().flat_map(|folder| files(&root().join(folder), ".rs")) {
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
        // Tables of settings have no column of tests, and precede those that have one.
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

/// The number of a migration, from a file of its folder or its own: `migration/src/m0131/up.sql`, `migration/src/m0131_name.rs`.
fn number_of(path: &Path) -> Option<u32> {
    let number = |name: &str| name.strip_prefix('m')?.get(..4)?.parse::<u32>().ok();
    let name = |part: Option<&OsStr>| part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default();
    number(&name(path.file_name())).or_else(|| number(&name(path.parent().and_then(Path::file_name))))
}

/// Returns the words of a text that remove something that an older release may need.
fn removals(text: &str) -> Vec<&'static str> {
    const TAKING: [&str; 6] = ["DROP TABLE", "DROP COLUMN", "RENAME", "SET NOT NULL", " TYPE ", "DROP CONSTRAINT"];
    let text = text.to_uppercase();
    // A foreign key is only a check, so no release needs it.
    let text: Vec<&str> = text.split("DROP CONSTRAINT IF EXISTS ").collect();
    let text = text.iter().map(|part| part.split_once("_FKEY").map_or(*part, |(_, rest)| rest)).collect::<String>();
    TAKING.into_iter().filter(|word| text.contains(word)).collect()
}

#[test]
fn a_migration_that_takes_something_away_says_so() {
    let mut faults = Vec::new();
    for path in files(&root().join("migration/src"), ".sql") {
        let Some(number) = number_of(&path) else { continue };
        let is_named = migration::BREAKING.iter().any(|name| name.starts_with(&format!("m{number:04}_")));
        // The guarantee begins with the migration that introduced it; migrations after `FROZEN`
        // have stricter rules.
        if (31..=FROZEN).contains(&number) && !is_named && !removals(&fs::read_to_string(&path).unwrap()).is_empty() {
            faults.push(format!(
                "{}: an older release may need what it takes away: name it in migration::BREAKING",
                path.display()
            ));
        }
    }
    no_faults(&faults);
}

/// The last migration that may be incompatible with older binaries. Over thirty earlier ones were,
/// and each of them stopped all nodes for an upgrade; since then the previous release keeps serving
/// during an upgrade. Never raise it: expand, and contract a release later (`docs/OPERATIONS.md`,
/// "Changing tables").
const FROZEN: u32 = 130;
/// The last release, and its last migration: what contracts may need nothing later. Both change with each release.
const RELEASED: (&str, u32) = ("0.1", 81);

/// Returns the statements of a migration's SQL that an older binary cannot work with; nothing if it
/// only adds.
fn unbearable(text: &str) -> Vec<String> {
    let is_comment = |line: &&str| ["--", "//"].iter().any(|mark| line.trim_start().starts_with(mark));
    let text = text.lines().filter(|line| !is_comment(line)).collect::<Vec<_>>().join("\n");
    let mut faults: Vec<String> = removals(&text).into_iter().map(|word| format!("{} takes away", word.trim())).collect();
    let new_objects: Vec<String> = statements_of(&text).filter_map(|statement| made_by(&statement)).collect();
    for statement in statements_of(&text) {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let table = |before: &str| {
            let at = words.iter().position(|word| *word == before)?;
            words[at + 1..].iter().find(|word| !["IF", "NOT", "EXISTS", "ONLY"].contains(word)).map(|word| word.trim_matches('"'))
        };
        let is_own = |name: Option<&str>| name.is_some_and(|name| new_objects.iter().any(|own| own == name));
        if statement.starts_with("ALTER TABLE") && !is_own(table("TABLE")) {
            let is_strict = statement.replace("IS NOT NULL", "").contains("NOT NULL") && !statement.contains("DEFAULT");
            if statement.contains("ADD COLUMN") && is_strict {
                faults.push("a new column without a default, which an older binary does not write".to_owned());
            }
            let is_added = ["ADD CONSTRAINT", "ADD CHECK", "ADD UNIQUE", "ADD PRIMARY", "ADD FOREIGN"];
            if is_added.iter().any(|words| statement.contains(words)) {
                faults.push("a rule for a table that is there, which an older binary may break".to_owned());
            }
        }
        if statement.starts_with("CREATE UNIQUE INDEX") && !is_own(table("ON")) {
            faults.push("a unique index of a table that is there, which an older binary may break".to_owned());
        }
        if statement.starts_with("CREATE TRIGGER") && !is_own(table("ON")) {
            faults.push("a trigger of a table that is there, which an older binary does not expect".to_owned());
        }
    }
    faults
}

/// In capitals, without marks of one database, with brackets as words of their own.
fn statements_of(text: &str) -> impl Iterator<Item = String> {
    let text = text.to_uppercase().replace('(', " ( ");
    let statements: Vec<String> = text.split("\n;;\n").map(|statement| statement.trim().to_owned()).collect();
    statements.into_iter().map(|statement| {
        let own = statement.strip_prefix("@POSTGRES").or(statement.strip_prefix("@SQLITE")).unwrap_or(&statement);
        own.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

fn made_by(statement: &str) -> Option<String> {
    let name = statement.strip_prefix("CREATE TABLE ")?;
    name.trim_start_matches("IF NOT EXISTS ").split_whitespace().next().map(str::to_owned)
}

#[test]
fn no_migration_from_now_on_is_one_that_an_older_binary_cannot_bear() {
    let listed = |name: &str| number_of(Path::new(name)).unwrap();
    let mut faults: Vec<String> = migration::BREAKING
        .iter()
        .filter(|name| listed(name) > FROZEN)
        .map(|name| format!("{name}: BREAKING is closed since m{FROZEN:04}: expand, and contract a release later"))
        .collect();
    assert!(root().join(format!("docs/api/{}.graphql", RELEASED.0)).exists(), "another release was made: say its last migration");
    for (name, known) in migration::CONTRACTING {
        if listed(name) <= FROZEN || listed(known) >= listed(name) || listed(known) > RELEASED.1 {
            faults.push(format!("{name}: it contracts what {known} began, which is in no release yet"));
        }
    }
    let exempt = |number: u32| {
        let mut names = migration::CONTRACTING.iter().map(|(name, _)| name).chain(migration::WIDENING);
        names.any(|name| listed(name) == number)
    };
    let folder = root().join("migration/src");
    for path in [".sql", ".rs"].iter().flat_map(|ending| files(&folder, ending)) {
        let Some(number) = number_of(&path).filter(|number| *number > FROZEN && !exempt(*number)) else { continue };
        let text = fs::read_to_string(&path).unwrap();
        faults.extend(unbearable(&text).into_iter().map(|fault| format!("{} (m{number:04}): {fault}", path.display())));
    }
    // The lock of a rewrite is held until the whole table has been written again.
    for name in Migrator::migrations().iter().map(|one| one.name().to_owned()).filter(|name| listed(name) > FROZEN) {
        for statement in plan::statements(&name, DbBackend::Postgres) {
            if plan::locks(statement).iter().any(|lock| lock.work == RowWork::Rewrite) {
                faults.push(format!("{name}: it writes a whole table anew: {statement}"));
            }
        }
    }
    no_faults(&faults);
}

#[test]
fn what_an_older_binary_cannot_bear_is_found() {
    for (sql, words) in [
        ("ALTER TABLE lot ADD COLUMN code {TEXT}", ""),
        ("ALTER TABLE lot ADD COLUMN n {INT} NOT NULL DEFAULT 0 CHECK (n >= 0)", ""),
        ("CREATE INDEX lot_code ON lot (code)", ""),
        ("CREATE TABLE lot_note (id {UUID} NOT NULL)\n;;\nCREATE UNIQUE INDEX lot_note_id ON lot_note (id)", ""),
        ("@postgres\n-- why\nALTER TABLE lot DROP CONSTRAINT IF EXISTS lot_product_fkey", ""),
        ("ALTER TABLE lot ADD COLUMN code {TEXT} NOT NULL", "without a default"),
        ("@postgres ALTER TABLE lot ADD CONSTRAINT code CHECK (code <> '')", "a rule"),
        ("CREATE UNIQUE INDEX lot_code ON lot (code)", "unique index"),
        ("@postgres\nCREATE TRIGGER keeps BEFORE DELETE ON lot FOR EACH ROW EXECUTE FUNCTION keeps()", "trigger"),
        ("ALTER TABLE lot DROP COLUMN code", "DROP COLUMN"),
        ("ALTER TABLE lot RENAME TO lots", "RENAME"),
        ("@sqlite DROP TABLE lot", "DROP TABLE"),
        ("ALTER TABLE lot ALTER COLUMN code TYPE numeric", "TYPE"),
        ("ALTER TABLE lot ALTER COLUMN code SET NOT NULL", "SET NOT NULL"),
    ] {
        let faults = unbearable(sql);
        assert_eq!(faults.is_empty(), words.is_empty(), "{sql}: {faults:?}");
        assert!(words.is_empty() || faults.iter().any(|fault| fault.contains(words)), "{sql}: {faults:?}");
    }
}

/// The last migration whose indexes may be of columns that it adds itself. An index of a later one is built before its migration where the table is large,
/// while everybody writes (`migration::online`); one of a new column comes in a migration after that of the column.
const BUILT_WITHIN: u32 = 197;

/// Indexes of an existing table that a migration builds in its own transaction, for any size of the
/// table.
fn built_within(name: &str) -> Vec<&'static str> {
    let statements = plan::statements(name, DbBackend::Postgres);
    let is_comment = |line: &&str| line.trim_start().starts_with("--");
    let words = |statement: &str| {
        let code: Vec<&str> = statement.lines().filter(|line| !is_comment(line)).collect();
        statements_of(&code.join("\n")).next().unwrap_or_default()
    };
    let new_objects: Vec<String> = statements.iter().filter_map(|statement| made_by(&words(statement))).collect();
    let before = online::indexes(name);
    let is_within = |statement: &&'static str| {
        let is_new = |target: &Target| matches!(target, Target::Table(table) if new_objects.contains(&table.to_uppercase()));
        words(statement).starts_with("CREATE INDEX ")
            && before.iter().all(|index| index.statement != *statement)
            && plan::locks(statement).iter().any(|lock| !is_new(&lock.target))
    };
    statements.iter().copied().filter(is_within).collect()
}

#[test]
fn an_index_from_now_on_is_built_before_its_migration() {
    assert_eq!(built_within("m0148_added_charges").len(), 2, "of new columns");
    for name in ["m0189_orders_by_status", "m0118_received_twice", "m0001_foundation"] {
        assert!(built_within(name).is_empty(), "{name}: {:?}", built_within(name));
    }
    let mut faults = Vec::new();
    for migration in Migrator::migrations() {
        if number_of(Path::new(migration.name())).is_some_and(|number| number > BUILT_WITHIN) {
            let within = built_within(migration.name());
            faults.extend(within.iter().map(|statement| format!("{}: no one writes meanwhile: {statement}", migration.name())));
        }
    }
    no_faults(&faults);
}

/// Bulk writes take records, whose derive puts the tenant first, so columns are never listed by
/// hand and the tenant has the same place in all tables.
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
