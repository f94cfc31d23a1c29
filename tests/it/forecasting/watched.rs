//! Alerts of forecasts that are too low, or too high, again and again.

use entity::{
    prelude::*,
    tables::{forecast_run, forecast_series},
};
use entrepot::{clock::local_day, demand::core::week_of, demand::shell::catch_up, forecasting::shell::watch};
use serde_json::{Value, json};

use super::{Trade, monday};
use crate::{authorization::world::World, purchasing::office::accepted, world::on_both};

on_both!(a_forecast_that_drifts_is_told_until_it_is_back);

/// Inserts a run of `weeks_ago` with `mean` as the forecast of its first week, for each of these
/// products and stores.
async fn run(trade: &Trade<'_>, levels: &[(&Value, &Value)], weeks_ago: i32, mean: f64) {
    let (node, tenant_id) = (&trade.world.node, trade.world.ours.owner.tenant);
    let first_week = week_of(local_day(node.clock.now(), "UTC")) - 7 * weeks_ago;
    let work = node.db.tenant(tenant_id).begin().await.unwrap();
    let run = forecast_run::Model {
        tenant_id,
        first_week,
        made_at: node.clock.now(),
        seq: 0,
        weeks: 30,
        series: levels.len() as i64,
        version: "test".to_owned(),
        choices: "[]".to_owned(),
        fingerprint: "0".repeat(16),
        factors: "[]".to_owned(),
        watched_at: None,
    };
    work.insert::<forecast_run::Entity>(run).await.unwrap();
    let week = json!({ "mean": mean, "median": mean, "bounds": null });
    let body = json!({ "method": "SES", "why": "", "naive": mean, "known_weeks": 30, "missing_weeks": 0, "score": 80.0, "deductions": [],
        "excluded": [], "points": [[26, week]] });
    for (product, store) in levels {
        let series = forecast_series::Model {
            tenant_id,
            first_week,
            product_id: product["id"].as_str().unwrap().parse().unwrap(),
            store_id: store["id"].as_str().unwrap().parse().unwrap(),
            class: DemandClass::Smooth,
            computed_class: DemandClass::Smooth,
            status: ForecastStatus::Ready,
            body: body.to_string(),
        };
        work.insert::<forecast_series::Entity>(series).await.unwrap();
    }
    work.commit().await.unwrap();
}

async fn a_forecast_that_drifts_is_told_until_it_is_back(world: &World) {
    let trade = Trade::of(world).await;
    let mug = trade.books.office.product("MUG", "2.00").await;
    trade.receive(&mug, 1_000, 7 * 13).await;
    trade.sell_weekly(&mug, &[16; 12]).await;
    let (node, tenant) = (&world.node, world.ours.owner.tenant);
    catch_up(&node.db, tenant, usize::MAX).await.unwrap();
    let look = async || watch(&node.db, &node.alerts, tenant).await.unwrap();
    let alerts_of = async || {
        let query = "{ alerts(filter: { kind: [FORECAST_DRIFT, FORECAST_COVERAGE] }) { nodes { kind status quantity threshold day product { sku } store { code } } } }";
        let answer = trade.books.office.execute(query, json!({})).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["alerts"]["nodes"].clone()
    };
    // Forecasts of an archived product or store have drifted too, and open no alert.
    let (office, dock) = (&trade.books.office, &trade.books.office.store);
    let (tea, gone) = (office.product("TEA", "2.00").await, office.new_store("GONE").await);
    accepted(
        &office.mutate("productArchive", "ProductArchiveInput", "product { id }", json!({ "id": tea["id"] })).await,
        "product",
    );
    accepted(&office.mutate("storeArchive", "StoreArchiveInput", "store { id }", json!({ "id": gone["id"] })).await, "store");
    let levels = [(&mug, dock), (&tea, dock), (&mug, &gone)];
    // Ten were forecast for each of nine settled weeks; of the last two that are forecast, too much.
    for weeks_ago in (4..=12).rev() {
        run(&trade, &levels, weeks_ago, 10.0).await;
    }
    run(&trade, &levels, 3, 40.0).await;
    run(&trade, &levels, 2, 40.0).await;
    let rule = json!({ "idempotencyKey": "drift", "kind": "FORECAST_DRIFT", "threshold": 48 });
    accepted(
        &trade.books.office.mutate("alertRuleUpsert", "AlertRuleUpsertInput", "alertRule { threshold }", rule).await,
        "alertRule",
    );
    assert_eq!((look().await, look().await), (1, 0), "a run is looked at once");
    let drift = json!({ "kind": "FORECAST_DRIFT", "status": "OPEN", "quantity": 48, "threshold": 48, "day": monday(world, 5),
        "product": { "sku": "MUG" }, "store": { "code": "DOCK" } });
    assert_eq!(alerts_of().await, json!([drift]), "eight errors of six; by nine weeks it is known since the eighth");
    // Two weeks with 24 units less than forecast cancel the drift.
    run(&trade, &levels, 0, 16.0).await;
    assert_eq!(look().await, 0);
    assert_eq!(alerts_of().await[0]["status"], "RESOLVED");
    trade.books.office.is_sound().await;
}
