//! A retry is recognised by the values that it sends, in any spelling, and even if an older release
//! has answered the key.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, refused},
    world::on_both,
};

on_both!(
    what_is_kept_is_the_digest_of_what_was_sent,
    a_retry_that_is_spelled_otherwise_is_the_same,
    null_is_another_word_where_it_clears,
    a_key_of_an_older_release_is_still_answered,
    a_key_outlives_the_struct_that_read_its_input,
);

/// Stored digests of a key: of the input, and the hash of the Rust struct.
async fn stored_keys(world: &World, table: &str, key: &str) -> (Option<Vec<u8>>, Vec<u8>) {
    use entrepot::storage::Reads;
    let sql = format!("SELECT digest, hash FROM {table} WHERE tenant_id = $1 AND idempotency_key = $2");
    let rows = world.node.db.tenant(world.ours.owner.tenant).rows(&sql, vec![key.into()]).await.unwrap();
    (rows[0].try_get_by_index(0).unwrap(), rows[0].try_get_by_index(1).unwrap())
}

async fn adjust(office: &Office<'_>, input: Value) -> Value {
    office.mutate("stockAdjust", "StockAdjustInput", "levels { onHand }", input).await
}

fn receipt(office: &Office<'_>, product: &Value, key: &str) -> Value {
    json!({ "idempotencyKey": key, "kind": "RECEIPT", "reasonCode": "OPENING", "changes": [{ "product": product, "store": office.store, "delta": 5 }] })
}

async fn what_is_kept_is_the_digest_of_what_was_sent(world: &World) {
    let office = Office::of(world).await;
    office.product("MUG", "2.00").await;
    let input = json!({ "idempotencyKey": "k-1", "kind": "RECEIPT", "note": null, "onShortage": "REFUSE", "reasonCode": "OPENING",
        "changes": [{ "store": { "code": "DOCK" }, "product": { "sku": "MUG" }, "delta": 5, "expectedVersion": 0 }] });
    accepted(&adjust(&office, input).await, "levels");
    let canonical = r#"{"input":{"changes":[{"delta":5,"product":{"sku":"MUG"},"store":{"code":"DOCK"}}],"kind":"RECEIPT","reasonCode":"OPENING"}}"#;
    assert_eq!(stored_keys(world, "idempotency", "k-1").await.0, Some(Sha256::digest(canonical).to_vec()));
    // An exchange holds its key itself.
    let export = json!({ "idempotencyKey": "k-2", "noun": "PRODUCTS", "format": "CSV" });
    accepted(&office.mutate("exportCreate", "ExportCreateInput", "dataJob { id }", export).await, "dataJob");
    assert_eq!(stored_keys(world, "exchange", "k-2").await.0, Some(Sha256::digest(r#"{"input":{"noun":"PRODUCTS"}}"#).to_vec()));
}

async fn a_retry_that_is_spelled_otherwise_is_the_same(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let input = receipt(&office, &mug, "k-1");
    accepted(&adjust(&office, input.clone()).await, "levels");
    let mut with_nulls = input.clone();
    for (name, value) in [("note", Value::Null), ("occurredAt", Value::Null), ("onShortage", json!("REFUSE"))] {
        with_nulls[name] = value;
    }
    with_nulls["changes"][0]["expectedVersion"] = json!(17);
    let mut one_for_a_list = input.clone();
    one_for_a_list["changes"] = input["changes"][0].clone();
    let mut whole_float = input.clone();
    whole_float["changes"][0]["delta"] = json!(5.0);
    for same in [with_nulls, one_for_a_list, whole_float] {
        let again = adjust(&office, same.clone()).await;
        assert_eq!((&again["replayed"], &again["userErrors"]), (&json!(true), &json!([])), "{same}");
    }
    // As text in the document, with a variable inside.
    let text = format!(
        "mutation($delta: Quantity!, $none: String) {{ stockAdjust(input: {{ note: $none, reasonCode: OPENING, idempotencyKey: \"k-1\", kind: RECEIPT,
            changes: [{{ delta: $delta, store: {{ id: {} }}, product: {{ id: {} }} }}] }}) {{ replayed userErrors {{ code }} }} }}",
        office.store["id"], mug["id"]
    );
    let again = office.execute(&text, json!({ "delta": 5 })).await;
    assert_eq!(again["data"]["stockAdjust"], json!({ "replayed": true, "userErrors": [] }), "{again:#}");
    let mut other = input.clone();
    other["changes"][0]["delta"] = json!(6);
    refused(&adjust(&office, other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    office.is_sound().await;
}

async fn null_is_another_word_where_it_clears(world: &World) {
    let office = Office::of(world).await;
    let upsert = async |row: Value| {
        let input = json!({ "idempotencyKey": "k-1", "rows": [row] });
        office.mutate("productBulkUpsert", "ProductBulkUpsertInput", "rows { outcome }", input).await
    };
    accepted(&upsert(json!({ "sku": "MUG", "name": "Mug" })).await, "rows");
    assert_eq!(upsert(json!({ "name": "Mug", "sku": "MUG" })).await["replayed"], json!(true));
    refused(
        &upsert(json!({ "sku": "MUG", "name": "Mug", "description": null })).await,
        "IDEMPOTENCY_KEY_REUSED",
        "input.idempotencyKey",
    );
}

async fn a_key_of_an_older_release_is_still_answered(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let input = receipt(&office, &mug, "k-1");
    accepted(&adjust(&office, input.clone()).await, "levels");
    let export = json!({ "idempotencyKey": "k-2", "noun": "PRODUCTS" });
    let exported =
        async |input: &Value| office.mutate("exportCreate", "ExportCreateInput", "dataJob { id }", input.clone()).await;
    accepted(&exported(&export).await, "dataJob");
    // Older releases keep no more than the hash of their structs.
    world.as_owner(&["UPDATE idempotency SET digest = NULL", "UPDATE exchange SET digest = NULL"]).await;
    assert_eq!(adjust(&office, input.clone()).await["replayed"], json!(true));
    assert_eq!(exported(&export).await["replayed"], json!(true));
    let mut other = input.clone();
    other["changes"][0]["delta"] = json!(6);
    refused(&adjust(&office, other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    let mut other = export.clone();
    other["noun"] = json!("CUSTOMERS");
    refused(&exported(&other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
}

async fn a_key_outlives_the_struct_that_read_its_input(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let input = receipt(&office, &mug, "k-1");
    accepted(&adjust(&office, input.clone()).await, "levels");
    let export = json!({ "idempotencyKey": "k-2", "noun": "PRODUCTS" });
    let exported = async || office.mutate("exportCreate", "ExportCreateInput", "dataJob { id }", export.clone()).await;
    accepted(&exported().await, "dataJob");
    // Another release whose structs have another form: the hash of this input is another one there.
    let zeros = if world.node.db.backend() == entrepot::storage::Backend::Sqlite {
        "zeroblob(32)"
    } else {
        "decode(repeat('00', 32), 'hex')"
    };
    let changed = ["idempotency", "exchange"].map(|table| format!("UPDATE {table} SET hash = {zeros}"));
    world.as_owner(&changed.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(adjust(&office, input).await["replayed"], json!(true));
    assert_eq!(exported().await["replayed"], json!(true));
}

#[tokio::test]
async fn rows_of_a_file_are_known_by_their_key() {
    use entrepot::storage::idempotency::{by_key, hash_of};
    let (first, second) = (by_key(async { hash_of(&1) }).await, by_key(async { hash_of(&2) }).await);
    assert!(first.matches(&second), "what a name stands for may change while a worker is away");
    assert!(!hash_of(&1).matches(&second));
}
