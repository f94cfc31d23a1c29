//! Whoever changes or deletes several rows of people or of jobs takes them in one order (decisions 0348 and 0364).
//!
//! On Postgres a statement locks rows as it finds them: two that find some of the same in different orders wait for each other.

use std::fs;

use super::{no_faults, sources, tenants::texts};

/// Files of statements that change or delete several rows of these tables: how many statements, and what orders their locks. A file calls `lock_in_order`
/// (`platform::storage`) where that is said here.
const SEVERAL: [(&str, usize, &str); 10] = [
    ("identity/rows/devices.rs", 2, "behind the lock of the account"),
    ("identity/rows/factors.rs", 3, "codes behind the lock of the account; logins that wait by `lock_in_order`"),
    ("identity/rows/invitations.rs", 2, "of a member there is one; of all by `lock_in_order`"),
    ("identity/rows/keys.rs", 1, "one command retires keys"),
    ("identity/rows/links.rs", 5, "behind the locks of accounts, or by `lock_in_order`"),
    ("identity/rows/mod.rs", 1, "it waits for nobody: `SKIP LOCKED`"),
    ("identity/rows/refresh.rs", 1, "behind the lock of the session"),
    ("identity/rows/sessions.rs", 5, "by `lock_in_order`, as `end_behind` does; what is noted waits for nobody"),
    ("jobs/rows.rs", 4, "by `lock_in_order`; of what is done by one standing job"),
    ("jobs/shell/outgoing.rs", 1, "by `lock_in_order`"),
];

/// Conditions on the whole key of a row, and tables that have one row of a user or of the deployment.
const ONE: [&str; 7] = [" id = $", " hash = $", " number = $", " email_key = $", " totp ", " login_failure ", " scope = "];

/// Whether a text is a statement that may change several rows.
fn changes_several(text: &str) -> bool {
    let sql = text.split_whitespace().collect::<Vec<_>>().join(" ");
    ["UPDATE ", "DELETE "].iter().any(|verb| sql.starts_with(verb)) && !ONE.iter().any(|part| sql.contains(part))
}

/// Whether a text is a statement that locks all rows of a condition in an order of its own. A page has a limit.
fn orders_locks(text: &str) -> bool {
    text.contains(" ORDER BY ") && text.contains("{lock}") && !text.contains(" LIMIT ")
}

#[test]
fn several_rows_are_locked_in_one_order() {
    let (mut faults, mut seen) = (Vec::new(), 0);
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
        seen += usize::from(listed > 0);
        if found.len() != listed {
            faults.push(format!(
                "{file}: {} change several rows, listed are {listed}; what orders their locks? {found:#?}",
                found.len()
            ));
        }
    }
    assert_eq!(seen, SEVERAL.len(), "a file is gone");
    no_faults(&faults);
}
