//! A message contains only data that the endpoint's creator may see.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::{
    receiver::Receiver,
    world::{World, deliver, endpoint_of, receipt, shown, until},
};
use crate::world::on_both;

on_both!(the_makers_rights_say_what_is_sent, whoever_may_not_come_in_has_no_endpoints);

async fn the_makers_rights_say_what_is_sent(world: &World) {
    let receiver = Receiver::well().await;
    let works = deliver(world).await;
    let second = world.second_shop("charlie").await;
    let keeper =
        "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code field message } } }";
    let input = json!({ "key": "hook-keeper", "name": "Keeper of hooks", "permissions": ["webhook.read", "webhook.manage"] });
    let role = world.must(&world.ours, keeper, json!({ "input": input })).await["role"]["id"].clone();
    let shop = json!({ "storeIds": [world.ours.ids["sto"]] });
    let viewer = entrepot::access::BUILT_IN.iter().find(|role| role.key == "viewer").unwrap();
    let grants = json!([{ "roleId": role, "scope": { "all": true } }, { "roleId": viewer.id.to_string(), "scope": shop }]);
    let person = world.hired("keeper", grants).await;
    let caller = world.caller(person).await;
    let made = endpoint_of(world, &caller, &receiver.url(), &["*"]).await;
    until("the news of itself", async || receiver.count() == 1).await;
    let here = receipt(world, &world.ours, "here").await;
    let there = receipt(world, &second, "there").await;
    until("what is seen", async || receiver.count() >= 2).await;
    until("what is not", async || {
        let log = shown(world, &made.id).await;
        log["deliveries"]["nodes"].as_array().unwrap().iter().any(|one| one["seq"] == there && one["state"] == "WITHHELD")
    })
    .await;
    let got = receiver.got().remove(1);
    assert_eq!(got.seq(), here);
    // A viewer does not read the ledger.
    assert_eq!(got.json()["data"]["movementId"], json!(null), "{}", got.body);
    // Events whose permission was revoked are not sent any more, without a change of the endpoint.
    let taken = world.gives(&world.ours.owner, person, json!([{ "roleId": role, "scope": { "all": true } }])).await;
    assert_eq!(taken["userErrors"], json!([]), "{taken:#}");
    let after = receipt(world, &world.ours, "after").await;
    until("it to be withheld", async || {
        let log = shown(world, &made.id).await;
        log["deliveries"]["nodes"].as_array().unwrap().iter().any(|one| one["seq"] == after && one["state"] == "WITHHELD")
    })
    .await;
    let told = receiver.seqs();
    assert!(!told.contains(&there) && !told.contains(&after), "{told:?}");
    works.kill().await;
}

async fn whoever_may_not_come_in_has_no_endpoints(world: &World) {
    let receiver = Receiver::well().await;
    let works = deliver(world).await;
    let admin = entrepot::access::BUILT_IN.iter().find(|role| role.key == "admin").unwrap();
    let person = world.hired("leaver", json!([{ "roleId": admin.id.to_string(), "scope": { "all": true } }])).await;
    let made = endpoint_of(world, &world.caller(person).await, &receiver.url(), &["stock.changed"]).await;
    let suspend = "mutation($id: ID!) { memberSuspend(id: $id) { member { version } userErrors { code field message } } }";
    world.must(&world.ours, suspend, json!({ "id": person.0.to_string() })).await;
    world.node.access.invalidate(world.ours.owner.tenant);
    receipt(world, &world.ours, "late").await;
    until("it to be disabled", async || shown(world, &made.id).await["disabledReason"] == "MAKER_GONE").await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.count(), 0);
    works.kill().await;
}
