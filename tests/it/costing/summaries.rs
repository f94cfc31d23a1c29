//! Summaries of costs and of value: the rows of all pages sum to the total, for all callers.

use entrepot::access::{Permission, Reach, kind};
use serde_json::{Value, json};

use super::world::Books;
use crate::{
    authorization::world::World,
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(
    the_rows_of_costs_sum_to_the_total,
    the_rows_of_worth_sum_to_the_total_to_the_penny,
    a_summary_is_narrowed_by_category_and_store,
    whoever_sees_one_store_has_the_others_in_one_row
);

const COSTS: &str = "query($by: CostGroup!, $first: Int, $after: Cursor, $s: StoreRef) { costSummary(store: $s) {
    isCurrent total { key received { amount } costOfGoodsSold { amount } change { amount } }
    rows(groupBy: $by, first: $first, after: $after) {
      nodes { key product { id } received { amount } costOfGoodsSold { amount } change { amount } } pageInfo { hasNextPage endCursor } } } }";
const WORTH: &str = "query($by: StockValueSummaryGroup!, $first: Int, $after: Cursor, $s: StoreRef, $tree: CategoryRef, $p: ProductFilter, $g: ID) {
    stockValueSummary(store: $s, categoryTree: $tree, product: $p, storeGroup: $g) {
    isCurrent method total { key quantity value { amount } }
    rows(groupBy: $by, first: $first, after: $after) {
      nodes { key product { id } category { id } store { id } quantity value { amount } } pageInfo { hasNextPage endCursor } } } }";

/// The total, and the rows of all pages of one row each.
async fn all(books: &Books<'_>, query: &str, variables: Value) -> (Value, Vec<Value>) {
    let (mut rows, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut variables = variables.clone();
        variables["first"] = json!(1);
        variables["after"] = after;
        let answer = books.office.execute(query, variables).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        let summary = answer["data"].as_object().unwrap().values().next().unwrap().clone();
        assert_eq!(summary["isCurrent"], true);
        rows.extend(summary["rows"]["nodes"].as_array().unwrap().clone());
        after = summary["rows"]["pageInfo"]["endCursor"].clone();
        if summary["rows"]["pageInfo"]["hasNextPage"] == false {
            return (summary["total"].clone(), rows);
        }
    }
}

/// Minor units of an amount of two decimals.
fn minor(amount: &Value) -> i64 {
    amount["amount"].as_str().unwrap().replace('.', "").parse().unwrap()
}

fn summed(rows: &[Value], field: &str) -> i64 {
    rows.iter().map(|row| if row[field].is_object() { minor(&row[field]) } else { row[field].as_i64().unwrap() }).sum()
}

struct Shop<'w> {
    books: Books<'w>,
    mug: Value,
    tea: Value,
    depot: Value,
}

/// Mugs at ten pounds for three, in two stores; tea in one; some of both sold.
async fn shop(world: &World) -> Shop<'_> {
    let books = Books::of(world).await;
    let (mug, tea) = (books.office.product("MUG", "3.33").await, books.office.product("TEA", "1.00").await);
    let depot = json!({ "id": world.ours.depot });
    books.receive(&mug, 2, "3.33").await;
    let change = json!({ "product": mug, "store": depot, "delta": 1, "unitCost": gbp("3.34") });
    let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "changes": [change] });
    accepted(&books.office.mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await, "movement");
    books.receive(&tea, 5, "1.01").await;
    books.sell(&tea, 2).await;
    Shop { books, mug, tea, depot }
}

async fn the_rows_of_costs_sum_to_the_total(world: &World) {
    let shop = shop(world).await;
    for by in ["NONE", "DAY", "MONTH", "PRODUCT", "STORE"] {
        let (total, rows) = all(&shop.books, COSTS, json!({ "by": by })).await;
        for field in ["received", "costOfGoodsSold", "change"] {
            assert_eq!(summed(&rows, field), minor(&total[field]), "{by} {field}: {rows:#?}");
        }
        assert!(minor(&total["received"]) >= 1_505, "{total}");
        let keys: Vec<_> = rows.iter().map(|row| row["key"].as_str()).collect();
        assert!(keys.iter().flatten().is_sorted() && (by != "PRODUCT" || keys.len() >= 2), "{keys:?}");
    }
}

async fn the_rows_of_worth_sum_to_the_total_to_the_penny(world: &World) {
    let shop = shop(world).await;
    for by in ["NONE", "PRODUCT", "CATEGORY", "STORE"] {
        let (total, rows) = all(&shop.books, WORTH, json!({ "by": by })).await;
        assert_eq!(summed(&rows, "value"), minor(&total["value"]), "{by}: {rows:#?}");
        assert_eq!(summed(&rows, "quantity"), total["quantity"].as_i64().unwrap(), "{by}");
        assert_eq!(total["key"], Value::Null);
    }
    // Ten pounds for three mugs: a third of them is not worth a third of a penny.
    let only = json!({ "id": { "eq": shop.mug["id"] } });
    let (total, rows) = all(&shop.books, WORTH, json!({ "by": "STORE", "p": only.clone() })).await;
    let mut quantities: Vec<_> = rows.iter().map(|row| (row["quantity"].as_i64().unwrap(), minor(&row["value"]))).collect();
    quantities.sort_unstable();
    assert_eq!(quantities, [(1, 333), (2, 667)]);
    assert_eq!((minor(&total["value"]), total["quantity"].as_i64()), (1_000, Some(3)));
    // A mug in transit to the other store counts there.
    let (from, to, lines) = (&shop.books.office.store, &shop.depot, json!([{ "product": shop.mug, "quantity": 1 }]));
    let input = json!({ "idempotencyKey": key(), "fromStore": from, "toStore": to, "lines": lines });
    let run_action = async |mutation: &str, kind: &str, input: Value| {
        let payload = shop.books.office.mutate(mutation, kind, "transfer { id }", input).await;
        accepted(&payload, "transfer")["id"].clone()
    };
    let id = run_action("transferCreate", "TransferCreateInput", input).await;
    run_action("transferMarkReady", "TransferActionInput", json!({ "idempotencyKey": key(), "id": id })).await;
    run_action("transferShip", "TransferShipmentInput", json!({ "idempotencyKey": key(), "id": id })).await;
    for at in ["", "at: \"2099-01-01T00:00:00Z\", "] {
        let query = format!(
            "query($p: ProductFilter) {{ stockValueSummary({at}product: $p) {{ total {{ value {{ amount }} }}
            rows(groupBy: STORE) {{ nodes {{ key quantity value {{ amount }} }} }} }} }}"
        );
        let answer = shop.books.office.execute(&query, json!({ "p": only })).await;
        let rows =
            answer["data"]["stockValueSummary"]["rows"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone();
        let there = rows.iter().find(|row| row["key"] == shop.depot["id"]).unwrap();
        assert_eq!((there["quantity"].as_i64(), summed(&rows, "value"), rows.len()), (Some(2), 1_000, 2), "{answer:#}");
    }
    // At a time before the first receipt all sums are zero.
    let query = "{ stockValueSummary(at: \"2001-01-01T00:00:00Z\") { total { quantity value { amount } } rows(groupBy: PRODUCT) { nodes { key } } } }";
    let before = shop.books.office.execute(query, json!({})).await;
    let nothing = json!({ "total": { "quantity": 0, "value": { "amount": "0.00" } }, "rows": { "nodes": [] } });
    assert_eq!(before["data"]["stockValueSummary"], nothing, "{before:#}");
}

async fn a_summary_is_narrowed_by_category_and_store(world: &World) {
    let shop = shop(world).await;
    let office = &shop.books.office;
    let category = async |name: &str, parent: Value| {
        let input = json!({ "name": name, "slug": name.to_lowercase(), "parentId": parent });
        let payload = office.mutate("categoryCreate", "CategoryCreateInput", "category { id }", input).await;
        accepted(&payload, "category")["id"].clone()
    };
    let drinks = category("Drinks", Value::Null).await;
    let teas = category("Teas", drinks.clone()).await;
    let input = json!({ "id": shop.tea["id"], "expectedVersion": 1, "categoryId": teas });
    accepted(&office.mutate("productUpdate", "ProductUpdateInput", "product { id }", input).await, "product");
    let below = json!({ "categoryTree": { "in": [drinks] } });
    for narrowed in [json!({ "tree": { "slug": "drinks" } }), json!({ "tree": { "id": drinks } }), json!({ "p": below })] {
        let mut variables = narrowed.clone();
        variables["by"] = json!("PRODUCT");
        let (total, rows) = all(&shop.books, WORTH, variables).await;
        assert_eq!((minor(&total["value"]), rows.len()), (303, 1), "{narrowed}: {rows:#?}");
        assert_eq!(rows[0]["product"]["id"], shop.tea["id"]);
    }
    let alone = json!({ "by": "NONE", "p": { "category": { "eq": drinks } } });
    assert_eq!(all(&shop.books, WORTH, alone).await.0["value"]["amount"], "0.00", "nothing is in the category itself");
    // One store: its share of the mugs, and nothing of the tea.
    let only = json!({ "id": { "in": [shop.mug["id"], shop.tea["id"]] } });
    let (total, rows) = all(&shop.books, WORTH, json!({ "by": "PRODUCT", "s": shop.depot, "p": only })).await;
    assert_eq!((rows.len(), total["quantity"].as_i64()), (1, Some(1)), "{rows:#?}");
    assert_eq!(minor(&total["value"]), 333, "{total}");
    let (total, _) = all(&shop.books, COSTS, json!({ "by": "NONE", "s": office.store })).await;
    assert_eq!(minor(&total["received"]), 666 + 505);
}

/// A caller that may see the total value sees the sum, and the rows of the stores that they may
/// read.
async fn whoever_sees_one_store_has_the_others_in_one_row(world: &World) {
    let shop = shop(world).await;
    let own: entity::prelude::StoreId = world.ours.depot.parse().unwrap();
    let mut caller = world.ours.owner_with(&["product.cost.read", "product.read", "store.read"]);
    caller.permissions.grant(kind::StockRead::INDEX, &Reach::stores([own]));
    let limited = Books { office: shop.books.office.as_caller(caller) };
    let whole = all(&shop.books, WORTH, json!({ "by": "STORE" })).await;
    let (total, rows) = all(&limited, WORTH, json!({ "by": "STORE" })).await;
    assert_eq!(total, whole.0);
    let keys: Vec<_> = rows.iter().map(|row| row["key"].clone()).collect();
    assert_eq!(keys, [json!(world.ours.depot), Value::Null], "{rows:#?}");
    assert_eq!(summed(&rows, "value"), minor(&total["value"]));
    let (total, rows) = all(&limited, COSTS, json!({ "by": "STORE" })).await;
    assert_eq!((rows.len(), summed(&rows, "change")), (2, minor(&total["change"])), "{rows:#?}");
    let theirs = limited.office.execute(WORTH, json!({ "by": "NONE", "s": shop.books.office.store })).await;
    assert_eq!(theirs["data"]["stockValueSummary"]["total"]["quantity"], 0, "another store's stock is not there: {theirs:#}");
    let unknown = limited.office.execute(WORTH, json!({ "by": "NONE", "s": { "code": "DOCK" } })).await;
    assert_eq!(unknown["errors"][0]["code"], "BAD_USER_INPUT", "{unknown}");
}
