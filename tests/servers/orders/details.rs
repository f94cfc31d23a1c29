//! Fields of an order beside its lines, and its history.

use entity::prelude::{StoreId, Timestamp};
use entrepot::access::{PermissionSet, Reach, index_of};
use serde_json::{Value, json};

use super::world::{START, World, accepted, refused};

const SAYS: &str = "contact { name email } shippingAddress { lines city country } billingAddress { company } shippingCountry \
    noteForCustomer noteForStaff tags metadata requestedFor deliveryMethod";

async fn says(world: &World, order: &Value) -> Value {
    let document = format!("query($id: ID!) {{ order(by: {{id: $id}}) {{ version {SAYS} }} }}");
    world.execute(&document, json!({"id": order["id"]})).await["order"].clone()
}

/// An order of a mug for Ada in Bath.
async fn adas(world: &World) -> Value {
    let input = json!({
        "idempotencyKey": world.key(), "store": {"id": world.store}, "customerId": world.customer,
        "lines": [{"product": {"id": world.mug}, "quantity": 1}, {"kind": "CHARGE", "name": "Postage", "quantity": 1, "unitPrice": {"amount": "4.95", "currencyCode": "GBP"}}],
        "contact": {"name": "Ada Lovelace", "email": "ada@example.com"},
        "shippingAddress": {"lines": ["1 High Street", "Flat 2"], "city": "Bath", "country": "gb"},
        "noteForCustomer": "Thank you", "tags": ["Gift", "gift", "vip"], "metadata": {"shop": {"basket": 7}},
        "requestedFor": "2026-12-24T09:00:00Z", "deliveryMethod": "COLLECT",
    });
    accepted(&world.mutate("orderCreate", input).await, "order").clone()
}

async fn edits(world: &World, order: &Value, mut fields: Value) -> Value {
    fields["id"] = order["id"].clone();
    fields["idempotencyKey"] = json!(world.key());
    fields["expectedVersion"] = says(world, order).await["version"].clone();
    world.mutate("orderUpdate", fields).await
}

/// The customer archived or restored; the payload.
async fn turned(world: &World, mutation: &str) -> Value {
    let kind = mutation.replace("customer", "Customer");
    let document = format!(
        "mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ customer {{ archivedAt version }} userErrors {{ code message field }} }} }}"
    );
    world.execute(&document, json!({"input": {"id": world.customer}})).await[mutation].clone()
}
/// Returns the message of the refusal.
async fn refused_turn(world: &World, mutation: &str) -> String {
    let payload = turned(world, mutation).await;
    assert_eq!(payload["userErrors"][0]["code"], "IN_USE", "{payload:#}");
    payload["userErrors"][0]["message"].as_str().unwrap().to_owned()
}

async fn step(world: &World, mutation: &str, order: &Value) -> Value {
    accepted(&world.mutate(mutation, json!({"id": order["id"], "idempotencyKey": world.key()})).await, "order").clone()
}

#[tokio::test]
async fn an_order_says_what_it_was_told() {
    World::on_both(async |world| {
        let order = adas(&world).await;
        let mut expected = json!({
            "version": 1, "contact": {"name": "Ada Lovelace", "email": "ada@example.com"},
            "shippingAddress": {"lines": ["1 High Street", "Flat 2"], "city": "Bath", "country": "gb"}, "billingAddress": null,
            "shippingCountry": "GB", "noteForCustomer": "Thank you", "noteForStaff": null, "tags": ["Gift", "vip"],
            "metadata": {"shop": {"basket": 7}}, "requestedFor": "2026-12-24T09:00:00Z", "deliveryMethod": "COLLECT",
        });
        let answer = says(&world, &order).await;
        expected["requestedFor"] = answer["requestedFor"].clone();
        assert_eq!(answer, expected);
        assert!(answer["requestedFor"].as_str().unwrap().starts_with("2026-12-24T09:00:00"), "{answer}");
        // No personal data of the recipient is left unmasked.
        let document = format!("{{ orders {{ nodes {{ {SAYS} }} }} }}");
        let masked = world.execute_without(&["customer.contact.read"], &document, json!({})).await;
        let node = &masked["orders"]["nodes"][0];
        assert_eq!((&node["contact"], &node["shippingAddress"], &node["tags"][0]), (&Value::Null, &Value::Null, &json!("Gift")));
        let scope = world.scope();
        for (table, column) in [("order_detail", "personal"), ("event", "payload")] {
            let sql = format!("SELECT {column} FROM {table} WHERE tenant_id = $1 AND {column} IS NOT NULL");
            for row in entrepot::storage::Reads::rows(&scope, &sql, vec![]).await.unwrap() {
                let bytes = match row.try_get_by_index::<Vec<u8>>(0) {
                    Ok(bytes) => bytes,
                    Err(_) => row.try_get_by_index::<String>(0).unwrap().into_bytes(),
                };
                let text = String::from_utf8_lossy(&bytes);
                assert!(!text.contains("Lovelace") && !text.contains("High Street"), "{table}: {text}");
            }
        }
        let plain =
            accepted(&world.order("CONFIRMED", json!([{"product": {"id": world.mug}, "quantity": 1}])).await, "order").clone();
        let silent = says(&world, &plain).await;
        assert_eq!((&silent["contact"], &silent["tags"], &silent["metadata"]), (&Value::Null, &json!([]), &json!({})));
        assert_eq!(silent["deliveryMethod"], "SHIP");
        world.verify().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_left_out_stays_and_null_clears() {
    World::on_both(async |world| {
        let order = adas(&world).await;
        let address = json!({"lines": ["Quai 3"], "city": "Brest", "country": "FR"});
        let fields = json!({"shippingAddress": address, "tagsAdd": ["late"], "tagsRemove": ["VIP"], "requestedFor": null});
        accepted(&edits(&world, &order, fields).await, "order");
        let answer = says(&world, &order).await;
        assert_eq!((&answer["contact"]["name"], &answer["shippingAddress"]["city"]), (&json!("Ada Lovelace"), &json!("Brest")));
        assert_eq!(
            (&answer["shippingCountry"], &answer["tags"], &answer["requestedFor"]),
            (&json!("FR"), &json!(["Gift", "late"]), &Value::Null)
        );
        accepted(&edits(&world, &order, json!({"contact": null, "shippingAddress": null, "metadata": {"a": 1}})).await, "order");
        let cleared = says(&world, &order).await;
        assert_eq!(
            (&cleared["contact"], &cleared["shippingAddress"], &cleared["metadata"]),
            (&Value::Null, &Value::Null, &json!({"a": 1}))
        );
        let keys =
            entrepot::storage::Reads::rows(&world.scope(), "SELECT id FROM subject WHERE tenant_id = $1", vec![]).await.unwrap();
        assert_eq!(keys.len(), 0, "the key goes with what it sealed");
        for (fields, code, field) in [
            (json!({"contact": {}}), "INVALID", "input.contact"),
            (json!({"tagsAdd": [" "]}), "INVALID", "input.tagsAdd.0"),
            (json!({"metadata": [1]}), "INVALID", "input.metadata"),
            (json!({"metadata": {"a": "x".repeat(16_384)}}), "OUT_OF_RANGE", "input.metadata"),
            (
                json!({"shippingAddress": {"lines": ["1", "2", "3", "4", "5", "6", "7"]}}),
                "LIMIT_EXCEEDED",
                "input.shippingAddress",
            ),
        ] {
            refused(&edits(&world, &order, fields).await, code, field);
        }
        let line = json!({"product": {"id": world.mug}, "quantity": 1});
        let new = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "lines": [line], "tags": ["gift", " "]});
        refused(&world.mutate("orderCreate", new).await, "INVALID", "input.tags.1");
        let line = json!({"product": {"id": world.mug}, "quantity": 1});
        let many = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "lines": [line], "tags": vec![" "; 60]});
        let payload = world.mutate("orderCreate", many).await;
        refused(&payload, "LIMIT_EXCEEDED", "input.tags");
        assert_eq!(payload["userErrors"].as_array().unwrap().len(), 1, "the limit alone: {payload:#}");
        world.verify().await;
    })
    .await;
}

#[tokio::test]
async fn another_country_leaves_charges_and_says_so() {
    World::on_both(async |world| {
        let order = adas(&world).await;
        let version = says(&world, &order).await["version"].clone();
        let input = json!({"id": order["id"], "idempotencyKey": world.key(), "expectedVersion": version,
            "shippingAddress": {"city": "Brest", "country": "FR"}});
        let document =
            "mutation($input: OrderUpdateInput!) { orderUpdate(input: $input) { userErrors { code } hints { code message } } }";
        let answer = world.execute(document, json!({ "input": input })).await["orderUpdate"].clone();
        assert_eq!((&answer["userErrors"], &answer["hints"][0]["code"]), (&json!([]), &json!("CHARGES_UNCHANGED")), "{answer:#}");
        let events = entrepot::storage::journal::after(&world.scope(), 0, 1_000).await.unwrap();
        let last = events.iter().rev().find(|event| event.kind == "order.updated").unwrap();
        let body: Value = serde_json::from_str(&last.payload).unwrap();
        assert_eq!(body["changed"], json!(["shippingCountry", "shippingAddress"]));
        assert!(!last.payload.contains("Brest"));
    })
    .await;
}

#[tokio::test]
async fn references_stay_unique_and_customers_exist() {
    World::on_both(async |world| {
        let (order, other) = (adas(&world).await, adas(&world).await);
        accepted(&edits(&world, &order, json!({"externalRef": "W-1", "customerId": null})).await, "order");
        refused(&edits(&world, &other, json!({"externalRef": "W-1"})).await, "DUPLICATE", "input.externalRef");
        accepted(&edits(&world, &order, json!({"externalRef": "W-1"})).await, "order");
        accepted(&edits(&world, &order, json!({"externalRef": "W-2"})).await, "order");
        accepted(&edits(&world, &other, json!({"externalRef": "W-1"})).await, "order");
        let nobody = world.clock.id::<entity::id::kind::CustomerId>().to_string();
        refused(&edits(&world, &order, json!({"customerId": nobody})).await, "NOT_FOUND", "input.customerId");
        let answer = world
            .execute("query($id: ID!) { order(by: {id: $id}) { externalRef customer { id } } }", json!({"id": order["id"]}))
            .await;
        assert_eq!(answer["order"], json!({"externalRef": "W-2", "customer": null}));
        // Ada's other order is open: she stays until it is done, and is named by nothing new afterwards.
        let message = refused_turn(&world, "customerArchive").await;
        assert!(message.contains("(1)"), "{message}");
        step(&world, "orderCancel", &other).await;
        // Archiving keeps the contacts on orders of a customer without a name, too: only an erasure
        // deletes them.
        world.run_tenant_sql("UPDATE customer SET external_ref = NULL WHERE tenant_id = $1", vec![]).await;
        assert!(turned(&world, "customerArchive").await["customer"]["archivedAt"].is_string());
        assert_eq!(says(&world, &other).await["contact"]["name"], "Ada Lovelace");
        let new = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "customerId": world.customer,
            "lines": [{"product": {"id": world.mug}, "quantity": 1}]});
        refused(&world.mutate("orderCreate", new).await, "INVALID", "input.customerId");
        refused(&edits(&world, &order, json!({"customerId": world.customer})).await, "INVALID", "input.customerId");
        assert_eq!(turned(&world, "customerRestore").await["customer"]["archivedAt"], Value::Null);
        accepted(&edits(&world, &order, json!({"customerId": world.customer})).await, "order");
    })
    .await;
}

#[tokio::test]
async fn a_filed_order_takes_notes_and_is_reopened() {
    World::on_both(async |world| {
        let order =
            accepted(&world.order("FULFILLED", json!([{"product": {"id": world.mug}, "quantity": 1}])).await, "order").clone();
        step(&world, "orderClose", &order).await;
        accepted(&edits(&world, &order, json!({"noteForStaff": "Filed under B", "tagsAdd": ["old"]})).await, "order");
        refused(&edits(&world, &order, json!({"deliveryMethod": "COLLECT"})).await, "INVALID_STATE", "input.id");
        refused(&edits(&world, &order, json!({"externalRef": "X"})).await, "INVALID_STATE", "input.id");
        let reopened = step(&world, "orderReopen", &order).await;
        assert_eq!(
            (&reopened["status"], &reopened["allowedActions"]),
            (&json!("FULFILLED"), &json!(["orderClose", "orderUpdate"]))
        );
        refused(
            &world.mutate("orderReopen", json!({"id": order["id"], "idempotencyKey": world.key()})).await,
            "INVALID_STATE",
            "input.id",
        );
        accepted(&edits(&world, &order, json!({"deliveryMethod": "COLLECT"})).await, "order");
        world.verify().await;
    })
    .await;
}

#[tokio::test]
async fn steps_tell_who_did_what_and_why() {
    World::on_both(async |world| {
        let order = adas(&world).await;
        accepted(&edits(&world, &order, json!({"noteForStaff": "Call first", "reason": "Asked by telephone"})).await, "order");
        let document = "mutation($input: ActionInput!, $reason: CancelReason) { orderCancel(input: $input, reason: $reason) \
            { userErrors { code } order { status } } }";
        let input = json!({"id": order["id"], "idempotencyKey": world.key(), "note": "No answer"});
        let cancelled = world.execute(document, json!({"input": input, "reason": "CUSTOMER"})).await;
        assert_eq!(cancelled["orderCancel"], json!({"userErrors": [], "order": {"status": "CANCELLED"}}));
        let document = "query($id: ID!) { order(by: {id: $id}) { cancelReason cancelNote steps { action reason } } }";
        let seen_order = world.execute(document, json!({"id": order["id"]})).await["order"].clone();
        assert_eq!((&seen_order["cancelReason"], &seen_order["cancelNote"]), (&json!("CUSTOMER"), &json!("No answer")));
        let steps = json!([
            {"action": "order.created", "reason": null},
            {"action": "order.updated", "reason": "Asked by telephone"},
            {"action": "order.cancelled", "reason": "No answer"},
        ]);
        assert_eq!(seen_order["steps"], steps);
        world.verify().await;
    })
    .await;
}

const PLACE: &str = "query($id: ID!) { order(by: {id: $id}) { store { code } channel { code } placedAt } }";

async fn draft(world: &World, quantity: i64) -> Value {
    let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": "DRAFT",
        "lines": [{"product": {"id": world.mug}, "quantity": quantity}]});
    accepted(&world.mutate("orderCreate", input).await, "order").clone()
}

/// A move of the draft to the depot, by a caller who writes orders in these stores.
async fn moved_by(world: &World, order: &Value, stores: &[StoreId]) -> Value {
    let mut permissions = PermissionSet::default();
    for code in ["order.read", "order.write"] {
        permissions.grant(index_of(code).unwrap(), &Reach::stores(stores.iter().copied()));
    }
    let document = "mutation($input: OrderUpdateInput!) { orderUpdate(input: $input) { userErrors { code field } } }";
    let input = json!({"id": order["id"], "idempotencyKey": world.key(), "expectedVersion": 1, "store": {"code": "DEPOT"}});
    world.execute_as(permissions, document, json!({ "input": input })).await["orderUpdate"]["userErrors"].clone()
}

#[tokio::test]
async fn a_draft_goes_to_another_store_and_channel_and_a_confirmed_order_stays() {
    World::on_both(async |world| {
        let (order, other) = (draft(&world, 60).await, draft(&world, 1).await);
        for (stores, field) in [([world.store], json!(["input", "store", "code"])), ([world.depot], json!(["input", "id"]))] {
            let errors = moved_by(&world, &order, &stores).await;
            assert_eq!(errors, json!([{"code": "NOT_FOUND", "field": field}]), "both stores are needed");
        }
        let placed_at = entrepot::clock::rfc3339(Timestamp(START).plus_seconds(-86_400));
        let moves = json!({"store": {"code": "DEPOT"}, "channel": {"code": "WEB"}, "placedAt": placed_at, "sourcing": {}});
        accepted(&edits(&world, &order, moves).await, "order");
        let seen_order = world.execute(PLACE, json!({"id": order["id"]})).await["order"].clone();
        assert_eq!(seen_order, json!({"store": {"code": "DEPOT"}, "channel": {"code": "WEB"}, "placedAt": placed_at}));
        let events = entrepot::storage::journal::after(&world.scope(), 0, 1_000).await.unwrap();
        let last = events.iter().rev().find(|event| event.kind == "order.updated").unwrap();
        let payload: Value = serde_json::from_str(&last.payload).unwrap();
        assert_eq!(payload["changed"], json!(["channel", "store", "placedAt", "sourcing"]));
        assert_eq!(payload["movedFrom"], json!({"store": world.store, "channel": world.direct}));
        // The rule is replaced, removed and set again: the depot has 50 mugs, the store 100.
        for sourcing in [json!({"maxStores": 2}), json!(null)] {
            accepted(&edits(&world, &order, json!({ "sourcing": sourcing })).await, "order");
        }
        let confirm = json!({"id": order["id"], "idempotencyKey": world.key()});
        assert_eq!(world.mutate("orderConfirm", confirm).await["userErrors"][0]["code"], "INSUFFICIENT_STOCK");
        accepted(&edits(&world, &order, json!({"sourcing": {}, "externalRef": "W-1"})).await, "order");
        let confirmed = step(&world, "orderConfirm", &order).await;
        assert_eq!(confirmed["lines"][0]["allocations"], json!([{"store": {"code": "LDN"}, "quantity": 60}]));
        refused(&edits(&world, &order, json!({"store": {"code": "LDN"}})).await, "INVALID_STATE", "input.store");
        refused(&edits(&world, &order, json!({ "sourcing": null })).await, "INVALID_STATE", "input.sourcing");
        // A reference that is free in one channel may be taken in the other.
        accepted(&edits(&world, &other, json!({"externalRef": "W-1"})).await, "order");
        refused(&edits(&world, &other, json!({"channelId": world.web})).await, "DUPLICATE", "input.channelId");
        world.verify().await;
    })
    .await;
}
