//! The budget that all of a tenant share, over the wire.

use std::time::Duration;

use entrepot::{
    graphql::{limits::Limits, quota::Terms},
    rate_limit::Allowance,
};
use serde_json::json;

use super::{
    rate_limit::{ask_as, error, own, settings_with},
    server::FrontServer,
};

#[tokio::test]
async fn members_of_a_tenant_share_its_budget() {
    let terms = Terms { tenant: Some(Allowance::per_second(10, 1)), ..own(100, 1) };
    let world = FrontServer::with(Limits::default(), settings_with(terms)).await;
    let mut answered = 0;
    for number in 0..20 {
        let reply = ask_as(world.address, &format!("member{number}@acme"), "{ ping }").await;
        answered += u32::from(reply.status == 200);
    }
    assert_eq!(answered, 10);
    assert_eq!(ask_as(world.address, "eve@other", "{ ping }").await.status, 200);
    let reply = ask_as(world.address, "member0@acme", "{ ping }").await;
    assert_eq!((reply.status, &error(&reply)["limit"]), (429, &json!(10)));
}

#[tokio::test]
async fn what_the_tenants_budget_refuses_costs_the_member_nothing() {
    let world =
        FrontServer::with(Limits::default(), settings_with(Terms { tenant: Some(Allowance::per_second(3, 3)), ..own(6, 1) }))
            .await;
    let mut codes = Vec::new();
    for wait in [0, 0, 0, 0, 0, 0, 0, 0, 0, 1_100, 0, 0] {
        tokio::time::sleep(Duration::from_millis(wait)).await;
        codes.push(ask_as(world.address, "ann@acme", "{ ping }").await.status);
    }
    assert!(codes[3..9].contains(&429) && codes[9..] == [200; 3], "three of the member's six are left: {codes:?}");
}
