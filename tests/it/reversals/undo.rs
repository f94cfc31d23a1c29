//! Short words for undoing, at a buyer's desk.
#![allow(dead_code, unused_imports, reason = "several targets have it, and each calls a part")]

use serde_json::{Value, json};

pub use crate::purchasing::office::{Office, done, gbp, key, refused};

/// Fields of a reversal that tests compare, without those that only a written one has.
const WHAT: &str = "kind documentId note lines { lineId product { id } quantity } \
    effects { subjectId node { __typename id } what quantityDelta moneyDelta { amount } statusBefore statusAfter }";

/// Payload of `documentReverse`, with the documents that depend on the reversed one.
pub async fn reverse(office: &Office<'_>, document: &Value, more: Value) -> Value {
    asked(office, document, more, false).await["data"]["documentReverse"].clone()
}

/// Returns the payload of a dry run.
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

/// Reverses a document after a dry run, checks that both answers are equal, and returns the
/// reversal.
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

/// Differences of one figure, of all subjects whose figure has changed.
pub fn effect(reversal: &Value, what: &str) -> Vec<i64> {
    let all = reversal["effects"].as_array().unwrap();
    all.iter().filter(|one| one["what"] == what).map(|one| one["quantityDelta"].as_i64().unwrap()).collect()
}

/// Reads the purchase order.
pub async fn order(office: &Office<'_>, id: &Value) -> Value {
    let query = format!("query($id: ID!) {{ purchaseOrder(by: {{ id: $id }}) {{ {} }} }}", crate::purchasing::office::ORDER);
    office.ask(&query, json!({ "id": id })).await["data"]["purchaseOrder"].clone()
}
