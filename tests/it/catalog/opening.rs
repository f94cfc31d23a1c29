//! Opening stock: a product is created together with its stock in stores.

use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    costing::world::{Books, run_tenant_sql},
    purchasing::office::{Office, accepted, gbp, key, refused},
    world::on_both,
};

on_both!(
    a_product_begins_with_its_stock_in_two_stores,
    what_cannot_be_received_leaves_no_product,
    what_broke_off_is_finished_by_the_same_key,
    a_dry_run_keeps_neither,
    who_may_not_receive_there_makes_nothing,
);

async fn make(office: &Office<'_>, input: Value) -> Value {
    office.mutate("productCreate", "ProductCreateInput", "product { id sku }", input).await
}
fn mug(key: &str, lines: Value) -> Value {
    json!({ "idempotencyKey": key, "sku": "MUG", "name": "Mug", "unitCost": gbp("2.00"), "openingStock": lines })
}
/// Units on hand, by the code of the store.
async fn on_hand(office: &Office<'_>, sku: &str) -> Vec<(String, i64)> {
    let query = "query($sku: String!) { product(by: { sku: $sku }) { stock { onHand store { code } } } }";
    let answer = office.execute(query, json!({ "sku": sku })).await;
    let nodes = answer["data"]["product"]["stock"].as_array().cloned().unwrap_or_default();
    let level = |node: &Value| (node["store"]["code"].as_str().unwrap().to_owned(), node["onHand"].as_i64().unwrap());
    let mut levels: Vec<(String, i64)> = nodes.iter().map(level).collect();
    levels.sort();
    levels
}
async fn is_there(office: &Office<'_>, sku: &str) -> bool {
    !office.execute("query($sku: String!) { product(by: { sku: $sku }) { id } }", json!({ "sku": sku })).await["data"]["product"]
        .is_null()
}

async fn a_product_begins_with_its_stock_in_two_stores(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    office.new_store("SHOP").await;
    let lines = json!([
        { "store": office.store, "quantity": 10, "unitCost": gbp("3.00") },
        { "store": { "code": "shop" }, "quantity": 5 },
    ]);
    let key = key();
    let payload = make(office, mug(&key, lines.clone())).await;
    let product = json!({ "id": accepted(&payload, "product")["id"] });
    assert_eq!(payload["replayed"], false);
    assert_eq!(on_hand(office, "MUG").await, [("DOCK".to_owned(), 10), ("SHOP".to_owned(), 5)]);
    // Ten at 3.00, and five at what the product costs.
    assert_eq!(books.cost(&product).await[1], "40.00");
    let again = make(office, mug(&key, lines)).await;
    assert_eq!(
        (&accepted(&again, "product")["id"], &again["replayed"], &again["seq"]),
        (&product["id"], &json!(true), &payload["seq"])
    );
    assert_eq!(on_hand(office, "MUG").await, [("DOCK".to_owned(), 10), ("SHOP".to_owned(), 5)], "received once");
    let other = mug(&key, json!([{ "store": office.store, "quantity": 11 }]));
    refused(&make(office, other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    let query = "query($id: ID!) { stockMovements(filter: { product: { eq: $id } }) { nodes { kind reasonCode } } }";
    let answer = office.execute(query, json!({ "id": product["id"] })).await;
    assert_eq!(answer["data"]["stockMovements"]["nodes"], json!([{ "kind": "RECEIPT", "reasonCode": "OPENING" }]), "{answer:#}");
}

async fn what_cannot_be_received_leaves_no_product(world: &World) {
    let office = &Office::of(world).await;
    let (dock, gone) = (&office.store, office.new_store("GONE").await);
    accepted(
        &office
            .mutate("storeArchive", "StoreArchiveInput", "store { id }", json!({ "id": gone["id"], "expectedVersion": 1 }))
            .await,
        "store",
    );
    let cases = [
        (json!([{ "store": dock, "quantity": 0 }]), "OUT_OF_RANGE", "input.openingStock.0.quantity"),
        (
            json!([{ "store": dock, "quantity": 1 }, { "store": dock, "quantity": 1, "unitCost": gbp("-1.00") }]),
            "OUT_OF_RANGE",
            "input.openingStock.1.unitCost",
        ),
        (json!([{ "store": { "code": "moon" }, "quantity": 1 }]), "NOT_FOUND", "input.openingStock.0.store.code"),
        (
            json!([{ "store": dock, "quantity": 1, "unitCost": { "amount": "1.00", "currencyCode": "EUR" } }]),
            "RATE_MISSING",
            "input.openingStock.0.unitCost",
        ),
        (
            json!([{ "store": dock, "quantity": 1 }, { "store": gone, "quantity": 1 }]),
            "INVALID_STATE",
            "input.openingStock.1.store",
        ),
        (json!([{ "store": dock, "quantity": 1, "lot": { "code": "L1" } }]), "INVALID", "input.openingStock.0.lot"),
    ];
    for (lines, code, field) in cases {
        let payload = make(office, mug(&key(), lines)).await;
        refused(&payload, code, field);
        assert_eq!((&payload["product"], &payload["seq"]), (&Value::Null, &Value::Null), "{payload:#}");
    }
    let mut keyless = mug("", json!([{ "store": dock, "quantity": 1 }]));
    keyless["idempotencyKey"] = Value::Null;
    refused(&make(office, keyless).await, "REQUIRED", "input.idempotencyKey");
    let mut tracked = mug(&key(), json!([{ "store": dock, "quantity": 1 }]));
    tracked["tracking"] = json!("LOT");
    refused(&make(office, tracked).await, "INVALID", "input.openingStock.0.lot");
    assert!(!is_there(office, "MUG").await);
    // Errors of the product and of its stock are reported together.
    let mut both = mug(&key(), json!([{ "store": gone, "quantity": 1 }]));
    both["supplierId"] = office.store["id"].clone();
    let payload = make(office, both).await;
    let codes: Vec<&str> =
        payload["userErrors"].as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap()).collect();
    assert_eq!((codes, &payload["product"]), (vec!["INVALID", "INVALID_STATE"], &Value::Null), "{payload:#}");
    assert!(on_hand(office, "MUG").await.is_empty());
    // A listed cost that no rate converts keeps no stock out.
    let mut abroad = mug(&key(), json!([{ "store": dock, "quantity": 1 }]));
    abroad["unitCost"] = json!({ "amount": "1.00", "currencyCode": "EUR" });
    accepted(&make(office, abroad).await, "product");
    assert_eq!(on_hand(office, "MUG").await, [("DOCK".to_owned(), 1)]);
}

async fn what_broke_off_is_finished_by_the_same_key(world: &World) {
    let office = &Office::of(world).await;
    let (key, lines) = (key(), json!([{ "store": office.store, "quantity": 7 }]));
    // The books are closed through a future day, which is only checked once the product exists:
    // this simulates a call that was interrupted in between.
    run_tenant_sql(world, "UPDATE tenant SET closed_through = 60000 WHERE id = $1").await;
    let broken = make(office, mug(&key, lines.clone())).await;
    refused(&broken, "PERIOD_CLOSED", "input.openingStock");
    assert!(broken["product"]["id"].is_string() && broken["seq"].is_i64(), "the product stays: {broken:#}");
    assert_eq!((is_there(office, "MUG").await, on_hand(office, "MUG").await), (true, vec![]));
    run_tenant_sql(world, "UPDATE tenant SET closed_through = NULL WHERE id = $1").await;
    let finished = make(office, mug(&key, lines.clone())).await;
    assert_eq!((&accepted(&finished, "product")["id"], &finished["replayed"]), (&broken["product"]["id"], &json!(false)));
    assert_eq!(on_hand(office, "MUG").await, [("DOCK".to_owned(), 7)]);
    assert_eq!(make(office, mug(&key, lines)).await["replayed"], true);
    assert_eq!(on_hand(office, "MUG").await, [("DOCK".to_owned(), 7)]);
}

async fn a_dry_run_keeps_neither(world: &World) {
    let office = &Office::of(world).await;
    let query = "mutation($input: ProductCreateInput!) { productCreate(input: $input, validateOnly: true) { product { sku } userErrors { code field } seq } }";
    let lines = json!([{ "store": office.store, "quantity": 7 }]);
    let key = key();
    let dry = office.execute(query, json!({ "input": mug(&key, lines.clone()) })).await["data"]["productCreate"].clone();
    assert_eq!(dry, json!({ "product": { "sku": "MUG" }, "userErrors": [], "seq": null }));
    let far = json!([{ "store": { "code": "moon" }, "quantity": 7 }]);
    let dry = office.execute(query, json!({ "input": mug(&key, far) })).await["data"]["productCreate"].clone();
    refused(&dry, "NOT_FOUND", "input.openingStock.0.store.code");
    assert!(!is_there(office, "MUG").await);
    accepted(&make(office, mug(&key, lines)).await, "product");
    assert_eq!(on_hand(office, "MUG").await, [("DOCK".to_owned(), 7)]);
}

async fn who_may_not_receive_there_makes_nothing(world: &World) {
    let office = &Office::of(world).await;
    let clerk = office.as_caller(world.ours.owner_with(&["product.read", "product.write"]));
    let query = "mutation($input: ProductCreateInput!) { productCreate(input: $input) { product { id } userErrors { code } } }";
    let input = mug(&key(), json!([{ "store": office.store, "quantity": 7 }]));
    let denied = clerk.execute(query, json!({ "input": input })).await;
    assert_eq!(
        (&denied["errors"][0]["code"], &denied["errors"][0]["permission"]),
        (&json!("FORBIDDEN"), &json!("stock.adjust")),
        "{denied:#}"
    );
    assert!(!is_there(office, "MUG").await);
    accepted(&make(&clerk, json!({ "idempotencyKey": key(), "sku": "MUG", "name": "Mug", "openingStock": [] })).await, "product");
}
