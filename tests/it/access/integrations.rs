//! Changes of integrations: callers grant only rights that they hold, and a right removed from an
//! integration is lost by its keys.

use entrepot::access::{Access, Permission, Policies, RIGHTS_CACHE_SECONDS, kind};
use serde_json::{Value, json};

use super::{
    keys::{execute_with_key, integration, key, lets_in},
    world::{Person, codes, everywhere, grant, in_stores},
};
use crate::{
    authorization::world::World,
    jobs::{Works, wait_until},
    world::on_both,
};

on_both!(
    what_is_left_out_stays,
    nobody_gives_what_they_do_not_hold,
    one_that_is_switched_off_lets_no_key_in,
    keys_lose_what_their_integration_loses,
    a_channel_is_bound_and_unbound,
    what_was_made_of_all_channels_is_not_fetched_by_one_that_is_bound_since,
    one_of_an_archived_channel_does_not_come_back_to_it,
    all_integrations_are_listed,
);

const UPDATE: &str = "mutation($input: IntegrationUpdateInput!) { integrationUpdate(input: $input) {
    integration { id name version disabledAt permissions isTrustedDocumentsOnly channel { id } scope { all stores { id } } }
    userErrors { code field message } seq } }";

/// Updates an integration as `person`, at its current version.
async fn update(world: &World, person: Person, id: &str, with: Value) -> Value {
    let read = "query($id: ID!) { node(id: $id) { ... on Integration { version } } }";
    let version = world.execute_as(world.owner(), read, json!({ "id": id })).await["data"]["node"]["version"].clone();
    let mut input = json!({ "id": id, "expectedVersion": version });
    input.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    world.mutate_as(person, UPDATE, input).await
}

/// A member who may create keys and manages only one shop.
async fn shop_manager(world: &World, shop: &str) -> Person {
    let create = "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } } }";
    let role = json!({ "key": "keys", "name": "Keys", "permissions": ["apikey.write", "apikey.read", "product.read"] });
    let role = world.mutate_as(world.owner(), create, role).await["role"]["id"].clone();
    world.add_member_with("maker", json!([{ "roleId": role, "scope": everywhere() }, grant("manager", in_stores(&[shop]))])).await
}

async fn what_is_left_out_stays(world: &World) {
    let integration_id = integration(world, json!(["stock.read", "product.read"]), everywhere()).await;
    let payload = update(world, world.owner(), &integration_id, json!({ "name": " Web shop " })).await;
    let expected = json!({ "id": integration_id, "name": "Web shop", "version": 2, "disabledAt": null, "permissions": ["product.read", "stock.read"],
        "isTrustedDocumentsOnly": false, "channel": null, "scope": { "all": true, "stores": [] } });
    assert_eq!((&payload["integration"], &payload["userErrors"]), (&expected, &json!([])), "{payload:#}");
    assert!(payload["seq"].is_number());
    let same = update(world, world.owner(), &integration_id, json!({ "name": "Web shop", "enabled": true })).await;
    assert_eq!((&same["integration"], &same["seq"]), (&expected, &Value::Null), "nothing was written");
    let stale = json!({ "id": integration_id, "expectedVersion": 1, "name": "Late" });
    assert_eq!(codes(&world.mutate_as(world.owner(), UPDATE, stale).await), ["VERSION_CONFLICT"]);
    for (case, with, code) in [
        ("no name", json!({ "name": " " }), "REQUIRED"),
        ("no permission", json!({ "permissions": ["stock.teleport"] }), "NOT_FOUND"),
        ("no place", json!({ "scope": in_stores(&[]) }), "INVALID"),
        ("another tenant's place", json!({ "scope": in_stores(&[&world.theirs.ids["sto"]]) }), "NOT_FOUND"),
    ] {
        assert_eq!(codes(&update(world, world.owner(), &integration_id, with).await), [code], "{case}");
    }
    let theirs = json!({ "id": world.theirs.ids["int"], "expectedVersion": 1, "name": "Mine" });
    let refusal = world.mutate_as(world.owner(), UPDATE, theirs).await;
    assert_eq!(refusal["userErrors"][0]["field"], json!(["input", "id"]));
    assert_eq!(codes(&refusal), ["NOT_FOUND"]);
    let seen = update(world, world.owner(), &integration_id, json!({})).await;
    assert_eq!(seen["integration"], expected, "refusals changed nothing");
}

async fn nobody_gives_what_they_do_not_hold(world: &World) {
    let (own, other) = (world.ours.ids["sto"].clone(), world.second_shop("charlie").await.ids["sto"].clone());
    let maker = shop_manager(world, &own).await;
    let integration_id =
        integration(world, json!(["stock.read", "product.read", "order.read"]), in_stores(&[&own, &other])).await;
    // Keeping or removing a permission needs no right to grant it.
    assert_eq!(codes(&update(world, maker, &integration_id, json!({ "name": "Renamed" })).await), [""; 0]);
    assert_eq!(
        codes(&update(world, maker, &integration_id, json!({ "permissions": ["stock.read", "product.read"] })).await),
        [""; 0]
    );
    for (case, with) in [
        ("a permission that it lost", json!({ "permissions": ["stock.read", "product.read", "order.read"] })),
        ("what the maker holds in one shop, for two", json!({ "permissions": ["stock.read", "product.read", "stock.adjust"] })),
        ("all shops", json!({ "scope": everywhere() })),
    ] {
        let refusal = update(world, maker, &integration_id, with).await;
        assert_eq!(codes(&refusal), ["INVALID"], "{case}");
        assert!(refusal["userErrors"][0]["message"].as_str().unwrap().contains("you do not hold"), "{case}: {refusal:#}");
    }
    // A disabled integration has no rights, so enabling it grants all of them.
    assert_eq!(codes(&update(world, maker, &integration_id, json!({ "enabled": false })).await), [""; 0]);
    assert_eq!(codes(&update(world, maker, &integration_id, json!({ "enabled": true })).await), ["INVALID"]);
    // If it was widened while disabled, a caller with fewer rights cannot enable it either.
    assert_eq!(codes(&update(world, maker, &integration_id, json!({ "scope": everywhere() })).await), [""; 0]);
    assert_eq!(codes(&update(world, maker, &integration_id, json!({ "enabled": true })).await), ["INVALID"]);
    let payload = update(world, maker, &integration_id, json!({ "enabled": true, "scope": in_stores(&[&own]) })).await;
    assert_eq!((codes(&payload), &payload["integration"]["disabledAt"]), (vec![], &Value::Null));
}

async fn one_that_is_switched_off_lets_no_key_in(world: &World) {
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let (one, _) = key(world, &integration_id, json!({})).await;
    let (revoked, id) = key(world, &integration_id, json!({})).await;
    let revoke = "mutation($id: ID!) { apiKeyRevoke(id: $id) { userErrors { code } } }";
    world.execute_as(world.owner(), revoke, json!({ "id": id })).await;
    let there = Access::new(world.node.db.clone(), world.node.clock.clone(), Policies::load().await.unwrap());
    assert!(lets_in(&world.node.access, &one).await && lets_in(&there, &one).await);
    let found = there.key(&one, None).await.unwrap();
    let (mut standing, gone) = there.watch_key(found.hash, &found.caller);
    let off = update(world, world.owner(), &integration_id, json!({ "enabled": false })).await;
    assert!(off["integration"]["disabledAt"].is_string(), "{off:#}");
    assert!(!lets_in(&world.node.access, &one).await, "at once here");
    world.advance_clock(RIGHTS_CACHE_SECONDS + 1);
    assert!(!lets_in(&there, &one).await, "within five seconds elsewhere");
    there.refresh_live().await;
    assert!(*gone.borrow() && standing.changed().await.is_none(), "open sockets are told");
    update(world, world.owner(), &integration_id, json!({ "enabled": true })).await;
    assert!(lets_in(&world.node.access, &one).await && !lets_in(&world.node.access, &revoked).await, "what was revoked stays so");
}

async fn keys_lose_what_their_integration_loses(world: &World) {
    let (own, other) = (world.ours.ids["sto"].clone(), world.second_shop("charlie").await.ids["sto"].clone());
    let integration_id = integration(world, json!(["stock.read", "stock.reserve"]), everywhere()).await;
    let (secret, _) =
        key(world, &integration_id, json!({ "permissions": ["stock.read", "stock.reserve"], "scope": everywhere() })).await;
    let held = async || world.node.access.key(&secret, None).await.unwrap().caller.permissions;
    assert!(held().await.holds(kind::StockReserve::INDEX));
    update(world, world.owner(), &integration_id, json!({ "permissions": ["stock.read"], "scope": in_stores(&[&own]) })).await;
    let left = held().await;
    assert!(!left.holds(kind::StockReserve::INDEX) && left.holds(kind::StockRead::INDEX));
    let reach = left.reach(kind::StockRead::INDEX);
    assert!(reach.covers(own.parse().unwrap()) && !reach.covers(other.parse().unwrap()));
}

async fn a_channel_is_bound_and_unbound(world: &World) {
    let integration_id = integration(world, json!(["order.read", "stock.adjust"]), everywhere()).await;
    let channel = world.ours.ids["chn"].clone();
    let wide = update(world, world.owner(), &integration_id, json!({ "channelId": channel })).await;
    assert_eq!(codes(&wide), ["INVALID"], "the ledger tells of all channels");
    let bound =
        update(world, world.owner(), &integration_id, json!({ "channelId": channel, "permissions": ["order.read"] })).await;
    assert_eq!(bound["integration"]["channel"]["id"], json!(channel), "{bound:#}");
    let later = update(world, world.owner(), &integration_id, json!({ "permissions": ["order.read", "stock.adjust"] })).await;
    assert_eq!(codes(&later), ["INVALID"]);
    for nobodys in [&world.theirs.ids["chn"], &world.ours.ids["sto"]] {
        let refusal = update(world, world.owner(), &integration_id, json!({ "channelId": nobodys })).await;
        assert_eq!(refusal["userErrors"][0]["field"], json!(["input", "channelId"]), "{refusal:#}");
    }
    // Unbinding the channel lets the integration see the orders of all channels, so the caller must
    // be able to grant that.
    let maker = shop_manager(world, &world.ours.ids["sto"]).await;
    assert_eq!(codes(&update(world, maker, &integration_id, json!({ "channelId": null })).await), ["INVALID"]);
    let free = update(world, world.owner(), &integration_id, json!({ "channelId": null })).await;
    assert_eq!((codes(&free), &free["integration"]["channel"]), (vec![], &Value::Null), "{free:#}");
}

/// A sheet of labels that a key has printed.
async fn printed(world: &World, secret: &str) -> Value {
    let print = "mutation($id: ID!) { productLabelSheetCreate(input: { productIds: [$id] }) { file { id downloadUrl } userErrors { code } } }";
    let sheet =
        execute_with_key(world, secret, print, json!({ "id": world.ours.ids["prd"] })).await["productLabelSheetCreate"]["file"]
            .clone();
    assert!(sheet["downloadUrl"].is_string(), "{sheet:#}");
    sheet["id"].clone()
}

async fn what_was_made_of_all_channels_is_not_fetched_by_one_that_is_bound_since(world: &World) {
    let works = Works::begin(world);
    let integration_id =
        integration(world, json!(["exchange.run", "file.write", "order.read", "product.read"]), everywhere()).await;
    let (secret, _) = key(world, &integration_id, json!({})).await;
    let export =
        "mutation { exportCreate(input: { idempotencyKey: \"orders\", entity: ORDERS }) { dataJob { id } userErrors { code } } }";
    let job = execute_with_key(world, &secret, export, json!({})).await["exportCreate"]["dataJob"]["id"].clone();
    let query = "query($id: ID!) { node(id: $id) { ... on DataJob { status result { id downloadUrl } } } }";
    let seen = async || execute_with_key(world, &secret, query, json!({ "id": job })).await["node"].clone();
    wait_until("the end of an export", async || seen().await["status"] == "DONE").await;
    let file = seen().await["result"]["id"].clone();
    let draw = "mutation($id: ID!) { paperCreate(input: { idempotencyKey: \"drawn\", kind: ORDER_CONFIRMATION, documentId: $id }) { paper { id } } }";
    let paper_id =
        execute_with_key(world, &secret, draw, json!({ "id": world.ours.ids["ord"] })).await["paperCreate"]["paper"]["id"]
            .clone();
    let sheet = printed(world, &secret).await;
    let nodes = "query($file: ID!, $sheet: ID!, $paper: ID!) { file: node(id: $file) { ... on File { downloadUrl } }
        sheet: node(id: $sheet) { ... on File { downloadUrl } } paper: node(id: $paper) { ... on Paper { number html } } }";
    let links = async || {
        let found = execute_with_key(world, &secret, nodes, json!({ "file": file, "sheet": sheet, "paper": paper_id })).await;
        assert!(found["paper"]["number"].is_string(), "it reads the order: {found:#}");
        let result = seen().await["result"]["downloadUrl"].clone();
        [result, found["file"]["downloadUrl"].clone(), found["sheet"]["downloadUrl"].clone(), found["paper"]["html"].clone()]
    };
    assert!(links().await.iter().all(Value::is_string), "it is bound to none");
    let bound = update(world, world.owner(), &integration_id, json!({ "channelId": world.ours.ids["chn"] })).await;
    assert_eq!(codes(&bound), Vec::<&str>::new(), "{bound:#}");
    assert_eq!(links().await, [Value::Null, Value::Null, Value::Null, Value::Null], "they may be of other channels");
    printed(world, &secret).await;
    let free = update(world, world.owner(), &integration_id, json!({ "channelId": null })).await;
    assert_eq!(codes(&free), Vec::<&str>::new(), "{free:#}");
    assert!(links().await.iter().all(Value::is_string), "it sees all channels again");
    works.kill().await;
}

async fn one_of_an_archived_channel_does_not_come_back_to_it(world: &World) {
    let create = "mutation($input: ChannelCreateInput!) { channelCreate(input: $input) { channel { id } userErrors { code } } }";
    let payload = world.mutate_as(world.owner(), create, json!({ "code": "FAIR", "name": "Fair" })).await;
    let fair = payload["channel"]["id"].clone();
    let integration_id = integration(world, json!(["order.read"]), everywhere()).await;
    let bound = update(world, world.owner(), &integration_id, json!({ "channelId": fair, "enabled": false })).await;
    assert_eq!(codes(&bound), Vec::<&str>::new(), "{bound:#}");
    let turn = async |verb: &str| {
        let query = format!(
            "mutation($input: Channel{verb}Input!) {{ channel{verb}(input: $input) {{ channel {{ archivedAt }} userErrors {{ code }} }} }}"
        );
        let turned = world.mutate_as(world.owner(), &query, json!({ "id": fair })).await;
        assert_eq!(codes(&turned), Vec::<&str>::new(), "one that is disabled does not hold its channel: {turned:#}");
    };
    turn("Archive").await;
    let back = update(world, world.owner(), &integration_id, json!({ "enabled": true })).await;
    assert_eq!((codes(&back), &back["userErrors"][0]["field"]), (vec!["NOT_FOUND"], &json!(["input", "channelId"])), "{back:#}");
    // Its other fields may be changed, and it can be enabled again once its channel is restored.
    let named_payload = update(world, world.owner(), &integration_id, json!({ "name": "Stall" })).await;
    assert_eq!(
        (codes(&named_payload), named_payload["integration"]["disabledAt"].is_string()),
        (vec![], true),
        "{named_payload:#}"
    );
    turn("Restore").await;
    let back = update(world, world.owner(), &integration_id, json!({ "enabled": true })).await;
    assert_eq!((codes(&back), &back["integration"]["disabledAt"]), (vec![], &Value::Null), "{back:#}");
}

async fn all_integrations_are_listed(world: &World) {
    let first = integration(world, json!(["order.read"]), everywhere()).await;
    let second = integration(world, json!(["stock.read"]), everywhere()).await;
    let (_, id) =
        key(world, &second, json!({ "budget": { "points": 50, "restoreRate": 5 }, "isTrustedDocumentsOnly": true })).await;
    update(world, world.owner(), &first, json!({ "enabled": false, "isTrustedDocumentsOnly": true })).await;
    let list =
        "{ integrations { id name version createdAt disabledAt permissions isTrustedDocumentsOnly channel { id } scope { all }
        keys { id isTrustedDocumentsOnly budget { points restoreRate } addresses { address } leakedAt } } }";
    let all = world.execute_as(world.owner(), list, json!({})).await["data"]["integrations"].clone();
    let ids: Vec<&Value> = all.as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&json!(world.ours.ids["int"]), &json!(first), &json!(second)], "the oldest first, those that ended too");
    assert!(all[1]["disabledAt"].is_string() && all[1]["isTrustedDocumentsOnly"] == true && all[2]["disabledAt"].is_null());
    let expected = json!({ "id": id, "isTrustedDocumentsOnly": true, "budget": { "points": 50, "restoreRate": 5 }, "addresses": [], "leakedAt": null });
    assert_eq!(all[2]["keys"], json!([expected]));
}
