//! Digests through the whole schema: their shape, rights and bad input.

use entrepot::digest::core::{Buckets, StoreDigest};
use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key},
    world::on_both,
};

on_both!(a_digest_is_of_the_levels_of_a_store_that_one_reads);

const DIGEST: &str = "query($s: StoreRef!, $b: Int! = 2) { stockDigest(store: $s, buckets: $b) {
    store { id } seq levels buckets hashes counts streamCursor } }";
const LEVELS_IN: &str = "query($s: StoreRef!, $in: [Int!]!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
    stockDigestLevels(store: $s, buckets: 2, in: $in, first: $first, after: $after, last: $last, before: $before) {
      nodes { productId version bucket level { onHand product { id } } }
      pageInfo { hasNextPage endCursor hasPreviousPage startCursor } } }";

async fn a_digest_is_of_the_levels_of_a_store_that_one_reads(world: &World) {
    let office = Office::of(world).await;
    let mut products = Vec::new();
    for sku in ["A", "B", "C"] {
        let product = office.product(sku, "1.00").await;
        for _ in 0..2 {
            let change = json!({ "product": product, "store": office.store, "delta": 3 });
            let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "changes": [change] });
            accepted(&office.mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await, "movement");
        }
        products.push(product["id"].as_str().unwrap().to_owned());
    }
    let answer = office.execute(DIGEST, json!({ "s": office.store })).await;
    let digest = &answer["data"]["stockDigest"];
    assert!(answer["errors"].is_null(), "{answer:#}");
    let mut own = StoreDigest::new(Buckets::new(2).unwrap());
    let (mut nodes, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = office.execute(LEVELS_IN, json!({ "s": office.store, "in": [0, 1], "first": 2, "after": after })).await;
        let page = &page["data"]["stockDigestLevels"];
        nodes.extend(page["nodes"].as_array().unwrap().clone());
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    let (mut from_its_end, mut before) = (Vec::new(), Value::Null);
    loop {
        let page = office.execute(LEVELS_IN, json!({ "s": office.store, "in": [0, 1], "last": 2, "before": before })).await;
        let page = &page["data"]["stockDigestLevels"];
        from_its_end = [page["nodes"].as_array().unwrap().clone(), from_its_end].concat();
        before = page["pageInfo"]["startCursor"].clone();
        if page["pageInfo"]["hasPreviousPage"] == false {
            break;
        }
    }
    assert_eq!(from_its_end, nodes);
    for node in &nodes {
        let (product, version) = (node["productId"].as_str().unwrap(), node["version"].as_i64().unwrap());
        assert_eq!((&node["level"]["product"]["id"], &node["level"]["onHand"]), (&json!(product), &json!(6)));
        assert_eq!(node["bucket"], json!(Buckets::new(2).unwrap().of(product)));
        own.add(product, version);
    }
    let mut product_ids: Vec<&str> = nodes.iter().map(|node| node["productId"].as_str().unwrap()).collect();
    product_ids.sort_unstable();
    products.sort();
    assert_eq!(product_ids, products);
    assert_eq!((&digest["hashes"], &digest["counts"]), (&json!(own.hashes()), &json!(own.counts())));
    assert_eq!((&digest["levels"], &digest["buckets"], &digest["store"]["id"]), (&json!(3), &json!(2), &office.store["id"]));
    // The stream continues from the digest's cursor.
    let query = "subscription($s: ID!, $a: Cursor!) { stockChanged(filter: { store: { eq: $s } }, after: $a) { phase } }";
    let change = json!({ "product": { "id": products[0] }, "store": office.store, "delta": 1 });
    let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "changes": [change] });
    accepted(&office.mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await, "movement");
    let next = office.execute(query, json!({ "s": office.store["id"], "a": digest["streamCursor"] })).await;
    assert!(next["errors"].is_null(), "{next:#}");
    assert_ne!(next["data"]["stockChanged"]["phase"], "RESET", "{next:#}");
    // Invalid input, and other tenants' stores.
    for bad in
        [json!({ "s": office.store, "b": 3 }), json!({ "s": office.store, "b": 32_768 }), json!({ "s": { "code": "NOWHERE" } })]
    {
        assert_eq!(office.execute(DIGEST, bad.clone()).await["errors"][0]["code"], "BAD_USER_INPUT", "{bad}");
    }
    for bad in [json!([]), json!([2]), json!([-1]), json!(vec![0; 257])] {
        assert_eq!(
            office.execute(LEVELS_IN, json!({ "s": office.store, "in": bad })).await["errors"][0]["code"],
            "BAD_USER_INPUT",
            "{bad}"
        );
    }
    let theirs = office.execute(DIGEST, json!({ "s": { "id": world.theirs.depot } })).await;
    assert_eq!(theirs["errors"][0]["code"], "BAD_USER_INPUT", "{theirs}");
}
