//! Whoever changes or deletes several rows of people or of jobs takes them in one order (decisions 0348 and 0364).
//!
//! On Postgres a statement locks rows as it finds them: two that find some of the same in different orders wait for each other.

use super::{no_faults, sources, tenants::texts};

/// Files of statements that change or delete several rows of these tables: how many statements, and what orders their locks.
const SEVERAL: [(&str, usize, &str); 10] = [
    ("identity/rows/devices.rs", 2, "behind the lock of the account"),
    ("identity/rows/factors.rs", 3, "codes behind the lock of the account; logins that wait by `hold_challenges`"),
    ("identity/rows/invitations.rs", 2, "of a member there is one; of all by `hold_in_order`"),
    ("identity/rows/keys.rs", 1, "one command retires keys"),
    ("identity/rows/links.rs", 5, "behind the locks of accounts, or by `hold_in_order`"),
    ("identity/rows/mod.rs", 1, "it waits for nobody: `SKIP LOCKED`"),
    ("identity/rows/refresh.rs", 1, "behind the lock of the session"),
    ("identity/rows/sessions.rs", 5, "by `hold`, as `end_behind` does; what is noted waits for nobody"),
    ("jobs/rows.rs", 4, "by `hold` and `hold_own`; of what is done by one standing job"),
    ("jobs/shell/outgoing.rs", 1, "by `hold`"),
];

/// Conditions on the whole key of a row, and tables that have one row of a user or of the deployment.
const ONE: [&str; 7] = [" id = $", " hash = $", " number = $", " email_key = $", " totp ", " login_failure ", " scope = "];

/// Whether a text is a statement that may change several rows.
fn changes_several(text: &str) -> bool {
    let sql = text.split_whitespace().collect::<Vec<_>>().join(" ");
    ["UPDATE ", "DELETE "].iter().any(|verb| sql.starts_with(verb)) && !ONE.iter().any(|part| sql.contains(part))
}

#[test]
fn several_rows_are_locked_in_one_order() {
    let (mut faults, mut seen) = (Vec::new(), 0);
    for (file, path) in sources() {
        if !["identity/rows/", "jobs/"].iter().any(|room| file.starts_with(room)) {
            continue;
        }
        let found: Vec<String> = texts(&path).into_iter().filter(|text| changes_several(text)).collect();
        let listed = SEVERAL.iter().find(|(listed, ..)| *listed == file).map_or(0, |(_, count, _)| *count);
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
