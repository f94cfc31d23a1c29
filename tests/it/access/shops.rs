//! A manager of one shop changes only that shop's stock. They see the availability of other shops;
//! all other data of those shops looks as if it did not exist.

use entrepot::{
    access::REGISTRY,
    storage::{Backend, Reads},
};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::world::{everywhere, grant, in_stores};
use crate::{
    authorization::{
        calls::{Calls, base, named},
        crossing::{made_up, shape},
        world::{Company, World},
    },
    world::on_both,
};

on_both!(
    no_field_tells_of_another_shop_or_changes_it,
    lists_and_reports_count_ones_own_shop_only,
    other_shops_are_seen_as_availability,
    a_movement_in_two_shops_shows_each_its_own_lines,
    an_override_needs_its_permission_in_the_same_shop,
    goods_come_back_to_any_shop,
    a_stream_ends_when_its_shops_change,
    costs_and_contacts_are_masked,
);

/// Kinds of things that belong to a shop.
const OF_A_SHOP: [&str; 10] = ["lvl", "mov", "ent", "rsv", "ord", "oln", "ful", "ret", "trf", "cnt"];

/// Root fields with an argument that names a shop to act in or to read. Goods may be sent to any
/// shop, and requested from any.
const BY_SHOP: [&str; 23] = [
    "costReport",
    "alerts",
    "alertChanged",
    "alertRuleUpsert",
    "transfers",
    "stocktakes",
    "stocktakesDueList",
    "countsDue",
    "stocktakeCreate",
    "stockAdjust",
    "stockSet",
    "stockReserve",
    "orderCreate",
    "orderFulfil",
    "returnCreate",
    "stockLevels",
    "stockMovements",
    "orders",
    "ordersCount",
    "returns",
    "stockChanged",
    "stockThresholdCrossed",
    "orderChanged",
];

async fn no_field_tells_of_another_shop_or_changes_it(world: &World) {
    let other = world.second_shop("charlie").await;
    let own = world.ours.ids["sto"].clone();
    let manager =
        world.add_member_with("manager", json!([grant("manager", in_stores(&[&own])), grant("catalogue", everywhere())])).await;
    // The manager gets every other tenant-wide permission, which must give access to no other shop.
    // Only `audit.read` is left out, because the audit log shows who did what to which ID in all
    // shops.
    let mut caller = world.caller(manager).await;
    for (index, info) in REGISTRY.iter().enumerate() {
        if info.class == entrepot::access::Class::Tenant && info.code != "audit.read" {
            caller.permissions.insert(index);
        }
    }
    let calls = Calls::of_the_schema();
    // Queries of costs bring the books up to date first, so the other shop's books are written
    // before its rows are compared.
    entrepot::costing::jobs::catch_up_all_tenants(world.node.db.clone()).await.unwrap();
    let before = of_shop(world, &other).await;
    // An ID of another kind than a place names is refused by its prefix, before any statement: that is tried on one database, and has no depth.
    let is_embedded = Reads::backend(&world.node.db.tenant(world.ours.owner.tenant)) == Backend::Sqlite;
    let (mut different, mut query_count) = (Vec::new(), 0);
    for (operation, field) in calls.roots() {
        let name = field.name.node.as_str();
        let kind = base(&field.ty.node);
        let (all, some) = (calls.wide(&kind, 3), calls.wide(&kind, 1));
        for slot in calls.slots(field) {
            let fits = |prefix: &str| named(name, &slot).is_none_or(|kind| kind == prefix);
            let kinds = OF_A_SHOP.iter().copied().chain(BY_SHOP.contains(&name).then_some("sto"));
            for prefix in kinds.filter(|prefix| is_embedded || fits(prefix)) {
                let selection = if fits(prefix) { &all } else { &some };
                let id = &other.ids[prefix];
                let mut answers = Vec::new();
                for id in [made_up(world, id), id.clone()] {
                    let variables = calls.variables(&world.ours, field, Some((&slot, &id)));
                    let document = calls.document(operation, field, &variables, selection);
                    let answer = world.execute(&world.ours, Some(caller.clone()), &document, &variables).await;
                    let text = of_the_tenant(&answer);
                    assert!(!text.contains("charlie"), "{name} by {slot:?} = {id} tells of the other shop: {answer:#}");
                    answers.push(shape(&answer));
                }
                query_count += 1;
                if answers[0] != answers[1] {
                    different.push(format!(
                        "{name} by {slot:?}, a {prefix}: nobody's → {}, the other shop's → {}",
                        answers[0], answers[1]
                    ));
                }
            }
        }
        // Lists, and fields that need no ID.
        let variables = calls.variables(&world.ours, field, None);
        let document = calls.document(operation, field, &variables, &all);
        let answer = world.execute(&world.ours, Some(caller.clone()), &document, &variables).await;
        assert!(!of_the_tenant(&answer).contains("charlie"), "{name} tells of the other shop: {answer:#}");
    }
    assert!(query_count > if is_embedded { 400 } else { 100 }, "only {query_count} crossings were tried");
    assert!(
        different.is_empty(),
        "{} of {query_count} answers tell the other shop's from nobody's: {different:#?}",
        different.len()
    );
    assert_eq!(of_shop(world, &other).await, before, "the other shop's rows changed");
}

/// The answer without data of the whole tenant: the other shop's code, and the carrier that it
/// recorded.
fn of_the_tenant(answer: &Value) -> String {
    answer.to_string().replace("charlie-shop", "").replace("charlie-post", "").replace("charlie post", "")
}

/// Rows of a shop: those that contain its ID or its word. The store's own row belongs to the whole
/// tenant.
async fn of_shop(world: &World, shop: &Company) -> Vec<String> {
    let uuid = entity::id::prefix_of(&shop.ids["sto"]).unwrap().1.simple().to_string();
    let lines = world.dump(shop.owner.tenant).await;
    let plain = |line: &String| line.to_lowercase().replace('-', "");
    // Rows with "OTHER" are not counted: the purpose of a reservation is the caller's own text.
    // Demand facts are not either: they follow the journal asynchronously.
    let foreign = ["store", "event", "demand_", "stock_span"];
    let is_foreign = |line: &String| foreign.iter().any(|table| line.starts_with(table)) || line.contains("OTHER");
    let is_own = |line: &String| !is_foreign(line) && plain(line).contains(&uuid);
    let own: Vec<String> = lines.into_iter().filter(is_own).collect();
    assert!(own.len() > 5, "a dump that sees too little proves nothing: {own:#?}");
    own
}

/// A manager of our first shop who may read the catalogue, and a second shop.
async fn two_shops(world: &World) -> (super::world::Person, String, Company) {
    let other = world.second_shop("charlie").await;
    let own = world.ours.ids["sto"].clone();
    let manager =
        world.add_member_with("manager", json!([grant("manager", in_stores(&[&own])), grant("catalogue", everywhere())])).await;
    (manager, own, other)
}

async fn lists_and_reports_count_ones_own_shop_only(world: &World) {
    let (manager, own, _) = two_shops(world).await;
    let query = "{ stockLevels { nodes { store { id } } } orders { nodes { store { id } } } returns { nodes { store { id } } }
        ordersCount { count } salesReport(groupBy: STORE) { key } movementReport { kind movements }
        stockMovements { nodes { entries { store { id } } } } products { nodes { stock { store { id } } } }
        stores { nodes { code stockLevels { nodes { id } } } } }";
    let seen_answer = world.execute_as(manager, query, json!({})).await["data"].clone();
    let whole = world.execute_as(world.owner(), query, json!({})).await["data"].clone();
    let nodes = |answer: &Value, field: &str| answer[field]["nodes"].as_array().unwrap().clone();
    for field in ["stockLevels", "orders", "returns"] {
        let stores: Vec<Value> = nodes(&seen_answer, field).iter().map(|node| node["store"]["id"].clone()).collect();
        assert!(!stores.is_empty() && stores.iter().all(|store| *store == json!(own)), "{field}: {stores:?}");
        assert!(nodes(&whole, field).len() > stores.len(), "{field}");
    }
    assert_eq!((&seen_answer["ordersCount"]["count"], &whole["ordersCount"]["count"]), (&json!(1), &json!(2)));
    assert_eq!(seen_answer["salesReport"].as_array().map(Vec::len), Some(1));
    assert_eq!((&seen_answer["salesReport"][0]["key"], whole["salesReport"].as_array().map(Vec::len)), (&json!(own), Some(2)));
    let receipts = |answer: &Value| {
        answer["movementReport"].as_array().unwrap().iter().find(|row| row["kind"] == "RECEIPT").unwrap()["movements"].clone()
    };
    // Each shop has also filled the depot once.
    assert_eq!((receipts(&seen_answer), receipts(&whole)), (json!(3), json!(7)));
    let moved = nodes(&seen_answer, "stockMovements");
    let stores = moved.iter().flat_map(|movement| movement["entries"].as_array().unwrap()).map(|entry| &entry["store"]["id"]);
    assert!(stores.clone().count() > 0 && stores.clone().all(|store| *store == json!(own)), "one's own shop alone");
    assert!(moved.len() < nodes(&whole, "stockMovements").len(), "there are others");
    let products = nodes(&seen_answer, "products");
    let stocked: Vec<&Value> = products.iter().flat_map(|product| product["stock"].as_array().unwrap()).collect();
    assert!(!stocked.is_empty() && stocked.iter().all(|level| level["store"]["id"] == json!(own)), "{stocked:?}");
    let levels: Vec<usize> =
        nodes(&seen_answer, "stores").iter().map(|store| store["stockLevels"]["nodes"].as_array().unwrap().len()).collect();
    assert_eq!(levels.iter().sum::<usize>(), 1, "stores are seen, their stock is not: {levels:?}");
}

async fn other_shops_are_seen_as_availability(world: &World) {
    let (manager, own, other) = two_shops(world).await;
    let query =
        "query($by: ProductRef!) { product(by: $by) { availability { store { id } available status } stock { store { id } } } }";
    let by = json!({ "by": { "id": world.ours.ids["prd"] } });
    let product = world.execute_as(manager, query, by.clone()).await["data"]["product"].clone();
    let stores: Vec<&Value> = product["availability"].as_array().unwrap().iter().map(|at| &at["store"]["id"]).collect();
    assert!(stores.contains(&&json!(own)) && stores.contains(&&json!(other.ids["sto"])), "{product:#}");
    assert_eq!(product["stock"].as_array().map(Vec::len), Some(1));
    assert!(product["availability"].as_array().unwrap().iter().all(|at| at["available"].as_i64().unwrap() > 0));
    // Without that permission there is nothing to see.
    let blind = world.add_member_with("blind", json!([grant("manager", in_stores(&[&own]))])).await;
    let answer = world.execute_as(blind, query, by).await;
    assert_eq!(
        answer["errors"][0]["permission"], "product.read",
        "a grant for a shop gives nothing for the whole tenant: {answer:#}"
    );
    // Moving another shop's stock is refused with the message for a shop that does not exist.
    let query =
        "mutation($input: StockAdjustInput!) { stockAdjust(input: $input) { levels { id } userErrors { code field message } } }";
    let change = |store: Value| {
        let change = json!({ "product": { "id": world.ours.ids["prd"] }, "store": store, "delta": 1 });
        json!({ "idempotencyKey": "x", "reasonCode": "OTHER", "changes": [change] })
    };
    let mut answers = Vec::new();
    let nowhere = made_up(world, &own);
    for store in [
        json!({ "id": other.ids["sto"] }),
        json!({ "id": nowhere }),
        json!({ "code": "charlie-shop" }),
        json!({ "code": "no-shop" }),
    ] {
        answers.push(world.mutate_as(manager, query, change(store)).await);
    }
    // Each answer contains the requested ID or code, and nothing else about the shop.
    let alike = |answer: &Value, message: &str| answer.to_string().replace(message, "…");
    let (by_id, by_code) = ([other.ids["sto"].as_str(), nowhere.as_str()], ["charlie-shop", "no-shop"]);
    assert_eq!(alike(&answers[0], by_id[0]), alike(&answers[1], by_id[1]), "by id");
    assert_eq!(alike(&answers[2], by_code[0]), alike(&answers[3], by_code[1]), "by code");
    assert_eq!(answers[0]["userErrors"][0]["code"], "NOT_FOUND");
    let mine = world.mutate_as(manager, query, change(json!({ "id": own }))).await;
    assert_eq!(mine["userErrors"], json!([]), "{mine:#}");
}

async fn a_movement_in_two_shops_shows_each_its_own_lines(world: &World) {
    let (manager, own, other) = two_shops(world).await;
    let change =
        |store: &str, delta: i64| json!({ "product": { "id": world.ours.ids["prd"] }, "store": { "id": store }, "delta": delta });
    let query = "mutation($input: StockAdjustInput!) { stockAdjust(input: $input) { movement { id } userErrors { code } } }";
    let input =
        json!({ "idempotencyKey": "both", "reasonCode": "OTHER", "changes": [change(&own, 3), change(&other.ids["sto"], 5)] });
    let movement = world.mutate_as(world.owner(), query, input).await["movement"]["id"].clone();
    let query = "query($id: ID!) { node(id: $id) { ... on StockMovement { entries { onHandDelta store { id } } } } }";
    let seen_answer = world.execute_as(manager, query, json!({ "id": movement })).await["data"]["node"].clone();
    assert_eq!(seen_answer, json!({ "entries": [{ "onHandDelta": 3, "store": { "id": own } }] }));
    // A reversal covers the whole movement or nothing.
    let query = "mutation($input: StockReverseInput!) { stockReverse(input: $input) { userErrors { code message } } }";
    let input = json!({ "idempotencyKey": "undo", "movementId": movement, "note": "wrong" });
    let answer = world.mutate_as(manager, query, input).await;
    assert_eq!(answer["userErrors"][0]["code"], "NOT_FOUND", "{answer:#}");
}

async fn an_override_needs_its_permission_in_the_same_shop(world: &World) {
    let other = world.second_shop("charlie").await;
    let own = world.ours.ids["sto"].clone();
    let both = json!([
        grant("manager", in_stores(&[&own])),
        grant("staff", in_stores(&[&other.ids["sto"]])),
        grant("catalogue", everywhere())
    ]);
    let clerk = world.add_member_with("clerk", both).await;
    let query = "mutation($input: StockAdjustInput!) { stockAdjust(input: $input) { userErrors { code } } }";
    let taken = |store: &str, key: &str| {
        let change = json!({ "product": { "id": world.ours.ids["prd"] }, "store": { "id": store }, "delta": -5_000_000 });
        json!({ "input": { "idempotencyKey": key, "reasonCode": "LOSS", "onShortage": "POST_DISCREPANCY", "changes": [change] } })
    };
    let here = world.execute_as(clerk, query, taken(&own, "here")).await;
    assert!(here["errors"].is_null() && here["data"]["stockAdjust"]["userErrors"] == json!([]), "{here:#}");
    let there = world.execute_as(clerk, query, taken(&other.ids["sto"], "there")).await;
    assert_eq!(there["errors"][0]["permission"], "stock.override", "staff there, manager here: {there:#}");
}

async fn goods_come_back_to_any_shop(world: &World) {
    let (manager, own, other) = two_shops(world).await;
    let query = "mutation($input: ReturnCreateInput!) { returnCreate(input: $input) {
        return { store { id } lines { orderLine { id } matches { quantity } } } userErrors { code field } } }";
    let back = |key: &str, line: &str| {
        let line = json!({ "product": { "id": world.ours.ids["prd"] }, "orderLineId": line, "quantity": 1 });
        json!({ "idempotencyKey": key, "store": { "id": own }, "lines": [line] })
    };
    let unseen = world.mutate_as(manager, query, back("unseen", &other.ids["oln"])).await;
    assert_eq!(unseen["userErrors"][0]["code"], "NOT_FOUND", "who may not see the order cannot name it: {unseen:#}");
    let role = json!({ "key": "desk", "name": "Desk", "permissions": ["order.read"] });
    let create = "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } } }";
    let office = world.mutate_as(world.owner(), create, role).await["role"]["id"].clone();
    let clerk = json!([{ "roleId": office, "scope": everywhere() }, grant("manager", in_stores(&[&own])), grant("catalogue", everywhere())]);
    let clerk = world.add_member_with("clerk", clerk).await;
    let payload = world.mutate_as(clerk, query, back("seen", &other.ids["oln"])).await;
    assert_eq!(payload["return"]["lines"][0]["orderLine"]["id"], json!(other.ids["oln"]), "{payload:#}");
    // The manager sees the return in their shop, but not the other shop's order.
    let list =
        world.execute_as(manager, "{ returns { nodes { lines { orderLine { id } matches { quantity } } } } }", json!({})).await;
    let newest = &list["data"]["returns"]["nodes"].as_array().unwrap().iter().find(|ret| ret["lines"][0]["orderLine"].is_null());
    assert_eq!(newest.unwrap()["lines"][0]["matches"], json!([]), "{list:#}");
}

async fn a_stream_ends_when_its_shops_change(world: &World) {
    let (manager, own, other) = two_shops(world).await;
    let caller = world.caller(manager).await;
    let standing = world.node.access.watch_member(caller.tenant, manager.0, &caller);
    let query = "subscription { stockChanged { phase reset changes { level { store { id } onHand } entries { onHandDelta } } } }";
    let scope = world.node.db.tenant(caller.tenant);
    let request = entrepot::schema::attach(async_graphql::Request::new(query), &scope).data(caller.clone()).data(standing);
    let mut stream = Box::pin(world.node.schema.execute_stream(request));
    let mut next = async || {
        let item = tokio::time::timeout(std::time::Duration::from_secs(20), stream.next()).await.unwrap();
        item.map(|item| item.data.into_json().unwrap()["stockChanged"].clone())
    };
    let first = next().await.unwrap();
    assert_eq!((&first["phase"], first["changes"].as_array().map(Vec::len)), (&json!("READY"), Some(1)), "{first:#}");
    let adjust = "mutation($input: StockAdjustInput!) { stockAdjust(input: $input) { userErrors { code } } }";
    let mut count = 0;
    let mut change = async |store: &str| {
        count += 1;
        let change = json!({ "product": { "id": world.ours.ids["prd"] }, "store": { "id": store }, "delta": 1 });
        let input = json!({ "idempotencyKey": format!("s{count}"), "reasonCode": "OTHER", "changes": [change] });
        assert_eq!(world.mutate_as(world.owner(), adjust, input).await["userErrors"], json!([]));
    };
    change(&other.ids["sto"]).await;
    change(&own).await;
    let live = next().await.unwrap();
    assert_eq!(live["changes"][0]["level"]["store"]["id"], json!(own), "the other shop's change is not told: {live:#}");
    assert_eq!(live["changes"][0]["entries"], json!([{ "onHandDelta": 1 }]));
    // An additional right does not restart the stream; access to other shops does.
    let extra_input =
        json!([grant("manager", in_stores(&[&own])), grant("catalogue", everywhere()), grant("auditor", in_stores(&[&own]))]);
    world.set_grants(&world.ours.owner, manager, extra_input).await;
    world.node.access.refresh_live().await;
    change(&own).await;
    assert_eq!(next().await.unwrap()["phase"], "LIVE");
    let both = json!([grant("manager", in_stores(&[&own, &other.ids["sto"]])), grant("catalogue", everywhere())]);
    world.set_grants(&world.ours.owner, manager, both).await;
    world.node.access.refresh_live().await;
    let last = next().await.unwrap();
    assert_eq!((&last["phase"], &last["reset"]), (&json!("RESET"), &json!("SCOPE_CHANGED")), "{last:#}");
    assert_eq!(next().await, None);
}

async fn costs_and_contacts_are_masked(world: &World) {
    let query = "query($order: OrderRef!) { products { nodes { unitCost { amount } } } customers { nodes { email } }
        order(by: $order) { lines { unitCost { amount } } customer { email } } stockMovements { nodes { entries { unitCost { amount } } } } }";
    let variables = json!({ "order": { "id": world.ours.ids["ord"] } });
    let role = json!({ "key": "plain", "name": "Plain", "permissions":
        ["product.read", "customer.read", "order.read", "stock.movement.read"] });
    let create = "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } } }";
    let plain = world.mutate_as(world.owner(), create, role).await["role"]["id"].clone();
    let plain = world.add_member_with("plain", json!([{ "roleId": plain, "scope": everywhere() }])).await;
    let masked = world.execute_as(plain, query, variables.clone()).await;
    assert!(masked["errors"].is_null(), "a mask is no error: {masked:#}");
    let text = masked.to_string();
    assert!(!text.contains("alpha@example.com") && !text.contains("amount"), "{masked:#}");
    let open = world.execute_as(world.owner(), query, variables).await.to_string();
    assert!(open.contains("alpha@example.com") && open.contains("amount"));
}
