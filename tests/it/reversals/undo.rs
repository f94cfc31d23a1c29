//! Short words for undoing, at a buyer's desk.
#![allow(dead_code, unused_imports, reason = "several targets have it, and each calls a part")]

use serde_json::{Value, json};

pub use crate::purchasing::office::{Office, done, gbp, key, refused};

/// What is looked at of a reversal, without what only a written one has.
const WHAT: &str = "kind documentId note lines { lineId product { id } quantity } \
    effects { subjectId node { __typename id } what quantityDelta moneyDelta { amount } statusBefore statusAfter }";

/// The payload of `documentReverse`, with the documents that rest on what was to be undone.
pub async fn reverse(office: &Office<'_>, document: &Value, more: Value) -> Value {
    asked(office, document, more, false).await["data"]["documentReverse"].clone()
}

/// What a dry run says.
pub async fn would(office: &Office<'_>, document: &Value, more: Value) -> Value {
    asked(office, document, more, true).await["data"]["documentReverse"].clone()
}

/// The whole answer.
pub async fn asked(office: &Office<'_>, document: &Value, more: Value, validate: bool) -> Value {
    let mut input = json!({ "idempotencyKey": key(), "documentId": document, "note": "typed in twice" });
    more.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    let query = format!(
        "mutation($input: DocumentReverseInput!, $dry: Boolean!) {{ documentReverse(input: $input, validateOnly: $dry) {{
           documentReversal {{ id number {WHAT} document {{ __typename id }} movements {{ kind reverses {{ id }} entries {{ onHandDelta }} }} }}
           userErrors {{ code field message ... on InUse {{ documents {{ __typename id }} documentCount }} }} replayed seq }} }}"
    );
    office.ask(&query, json!({ "input": input, "dry": validate })).await
}

/// A dry run, then the real one: both say the same. The reversal that was written.
pub async fn undone(office: &Office<'_>, document: &Value, more: Value) -> Value {
    let foreseen = would(office, document, more.clone()).await;
    let foreseen = done(&foreseen, "documentReversal");
    let made = reverse(office, document, more).await;
    let made = done(&made, "documentReversal").clone();
    for part in ["kind", "documentId", "note", "lines", "effects"] {
        assert_eq!(foreseen[part], made[part], "{part}");
    }
    assert_eq!((&foreseen["number"], made["number"] != "·"), (&json!("·"), true), "a dry run takes no number");
    made
}

/// Difference of a figure, of each thing that it changed of.
pub fn effect(reversal: &Value, what: &str) -> Vec<i64> {
    let all = reversal["effects"].as_array().unwrap();
    all.iter().filter(|one| one["what"] == what).map(|one| one["quantityDelta"].as_i64().unwrap()).collect()
}

/// The purchase order as it is now.
pub async fn order(office: &Office<'_>, id: &Value) -> Value {
    let query = format!("query($id: ID!) {{ purchaseOrder(by: {{ id: $id }}) {{ {} }} }}", crate::purchasing::office::ORDER);
    office.ask(&query, json!({ "id": id })).await["data"]["purchaseOrder"].clone()
}
