//! Products by their stock: what a status of several stores is, and whose stores count.

use async_graphql::{Request, Variables};
use entity::prelude::StoreId;
use entrepot::{
    access::{Caller, Class, PermissionSet, REGISTRY, Reach},
    graphql::{answer::data_json, fault::TopError},
    schema::{self, EntrepotSchema},
};
use serde_json::{Value, json};

use super::page::{execute_on, whole_schema};
use crate::{catalog::world::World, world::on_both};

const LIST: &str = "query($filter: ProductFilter, $first: Int, $after: Cursor) {
    products(filter: $filter, first: $first, after: $after) { nodes { sku } totalCount { count precision } pageInfo { hasNextPage endCursor } }
    productsCount(filter: $filter) { count } }";

/// The answer to a list of products as `caller`, and the code of its first error.
async fn execute(schema: &EntrepotSchema, world: &World, caller: &Caller, variables: Value) -> (Value, Option<&'static str>) {
    answered(schema, world, caller, LIST, variables).await
}

async fn answered(
    schema: &EntrepotSchema,
    world: &World,
    caller: &Caller,
    document: &str,
    variables: Value,
) -> (Value, Option<&'static str>) {
    let request = Request::new(document).variables(Variables::from_json(variables));
    let request = schema::attach(request, &world.db.tenant(caller.tenant)).data(caller.clone());
    let response = schema.execute(request).await;
    let code = response.errors.first().map(|error| error.source::<TopError>().map_or("NONE", |top| top.code().as_str()));
    (serde_json::from_slice(&data_json(&response.data)).unwrap(), code)
}

/// The SKUs that a filter finds, which are also counted.
async fn found(schema: &EntrepotSchema, world: &World, caller: &Caller, filter: Value) -> String {
    let (answer, code) = execute(schema, world, caller, json!({ "filter": filter })).await;
    assert_eq!(code, None, "{filter}");
    let page = &answer["products"];
    let skus: Vec<&str> = page["nodes"].as_array().unwrap().iter().map(|node| node["sku"].as_str().unwrap()).collect();
    assert_eq!(page["totalCount"], json!({ "count": skus.len(), "precision": "EXACT" }), "{filter}");
    assert_eq!(answer["productsCount"]["count"], skus.len(), "{filter}");
    skus.concat()
}

/// The owner, with permissions limited to one store where they can be.
fn of_store(world: &World, store: &Value) -> Caller {
    let store: StoreId = store.as_str().unwrap().parse().unwrap();
    let mut permissions = PermissionSet::default();
    for (index, known) in REGISTRY.iter().enumerate() {
        match known.class {
            Class::Tenant => permissions.insert(index),
            Class::Store => permissions.grant(index, &Reach::stores([store])),
        }
    }
    Caller { permissions, ..world.owner.clone() }
}

async fn store(schema: &EntrepotSchema, world: &World, code: &str) -> Value {
    let document = "mutation($i: StoreCreateInput!) { storeCreate(input: $i) { store { id } } }";
    let input = json!({ "code": code, "name": code });
    execute_on(schema, world, document, json!({ "i": input })).await["storeCreate"]["store"]["id"].clone()
}

/// Two stores and seven products, which run low at five in each store; returns the stores' ids.
///
/// A has no level, B 3 in the north, C 7 there, D 3 there and 20 in the south, E 40 in the north where that is the maximum, F is a service,
/// and G has 6 in the north and 7 in the south.
async fn shop(schema: &EntrepotSchema, world: &World) -> [Value; 2] {
    let stores = [store(schema, world, "NORTH").await, store(schema, world, "SOUTH").await];
    let rows: Vec<Value> = ["A", "B", "C", "D", "E", "F", "G"]
        .iter()
        .map(|sku| {
            let policy = if *sku == "F" { "UNTRACKED" } else { "TRACKED" };
            json!({ "sku": sku, "name": sku, "lowStockThreshold": 5, "stockPolicy": policy })
        })
        .collect();
    let upsert = "mutation($r: [ProductUpsertInput!]!) { productBulkUpsert(input: { rows: $r }) { userErrors { message } } }";
    assert_eq!(execute_on(schema, world, upsert, json!({ "r": rows })).await["productBulkUpsert"]["userErrors"], json!([]));
    let changes: Vec<Value> = [
        ("B", "NORTH", 3),
        ("C", "NORTH", 7),
        ("D", "NORTH", 3),
        ("D", "SOUTH", 20),
        ("E", "NORTH", 40),
        ("G", "NORTH", 6),
        ("G", "SOUTH", 7),
    ]
    .iter()
    .map(|(sku, code, delta)| json!({ "product": { "sku": sku }, "store": { "code": code }, "delta": delta }))
    .collect();
    let adjust = "mutation($i: StockAdjustInput!) { stockAdjust(input: $i) { userErrors { message } } }";
    let input = json!({ "idempotencyKey": "open", "kind": "RECEIPT", "reasonCode": "OPENING", "changes": changes });
    assert_eq!(execute_on(schema, world, adjust, json!({ "i": input })).await["stockAdjust"]["userErrors"], json!([]));
    let policy = "mutation($i: ReorderPolicySetInput!) { reorderPolicySet(input: $i) { userErrors { message } } }";
    let item = json!({ "product": { "sku": "E" }, "store": { "code": "NORTH" }, "maximum": 40 });
    let input = json!({ "idempotencyKey": "most", "items": [item] });
    assert_eq!(execute_on(schema, world, policy, json!({ "i": input })).await["reorderPolicySet"]["userErrors"], json!([]));
    stores
}

on_both!(products_are_found_by_the_stock_of_all_stores_or_of_some, world: World => {
    let schema = whole_schema(world).await;
    let [north, south] = shop(&schema, world).await;
    let other = world.other_tenant().await;
    for (filter, expected) in [
        (json!({ "stockStatus": ["OUT_OF_STOCK"] }), "A"),
        (json!({ "stockStatus": ["CRITICAL"] }), "B"),
        // Thirteen in two stores that are low at five each.
        (json!({ "stockStatus": ["LOW"] }), "CG"),
        (json!({ "stockStatus": ["NORMAL"] }), "D"),
        (json!({ "stockStatus": ["OVERSTOCK"] }), "E"),
        (json!({ "stockStatus": ["LOW", "CRITICAL"] }), "BCG"),
        (json!({ "stockStatus": [] }), ""),
        (json!({ "not": { "stockStatus": ["OUT_OF_STOCK", "CRITICAL", "LOW", "NORMAL", "OVERSTOCK"] } }), "F"),
        (json!({ "stockedIn": { "key": ["north"] }, "stockStatus": ["CRITICAL"] }), "BD"),
        (json!({ "stockedIn": { "eq": south }, "stockStatus": ["NORMAL", "LOW"] }), "DG"),
        (json!({ "stockedIn": { "eq": south }, "stockStatus": ["OUT_OF_STOCK"] }), ""),
        (json!({ "stockedIn": { "in": [north, south] } }), "BCDEG"),
        (json!({ "stockedIn": { "eq": south } }), "DG"),
        (json!({ "not": { "stockedIn": { "eq": south } } }), "ABCEF"),
        (json!({ "stockedIn": {} }), "ABCDEFG"),
        (json!({ "tracking": ["NONE"], "not": { "tracking": ["LOT", "SERIAL"] } }), "ABCDEFG"),
        (json!({ "tracking": ["LOT"] }), ""),
        (json!({ "stockedIn": { "in": [] } }), ""),
        (json!({ "stockedIn": { "key": ["nowhere"] } }), ""),
        (json!({ "stockedIn": { "in": [north], "key": ["SOUTH"] } }), ""),
        (json!({ "or": [{ "stockStatus": ["OVERSTOCK"] }, { "stockedIn": { "eq": south }, "sku": { "eq": "G" } }] }), "EG"),
    ] {
        assert_eq!(found(&schema, world, &world.owner, filter.clone()).await, expected, "{filter}");
    }
    let levels = async |filter: Value| {
        let document = "query($f: StockFilter) { stockLevels(filter: $f) { nodes { id product { sku } } totalCount { count } } }";
        let page = execute_on(&schema, world, document, json!({ "f": filter })).await["stockLevels"].clone();
        let nodes = page["nodes"].as_array().unwrap().clone();
        assert_eq!(page["totalCount"]["count"], nodes.len(), "{filter}");
        nodes
    };
    let first = levels(json!({})).await[0]["id"].clone();
    for (filter, expected) in [
        (json!({ "id": { "eq": first } }), "B"),
        (json!({ "sku": { "eq": "d" } }), "DD"),
        (json!({ "sku": { "in": ["B", "e"] }, "store": { "eq": north } }), "BE"),
        (json!({ "not": { "sku": { "startsWith": "D" } } }), "BCEGG"),
        (json!({ "or": [{ "sku": { "contains": "g" } }, { "onHand": { "eq": 40 } }] }), "EGG"),
        (json!({ "barcode": { "eq": "5000000000000" } }), ""),
        (json!({ "supplier": { "in": [] } }), ""),
        (json!({ "not": { "categoryTree": { "in": [] } } }), "BCDDEGG"),
        (json!({ "reserved": { "lte": 0 } }), "BCDDEGG"),
        (json!({ "reserved": { "gte": 1 } }), ""),
        (json!({ "updatedAt": { "lt": "1990-01-01T00:00:00Z" } }), ""),
        (json!({ "lot": { "startsWith": "a" } }), ""),
        (json!({ "not": { "lot": { "eq": "a" } } }), "BCDDEGG"),
        (json!({ "search": "d" }), "DD"),
        (json!({ "search": "D", "store": { "eq": south } }), "D"),
        (json!({ "or": [{ "search": "e" }, { "not": { "search": "g" }, "store": { "eq": south } }] }), "DE"),
        (json!({ "search": "--" }), ""),
    ] {
        let nodes = levels(filter.clone()).await;
        let skus: Vec<&str> = nodes.iter().map(|node| node["product"]["sku"].as_str().unwrap()).collect();
        assert_eq!(skus.concat(), expected, "{filter}");
    }
    // Another company finds neither these stores nor these products.
    assert_eq!(found(&schema, world, &other, json!({ "stockedIn": { "in": [north, south] } })).await, "");
    assert_eq!(found(&schema, world, &other, json!({ "stockStatus": ["NORMAL"] })).await, "");
});

on_both!(a_list_by_stock_is_paged_through_once, world: World => {
    let schema = whole_schema(world).await;
    shop(&schema, world).await;
    let (mut seen, mut after) = (String::new(), Value::Null);
    loop {
        let variables = json!({ "filter": { "stockStatus": ["LOW", "CRITICAL", "NORMAL"] }, "first": 1, "after": after });
        let (answer, code) = execute(&schema, world, &world.owner, variables).await;
        assert_eq!(code, None, "{answer}");
        let page = &answer["products"];
        assert_eq!(page["totalCount"], json!({ "count": 4, "precision": "EXACT" }));
        seen.push_str(page["nodes"][0]["sku"].as_str().unwrap());
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(seen, "BCDG");
});

on_both!(stock_of_other_stores_counts_for_nobody_who_may_not_see_it, world: World => {
    let schema = whole_schema(world).await;
    let [north, south] = shop(&schema, world).await;
    let clerk = of_store(world, &south);
    for (filter, expected) in [
        (json!({ "stockStatus": ["OUT_OF_STOCK"] }), "ABCE"),
        (json!({ "stockStatus": ["NORMAL"] }), "D"),
        (json!({ "stockStatus": ["LOW"] }), "G"),
        (json!({ "stockStatus": ["CRITICAL", "OVERSTOCK"] }), ""),
        (json!({ "stockedIn": { "eq": north } }), ""),
        (json!({ "stockedIn": { "key": ["NORTH"] }, "stockStatus": ["OVERSTOCK"] }), ""),
        (json!({ "not": { "stockedIn": { "eq": north } } }), "ABCDEFG"),
        (json!({ "and": [{ "not": { "or": [{ "not": { "stockStatus": ["LOW"] } }] } }] }), "G"),
        (json!({ "stockedIn": { "in": [north, south] } }), "DG"),
    ] {
        assert_eq!(found(&schema, world, &clerk, filter.clone()).await, expected, "{filter}");
    }
    let reader = world.with(&["product.read"]);
    for filter in [
        json!({ "stockStatus": ["LOW"] }),
        json!({ "stockedIn": { "eq": south } }),
        json!({ "or": [{ "not": { "stockStatus": [] } }] }),
    ] {
        let (_, code) = execute(&schema, world, &reader, json!({ "filter": filter })).await;
        assert_eq!(code, Some("FORBIDDEN"), "{filter}");
    }
    assert_eq!(found(&schema, world, &reader, json!({ "sku": { "eq": "A" } })).await, "A");
    // Filters by category tree, supplier or search read the catalogue, and need its permissions.
    let counter = world.with(&["stock.read"]);
    let levels = "query($f: StockFilter) { stockLevels(filter: $f) { nodes { id } } }";
    for (filter, expected) in [
        (json!({ "categoryTree": { "in": [] } }), Some("FORBIDDEN")),
        (json!({ "not": { "categoryTree": { "in": [] } } }), Some("FORBIDDEN")),
        (json!({ "supplier": { "in": [] } }), Some("FORBIDDEN")),
        (json!({ "search": "d" }), Some("FORBIDDEN")),
        (json!({ "or": [{ "not": { "search": "--" } }] }), Some("FORBIDDEN")),
        (json!({ "or": [{ "not": { "search": "a b c d e f g h i" } }] }), Some("LIMIT_EXCEEDED")),
        (json!({ "category": { "in": [] } }), None),
        (json!({ "category": { "key": ["none-such"] } }), Some("FORBIDDEN")),
    ] {
        let (_, code) = answered(&schema, world, &counter, levels, json!({ "f": filter })).await;
        assert_eq!(code, expected, "{filter}");
    }
});

on_both!(filters_by_stock_are_refused_at_their_place, world: World => {
    let schema = whole_schema(world).await;
    let [north, _] = shop(&schema, world).await;
    let ids = vec![north; 10_000];
    let codes: Vec<String> = (0..251).map(|n| n.to_string()).collect();
    let tests: Vec<Value> = (0..100).map(|_| json!({ "stockStatus": ["LOW"] })).collect();
    let asked_before = world.db.statements();
    let (limit, wrong) = ("LIMIT_EXCEEDED", "BAD_USER_INPUT");
    for (filter, expected) in [
        (json!({ "stockedIn": { "in": ids } }), limit),
        (json!({ "stockedIn": { "key": codes } }), limit),
        (json!({ "stockedIn": { "eq": "prd_00000000000000000000000000" } }), wrong),
        (json!({ "stockedIn": { "key": ["a\u{0}"] } }), wrong),
        (json!({ "stockStatus": vec!["LOW"; 251] }), limit),
        (json!({ "and": tests }), limit),
    ] {
        let (_, code) = execute(&schema, world, &world.owner, json!({ "filter": filter })).await;
        let beginning: String = filter.to_string().chars().take(80).collect();
        assert_eq!(code, Some(expected), "{beginning}");
    }
    assert_eq!(world.db.statements(), asked_before, "nothing is read for them");
});
