//! Reasons for which an ask may read a whole table.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    asks::{Ask, Sort, Wants},
    excuse,
};

#[derive(Debug, PartialEq, Eq)]
pub enum Leave {
    /// The reason is in this entry of `MAY`.
    Entry(usize),
    /// A sort with points of its own, which pay for the read.
    Points,
}

/// Returns the reason for which an ask may read this table whole; None if it may not. A filter of a
/// list does not excuse a sort of it: a sort has points of its own, or reads no table whole that
/// the list in its default order does not. `whole` has the lists, and the tables that they read
/// whole.
pub fn leave(ask: &Ask, table: &str, whole: &BTreeSet<(String, String)>) -> Option<Leave> {
    if let Some(sort) = &ask.sort {
        if sort.is_weighted {
            return Some(Leave::Points);
        }
        if !whole.contains(&(sort.list.clone(), table.to_owned())) {
            return None;
        }
    }
    excuse(&ask.name, table).map(Leave::Entry)
}

fn ask(name: &str, is_weighted: Option<bool>) -> Ask {
    let list = name.split(' ').next().unwrap_or_default().to_owned();
    let sort = is_weighted.map(|is_weighted| Sort { list, is_weighted });
    Ask { name: name.to_owned(), document: String::new(), variables: Value::Null, wants: Wants::Page, sort }
}

#[test]
fn a_sort_without_an_index_and_without_points_is_found() {
    let whole = BTreeSet::from([("backorders".to_owned(), "order_line".to_owned())]);
    let of = |name: &str, is_weighted: Option<bool>, table: &str| leave(&ask(name, is_weighted), table, &whole);
    assert_eq!(of("stockLevels by ON_HAND ASC", Some(false), "stock_level"), None);
    assert_eq!(of("stockLevels by ON_HAND ASC", Some(true), "stock_level"), Some(Leave::Points));
    assert!(matches!(of("stockLevels where onHand gte", None, "stock_level"), Some(Leave::Entry(_))));
    // The list reads all lines that wait anyway.
    assert!(matches!(of("backorders by PLACED_AT DESC", Some(false), "order_line"), Some(Leave::Entry(_))));
    assert_eq!(of("backorders by PLACED_AT DESC", Some(false), "sales_order"), None);
}
