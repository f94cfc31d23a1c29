//! Short words for undoing, at a buyer's desk.
#![allow(dead_code, unused_imports, reason = "several targets have it, and each calls a part")]

use serde_json::{Value, json};

pub use crate::purchasing::office::{Office, accepted, gbp, key, refused};

/// Fields of a reversal that tests compare, without those that only a written one has.
const WHAT: &str = "kind documentId note lines { lineId product { id } quantity } \
    effects { subjectId node { __typename id } what quantityDelta moneyDelta { amount } statusBefore statusAfter }";

/// Payload of `documentReverse`, with the documents that depend on the reversed one.
pub async fn reverse(office: &Office<'_>, document: &Value, extra: Value) -> Value {
    reverse_document(office, document, extra, false).await["data"]["documentReverse"].clone()
}

/// Returns the payload of a dry run.
pub async fn would(office: &Office<'_>, document: &Value, extra: Value) -> Value {
    reverse_document(office, document, extra, true).await["data"]["documentReverse"].clone()
}

/// The whole answer.
pub async fn reverse_document(office: &Office<'_>, document: &Value, extra: Value, validate: bool) -> Value {
    let mut input = json!({ "idempotencyKey": key(), "documentId": document, "note": "typed in twice" });
    extra.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    let query = format!(
        "mutation($input: DocumentReverseInput!, $dry: Boolean!) {{ documentReverse(input: $input, validateOnly: $dry) {{
           documentReversal {{ id number {WHAT} document {{ __typename id }} movements {{ kind reverses {{ id }} entries {{ onHandDelta }} }} }}
           userErrors {{ code field message ... on InUse {{ documents {{ __typename id }} documentCount }} }} replayed seq }} }}"
    );
    office.execute(&query, json!({ "input": input, "dry": validate })).await
}

/// Reverses a document after a dry run, checks that both answers are equal, and returns the
/// reversal.
pub async fn undone(office: &Office<'_>, document: &Value, extra: Value) -> Value {
    let foreseen = would(office, document, extra.clone()).await;
    let foreseen = accepted(&foreseen, "documentReversal");
    let document_reversal = reverse(office, document, extra).await;
    let document_reversal = accepted(&document_reversal, "documentReversal").clone();
    for part in ["kind", "documentId", "note", "lines", "effects"] {
        assert_eq!(foreseen[part], document_reversal[part], "{part}");
    }
    assert_eq!((&foreseen["number"], document_reversal["number"] != "·"), (&json!("·"), true), "a dry run takes no number");
    document_reversal
}

/// Differences of one figure, of all subjects whose figure has changed.
pub fn effect(reversal: &Value, field: &str) -> Vec<i64> {
    let all = reversal["effects"].as_array().unwrap();
    all.iter().filter(|one| one["what"] == field).map(|one| one["quantityDelta"].as_i64().unwrap()).collect()
}

/// Reads the purchase order.
pub async fn order(office: &Office<'_>, id: &Value) -> Value {
    let query = format!("query($id: ID!) {{ purchaseOrder(by: {{ id: $id }}) {{ {} }} }}", crate::purchasing::office::ORDER);
    office.execute(&query, json!({ "id": id })).await["data"]["purchaseOrder"].clone()
}
