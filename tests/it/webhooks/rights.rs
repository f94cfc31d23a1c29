//! A message contains only data that the endpoint's creator may see.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::{
    receiver::Receiver,
    world::{World, deliver, endpoint_of, read_endpoint, receipt, wait_until},
};
use crate::world::on_both;

on_both!(the_makers_rights_say_what_is_sent, whoever_may_not_come_in_has_no_endpoints);

async fn the_makers_rights_say_what_is_sent(world: &World) {
    let receiver = Receiver::accepting().await;
    let works = deliver(world).await;
    let second = world.second_shop("charlie").await;
    let keeper =
        "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code field message } } }";
    let input = json!({ "key": "hook-keeper", "name": "Keeper of hooks", "permissions": ["webhook.read", "webhook.manage"] });
    let role = world.must_mutate(&world.ours, keeper, json!({ "input": input })).await["role"]["id"].clone();
    let shop = json!({ "storeIds": [world.ours.ids["sto"]] });
    let viewer = entrepot::access::BUILT_IN.iter().find(|role| role.key == "viewer").unwrap();
    let grants = json!([{ "roleId": role, "scope": { "all": true } }, { "roleId": viewer.id.to_string(), "scope": shop }]);
    let person = world.add_member_with("keeper", grants).await;
    let caller = world.caller(person).await;
    let endpoint = endpoint_of(world, &caller, &receiver.url(), &["*"]).await;
    wait_until("the news of itself", async || receiver.count() == 1).await;
    let here = receipt(world, &world.ours, "here").await;
    let there = receipt(world, &second, "there").await;
    wait_until("what is seen", async || receiver.count() >= 2).await;
    wait_until("what is not", async || {
        let log = read_endpoint(world, &endpoint.id).await;
        log["deliveries"]["nodes"].as_array().unwrap().iter().any(|one| one["seq"] == there && one["state"] == "WITHHELD")
    })
    .await;
    let got = receiver.got().remove(1);
    assert_eq!(got.seq(), here);
    // A viewer does not read the ledger.
    assert_eq!(got.json()["data"]["movementId"], json!(null), "{}", got.body);
    // Events whose permission was revoked are not sent any more, without a change of the endpoint.
    let payload = world.set_grants(&world.ours.owner, person, json!([{ "roleId": role, "scope": { "all": true } }])).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    let after = receipt(world, &world.ours, "after").await;
    wait_until("it to be withheld", async || {
        let log = read_endpoint(world, &endpoint.id).await;
        log["deliveries"]["nodes"].as_array().unwrap().iter().any(|one| one["seq"] == after && one["state"] == "WITHHELD")
    })
    .await;
    let reported_seqs = receiver.seqs();
    assert!(!reported_seqs.contains(&there) && !reported_seqs.contains(&after), "{reported_seqs:?}");
    works.kill().await;
}

async fn whoever_may_not_come_in_has_no_endpoints(world: &World) {
    let receiver = Receiver::accepting().await;
    let works = deliver(world).await;
    let admin = entrepot::access::BUILT_IN.iter().find(|role| role.key == "admin").unwrap();
    let person = world.add_member_with("leaver", json!([{ "roleId": admin.id.to_string(), "scope": { "all": true } }])).await;
    let endpoint = endpoint_of(world, &world.caller(person).await, &receiver.url(), &["stock.changed"]).await;
    let suspend = "mutation($id: ID!) { memberSuspend(id: $id) { member { version } userErrors { code field message } } }";
    world.must_mutate(&world.ours, suspend, json!({ "id": person.0.to_string() })).await;
    world.node.access.invalidate(world.ours.owner.tenant);
    receipt(world, &world.ours, "late").await;
    wait_until("it to be disabled", async || read_endpoint(world, &endpoint.id).await["disabledReason"] == "MAKER_GONE").await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.count(), 0);
    works.kill().await;
}
