//! Rules of this repository, checked on its source: dependencies between modules, limits on cores,
//! and lengths of files.

mod binding;
mod circles;
mod comments;
mod deploy;
mod events;
mod facts;
mod locks;
mod messages;
mod papers;
mod records;
mod refusals;
mod reliability;
mod resolvers;
mod rooms;
mod targets;
pub mod tenants;
mod untested;
mod upstream;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use entrepot::CRATES;
use facts::Facts;
use rooms::{FORECAST, PRODUCT_TEXT, ROOMS};

/// The rooms that hold rules, in reading order. The faces, in `objects`, `trade`, `analysis` and `api`, name one another, as the objects of the schema do.
fn rooms() -> Vec<&'static str> {
    ROOMS.concat()
}

/// Crates without rooms: their files are named with the crate.
const WITHOUT_ROOMS: [&str; 9] =
    ["macros", "reference", "graphql", "objects", "trade", "analysis", "api", "server", "program-pages"];

/// Whether a file is a GraphQL face, an entry point, an attribute of faces, or code that assembles
/// a node: these have no rules, so they may name any room.
fn is_graph(file: &str) -> bool {
    WITHOUT_ROOMS.contains(&room(file)) || file.starts_with("serve/")
}

/// Files that are longer than 400 lines, and why they are one noun.
const LONG: &[(&str, &str)] = &[];
const MAX_LINES: usize = 400;

/// Names that only some files may use: the name, these files, and the reason.
const DOORS: &[(&str, &[&str], &str)] = &[
    ("casbin", &["access/"], "policies are compiled in one place; elsewhere rights are permits"),
    ("axum", &["server/"], "HTTP is one room's business"),
    ("sea_orm::TransactionTrait", &["storage/"], "only storage begins and commits"),
    ("sea_orm::DatabaseTransaction", &["storage/"], "only storage begins and commits"),
    ("jsonwebtoken", &["identity/"], "tokens are identity's"),
    ("argon2", &["identity/"], "passwords are identity's"),
    ("lettre", &["identity/"], "letters are identity's"),
    ("totp_rs", &["identity/"], "second factors are identity's"),
    (
        "redis",
        &["rate_limit/", "cache/remote", "cache/positions/", "realtime/bus"],
        "what nodes share through Redis is kept in four places: budgets, rows, positions of writes, and hints",
    ),
    ("object_store", &["files/store.rs", "files/store/"], "bytes are kept in one place"),
    ("image::DynamicImage", &["files/draw.rs"], "pictures are drawn in one place"),
    (
        "quick_xml",
        &["exchange/read/", "papers/core/pdf/drawing.rs", "currency/shell/ecb_xml.rs"],
        "files, our own charts, and files of rates, are taken apart in one place each",
    ),
    ("metrics::counter", &["metrics/"], "the names of figures are kept in one place"),
    ("metrics::gauge", &["metrics/"], "the names of figures are kept in one place"),
    ("metrics::histogram", &["metrics/"], "the names of figures are kept in one place"),
    ("metrics_exporter_prometheus", &["metrics/"], "the names of figures are kept in one place"),
    ("std::time::SystemTime", &["clock.rs"], "time comes from the clock"),
    ("std::time::Instant", &["clock.rs"], "time comes from the clock"),
    ("rand", &["clock.rs", "replay/", "watch/", "demo/"], "randomness comes from the clock; demos have a seed"),
    ("jiff", &["clock.rs", "replay/", "demo/"], "calendars are the clock's"),
    (
        "reqwest",
        &["replay/", "watch/", "demo/", "secrets/aws.rs", "webhooks/wire/", "cli/traces.rs", "cli/error_reports/"],
        "only clients of the public API send requests, the store of keys, webhooks, which check where to, and the exporters of traces and of error reports",
    ),
    ("indicatif", &["replay/", "demo/"], "progress is for people at a terminal"),
];

/// Names that pure cores do not use.
const IMPURE: &[&str] = &[
    "sea_orm",
    "tokio",
    "async_graphql",
    "axum",
    "futures_util",
    "async_trait",
    "std::time",
    "std::fs",
    "std::env",
    "std::net",
    "crate::clock",
    "crate::storage",
    "crate::access",
];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if entry.is_dir() && !["target", "node_modules", "dist"].contains(&name.as_str()) && !name.starts_with('.') {
            found.extend(files(&entry, ending));
        } else if name.ends_with(ending) && !entry.is_symlink() {
            found.push(entry);
        }
    }
    found.sort();
    found
}

/// Returns the source directory of a crate.
fn folder(name: &str) -> PathBuf {
    if name == "entrepot" { root().join("src") } else { root().join("crates").join(name).join("src") }
}

/// The files of all crates: `stock/core/level.rs`, `objects/stock/level.rs` for its face, `iam/lib.rs` for a crate's own.
pub fn sources() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for name in CRATES {
        let folder = folder(name);
        for path in files(&folder, ".rs") {
            let file = path.strip_prefix(&folder).unwrap().to_string_lossy().replace('\\', "/");
            let is_own = WITHOUT_ROOMS.contains(&name) || ["lib.rs", "main.rs"].contains(&file.as_str());
            found.push((if is_own { format!("{name}/{file}") } else { file }, path));
        }
    }
    assert!(found.len() > 700, "the source was not found");
    found
}

/// A path as if all crates were one: `crate::` and the room; for a face its crate and the room
/// (`crate::trade::stock`).
fn as_one(file: &str, path: &str) -> String {
    let (head, rest) = path.split_once("::").unwrap_or((path, ""));
    match head {
        "crate" if WITHOUT_ROOMS.contains(&room(file)) => format!("crate::{}::{rest}", room(file)),
        _ if WITHOUT_ROOMS.contains(&head) => format!("crate::{path}"),
        _ if CRATES.contains(&head.replace('_', "-").as_str()) => format!("crate::{rest}"),
        _ => path.to_owned(),
    }
}

/// Returns the facts of each file.
fn source() -> BTreeMap<String, Facts> {
    source_where(|_, _| true)
}

/// The facts of files that are selected by name and text: parsing all of them takes two seconds.
fn source_where(matters: impl Fn(&str, &str) -> bool) -> BTreeMap<String, Facts> {
    let read = |(name, path): (String, PathBuf)| {
        let text = fs::read_to_string(&path).unwrap();
        if !matters(&name, &text) {
            return None;
        }
        let mut facts = Facts::of(&name, &syn::parse_file(&text).unwrap());
        facts.paths = facts.paths.iter().map(|path| as_one(&name, path)).collect();
        Some((name, facts))
    };
    sources().into_iter().filter_map(read).collect()
}

fn room(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or_default()
}

fn no_faults(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults: {faults:#?}", faults.len());
}

#[test]
fn a_room_names_only_rooms_before_it() {
    let rooms = rooms();
    let place = |name: &str| rooms.iter().position(|known| *known == name);
    let mut faults = Vec::new();
    for (file, facts) in source() {
        let own = room(&file);
        if is_graph(&file) || file.ends_with("/lib.rs") || file.ends_with("/main.rs") || file == "path.rs" {
            continue;
        }
        let Some(here) = place(own) else {
            faults.push(format!("{file}: {own} is not in the list of rooms"));
            continue;
        };
        for named in rooms.iter().filter(|named| facts.names(&format!("crate::{named}"))) {
            if place(named) > Some(here) {
                faults.push(format!("{file} names {named}, a later room"));
            }
        }
    }
    no_faults(&faults);
}

#[test]
fn the_list_of_rooms_is_the_one_in_the_papers() {
    let paper = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    for (name, rooms) in CRATES.into_iter().zip(ROOMS).filter(|(name, _)| !WITHOUT_ROOMS.contains(name)) {
        let lib = fs::read_to_string(folder(name).join("lib.rs")).unwrap();
        let in_order: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
        assert_eq!(in_order, rooms, "lib.rs of {name} has the rooms in reading order");
        let list = format!("`{}`", rooms.join(", "));
        assert!(paper.contains(&list), "docs/ARCHITECTURE.md should list the rooms of {name} as {list}");
    }
}

#[test]
fn a_floor_names_only_floors_below_it() {
    const FLOORS: [&str; 4] = ["core", "rows", "shell", "jobs"];
    let mut faults = Vec::new();
    for (file, facts) in source() {
        let (own, rest) = file.split_once('/').unwrap_or((&file, ""));
        let Some(floor) = FLOORS.iter().position(|floor| room(rest) == *floor).filter(|_| !WITHOUT_ROOMS.contains(&own)) else {
            continue;
        };
        for above in &FLOORS[floor + 1..] {
            if facts.names(&format!("crate::{own}::{above}")) {
                faults.push(format!("{file} names {own}::{above}, which lies above it"));
            }
        }
    }
    no_faults(&faults);
}

#[test]
fn cores_are_pure() {
    let (mut faults, mut checked_count) = (Vec::new(), 0);
    let is_pure = |file: &str| {
        let pure = [FORECAST, PRODUCT_TEXT, &["reference"]].concat();
        pure.contains(&room(file)) || file.split('/').any(|part| part == "core" || part == "core.rs")
    };
    for (file, facts) in &source_where(|file, _| is_pure(file)) {
        checked_count += 1;
        faults.extend(facts.is_async.then(|| format!("{file} is async")));
        // A room's core may name its own values beside it.
        let own = format!("crate::{}", room(file));
        let named = IMPURE.iter().filter(|name| **name != own && facts.names(name));
        faults.extend(named.map(|name| format!("{file} names {name}")));
    }
    assert!(checked_count > 20, "the cores were not found");
    no_faults(&faults);
}

#[test]
fn doors_are_kept() {
    let mut faults = Vec::new();
    for (file, facts) in source() {
        for (name, keepers, reason) in DOORS {
            if facts.names(name) && !keepers.iter().any(|keeper| file.starts_with(keeper)) {
                faults.push(format!("{file} names {name}: {reason}"));
            }
        }
        let draws = ["now_v7", "new_v4"].iter().any(|end| facts.paths.iter().any(|path| path.ends_with(&format!("Uuid::{end}"))));
        if file != "clock.rs" && draws {
            faults.push(format!("{file} draws an id: ids come from the clock"));
        }
        if facts.names("async_graphql") && !is_graph(&file) {
            faults.push(format!("{file} names async_graphql: GraphQL stays in the crates of the API"));
        }
    }
    no_faults(&faults);
}

/// Transactions begin only in code that carries changes out, never in code that decides, reads or
/// answers queries.
#[test]
fn only_shells_ask_for_transactions() {
    #[rustfmt::skip]
    const WHERE: &[&str] = &[
        "storage/", "access/shell/", "catalog/shell/", "identity/shell/", "secrets/shell.rs", "secrets/loss.rs", "audit/shell.rs", "tenancy/",
        "jobs/shell/", "webhooks/shell/", "orders/shell/", "fulfilment/shell/", "purchasing/shell/", "costing/shell/", "currency/shell/",
        "numbering/shell.rs", "demand/shell/", "forecasting/shell/", "replenishment/shell/", "liquidation/shell/", "saved_views/shell/", "export_schedules/shell/", "papers/shell/", "anomalies/shell/", "suggestions/shell/", "notes/shell/", "files/shell/", "media/shell.rs", "exchange/shell/",
        "alerts/shell/", "backups/shell/", "stock/shell.rs", "ledger/batch.rs", "insight/verify/", "serve/",
    ];
    let mut faults = Vec::new();
    for (file, facts) in source_where(|_, text| text.contains("commit") || text.contains("maintenance_for")) {
        let begins = facts.methods.contains("commit") || facts.methods.contains("maintenance_for");
        if begins && !WHERE.iter().any(|place| file.starts_with(place)) {
            faults.push(format!("{file} begins or commits"));
        }
    }
    no_faults(&faults);
}

#[test]
fn nothing_is_unwrapped_without_a_reason() {
    let source = source_where(|_, text| text.contains("unwrap") || text.contains("expect"));
    let faults: Vec<String> =
        source.iter().flat_map(|(file, facts)| facts.unwraps.iter().map(move |what| format!("{file}: {what}"))).collect();
    no_faults(&faults);
}

/// Values in the text of a statement make it a new one for each call: it is parsed and planned
/// again, and evicts others from the caches.
#[test]
fn values_are_bound() {
    let mut faults = Vec::new();
    for (file, path) in sources() {
        // `storage/dialect.rs` may join them, as it makes lists of values.
        let makes_statements = file.contains("/rows") || file.contains("/verify/") || file.starts_with("storage/");
        if makes_statements && file != "storage/dialect.rs" && fs::read_to_string(&path).unwrap().contains(".join(\",\")") {
            faults.push(format!("{file} joins values into a statement: see storage/dialect.rs"));
        }
    }
    no_faults(&faults);
}

#[test]
fn nothing_is_left_for_later() {
    const LATER: [&str; 3] = ["todo", "unimplemented", "dbg"];
    let mut faults = Vec::new();
    for (file, facts) in source_where(|_, text| LATER.iter().any(|name| text.contains(*name))) {
        faults.extend(LATER.iter().filter(|name| facts.macros.contains(**name)).map(|name| format!("{file} calls {name}!")));
    }
    // Put together here, so that this file does not find itself.
    let notes = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["X", "XX:"].concat()];
    let folders = ["home", "Users", "work", "root"].map(|folder| format!("/{folder}/"));
    let machines = folders.into_iter().chain(["C:\\".to_owned()]).collect::<Vec<_>>();
    for ending in [".rs", ".sh", ".md", ".toml", ".yml", ".csv", "Makefile", "Dockerfile"] {
        for path in files(root(), ending).iter().filter(|path| !path.ends_with("tests/it/tidy.rs")) {
            let text = fs::read_to_string(path).unwrap();
            let place = path.strip_prefix(root()).unwrap().display();
            faults.extend(notes.iter().filter(|note| text.contains(note.as_str())).map(|note| format!("{place} has a {note}")));
            let words = text.split(['"', '\'', ' ', '`', '(', '=', '\n']);
            faults.extend(
                words
                    .filter(|word| machines.iter().any(|machine| word.starts_with(machine)))
                    .map(|word| format!("{place} names a machine's path: {word}")),
            );
        }
    }
    no_faults(&faults);
}

#[test]
fn files_are_of_a_size() {
    let mut faults = Vec::new();
    let folders = ["src", "crates", "tests", "entity", "migration"].map(|folder| root().join(folder));
    for path in folders.iter().flat_map(|folder| files(folder, ".rs")) {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        let is_known = LONG.iter().any(|(known, _)| *known == name);
        if lines > MAX_LINES && !is_known {
            faults.push(format!("{name} has {lines} lines: look for a second noun"));
        } else if lines <= MAX_LINES && is_known {
            faults.push(format!("{name} is no longer long: take it off the list"));
        }
        let words = ["utils", "helpers", "common", "misc"];
        faults.extend(
            words
                .iter()
                .filter(|word| path.file_stem().is_some_and(|stem| stem == **word))
                .map(|word| format!("{name}: {word} is no noun")),
        );
    }
    no_faults(&faults);
}
