//! A core refuses with an enum of its room and a typed place; the API makes texts and paths of
//! them.

use std::fs;

use super::{no_faults, room, source_where, sources};

/// Rooms whose refusals are typed.
const TYPED: [&str; 15] = [
    "fulfilment",
    "identity",
    "access",
    "tenancy",
    "stock",
    "ledger",
    "lots",
    "reversals",
    "orders",
    "returns",
    "payments",
    "transfers",
    "counts",
    "purchasing",
    "exchange",
];
/// Cores whose texts are no refusals: a printed page, an e-mail, cells and lines of a file, and
/// texts derived from an address, a key or a code.
const TEXTS: [&str; 12] = [
    "exchange/core/barcodes.rs",
    "exchange/core/bulk.rs",
    "exchange/core/cells.rs",
    "exchange/core/numbers.rs",
    "exchange/core/typed.rs",
    "fulfilment/core/carriers.rs",
    "fulfilment/core/ready_email.rs",
    "fulfilment/core/work.rs",
    "identity/core/factor.rs",
    "identity/core/network.rs",
    "identity/core/qr.rs",
    "purchasing/core/page.rs",
];
/// Constructors of refusals with a text.
const IN_WORDS: [&str; 5] =
    ["Rejection::invalid", "Rejection::state", "Rejection::out_of_range", "Rejection::text", "Reason::Text"];

#[test]
fn rooms_refuse_without_words() {
    let mut faults = Vec::new();
    let mut checked_count = 0;
    let own = "stock/core/rejection.rs";
    for (file, facts) in &source_where(|file, _| TYPED.contains(&room(file)) && file != own) {
        let is_core = file.contains("/core/") || file.ends_with("/core.rs");
        checked_count += usize::from(is_core);
        let words = IN_WORDS.iter().filter(|name| facts.paths.iter().any(|path| path.ends_with(*name)));
        faults.extend(words.map(|name| format!("{file} calls {name}: a refusal is a value of the room's enum")));
        if facts.macros.contains("path") {
            faults.push(format!("{file} makes a path: a place is `At`"));
        }
        if is_core && !TEXTS.contains(&file.as_str()) && facts.macros.contains("format") {
            faults.push(format!("{file} makes a text"));
        }
    }
    assert!(checked_count > 30, "the cores were not found");
    no_faults(&faults);
}

/// A reason that holds a message is worded where it is refused.
#[test]
fn reasons_hold_no_messages() {
    let (mut faults, mut checked_count) = (Vec::new(), 0);
    for (file, path) in sources().into_iter().filter(|(file, _)| TYPED.contains(&room(file)) && file.contains("/core")) {
        checked_count += 1;
        if fs::read_to_string(path).unwrap().contains("message: String") {
            faults.push(format!("{file} has a reason with a message"));
        }
    }
    assert!(checked_count > 40, "the cores were not found");
    no_faults(&faults);
}

/// The compiler requires a text for each value of an enum; this test checks that the texts of each
/// enum are used.
#[test]
fn each_enum_of_refusals_has_words() {
    let (mut enums, mut rooms) = (0, 0);
    for (file, path) in sources() {
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        enums += code.matches("\nimpl RoomRefusal for ").count();
        if file == "objects/stock/rejection_messages.rs" {
            rooms += code.matches("|any| of(any, ").count();
        }
    }
    assert!(enums > 4, "the enums were not found");
    assert_eq!(
        enums, rooms,
        "`MESSAGE_SOURCES` in objects/src/stock/rejection_messages.rs has a line for each enum that is a `RoomRefusal`"
    );
}
