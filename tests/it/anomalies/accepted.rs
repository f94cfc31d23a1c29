//! Accepted anomalies: an accepted size is not flagged again, a larger one is.

use serde_json::{Value, json};

use super::{DAY, Shop};
use crate::{
    authorization::world::World,
    costing::world::run_tenant_sql,
    purchasing::office::{accepted, refused},
    world::on_both,
};

on_both!(
    an_accepted_size_is_not_flagged_again,
    a_day_that_grows_after_it_was_accepted_is_open_again,
    an_accepted_size_is_forgotten_after_ninety_days,
    accepting_is_in_the_audit_log_and_changes_once,
    a_strange_day_is_alerted_until_it_is_accepted,
);

/// A shop with 142 mugs returned yesterday, and the anomaly that was flagged.
async fn flagged(world: &World) -> (Shop<'_>, Value, Value) {
    let shop = Shop::of(world).await;
    let mug = shop.product("MUG").await;
    shop.usual_returns(&mug).await;
    shop.bring_back(&mug, 142, 1).await;
    shop.detect(0).await.unwrap();
    let found = shop.list_anomalies().await;
    assert_eq!(found.len(), 1, "{found:#?}");
    (shop, mug, found[0].clone())
}

async fn a_strange_day_is_alerted_until_it_is_accepted(world: &World) {
    let (shop, mug, strange) = flagged(world).await;
    let alerts = async || {
        world.node.alerts.scan_all().await.unwrap();
        let query = "query($store: ID!) { alerts(filter: { kind: [STOCK_ANOMALY], store: { eq: $store, key: [\"DOCK\"] }, updatedAt: { gte: \"2020-01-01T00:00:00Z\" } }) {
            nodes { state quantity day product { id } store { id } } } }";
        let answer = shop.books.office.execute(query, json!({ "store": shop.books.office.store["id"] })).await;
        answer["data"]["alerts"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone()
    };
    let alert = |state: &str| json!([{ "state": state, "quantity": 142, "day": strange["businessDate"], "product": mug, "store": shop.books.office.store }]);
    assert_eq!(json!(alerts().await), alert("OPEN"));
    assert_eq!(json!(alerts().await), alert("OPEN"), "once");
    accepted(&shop.accept(&strange["id"], "a trade fair").await, "anomaly");
    assert_eq!(json!(alerts().await), alert("RESOLVED"));
    shop.books.office.is_sound().await;
}

async fn an_accepted_size_is_not_flagged_again(world: &World) {
    let (shop, mug, strange) = flagged(world).await;
    let accepted = accepted(&shop.accept(&strange["id"], "a trade fair").await, "anomaly").clone();
    let expected = ["state", "note", "acceptedBy"].map(|name| accepted[name].clone());
    assert_eq!(json!(expected), json!(["ACCEPTED", "a trade fair", { "__typename": "Member" }]));
    shop.bring_back(&mug, 140, 0).await;
    shop.detect(1).await.unwrap();
    let after = shop.list_anomalies().await;
    assert_eq!((after.len(), &after[0]["id"]), (1, &strange["id"]), "140 are no more than what was accepted: {after:#?}");
    // Sixty more are recorded: 200 exceed the accepted size.
    shop.bring_back(&mug, 60, 0).await;
    shop.detect(2).await.unwrap();
    let after = shop.list_anomalies().await;
    assert_eq!((after.len(), &after[0]["units"], &after[0]["state"]), (2, &json!(200), &json!("OPEN")), "{after:#?}");
    // Another product was not accepted.
    let plate = shop.product("PLATE").await;
    shop.usual_returns(&plate).await;
    shop.bring_back(&plate, 100, 1).await;
    shop.detect(3).await.unwrap();
    assert!(shop.list_anomalies().await.iter().any(|one| one["product"]["sku"] == "PLATE"));
    shop.books.office.is_sound().await;
}

async fn a_day_that_grows_after_it_was_accepted_is_open_again(world: &World) {
    let (shop, mug, strange) = flagged(world).await;
    accepted(&shop.accept(&strange["id"], "a trade fair").await, "anomaly");
    shop.bring_back(&mug, 300, 1).await;
    let detected = shop.detect(1).await.unwrap();
    assert_eq!(detected.changed, 1, "{detected:?}");
    let after = shop.list_anomalies().await;
    assert_eq!((after.len(), &after[0]["id"]), (1, &strange["id"]), "{after:#?}");
    assert_eq!((&after[0]["reason"], &after[0]["state"]), (&json!("442 returned; a usual day has 6"), &json!("OPEN")));
    assert_eq!((&after[0]["note"], &after[0]["acceptedAt"]), (&Value::Null, &Value::Null));
}

async fn an_accepted_size_is_forgotten_after_ninety_days(world: &World) {
    let (shop, mug, strange) = flagged(world).await;
    accepted(&shop.accept(&strange["id"], "a trade fair").await, "anomaly");
    shop.bring_back(&mug, 140, 0).await;
    // As if another day had been accepted so long ago: 142 mugs yesterday and 140 today are no more than that one had.
    for (days, found) in [(89, 0), (92, 2)] {
        let at = world.node.clock.now().micros() - days * DAY;
        let accepted = "WHERE tenant_id = $1 AND state = 'ACCEPTED'";
        let earlier = format!("UPDATE stock_anomaly SET accepted_at = {at}, business_date = business_date - {days} {accepted}");
        run_tenant_sql(world, &earlier).await;
        shop.forget_that_days_were_judged().await;
        shop.detect(1).await.unwrap();
        let open = shop.list_anomalies_where(json!({ "state": ["OPEN"], "product": { "eq": mug["id"] } })).await;
        assert_eq!(open.len(), found, "{days}: {open:#?}");
    }
}

async fn accepting_is_in_the_audit_log_and_changes_once(world: &World) {
    let (shop, _, strange) = flagged(world).await;
    let first = shop.accept(&strange["id"], "a trade fair").await;
    let again = shop.accept(&strange["id"], "another reason").await;
    assert_eq!(accepted(&again, "anomaly"), accepted(&first, "anomaly"), "it stays as it was accepted");
    refused(&shop.accept(&strange["id"], &"x".repeat(1_001)).await, "TOO_LONG", "input.note");
    refused(&shop.accept(&strange["product"]["sku"], "no ID").await, "INVALID", "input.id");
    world.node.audit.seal_all().await.unwrap();
    let log = "{ auditEntries(filter: { action: { eq: \"stockAnomalyAccept\" } }) { nodes { action outcome } } }";
    let answer = shop.books.office.execute(log, json!({})).await;
    let outcomes: Vec<&str> =
        answer["data"]["auditEntries"]["nodes"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "DONE").count(), 1, "{answer:#}");
}
