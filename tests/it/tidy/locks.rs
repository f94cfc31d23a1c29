//! Statements that change or delete several rows lock them in one order (decisions 0348, 0364 and
//! 0372).
//!
//! On Postgres a statement locks rows as it finds them: two that find some of the same in different
//! orders wait for each other.

use std::{collections::BTreeMap, fs, iter, path::Path};

use super::{no_faults, room, sources, tenants::texts};

/// Files with statements that change or delete several rows of these tables: the number of
/// statements, and the order of their locks. A file calls `lock_in_order` (`platform::storage`) if
/// its entry names it.
const SEVERAL: [(&str, usize, &str); 10] = [
    ("identity/rows/devices.rs", 2, "behind the lock of the account"),
    ("identity/rows/factors.rs", 3, "codes behind the lock of the account; logins that wait by `lock_in_order`"),
    ("identity/rows/invitations.rs", 2, "of a member there is one; of all by `lock_in_order`"),
    ("identity/rows/keys.rs", 1, "one command retires keys"),
    ("identity/rows/links.rs", 5, "behind the locks of accounts, or by `lock_in_order`"),
    ("identity/rows/mod.rs", 1, "it waits for nobody: `SKIP LOCKED`"),
    ("identity/rows/refresh.rs", 1, "behind the lock of the session"),
    ("identity/rows/sessions.rs", 5, "by `lock_in_order`, as `end_next_after` does; what is noted waits for nobody"),
    ("jobs/rows.rs", 4, "by `lock_in_order`; of what is done by one standing job"),
    ("jobs/shell/outgoing.rs", 1, "by `lock_in_order`"),
];

/// Other rooms: the number of statements and bulk writes that change several rows, and of selects
/// that lock without an order; and the order of their locks.
///
/// "The counter" is the tenant's: a transaction that has locked it is the only one to lock rows
/// that are locked after it. Rows that are locked before it are never locked after it.
const ROOMS: [(&str, usize, &str); 30] = [
    ("access", 4, "behind the tenant's policy, which every change of rights moves first; uses of one key behind its row"),
    (
        "alerts",
        8,
        "behind the row of the tenant's follower, alerts by ID; letters by recipient and alert; what is a year old by one job",
    ),
    ("anomalies", 2, "by ID, by one job; whoever accepts one has no other"),
    ("audit", 4, "behind the end of the tenant's log, and this behind the counter"),
    ("backups", 3, "one run at a time"),
    (
        "catalog",
        21,
        "suppliers, products, families and customers by ID, before the counter; categories, what is forgotten, and codes behind it",
    ),
    ("costing", 5, "behind the tenant's book"),
    ("counts", 4, "by the ledger, behind the counter"),
    ("demand", 18, "behind the book of the generation; the current one before the next"),
    ("exchange", 3, "behind the row of the run; of runs that are over by one job"),
    ("export_schedules", 1, "by ID, behind the counter"),
    ("forecasting", 4, "runs by one job; series of factors behind the counter"),
    ("fulfilment", 9, "by the ledger, or of waves and carriers, behind the counter"),
    ("liquidation", 5, "behind the counter"),
    ("media", 1, "behind the counter"),
    ("notes", 2, "behind the note"),
    ("orders", 11, "by the ledger, behind the counter"),
    ("papers", 1, "behind the counter"),
    ("purchasing", 16, "by the ledger, behind the counter; rows of catalogues by key, behind suppliers and products"),
    ("replenishment", 7, "behind the counter; of the rule there is one"),
    ("returns", 5, "by the ledger, behind the counter"),
    ("saved_views", 3, "behind the counter"),
    (
        "secrets",
        5,
        "keys behind the first one; values that somebody has are waited for one by one; those of a lost key are begun again",
    ),
    ("serve", 1, "the counter of one tenant"),
    ("stock", 5, "by the ledger, behind the counter; blocks of a history by their number"),
    (
        "storage",
        24,
        "counters that nobody holds, or behind the timeline's row; bulk writes as their rooms say; `update_row` finds one row; a copy has one runner",
    ),
    ("suggestions", 1, "one row of the tenant"),
    ("tenancy", 7, "rights, users, factors, sessions, master data, the counter, then members and all else; begun again"),
    ("transfers", 5, "by the ledger, behind the counter"),
    ("webhooks", 10, "endpoints by ID, deliveries behind theirs; what is old waits for nobody: `SKIP LOCKED`"),
];

/// Conditions on the whole key of a row, and tables that have one row of a user or of the deployment.
const ONE: [&str; 7] = [" id = $", " hash = $", " number = $", " email_key = $", " totp ", " login_failure ", " scope = "];

/// Whether a text has one of these parts.
fn has(text: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| text.contains(part))
}

/// Whether a text is a statement that may change several rows in no order.
fn changes_several(text: &str) -> bool {
    let sql = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let begins = |verbs: &[&str]| verbs.iter().any(|verb| sql.starts_with(verb));
    if begins(&["UPDATE ", "DELETE "]) {
        return !has(&sql, &ONE);
    }
    let is_given_rows = begins(&["INSERT "]) && has(&sql, &[" SELECT "]) && has(&sql, &[" ON CONFLICT"]);
    let is_with = begins(&["WITH "]) && has(&sql, &["UPDATE ", "DELETE "]);
    is_with || (is_given_rows && !has(&sql, &["ORDER BY"]))
}

/// Returns the places of a file that may lock several rows: statements, lines with bulk writes of
/// existing rows, and functions that lock selected rows in no order.
fn locks_several(path: &Path) -> Vec<String> {
    let source = fs::read_to_string(path).unwrap();
    let code = source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut found = Vec::new();
    if has(code, &["UPDATE ", "DELETE ", " ON CONFLICT"]) {
        found.extend(texts(path).into_iter().filter(|text| changes_several(text)));
    }
    for line in code.lines() {
        let of_rows: &[&str] = if line.contains("Rows::<") { &[">::update(", ">::delete("] } else { &[] };
        let bulk = of_rows.iter().chain(&["new_and_changed::<", "Bulk::update(", "Bulk::delete("]);
        let count: usize = bulk.map(|call| line.matches(call).count()).sum();
        found.extend(iter::repeat_n(line.trim().to_owned(), count));
    }
    let locks = |part: &&str| has(part, &[".for_change(", ".for_update(", ".for_reference("]);
    let unordered = |part: &&str| !has(part, &["ORDER BY", "id = $2"]);
    let name = |part: &str| part.split('(').next().unwrap_or_default().to_owned();
    found.extend(code.split(" fn ").filter(locks).filter(unordered).map(name));
    found
}

/// Whether a text is a statement that locks all rows of a condition in a given order. A statement
/// with a limit is a page, and does not count.
fn orders_locks(text: &str) -> bool {
    text.contains(" ORDER BY ") && text.contains("{lock}") && !text.contains(" LIMIT ")
}

#[test]
fn several_rows_are_locked_in_one_order() {
    let (mut faults, mut checked_count) = (Vec::new(), 0);
    for (file, path) in sources() {
        if !["identity/rows/", "jobs/"].iter().any(|room| file.starts_with(room)) {
            continue;
        }
        let (found, others): (Vec<String>, Vec<String>) = texts(&path).into_iter().partition(|text| changes_several(text));
        let own = others.into_iter().filter(|text| orders_locks(text));
        faults.extend(own.map(|text| format!("{file}: `lock_in_order` locks rows so: {text}")));
        let (listed, order) =
            SEVERAL.iter().find(|(listed, ..)| *listed == file).map_or((0, ""), |(_, count, order)| (*count, *order));
        if order.contains("`lock_in_order`") != fs::read_to_string(&path).unwrap().contains(".lock_in_order(") {
            faults.push(format!("{file}: is it `lock_in_order` that orders the locks? Listed is: {order}"));
        }
        checked_count += usize::from(listed > 0);
        if found.len() != listed {
            faults.push(format!(
                "{file}: {} change several rows, listed are {listed}; what orders their locks? {found:#?}",
                found.len()
            ));
        }
    }
    assert_eq!(checked_count, SEVERAL.len(), "a file is gone");
    no_faults(&faults);
}

#[test]
fn rooms_lock_several_rows_in_one_order() {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, path) in sources() {
        if !["identity", "jobs"].contains(&room(&file)) {
            found.entry(room(&file).to_owned()).or_default().extend(locks_several(&path));
        }
    }
    let listed = |name: &str| ROOMS.iter().find(|(listed, ..)| *listed == name).map_or(0, |(_, count, _)| *count);
    let gone = ROOMS.iter().filter(|(name, ..)| !found.contains_key(*name)).map(|(name, ..)| format!("{name}: no such room"));
    let mut faults: Vec<String> = gone.collect();
    for (name, all) in &found {
        if all.len() != listed(name) {
            faults.push(format!(
                "{name}: {} lock several rows, listed are {}; in which order? {all:#?}",
                all.len(),
                listed(name)
            ));
        }
    }
    no_faults(&faults);
}
