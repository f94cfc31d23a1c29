//! A company that moves its time zone between two runs.

use entity::prelude::Timestamp;
use entrepot::{anomalies::shell::detect, clock::Clock, demand::shell::check};
use serde_json::{Value, json};

use super::{DAY, Trade};
use crate::{
    authorization::world::World,
    purchasing::office::{accepted, key},
};

/// Units of all weeks of a forecast's history.
fn units(forecast: &Value) -> i64 {
    forecast["history"].as_array().unwrap().iter().map(|week| week["units"].as_i64().unwrap()).sum()
}

pub async fn a_company_that_moves_its_time_zone_keeps_its_forecasts(world: &World) {
    let trade = Trade::of(world).await;
    let (office, tenant) = (&trade.books.office, world.ours.owner.tenant);
    let mug = office.product("MUG", "2.00").await;
    trade.receive(&mug, 1_000, 7 * 13).await;
    trade.sell_weekly(&mug, &[10; 12]).await;
    trade.run(1).await.unwrap();
    assert_eq!(units(&trade.forecast(&mug, office.store.clone()).await), 110);

    for (nth, zone) in ["Pacific/Kiritimati", "Pacific/Pago_Pago"].into_iter().enumerate() {
        let answer = office.execute("{ viewer { tenant { settings { version } } } }", json!({})).await;
        let version = &answer["data"]["viewer"]["tenant"]["settings"]["version"];
        let input = json!({ "expectedVersion": version, "timeZone": zone });
        let payload = office.mutate("tenantUpdate", "TenantUpdateInput", "tenant { timeZone }", input).await;
        assert_eq!(accepted(&payload, "tenant")["timeZone"], zone);
        // Fourteen hours ahead, and eleven behind: a week later each has a run of its own.
        trade.run(-(nth as i64)).await.unwrap_or_else(|| panic!("no run in {zone}"));
        let found = trade.forecast(&mug, office.store.clone()).await;
        assert_eq!((units(&found), &found["status"]), (120, &json!("READY")), "{zone}: {found:#}");
        assert!(check(&world.node.db, tenant, 5).await.unwrap().is_equal(), "{zone}: a frozen day is nobody else's");
        let input = json!({ "idempotencyKey": key(), "storeIds": [office.store["id"]] });
        let plan = "plan { businessDate forecastWeek }";
        let payload = office.mutate("replenishmentPlanCreate", "ReplenishmentPlanCreateInput", plan, input).await;
        assert!(accepted(&payload, "plan")["businessDate"].is_string(), "{zone}: {payload:#}");
        let now = world.node.clock.now().micros() + DAY;
        let clock = Clock::manual(move || Timestamp(now), 1);
        detect(&world.node.db, &clock, tenant).await.unwrap();
    }
    office.is_sound().await;
}
