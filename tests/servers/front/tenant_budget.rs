//! The budget that all of a tenant share, over the wire.

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
    let terms = Terms { tenant: Some(Allowance::within(10, 3_600)), ..own(100, 1) };
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
    let (member, tenant) = (Some(Allowance::within(30, 3_600)), Some(Allowance::within(3, 3_600)));
    let terms = Terms { credential: member, tenant, ..Terms::unlimited() };
    let world = FrontServer::with(Limits::default(), settings_with(terms)).await;
    for number in 0..40 {
        let reply = ask_as(world.address, "ann@acme", "{ ping }").await;
        if number < 3 {
            assert_eq!(reply.status, 200);
            continue;
        }
        // Had refusals cost the member anything, their own 30 would be the ones that refuse in the end.
        assert_eq!((reply.status, &error(&reply)["limit"]), (429, &json!(3)), "{number}");
    }
}
