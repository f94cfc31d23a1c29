//! The name of an event is written in its declaration alone, and each declaration is in the registry.

use std::{collections::BTreeSet, fs};

use entrepot::{catalog::events::CACHED_ROW_EVENTS, schema::events::registry, storage::journal::Kinds};

use super::{no_faults, root, sources};

/// Returns the name that `NAME "noun.verb"` declares, if the line does.
fn declared(line: &str) -> Option<&str> {
    let (constant, name) = line.trim().split_once(" \"")?;
    let is_constant = constant.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    name.split_once('"').map(|(name, _)| name).filter(|_| is_constant)
}

#[test]
fn events_are_named_in_their_declarations() {
    let mut faults = Vec::new();
    let (mut names, known) = (BTreeSet::new(), registry().events().map(|event| event.name()).collect::<BTreeSet<_>>());
    for (_, path) in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if code.contains("::events! {") {
            names.extend(code.lines().filter_map(declared).map(ToOwned::to_owned));
            continue;
        }
        // Texts between two quotes are collected once for each file, and not once for each event.
        let quoted: BTreeSet<&str> = ['"', '\''].into_iter().flat_map(|quote| code.split(quote).skip(1)).collect();
        let written = known.iter().filter(|name| quoted.contains(**name));
        faults.extend(written.map(|name| format!("{} writes {name} out", path.display())));
    }
    no_faults(&faults);
    assert_eq!(names.iter().map(String::as_str).collect::<BTreeSet<_>>(), known, "declared, and joined in schema/events.rs");
}

/// SQLite uses a partial index for its own text only.
#[test]
fn what_the_cache_asks_for_is_what_its_index_is_of() {
    let migration = fs::read_to_string(root().join("migration/src/m0067/archive.sql")).unwrap();
    assert!(migration.contains(&format!(" WHERE {}\n", Kinds::of(CACHED_ROW_EVENTS).sql())));
}
