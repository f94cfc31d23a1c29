//! Alerts of dead stock without a plan, and of plans that fall behind.

use entity::prelude::ProductId;
use entrepot::{
    liquidation::shell::reconcile_alerts,
    storage::{Reads, Row},
};
use serde_json::{Value, json};

use super::clearance::Clearance;
use crate::{
    authorization::world::World,
    demand::days::days_ago,
    purchasing::office::{accepted, gbp},
    world::on_both,
};

on_both!(
    dead_stock_of_a_value_is_told_until_something_is_done,
    alerts_of_dead_stock_are_not_opened_in_the_order_of_costs,
    a_plan_that_brings_too_little_is_told_until_it_does,
);

const DAY: i64 = 86_400;

/// Returns how many alerts the job opens now.
async fn look(desk: &Clearance<'_>) -> usize {
    let node = &desk.world.node;
    reconcile_alerts(&node.ledger, &node.alerts, desk.world.ours.owner.tenant).await.unwrap()
}

/// States of the alerts of a kind about a product, the newest first.
async fn states(desk: &Clearance<'_>, kind: &str, product: &Value) -> Vec<Value> {
    let query = "query($kind: [AlertKind!]) { alerts(filter: { kind: $kind }) { nodes { state quantity day product { id } store { id } } } }";
    let answer = desk.office().execute(query, json!({ "kind": [kind] })).await;
    let nodes = answer["data"]["alerts"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let own = nodes.iter().filter(|node| node["product"]["id"] == product["id"]);
    own.map(|node| json!([node["state"], node["quantity"], node["day"]])).collect()
}

async fn dead_stock_of_a_value_is_told_until_something_is_done(world: &World) {
    let desk = Clearance::of(world).await;
    let mug = desk.dead_product("MUG").await;
    assert_eq!(look(&desk).await, 0, "nobody has said from which value on");
    let worth = async |value: &str| {
        accepted(&desk.settings(json!({ "alertValue": gbp(value), "slowDaysOfSupply": 180 })).await, "settings");
        look(&desk).await
    };
    assert_eq!(worth("240.01").await, 0);
    assert_eq!((worth("240.00").await, look(&desk).await), (1, 0), "once");
    let open = json!(["OPEN", 80, null]);
    assert_eq!(states(&desk, "DEAD_STOCK", &mug).await, std::slice::from_ref(&open));
    // With another value the stock is not worth an alert any more.
    assert_eq!(worth("240.01").await, 0);
    assert_eq!(states(&desk, "DEAD_STOCK", &mug).await[0][0], "RESOLVED");
    assert_eq!(worth("100.00").await, 1);
    // A plan cuts its price: something is done.
    let plan = desk.plan(json!({ "storeIds": [desk.office().store["id"]] })).await;
    desk.approved(&plan).await;
    assert_eq!(look(&desk).await, 0);
    let reported_states = states(&desk, "DEAD_STOCK", &mug).await;
    assert_eq!((reported_states.len(), &reported_states[0][0]), (2, &json!("RESOLVED")), "{reported_states:?}");
    desk.office().is_sound().await;
}

/// Alerts get their IDs in the order in which they are opened, which must not reveal the order of
/// costs to readers of alerts.
async fn alerts_of_dead_stock_are_not_opened_in_the_order_of_costs(world: &World) {
    let desk = Clearance::of(world).await;
    // Eighty mugs cost 240.00, ten vases cost 500.00.
    let (mug, vase) = (desk.dead_product("MUG").await, desk.product("VASE").await);
    let dear = json!({ "unitCost": gbp("50.00"), "occurredAt": days_ago(world, 100) });
    desk.books.adjust("RECEIPT", &vase, 10, dear).await;
    accepted(&desk.settings(json!({ "alertValue": gbp("100.00"), "slowDaysOfSupply": 180 })).await, "settings");
    assert_eq!(look(&desk).await, 2);
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let sql = "SELECT product_id FROM alert WHERE tenant_id = $1 AND kind = 'DEAD_STOCK' ORDER BY id";
    let opened: Vec<ProductId> = scope.rows(sql, vec![]).await.unwrap().iter().map(|row| Row::scalar(row).unwrap()).collect();
    let plan_products: Vec<ProductId> =
        [&mug, &vase].into_iter().map(|one| one["id"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(opened, plan_products);
}

async fn a_plan_that_brings_too_little_is_told_until_it_does(world: &World) {
    let desk = Clearance::of(world).await;
    let mug = desk.dead_product("MUG").await;
    let plan = desk.plan(json!({ "storeIds": [desk.office().store["id"]] })).await;
    let plan = desk.approved(&plan).await;
    let units = plan["lines"]["nodes"][0]["quantity"].clone();
    world.advance_clock(40 * DAY);
    assert_eq!(look(&desk).await, 0, "less than a quarter of 182 days says nothing");
    world.advance_clock(21 * DAY);
    assert_eq!((look(&desk).await, look(&desk).await), (1, 0), "the second price was due yesterday, and nothing was sold");
    let alert_states = states(&desk, "LIQUIDATION_BEHIND", &mug).await;
    assert_eq!((alert_states.len(), &alert_states[0][0], &alert_states[0][1]), (1, &json!("OPEN"), &units), "{alert_states:?}");
    let payload = desk.advance(&desk.read(&plan).await).await;
    assert_eq!(payload["cut"], 1, "{payload:#}");
    look(&desk).await;
    assert_eq!(states(&desk, "LIQUIDATION_BEHIND", &mug).await[0][0], "OPEN", "8.19 were expected of 182 days, at the least");
    // One at 5.40: more than a third of that.
    desk.books.sell(&mug, 1).await;
    assert_eq!(look(&desk).await, 0);
    assert_eq!(states(&desk, "LIQUIDATION_BEHIND", &mug).await[0][0], "RESOLVED");
    // Its last day is over, and no call has advanced it.
    world.advance_clock(130 * DAY);
    assert_eq!(look(&desk).await, 1);
    let payload = desk.advance(&desk.read(&plan).await).await;
    assert_eq!(payload["closed"], 1, "{payload:#}");
    look(&desk).await;
    assert!(states(&desk, "LIQUIDATION_BEHIND", &mug).await.iter().all(|alert_states| alert_states[0] == "RESOLVED"));
    desk.office().is_sound().await;
}
