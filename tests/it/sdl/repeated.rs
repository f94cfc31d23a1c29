//! Arguments that many fields have, under one name with one text.

use std::collections::BTreeSet;

use super::{descriptions::inputs_and_texts, served, shapes};

/// The texts of a name. `first` has two: one for lists that can also be read from their end.
/// `idempotencyKey` has two as well: one for calls with an optional key.
const TEXTS: [(&str, &[&str]); 10] = [
    ("after", &["Cursor of the last row of the page before. Null starts with the first row."]),
    ("and", &["Conditions that must all hold; an empty list holds for everything."]),
    ("before", &["Cursor of the first row of the page after. Null ends with the last row."]),
    (
        "first",
        &["Rows in this page, 1 to 250. Null for 50.", "Rows in this page, 1 to 250. Null for 50, or where last is given."],
    ),
    (
        "idempotencyKey",
        &[
            "Idempotency key. A repeated call with the same key and input returns the first result.",
            "Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.",
        ],
    ),
    ("last", &["Rows in this page counted from the end of the list, 1 to 250. Null counts from the start, as first says."]),
    ("limit", &["Count no further than this: 1 to 100,000. Default 1,000."]),
    ("not", &["Condition that must not hold."]),
    ("or", &["Conditions of which one must hold; an empty list matches nothing."]),
    ("validateOnly", &["Validate only; nothing is written. Lists of other objects below the answer are as they are now."]),
];

/// Arguments and fields with another meaning of the name, or with a longer text.
const OTHERS: &[&str] = &[
    "BulkOperationRunInput.validateOnly",
    "CategoryArchiveInput.idempotencyKey",
    "ExportCreateInput.before",
    "FulfilmentWavePackInput.idempotencyKey",
    "FulfilmentWavePickInput.idempotencyKey",
    "FulfilmentWaveReadyInput.idempotencyKey",
    "FulfilmentWaveShipInput.idempotencyKey",
    "ImportCreateInput.validateOnly",
    "InsufficientStock.alternatives.first",
    "MovementFilter.and",
    "MovementFilter.not",
    "MovementFilter.or",
    "PurchaseOrderSendInput.idempotencyKey",
    "Query.costReport.first",
    "Query.countsDue.first",
    "Query.customersCount.limit",
    "Query.events.after",
    "Query.ordersCount.limit",
    "Query.productsCount.limit",
    "Query.reorderSuggestions.first",
    "Query.salesReport.first",
    "Query.search.first",
    "Query.stockValue.first",
    "SavedViewLinkCreateInput.idempotencyKey",
    "Subscription.alertChanged.after",
    "Subscription.alertRaised.after",
    "Subscription.fulfilmentWorkChanged.after",
    "Subscription.orderChanged.after",
    "Subscription.savedViewChanged.after",
    "Subscription.stockChanged.after",
    "Subscription.stockThresholdCrossed.after",
];

#[test]
fn repeated_arguments_have_one_text() {
    let mut others = BTreeSet::new();
    for (path, text) in inputs_and_texts(&served()) {
        let name = path.rsplit('.').next().unwrap_or_default();
        let Some((_, texts)) = TEXTS.iter().find(|(own, _)| *own == name) else { continue };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !texts.contains(&text.as_str()) {
            others.insert(path);
        }
    }
    let listed: BTreeSet<String> = OTHERS.iter().map(|&path| path.to_owned()).collect();
    let (unlisted, idle): (Vec<_>, Vec<_>) = (others.difference(&listed).collect(), listed.difference(&others).collect());
    assert!(unlisted.is_empty(), "say it in the words of TEXTS, or list why not: {unlisted:#?}");
    assert!(idle.is_empty(), "these have the usual text: take them off the list: {idle:#?}");
}

/// Parts of texts that are equal in all inputs except for the object that they name.
const VERSION_SEEN: &str = " that you saw";
const VERSION_CONFLICT: &str = "; another one is a VERSION_CONFLICT.";
const REFERENCE_FILTER: &str = "Reference in an external system, compared exactly.";
const NOTE_LIMIT: &str = "1,000 characters";

/// Fields with a longer text than the rule of their name requires.
const OTHER_TEXTS: [&str; 8] = [
    "BlanketOrderActionInput.expectedVersion",
    "CustomerRef.externalRef",
    "ExportScheduleSetInput.expectedVersion",
    "SavedViewScheduleSetInput.expectedVersion",
    "StockChangeInput.expectedVersion",
    "StockCompare.expectedVersion",
    "StocktakeActionInput.note",
    "TransferActionInput.note",
];

/// Whether a text follows the rule of its argument's name: it names the object, and the rest is the
/// same in all inputs.
fn keeps_its_rule(path: &str, shape: &str, text: &str) -> bool {
    let (input, name) = path.rsplit_once('.').unwrap_or_default();
    match (name, shape) {
        ("expectedVersion", _) => {
            let end = if shape.ends_with('!') { "" } else { " Null for any." };
            let thing = text.strip_suffix(end).and_then(|text| text.strip_suffix(VERSION_CONFLICT)).unwrap_or_default();
            thing.contains(VERSION_SEEN) && (thing.starts_with("The version ") || thing.starts_with("Version of the "))
        }
        ("note", "String" | "String!") => (text.starts_with("Note ") || text.starts_with("Reason ")) && text.contains(NOTE_LIMIT),
        ("externalRef", _) if input.ends_with("Filter") => text == REFERENCE_FILTER,
        ("externalRef", "String" | "String!") => text.to_lowercase().contains("reference") && text.contains(" characters"),
        _ => true,
    }
}

#[test]
fn versions_notes_and_references_are_described_alike() {
    let sdl = served();
    let shapes = shapes(&sdl);
    let mut others = BTreeSet::new();
    for (path, text) in inputs_and_texts(&sdl) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !keeps_its_rule(&path, &shapes[&path], &text) {
            others.insert(path);
        }
    }
    let listed: BTreeSet<String> = OTHER_TEXTS.iter().map(|&path| path.to_owned()).collect();
    assert_eq!(others, listed, "say it as keeps_its_rule has it, or list why not; and take off the list what keeps it");
}

#[test]
fn a_rule_of_a_name_refuses_other_words() {
    let seen = "Version of the order that you saw; another one is a VERSION_CONFLICT. Null for any.";
    assert!(keeps_its_rule("A.expectedVersion", "Long", seen) && !keeps_its_rule("A.expectedVersion", "Long!", seen));
    assert!(!keeps_its_rule("A.expectedVersion", "Long", "Version that was read."));
    assert!(!keeps_its_rule("A.note", "String", "A note on this line."));
    assert!(!keeps_its_rule("A.externalRef", "String", "Your own reference."));
    assert!(!keeps_its_rule("AFilter.externalRef", "StringFilter", "Your own key."));
}
