//! The size that a company chooses by its own lines.

use serde_json::{Value, json};

use super::Shop;
use crate::{
    authorization::world::World,
    demand::days::{days_ago, update_book},
    purchasing::office::{Office, accepted, gbp, key},
    world::on_both,
};

on_both!(one_line_of_a_hundred_is_larger_than_the_size_that_a_company_is_shown);

const SHOWN: &str = "{ viewer { tenant { settings { anomalySize p99LineUnits } } } }";

/// An order of these lines, placed `days` ago.
async fn sell(shop: &Shop<'_>, lines: &[(&Value, i64)], days: i64) {
    let line =
        |(product, quantity): &(&Value, i64)| json!({ "product": product, "quantity": quantity, "unitPrice": gbp("9.00") });
    let lines: Vec<Value> = lines.iter().map(line).collect();
    let mut input = json!({ "idempotencyKey": key(), "store": shop.books.office.store, "status": "CONFIRMED", "lines": lines });
    if days > 0 {
        input["placedAt"] = json!(days_ago(shop.world, days));
    }
    accepted(&shop.books.office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
}

/// Returns the 99th percentile that a caller is shown beside the size.
async fn shown(desk: &Office<'_>) -> Value {
    let answer = desk.execute(SHOWN, json!({})).await;
    assert!(answer["errors"].is_null(), "a mask is no error: {answer:#}");
    answer["data"]["viewer"]["tenant"]["settings"]["p99LineUnits"].clone()
}

async fn one_line_of_a_hundred_is_larger_than_the_size_that_a_company_is_shown(world: &World) {
    let shop = Shop::of(world).await;
    let office = &shop.books.office;
    let theirs = world.execute(&world.theirs, Some(world.theirs.owner.clone()), SHOWN, &json!({})).await;
    assert_eq!(theirs["data"]["viewer"]["tenant"]["settings"]["p99LineUnits"], Value::Null, "no sale is counted: {theirs:#}");
    let input = json!({ "sku": "RICE", "name": "Rice", "unit": { "code": "kg", "decimals": 3 }, "unitCost": gbp("2.00"), "price": gbp("9.00") });
    let payload = office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    let rice = json!({ "id": accepted(&payload, "product")["id"] });
    shop.books.adjust("RECEIPT", &rice, 90_000, json!({ "occurredAt": days_ago(world, 30) })).await;
    sell(&shop, &[(&rice, 41_500)], 3).await;
    update_book(world).await;
    assert_eq!(shown(office).await, 42, "of a few lines the largest: 41.5 kg");
    // A hundred usual lines, of 25 products on four days.
    let mut products = Vec::new();
    for nth in 0..25 {
        products.push(shop.product(&format!("MUG-{nth}")).await);
    }
    let usual: Vec<(&Value, i64)> = products.iter().map(|product| (product, 12)).collect();
    for days in 4..8 {
        sell(&shop, &usual, days).await;
    }
    update_book(world).await;
    assert_eq!(shown(office).await, 12, "one of a hundred is larger");
    sell(&shop, &[(&products[0], 600)], 1).await;
    update_book(world).await;
    assert_eq!(shown(office).await, 42, "two of a hundred are");
    shop.books.adjust("RECEIPT", &products[1], 2_000, json!({ "occurredAt": days_ago(world, 120) })).await;
    for days in [95, 96] {
        sell(&shop, &[(&products[1], 700)], days).await;
    }
    update_book(world).await;
    assert_eq!(shown(office).await, 42, "a season that is over is not counted");
    sell(&shop, &[(&products[1], 500)], 0).await;
    update_book(world).await;
    assert_eq!(shown(office).await, 500, "today is");
    // The anomaly covers all stores, so only callers who may see all of them see it.
    let reader = world.ours.owner_with(&["report.read"]);
    assert_eq!(shown(&office.as_caller(reader)).await, 500);
    for other in [world.ours.owner_with(&["order.read"]), shop.clerk(&office.store)] {
        assert_eq!(shown(&office.as_caller(other)).await, Value::Null);
    }
}
