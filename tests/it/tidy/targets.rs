//! Targets of integration tests: each file is compiled, and each test by one target alone, as several have the files that their rooms share.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use syn::{Expr, Item, ItemMod, Lit, Meta};

use super::{files, no_faults, root};

/// The first files of the targets, as `Cargo.toml` names them.
fn targets() -> Vec<PathBuf> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let paths = manifest.split("\n[[test]]\n").skip(1).filter_map(|section| section.split('"').nth(3));
    paths.map(|path| root().join(path)).collect()
}

/// The file that an attribute names for a module.
fn named_file(module: &ItemMod) -> Option<String> {
    module.attrs.iter().find_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else { return None };
        let Expr::Lit(value) = &pair.value else { return None };
        let Lit::Str(text) = &value.lit else { return None };
        pair.path.is_ident("path").then(|| text.value())
    })
}

/// Adds a file, and those of its modules, which are in `folder` unless an attribute names another
/// path.
fn add_file(file: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    found.push(file.canonicalize().unwrap());
    add_modules(&syn::parse_file(&text).unwrap().items, file, folder, found);
}

fn add_modules(items: &[Item], file: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
    for item in items {
        let Item::Mod(module) = item else { continue };
        let below = folder.join(module.ident.to_string());
        if let Some((_, inner)) = &module.content {
            add_modules(inner, file, &below, found);
        } else if let Some(named) = named_file(module) {
            let named = file.with_file_name(named);
            add_file(&named, named.parent().unwrap(), found);
        } else {
            let beside = below.with_extension("rs");
            let own = if beside.exists() { beside } else { below.join("mod.rs") };
            add_file(&own, &below, found);
        }
    }
}

fn has_tests(text: &str) -> bool {
    let begins = |line: &str| ["#[test]", "#[tokio::test", "on_both!("].iter().any(|start| line.starts_with(start));
    text.lines().any(|line| begins(line.trim_start()))
}

#[test]
fn each_test_is_compiled_by_one_target() {
    let mut compiled: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for target in targets() {
        let mut found = Vec::new();
        add_file(&target, target.parent().unwrap(), &mut found);
        for file in found {
            *compiled.entry(file).or_default() += 1;
        }
    }
    let mut faults = Vec::new();
    for path in ["tests/it", "tests/servers"].iter().flat_map(|folder| files(&root().join(folder), ".rs")) {
        let place = path.strip_prefix(root()).unwrap().display();
        match compiled.get(&path.canonicalize().unwrap()) {
            None => faults.push(format!("{place} is in no target: its `mod` is missing")),
            Some(count) if *count > 1 && has_tests(&fs::read_to_string(&path).unwrap()) => {
                faults.push(format!(
                    "{place} has tests and is in {count} targets: what they share belongs in a file without tests"
                ));
            }
            Some(_) => {}
        }
    }
    assert!(compiled.len() > 500, "the targets were not found");
    no_faults(&faults);
}
