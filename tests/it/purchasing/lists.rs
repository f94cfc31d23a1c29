//! Lists of purchase orders: their filters, their sorts, and the fields of a supplier and a
//! category that lead to them.

use serde_json::{Value, json};

use super::office::Office;
use crate::{authorization::world::World, world::on_both};

on_both!(
    purchase_orders_are_found_by_number_product_and_moment,
    purchase_orders_of_one_moment_are_paged_in_every_order,
    a_supplier_leads_to_products_and_purchase_orders,
);

const LIST: &str = "query($filter: PurchaseOrderFilter, $sort: PurchaseOrderSort, $first: Int, $after: Cursor) { \
    purchaseOrders(filter: $filter, sort: $sort, first: $first, after: $after) { nodes { id } totalCount { count } \
    pageInfo { hasNextPage endCursor } } }";

async fn page(office: &Office<'_>, variables: Value) -> Value {
    let answer = office.execute(LIST, variables).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["purchaseOrders"].clone()
}

fn ids(page: &Value) -> Vec<Value> {
    page["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect()
}

async fn purchase_orders_are_found_by_number_product_and_moment(world: &World) {
    let office = Office::of(world).await;
    let (mug, jug) = (office.product("MUG-L", "2.00").await, office.product("JUG-L", "3.00").await);
    let mut orders = Vec::new();
    for (product, day) in [(&mug, Some("2026-12-01")), (&jug, Some("2026-12-03")), (&mug, None)] {
        let reference = day.map(|day| format!("Ref {day}"));
        let order = json!({ "expectedOn": day, "externalRef": reference, "lines": [{ "product": product, "quantity": 1 }] });
        orders.push(office.draft_with(order).await);
    }
    let number = |place: usize| orders[place]["number"].as_str().unwrap().to_owned();
    let own = json!({ "eq": office.supplier["id"] });
    for (filter, expected) in [
        (json!({}), vec![2, 1, 0]),
        (json!({ "number": { "eq": number(1).to_lowercase() } }), vec![1]),
        (json!({ "number": { "in": [number(0), number(2), "SO-1"] } }), vec![2, 0]),
        (json!({ "number": { "startsWith": "x" } }), vec![]),
        (json!({ "id": { "in": [orders[0]["id"], orders[2]["id"]] } }), vec![2, 0]),
        (json!({ "search": number(1).to_lowercase() }), vec![1]),
        (json!({ "search": "ref 2026" }), vec![1, 0]),
        (json!({ "search": "2026" }), vec![]),
        (json!({ "search": " " }), vec![]),
        (json!({ "product": { "eq": mug["id"] } }), vec![2, 0]),
        (json!({ "sku": { "eq": "jug-l" } }), vec![1]),
        (json!({ "sku": { "startsWith": "MUG-", "contains": "l" } }), vec![2, 0]),
        (json!({ "expectedOn": { "gte": "2026-12-01", "lt": "2026-12-03" } }), vec![0]),
        (json!({ "expectedOn": { "gte": "2026-12-02" } }), vec![1]),
        (json!({ "createdAt": { "lt": "2020-01-01T00:00:00Z" } }), vec![]),
        (json!({ "updatedAt": { "gte": "2020-01-01T00:00:00Z" } }), vec![2, 1, 0]),
        (json!({ "externalRef": { "in": ["Ref 2026-12-03", "none"] } }), vec![1]),
        (json!({ "externalRef": { "startsWith": "Ref " } }), vec![1, 0]),
        (json!({ "blanketOrder": { "isNull": true } }), vec![2, 1, 0]),
        (json!({ "blanketOrder": { "isNull": false } }), vec![]),
        (json!({ "createdBy": { "eq": world.ours.ids["mem"] } }), vec![2, 1, 0]),
        (json!({ "createdBy": { "eq": world.theirs.ids["mem"] } }), vec![]),
        (json!({ "total": { "currencyCode": "GBP", "gte": "2.01" } }), vec![1]),
        (json!({ "total": { "currencyCode": "GBP", "lte": "2.00" } }), vec![2, 0]),
        (json!({ "total": { "currencyCode": "JPY" } }), vec![]),
    ] {
        let mut filter = filter;
        filter["supplier"] = own.clone();
        let found = page(&office, json!({ "filter": filter })).await;
        let wanted: Vec<Value> = expected.iter().map(|place: &usize| orders[*place]["id"].clone()).collect();
        assert_eq!(ids(&found), wanted, "{filter}");
        let counted = page(&office, json!({ "filter": filter, "first": 1 })).await;
        assert_eq!(counted["totalCount"]["count"], wanted.len(), "{filter}");
    }
    for (field, direction, expected) in
        [("EXPECTED_ON", "ASC", vec![0, 1, 2]), ("EXPECTED_ON", "DESC", vec![2, 1, 0]), ("TOTAL", "DESC", vec![1])]
    {
        let sorted = json!({ "filter": { "supplier": own }, "sort": { "field": field, "direction": direction } });
        let wanted: Vec<Value> = expected.iter().map(|place: &usize| orders[*place]["id"].clone()).collect();
        // The other two have equal totals.
        assert!(ids(&page(&office, sorted).await).starts_with(&wanted), "{field} {direction}");
    }
    let backwards = json!({ "filter": { "expectedOn": { "gte": "2026-12-03", "lt": "2026-12-01" } } });
    assert_eq!(office.execute(LIST, backwards).await["errors"][0]["code"], "BAD_USER_INPUT");
    let reader = office.as_caller(world.ours.owner_with(&["purchase.read"]));
    for (field, refusal) in [("TOTAL", json!("FORBIDDEN")), ("EXPECTED_ON", Value::Null)] {
        let answer = reader.execute(LIST, json!({ "sort": { "field": field } })).await;
        assert_eq!(answer["errors"][0]["code"], refusal, "an order by totals says what they are: {answer:#}");
    }
}

async fn purchase_orders_of_one_moment_are_paged_in_every_order(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG-T", "2.00").await;
    for _ in 0..3 {
        office.draft(json!([{ "product": mug, "quantity": 1 }])).await;
    }
    let filter = json!({ "supplier": { "eq": office.supplier["id"] } });
    for field in ["NUMBER", "CREATED_AT", "UPDATED_AT", "EXPECTED_ON", "TOTAL"] {
        for direction in ["ASC", "DESC"] {
            let sort = json!({ "field": field, "direction": direction });
            let whole = ids(&page(&office, json!({ "filter": filter, "sort": sort })).await);
            let one = page(&office, json!({ "filter": filter, "sort": sort, "first": 2 })).await;
            let after = &one["pageInfo"]["endCursor"];
            let two = page(&office, json!({ "filter": filter, "sort": sort, "first": 2, "after": after })).await;
            assert_eq!(([ids(&one), ids(&two)].concat(), whole.len()), (whole.clone(), 3), "{field} {direction}");
        }
    }
}

async fn a_supplier_leads_to_products_and_purchase_orders(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG-S", "2.00").await;
    let order = office.draft(json!([{ "product": mug, "quantity": 1 }])).await;
    let query = "query($by: SupplierRef!, $filter: PurchaseOrderFilter) { supplier(by: $by) { products { nodes { sku } } \
        purchaseOrders(filter: $filter) { nodes { id } totalCount { count } } } }";
    let asked = async |filter: Value| {
        let answer = office.execute(query, json!({ "by": office.supplier, "filter": filter })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["supplier"].clone()
    };
    let supplier = asked(json!({})).await;
    assert_eq!(ids(&supplier["purchaseOrders"]), [order["id"].clone()]);
    assert_eq!(supplier["purchaseOrders"]["totalCount"]["count"], 1);
    assert_eq!(ids(&asked(json!({ "status": ["RECEIVED"] })).await["purchaseOrders"]), Vec::<Value>::new());
    let other = office.execute("{ suppliers { nodes { id purchaseOrders { nodes { id } } } } }", json!({})).await;
    let mut others =
        other["data"]["suppliers"]["nodes"].as_array().unwrap().iter().filter(|one| one["id"] != office.supplier["id"]);
    assert!(others.all(|one| !ids(&one["purchaseOrders"]).contains(&order["id"])), "{other:#}");
}
