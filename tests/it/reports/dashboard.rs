//! Dashboards, several panels in one answer: comparison, rights, and caching.

use std::time::Duration;

use async_graphql::{Request, Response, Variables};
use entrepot::{schema, storage::with_consistent_reads};
use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{day, execute, order, stocked};
use crate::{authorization::world::World, costing::world::Books, purchasing::office::key, world::on_both};

on_both!(
    a_dashboard_says_how_things_stand,
    a_panel_needs_its_own_right,
    a_dashboard_is_kept_for_a_while,
    a_dashboard_of_one_moment_is_shown_to_nobody_else,
    a_followed_dashboard_is_sent_again_when_it_shows_something_else,
);

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
    let found = execute(&books, DASHBOARD, variables(&books, (7, 1))).await;
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
    // The company calls stock dead after 120 days, then after 121: the dust came 120 days ago.
    for (days, products) in [(120, 1), (121, 0)] {
        let input = json!({ "idempotencyKey": key(), "daysWithoutSale": days });
        let payload =
            books.office.mutate("liquidationSettingsSet", "LiquidationSettingsSetInput", "settings { version }", input).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
        // The one before is shown for a minute at most.
        world.advance_clock(61);
        let found = execute(&books, DASHBOARD, variables(&books, (7, 1))).await;
        assert_eq!(found["deadStock"]["products"], products, "{days}: {found:#}");
    }
    assert_eq!(
        (&found["purchaseOrders"], &found["masked"], &found["forecast"]),
        (&json!({ "documents": 0, "overdue": 0 }), &json!([]), &Value::Null)
    );
}

async fn a_panel_needs_its_own_right(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 9).await;
    order(&books, &[(&mug, 3)], 2, Value::Null).await;
    let reader = books.office.as_caller(world.ours.owner_with(&["report.read", "stock.read"]));
    let answer = reader.execute(DASHBOARD, variables(&books, (7, 1))).await;
    let found = &answer["data"]["dashboard"];
    assert_eq!((&found["sales"]["units"], &found["stock"]["levels"]), (&json!(3), &json!(1)), "{answer:#}");
    for panel in ["stockValue", "openOrders", "purchaseOrders", "transfers", "openAlerts"] {
        assert_eq!(found[panel], Value::Null, "{panel}");
    }
    let masked = json!([{ "panel": "STOCK_VALUE", "permission": "product.cost.read" }, { "panel": "OPEN_ORDERS", "permission": "order.read" },
        { "panel": "PURCHASE_ORDERS", "permission": "purchase.read" }, { "panel": "TRANSFERS", "permission": "transfer.read" },
        { "panel": "ALERTS", "permission": "alert.read" }]);
    assert_eq!(found["masked"], masked, "{answer:#}");
    // The cached dashboard of one caller is not shown to another with more rights.
    let whole = execute(&books, DASHBOARD, variables(&books, (7, 1))).await;
    assert_eq!((&whole["masked"], &whole["stockValue"]["amount"]), (&json!([]), &json!("14.00")), "{whole:#}");
    let without =
        books.office.as_caller(world.ours.owner_with(&["stock.read"])).execute(DASHBOARD, variables(&books, (7, 1))).await;
    assert_eq!(without["errors"][0]["code"], "FORBIDDEN", "{without:#}");
}

async fn a_dashboard_is_kept_for_a_while(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 9).await;
    let run_query = async || execute(&books, DASHBOARD, variables(&books, (7, 1))).await;
    let first = run_query().await;
    order(&books, &[(&mug, 3)], 2, Value::Null).await;
    let shown = run_query().await;
    assert_eq!((&shown["asOf"], &shown["isCurrent"]), (&first["asOf"], &json!(false)), "as it was, and it says so");
    world.advance_clock(6);
    let renewed = async {
        loop {
            let shown = run_query().await;
            if shown["isCurrent"] == json!(true) {
                break shown;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let later = tokio::time::timeout(Duration::from_secs(60), renewed).await.expect("it is made anew");
    assert_eq!((&later["sales"]["units"], later["asOf"] == first["asOf"]), (&json!(3), false), "{later:#}");
    world.advance_clock(30);
    assert_eq!(run_query().await["asOf"], later["asOf"], "nothing has happened since");
    role(world, &["stock.read"]).await;
    world.advance_clock(10);
    assert_eq!(run_query().await["asOf"], later["asOf"], "nothing that it shows has changed since");
}

async fn a_dashboard_of_one_moment_is_shown_to_nobody_else(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 9).await;
    let open_orders = async || execute(&books, DASHBOARD, variables(&books, (7, 1))).await["openOrders"].clone();
    let ((begins, has_begun), (sells, has_sold)) = (oneshot::channel(), oneshot::channel());
    let as_it_was = with_consistent_reads(async {
        world.node.db.tenant(world.ours.owner.tenant).head().await.unwrap();
        begins.send(()).unwrap();
        has_sold.await.unwrap();
        open_orders().await
    });
    let meanwhile = async {
        has_begun.await.unwrap();
        order(&books, &[(&mug, 1)], 2, json!({ "status": "CONFIRMED" })).await;
        sells.send(()).unwrap();
    };
    let (before, ()) = tokio::join!(as_it_was, meanwhile);
    assert_eq!((before, open_orders().await), (json!(0), json!(1)));
}

/// A role for all stores, as a member is given it.
async fn role(world: &World, permissions: &[&str]) -> Value {
    let query = "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code } } }";
    let name = key();
    let input = json!({ "idempotencyKey": key(), "key": name, "name": name, "permissions": permissions });
    let payload = world.must_mutate(&world.ours, query, json!({ "input": input })).await;
    json!([{ "roleId": payload["role"]["id"], "scope": { "all": true } }])
}

const FOLLOW: &str = "subscription($s: [StoreRef!], $p: PeriodInput!) { dashboardChanged(stores: $s, period: $p) { phase reset
    dashboard { sales { units } openOrders masked { panel } } } }";

/// The next item of a followed dashboard.
async fn next(stream: &mut (impl Stream<Item = Response> + Unpin)) -> Value {
    let answer = tokio::time::timeout(Duration::from_secs(20), stream.next()).await.expect("an item in time");
    let answer = answer.expect("the stream goes on");
    assert!(answer.errors.is_empty(), "{:?}", answer.errors);
    answer.data.into_json().unwrap()["dashboardChanged"].take()
}

async fn a_followed_dashboard_is_sent_again_when_it_shows_something_else(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 9).await;
    let roles = [
        role(world, &["report.read", "order.read"]).await,
        role(world, &["report.read"]).await,
        role(world, &["order.read"]).await,
    ];
    let clerk = world.add_member_with("clerk", roles[0].clone()).await;
    let caller = world.caller(clerk).await;
    let live_rights = world.node.access.watch_member(caller.tenant, clerk.0, &caller);
    let request = Request::new(FOLLOW).variables(Variables::from_json(variables(&books, (7, 1))));
    let request = schema::attach(request, &world.node.db.tenant(caller.tenant)).data(caller).data(live_rights);
    let mut stream = world.node.schema.execute_stream(request.data(world.ours.session.clone()));
    let ready = next(&mut stream).await;
    let shown = |item: &Value| json!([item["phase"], item["dashboard"]["sales"]["units"], item["dashboard"]["openOrders"]]);
    assert_eq!(shown(&ready), json!(["READY", 0, 0]), "{ready:#}");
    order(&books, &[(&mug, 3)], 2, json!({ "status": "CONFIRMED" })).await;
    let mut live = next(&mut stream).await;
    while shown(&live) != json!(["LIVE", 3, 1]) {
        assert_eq!(live["phase"], "LIVE", "{live:#}");
        live = next(&mut stream).await;
    }
    world.set_grants(&world.ours.owner, clerk, roles[1].clone()).await;
    world.node.access.refresh_live().await;
    let masked = next(&mut stream).await;
    assert_eq!(shown(&masked), json!(["LIVE", 3, null]), "{masked:#}");
    world.set_grants(&world.ours.owner, clerk, roles[2].clone()).await;
    world.node.access.refresh_live().await;
    let last = next(&mut stream).await;
    assert_eq!(last, json!({ "phase": "RESET", "reset": "SCOPE_CHANGED", "dashboard": null }));
    assert!(stream.next().await.is_none(), "it has ended");
}
