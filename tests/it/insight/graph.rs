//! The reports through GraphQL: rights, masks, arguments.

use async_graphql::{EmptyMutation, EmptySubscription, Request, Schema};
use entrepot::{
    access::{Permission, PermissionSet, kind},
    api::insight::InsightQuery,
};
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::{trade::trade, world::World};

async fn run(world: &World, permissions: PermissionSet, query: &str) -> Value {
    let schema = Schema::build(InsightQuery, EmptyMutation, EmptySubscription).data(world.ledger.clone()).finish();
    let response = schema.execute(Request::new(query).data(world.caller(permissions))).await;
    serde_json::to_value(&response).unwrap()
}

fn only(index: usize) -> PermissionSet {
    let mut set = PermissionSet::default();
    set.insert(index);
    set
}

#[tokio::test]
async fn reports_need_their_permission_and_costs_another() {
    World::on_both(async |world| {
        trade(&world, &mut StdRng::seed_from_u64(31)).await;
        let query = "{ salesReport { key orders grossRevenue { amount currencyCode } costOfGoodsSold { amount } }
            movementReport { kind movements entries unitsIn unitsOut value { amount } } }";
        let denied = run(&world, PermissionSet::default(), query).await;
        assert_eq!(denied["data"], Value::Null);
        assert!(denied["errors"][0]["message"].as_str().unwrap().contains("report.read"), "{denied}");
        let masked = run(&world, only(kind::ReportRead::INDEX), query).await;
        assert_eq!(masked["data"]["salesReport"][0]["costOfGoodsSold"], Value::Null, "{masked}");
        assert_eq!(masked["data"]["movementReport"][0]["value"], Value::Null);
        assert_eq!(masked.get("errors"), None);
        let all = run(&world, PermissionSet::all(), query).await;
        let (sales, movements) = (&all["data"]["salesReport"][0], &all["data"]["movementReport"]);
        assert!(sales["costOfGoodsSold"]["amount"].as_str().unwrap().contains('.'), "{all}");
        assert_eq!((&sales["key"], &sales["grossRevenue"]["currencyCode"]), (&Value::Null, &json!("GBP")));
        let receipt = json!({"kind": "RECEIPT", "movements": 1, "entries": 6, "unitsIn": 6_000_000, "unitsOut": 0, "value": {"amount": "3603980.00"}});
        assert_eq!(movements[0], receipt);
    })
    .await;
}

#[tokio::test]
async fn arguments_are_checked() {
    World::on_both(async |world| {
        trade(&world, &mut StdRng::seed_from_u64(32)).await;
        for bad in [
            "first: 0",
            "first: 251",
            "first: -1",
            "currency: \"gbp\"",
            "currency: \"XXX\"",
            "from: \"yesterday\"",
            "groupBy: WEEK",
            "from: \"2026-03-02T00:00:00Z\", to: \"2026-03-01T00:00:00Z\"",
        ] {
            let answer = run(&world, PermissionSet::all(), &format!("{{ salesReport({bad}) {{ key }} }}")).await;
            assert!(answer["errors"].is_array(), "{bad}: {answer}");
        }
        let query = "{ salesReport(groupBy: MONTH, topBy: NET_REVENUE, first: 1, from: \"2026-03-01T00:00:00Z\") { key } }";
        let answer = run(&world, PermissionSet::all(), query).await;
        assert_eq!(answer["data"]["salesReport"], json!([{"key": "2026-03"}]), "{answer}");
    })
    .await;
}
