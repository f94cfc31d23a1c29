//! One answer of many panels: comparison, rights, and how long it is kept.

use serde_json::{Value, json};

use super::{asked, day, order, stocked};
use crate::{authorization::world::World, costing::world::Books, world::on_both};

on_both!(a_dashboard_says_how_things_stand, a_panel_needs_its_own_right, a_dashboard_is_kept_for_a_while,);

const DASHBOARD: &str = "query($s: [StoreRef!], $p: PeriodInput!) { dashboard(stores: $s, period: $p) { asOf isCurrent currency
    sales { from to orders units grossRevenue { amount } netRevenue { amount } } salesBefore { from to units } salesYearBefore { from units }
    topSellers { product { sku } units revenue { amount } } stockValue { amount } stock { levels outOfStock critical low } openOrders
    purchaseOrders { documents overdue } transfers { documents overdue } openAlerts deadStock { products units value { amount } } forecast { firstWeek }
    masked { panel permission } } }";

fn variables(books: &Books<'_>, (from, to): (i64, i64)) -> Value {
    let world = books.office.world;
    json!({ "s": [books.office.store], "p": { "from": day(world, from), "to": day(world, to) } })
}

async fn a_dashboard_says_how_things_stand(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 400).await;
    stocked(&books, "DUST", 3, 120).await;
    order(&books, &[(&mug, 1)], 366, Value::Null).await;
    order(&books, &[(&mug, 2)], 9, Value::Null).await;
    order(&books, &[(&mug, 3)], 2, Value::Null).await;
    order(&books, &[(&mug, 1)], 2, json!({ "status": "CONFIRMED" })).await;
    let found = asked(&books, DASHBOARD, variables(&books, (7, 1))).await;
    let sales = json!({ "from": day(world, 7), "to": day(world, 1), "orders": 2, "units": 4, "grossRevenue": { "amount": "36.00" }, "netRevenue": { "amount": "36.00" } });
    assert_eq!((&found["sales"], &found["isCurrent"], &found["currency"]), (&sales, &json!(true), &json!("GBP")), "{found:#}");
    assert_eq!(found["salesBefore"], json!({ "from": day(world, 14), "to": day(world, 8), "units": 2 }));
    assert_eq!(found["salesYearBefore"], json!({ "from": day(world, 371), "units": 1 }), "364 days before: the same weekdays");
    assert_eq!(found["topSellers"], json!([{ "product": { "sku": "MUG" }, "units": 4, "revenue": { "amount": "36.00" } }]));
    // Four mugs of ten are left, one of them promised, and three units of dust at 2.00.
    assert_eq!(
        (&found["stockValue"]["amount"], &found["stock"]["levels"], &found["openOrders"]),
        (&json!("14.00"), &json!(2), &json!(1)),
        "{found:#}"
    );
    assert_eq!(found["deadStock"], json!({ "products": 1, "units": 3, "value": { "amount": "6.00" } }));
    assert_eq!(
        (&found["purchaseOrders"], &found["masked"], &found["forecast"]),
        (&json!({ "documents": 0, "overdue": 0 }), &json!([]), &Value::Null)
    );
}

async fn a_panel_needs_its_own_right(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 9).await;
    order(&books, &[(&mug, 3)], 2, Value::Null).await;
    let reader = books.office.as_caller(world.ours.only(&["report.read", "stock.read"]));
    let answer = reader.ask(DASHBOARD, variables(&books, (7, 1))).await;
    let found = &answer["data"]["dashboard"];
    assert_eq!((&found["sales"]["units"], &found["stock"]["levels"]), (&json!(3), &json!(1)), "{answer:#}");
    for panel in ["stockValue", "openOrders", "purchaseOrders", "transfers", "openAlerts"] {
        assert_eq!(found[panel], Value::Null, "{panel}");
    }
    let masked = json!([{ "panel": "STOCK_VALUE", "permission": "product.cost.read" }, { "panel": "OPEN_ORDERS", "permission": "order.read" },
        { "panel": "PURCHASE_ORDERS", "permission": "purchase.read" }, { "panel": "TRANSFERS", "permission": "transfer.read" },
        { "panel": "ALERTS", "permission": "alert.read" }]);
    assert_eq!(found["masked"], masked, "{answer:#}");
    // What was kept for one caller is not shown to another with more rights.
    let whole = asked(&books, DASHBOARD, variables(&books, (7, 1))).await;
    assert_eq!((&whole["masked"], &whole["stockValue"]["amount"]), (&json!([]), &json!("14.00")), "{whole:#}");
    let without = books.office.as_caller(world.ours.only(&["stock.read"])).ask(DASHBOARD, variables(&books, (7, 1))).await;
    assert_eq!(without["errors"][0]["code"], "FORBIDDEN", "{without:#}");
}

async fn a_dashboard_is_kept_for_a_while(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 9).await;
    let ask = async || asked(&books, DASHBOARD, variables(&books, (7, 1))).await;
    let first = ask().await;
    order(&books, &[(&mug, 3)], 2, Value::Null).await;
    assert_eq!(ask().await["sales"]["units"], first["sales"]["units"], "no older than five seconds");
    world.pass(6);
    let later = ask().await;
    assert_eq!((&later["sales"]["units"], later["asOf"] == first["asOf"]), (&json!(3), false), "{later:#}");
    world.pass(30);
    assert_eq!(ask().await["asOf"], later["asOf"], "nothing has happened since");
}
