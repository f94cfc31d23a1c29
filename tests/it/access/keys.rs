//! Keys of integrations: the secret is shown once, malformed keys cost no query, and ended keys are refused.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use entrepot::{
    access::{Access, KeyAuthError, Permission, Policies, RIGHTS_CACHE_SECONDS, kind},
    api::access::KeyUse,
    schema,
};
use serde_json::{Value, json};

use super::world::{codes, everywhere, grant, in_stores};
use crate::{
    authorization::world::World,
    jobs::{Works, wait_until},
    world::{answers::refused, on_both},
};

on_both!(
    a_secret_is_shown_once_and_kept_nowhere,
    junk_is_refused_without_a_statement,
    a_key_in_use_costs_no_statement,
    a_key_lies_within_its_integration_and_its_maker,
    a_rolled_key_lives_on_for_a_while,
    what_has_ended_lets_nobody_in,
    a_key_is_taken_from_its_networks_only,
    a_key_never_passes_for_a_fresh_password,
    a_key_is_nobody_who_has_logged_in,
    a_revoked_key_is_out_at_once,
    its_last_use_is_noted_to_the_minute,
    a_sandbox_has_test_keys,
    a_key_that_gives_less_does_not_fetch_what_another_has_exported,
);

const INTEGRATION: &str = "mutation($input: IntegrationCreateInput!) { integrationCreate(input: $input) {
    integration { id name permissions scope { all stores { id } } channel { id } } userErrors { code field message } } }";
pub const KEY: &str = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
    secret apiKey { id prefix permissions expiresAt allowedCidrs integration { id } } userErrors { code field message } } }";
const ROLL: &str = "mutation($id: ID!, $at: DateTime!) { apiKeyRoll(id: $id, oldKeyExpiresAt: $at) {
    secret apiKey { id prefix permissions } userErrors { code field message } } }";
const REVOKE: &str = "mutation($id: ID!) { apiKeyRevoke(id: $id) { apiKey { revokedAt } userErrors { code } } }";

/// An integration of the owner's.
pub async fn integration(world: &World, permissions: Value, scope: Value) -> String {
    let input = json!({ "name": "Storefront", "permissions": permissions, "scope": scope });
    let payload = world.mutate_as(world.owner(), INTEGRATION, input).await;
    payload["integration"]["id"].as_str().unwrap_or_else(|| panic!("{payload:#}")).to_owned()
}

/// The secret and the id of a new key.
pub async fn key(world: &World, integration: &str, with: Value) -> (String, String) {
    let mut input = json!({ "integrationId": integration, "name": "Key" });
    input.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    let payload = world.mutate_as(world.owner(), KEY, input).await;
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{payload:#}")).to_owned();
    (text(&payload["secret"]), text(&payload["apiKey"]["id"]))
}

pub async fn lets_in(access: &Access, secret: &str) -> bool {
    match access.key(secret, None).await {
        Ok(_) => true,
        Err(KeyAuthError::Fault(fault)) => panic!("{fault}"),
        Err(_) => false,
    }
}

/// Another node on the same database.
async fn elsewhere(world: &World) -> Access {
    Access::new(world.node.db.clone(), world.node.clock.clone(), Policies::load().await.unwrap())
}

async fn a_secret_is_shown_once_and_kept_nowhere(world: &World) {
    let integration_id = integration(world, json!(["stock.read", "product.read"]), everywhere()).await;
    let (secret, id) = key(world, &integration_id, json!({})).await;
    assert!(secret.starts_with("epk_live_") && secret.len() == 47);
    let found = world.node.access.key(&secret, None).await.unwrap();
    assert_eq!((found.key.to_string(), found.caller.actor.kind), (id.clone(), entity::prelude::ActorKind::Integration));
    let query = "query($id: ID!) { node(id: $id) { ... on ApiKey { prefix expiresAt lastUsedAt } } }";
    let answer = world.execute_as(world.owner(), query, json!({ "id": id })).await["data"]["node"].clone();
    assert_eq!(answer["prefix"], json!(secret[..15]));
    assert!(answer["expiresAt"].as_str().unwrap().starts_with("2027-09-21"), "a year: {answer}");
    let (global, tenant) = (world.node.db.global(), world.ours.owner.tenant);
    let hashes = global.rows("SELECT hash FROM api_key_index WHERE tenant_id = $1", vec![tenant.into()]).await.unwrap();
    let hash: Vec<u8> = hashes[0].try_get_by_index(0).unwrap();
    assert_eq!(hash.len(), 32);
    let everything = world.dump(world.ours.owner.tenant).await.join("\n");
    assert!(!everything.contains(&secret[15..]), "a dump of the database has no usable key");
}

async fn junk_is_refused_without_a_statement(world: &World) {
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let (secret, _) = key(world, &integration_id, json!({})).await;
    let access = elsewhere(world).await;
    let before = world.node.db.statements();
    for at in 9..secret.len() {
        let mut wrong = secret.clone().into_bytes();
        wrong[at] = if wrong[at] == b'a' { b'b' } else { b'a' };
        let wrong = String::from_utf8(wrong).unwrap();
        assert!(matches!(access.key(&wrong, None).await, Err(KeyAuthError::Malformed)), "one wrong character at {at}");
    }
    for junk in [
        "epk_",
        "epk_live_",
        "epk_live_%",
        "epk_live_' OR 1=1 --",
        &secret[..46],
        &secret.replace("live", "test"),
        &secret.to_lowercase(),
    ] {
        assert!(matches!(access.key(junk, None).await, Err(KeyAuthError::Malformed)), "{junk}");
    }
    assert_eq!(world.node.db.statements(), before);
    assert!(lets_in(&access, &secret).await);
    assert!(world.node.db.statements() > before, "statements are counted");
}

async fn a_key_in_use_costs_no_statement(world: &World) {
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let (secret, id) = key(world, &integration_id, json!({})).await;
    let access = elsewhere(world).await;
    assert!(lets_in(&access, &secret).await);
    last_use(world, &id).await;
    let before = world.node.db.statements();
    for _ in 0..100 {
        assert!(lets_in(&access, &secret).await);
    }
    assert_eq!(world.node.db.statements(), before);
}

async fn a_key_lies_within_its_integration_and_its_maker(world: &World) {
    let own = world.ours.ids["sto"].clone();
    let other = world.second_shop("charlie").await.ids["sto"].clone();
    let integration_id = integration(world, json!(["stock.read", "stock.reserve", "product.read"]), in_stores(&[&own])).await;
    let make = |with: Value| {
        let mut input = json!({ "integrationId": integration_id, "name": "Key" });
        input.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        input
    };
    for (case, beyond) in [
        ("a permission that the integration lacks", json!({ "permissions": ["stock.adjust"] })),
        ("a store that it does not reach", json!({ "scope": in_stores(&[&other]) })),
        ("all stores", json!({ "scope": everywhere() })),
        ("a moment that is past", json!({ "expiresAt": "2020-01-01T00:00:00Z" })),
        ("no network", json!({ "allowedCidrs": ["everywhere"] })),
    ] {
        assert_eq!(codes(&world.mutate_as(world.owner(), KEY, make(beyond)).await), ["INVALID"], "{case}");
    }
    let unknown = world.mutate_as(world.owner(), KEY, make(json!({ "permissions": ["stock.teleport"] }))).await;
    assert_eq!(codes(&unknown), ["NOT_FOUND"]);
    assert_eq!(unknown["userErrors"][0]["message"], "there is no such permission: \"stock.teleport\"");
    let (secret, _) = key(world, &integration_id, json!({ "permissions": ["stock.read", "product.read"] })).await;
    let caller = world.node.access.key(&secret, None).await.unwrap().caller;
    let stock = caller.permissions.reach(kind::StockRead::INDEX);
    assert!(stock.covers(own.parse().unwrap()) && !stock.covers(other.parse().unwrap()));
    assert!(caller.permissions.holds(kind::ProductRead::INDEX), "listed by name, for the whole tenant");
    assert!(!caller.permissions.holds(kind::StockReserve::INDEX), "the integration has it, the key does not");
    // A caller grants an integration only permissions that they hold; permissions that they lose
    // later do not affect it.
    let create = "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } } }";
    let role = json!({ "key": "keys", "name": "Keys", "permissions": ["apikey.write", "apikey.read", "product.read"] });
    let role = world.mutate_as(world.owner(), create, role).await["role"]["id"].clone();
    let maker = world
        .add_member_with("maker", json!([{ "roleId": role, "scope": everywhere() }, grant("manager", in_stores(&[&own]))]))
        .await;
    let wide = json!({ "name": "Wide", "permissions": ["stock.read"], "scope": everywhere() });
    assert_eq!(codes(&world.mutate_as(maker, INTEGRATION, wide).await), ["INVALID"]);
    let dear = json!({ "name": "Dear", "permissions": ["product.cost.read"], "scope": in_stores(&[&own]) });
    assert_eq!(
        codes(&world.mutate_as(maker, INTEGRATION, dear).await),
        ["INVALID"],
        "the manager's costs are not for the whole tenant"
    );
    let fit = json!({ "name": "Fit", "permissions": ["stock.read", "product.read"], "scope": in_stores(&[&own]) });
    let payload = world.mutate_as(maker, INTEGRATION, fit).await;
    let input = json!({ "integrationId": payload["integration"]["id"], "name": "Key" });
    let secret = world.mutate_as(maker, KEY, input).await["secret"].as_str().unwrap().to_owned();
    world.set_grants(&world.ours.owner, maker, json!([])).await;
    assert!(lets_in(&world.node.access, &secret).await);
}

async fn a_rolled_key_lives_on_for_a_while(world: &World) {
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let (old, id) = key(world, &integration_id, json!({})).await;
    let roll = |at: &str| json!({ "id": id, "at": at });
    let far = world.execute_as(world.owner(), ROLL, roll("2026-10-30T00:00:00Z")).await;
    assert_eq!(codes(&far["data"]["apiKeyRoll"]), ["INVALID"]);
    let rolled = world.execute_as(world.owner(), ROLL, roll("2026-09-22T00:00:00Z")).await["data"]["apiKeyRoll"].clone();
    let new = rolled["secret"].as_str().unwrap().to_owned();
    assert!(new != old && rolled["apiKey"]["permissions"] == json!(["stock.read"]));
    assert!(lets_in(&world.node.access, &old).await && lets_in(&world.node.access, &new).await, "both, for a while");
    // The call has no input, so errors about the key's own terms have the key as their field.
    let gone = integration(world, json!(["stock.read"]), everywhere()).await;
    let (_, kept) = key(world, &gone, json!({})).await;
    let disable = "mutation($id: ID!) { integrationDisable(id: $id) { userErrors { code } } }";
    world.execute_as(world.owner(), disable, json!({ "id": gone })).await;
    let answer = world.execute_as(world.owner(), ROLL, json!({ "id": kept, "at": "2026-09-22T00:00:00Z" })).await;
    refused(&answer["data"]["apiKeyRoll"], "INVALID_STATE", "id");
    world.advance_clock(24 * 3600);
    assert!(!lets_in(&world.node.access, &old).await && lets_in(&world.node.access, &new).await);
    let again = world.execute_as(world.owner(), "{ viewer { actor { __typename } } }", json!({})).await;
    assert!(again["errors"].is_null());
}

async fn what_has_ended_lets_nobody_in(world: &World) {
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let (secret, id) = key(world, &integration_id, json!({})).await;
    let (brief, _) = key(world, &integration_id, json!({ "expiresAt": "2026-09-22T00:00:00Z" })).await;
    let (third, _) = key(world, &integration_id, json!({})).await;
    let there = elsewhere(world).await;
    for secret in [&secret, &brief, &third] {
        assert!(lets_in(&world.node.access, secret).await && lets_in(&there, secret).await);
    }
    let found = there.key(&secret, None).await.unwrap();
    let (mut standing, gone) = there.watch_key(found.hash, &found.caller);
    let api_key_revoke = world.execute_as(world.owner(), REVOKE, json!({ "id": id })).await["data"]["apiKeyRevoke"].clone();
    assert!(api_key_revoke["apiKey"]["revokedAt"].is_string(), "{api_key_revoke:#}");
    assert!(!lets_in(&world.node.access, &secret).await, "at once here");
    world.advance_clock(RIGHTS_CACHE_SECONDS + 1);
    assert!(!lets_in(&there, &secret).await, "within five seconds elsewhere");
    there.refresh_live().await;
    assert!(*gone.borrow() && standing.changed().await.is_none(), "open sockets are told");
    let rolled =
        world.execute_as(world.owner(), ROLL, json!({ "id": id, "at": "2026-09-22T00:00:00Z" })).await["data"]["apiKeyRoll"]
            .clone();
    assert_eq!(codes(&rolled), ["INVALID_STATE"]);
    world.advance_clock(24 * 3600);
    assert!(!lets_in(&world.node.access, &brief).await && lets_in(&world.node.access, &third).await);
    world.execute_as(world.owner(), "{ viewer { actor { __typename } } }", json!({})).await;
    let disable = "mutation($id: ID!) { integrationDisable(id: $id) { integration { disabledAt } userErrors { code } } }";
    let disabled = world.execute_as(world.owner(), disable, json!({ "id": integration_id })).await;
    assert!(disabled["data"]["integrationDisable"]["integration"]["disabledAt"].is_string(), "{disabled:#}");
    assert!(!lets_in(&world.node.access, &third).await);
}

async fn a_key_is_taken_from_its_networks_only(world: &World) {
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let (secret, _) = key(world, &integration_id, json!({ "allowedCidrs": ["192.0.2.0/24", "2001:db8::/32"] })).await;
    for (address, expected) in
        [("192.0.2.9", true), ("2001:db8::9", true), ("::ffff:192.0.2.9", true), ("192.0.3.9", false), ("2001:db9::9", false)]
    {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(world.node.access.key(&secret, Some(address)).await.is_ok(), expected, "{address}");
    }
    assert!(!lets_in(&world.node.access, &secret).await, "from nowhere");
}

async fn a_key_never_passes_for_a_fresh_password(world: &World) {
    let integration_id = integration(world, json!(["apikey.write", "apikey.read", "role.write"]), everywhere()).await;
    let (secret, id) = key(world, &integration_id, json!({})).await;
    let caller = world.node.access.key(&secret, None).await.unwrap().caller;
    let scope = world.node.db.tenant(caller.tenant);
    for document in [
        format!("mutation {{ apiKeyCreate(input: {{ integrationId: \"{integration_id}\", name: \"Mine\" }}) {{ secret }} }}"),
        format!("mutation {{ apiKeyRoll(id: \"{id}\", oldKeyExpiresAt: \"2026-09-22T00:00:00Z\") {{ secret }} }}"),
        "mutation { roleCreate(input: { key: \"mine\", name: \"Mine\", permissions: [] }) { role { id } } }".to_owned(),
    ] {
        let request = async_graphql::Request::new(&document);
        let response = world.node.schema.execute(entrepot::schema::attach(request, &scope).data(caller.clone())).await;
        let top = response.errors[0].source::<entrepot::graphql::fault::TopError>().unwrap();
        assert_eq!(top.code().as_str(), "STEP_UP_REQUIRED", "{document}");
    }
}

/// Mutations of a login session are forbidden to a key, with any password.
async fn a_key_is_nobody_who_has_logged_in(world: &World) {
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let (secret, _) = key(world, &integration_id, json!({})).await;
    let caller = world.node.access.key(&secret, None).await.unwrap().caller;
    let scope = world.node.db.tenant(caller.tenant);
    for document in [
        "mutation { logout { seq } }",
        "mutation { profileUpdate(displayName: \"Key\") { seq } }",
        "mutation { tenantSwitch(tenant: \"bravo\") { seq } }",
        "mutation { sessionRevokeOthers { seq } }",
        "mutation { reauthenticate(password: \"a password of somebody\") { seq } }",
    ] {
        let request = async_graphql::Request::new(document);
        let response = world.node.schema.execute(entrepot::schema::attach(request, &scope).data(caller.clone())).await;
        let top = response.errors[0].source::<entrepot::graphql::fault::TopError>();
        let refusal = top.map(|top| (top.code().as_str(), top.to_string()));
        let message = "this is for people who have logged in, not for API keys".to_owned();
        assert_eq!(refusal, Some(("FORBIDDEN", message)), "{document}: {:?}", response.errors);
    }
}

/// A session that watches its key is notified by the revocation, not by the next poll a second later.
async fn a_revoked_key_is_out_at_once(world: &World) {
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let mut delays = Vec::new();
    for _ in 0..10 {
        let (secret, id) = key(world, &integration_id, json!({})).await;
        let found = world.node.access.key(&secret, None).await.unwrap();
        let (_standing, mut gone) = world.node.access.watch_key(found.hash, &found.caller);
        let keeping = tokio::spawn(world.node.access.clone().refresh_rights_forever());
        let started_at = Instant::now();
        world.execute_as(world.owner(), REVOKE, json!({ "id": id })).await;
        let is_revoked_after = started_at.elapsed();
        gone.wait_for(|gone| *gone).await.unwrap();
        let is_told_after = started_at.elapsed();
        keeping.abort();
        // On a machine whose change itself takes that long, the two delays cannot be distinguished.
        if is_revoked_after < Duration::from_millis(400) {
            delays.push(is_told_after);
        }
        if delays.last().is_some_and(|delay| *delay < Duration::from_millis(900)) {
            return;
        }
    }
    assert!(delays.is_empty(), "told by a poll each time: {delays:?}");
}

/// The moment of a key's last use, which is recorded asynchronously.
async fn last_use(world: &World, id: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on ApiKey { lastUsedAt } } }";
    let at = async || world.execute_as(world.owner(), query, json!({ "id": id })).await["data"]["node"]["lastUsedAt"].clone();
    wait_until("its use to be noted", async || at().await.is_string()).await;
    at().await
}

async fn its_last_use_is_noted_to_the_minute(world: &World) {
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let (secret, id) = key(world, &integration_id, json!({})).await;
    assert!(lets_in(&world.node.access, &secret).await);
    let used = last_use(world, &id).await;
    assert!([":00Z", ":00.000000Z"].iter().any(|end| used.as_str().unwrap().ends_with(end)), "{used}");
}

async fn a_sandbox_has_test_keys(world: &World) {
    let work = world.node.db.tenant(world.ours.owner.tenant).begin().await.unwrap();
    work.execute("UPDATE tenant SET sandbox = TRUE WHERE id = $1", vec![]).await.unwrap();
    work.commit().await.unwrap();
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let (secret, _) = key(world, &integration_id, json!({})).await;
    assert!(secret.starts_with("epk_test_"), "{}", &secret[..9]);
    assert!(lets_in(&world.node.access, &secret).await);
}

/// Returns the response to a program that uses a key.
pub async fn execute_with_key(world: &World, secret: &str, query: &str, variables: Value) -> Value {
    let found = world.node.access.key(secret, None).await.unwrap();
    let used = KeyUse { key: found.key, created_at: found.created_at };
    let request = async_graphql::Request::new(query).variables(async_graphql::Variables::from_json(variables));
    let scope = world.node.db.tenant(found.caller.tenant);
    let response = world.node.schema.execute(schema::attach(request, &scope).data(found.caller).data(used)).await;
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    response.data.into_json().unwrap()
}

async fn a_key_that_gives_less_does_not_fetch_what_another_has_exported(world: &World) {
    let works = Works::begin(world);
    let permissions = json!(["exchange.run", "file.write", "order.read", "product.read", "product.cost.read"]);
    let integration_id = integration(world, permissions, everywhere()).await;
    let (costs, _) = key(world, &integration_id, json!({})).await;
    let (equal, _) = key(world, &integration_id, json!({})).await;
    let narrow = json!({ "permissions": ["exchange.run", "file.write", "order.read", "product.read"] });
    let (less, _) = key(world, &integration_id, narrow).await;
    let export = "mutation { exportCreate(input: { idempotencyKey: \"costs\", entity: PRODUCTS }) { dataJob { id } userErrors { code } } }";
    let id = execute_with_key(world, &costs, export, json!({})).await["exportCreate"]["dataJob"]["id"].clone();
    let job = "query($id: ID!) { node(id: $id) { ... on DataJob { status result { id downloadUrl } } } }";
    let seen = async |secret: &str| execute_with_key(world, secret, job, json!({ "id": id })).await["node"].clone();
    wait_until("the end of an export", async || seen(&costs).await["status"] == "DONE").await;
    let file = seen(&costs).await["result"]["id"].clone();
    let node = "query($id: ID!) { node(id: $id) { ... on File { downloadUrl } } }";
    let link =
        async |secret: &str| execute_with_key(world, secret, node, json!({ "id": file })).await["node"]["downloadUrl"].clone();
    for whole in [&costs, &equal] {
        assert!(seen(whole).await["result"]["downloadUrl"].is_string() && link(whole).await.is_string());
    }
    assert_eq!((&seen(&less).await["result"], link(&less).await), (&Value::Null, Value::Null), "its rows have costs");
    nor_what_another_has_printed(world, [&costs, &equal], &less).await;
    works.kill().await;
}

async fn nor_what_another_has_printed(world: &World, whole: [&str; 2], less: &str) {
    let (order, product) = (&world.ours.ids["ord"], &world.ours.ids["prd"]);
    let draw =
        "mutation($id: ID!) { paperCreate(input: { idempotencyKey: \"printed\", kind: ORDER_CONFIRMATION, documentId: $id }) {
        paper { id number html } userErrors { code message } } }";
    let created_paper = execute_with_key(world, whole[0], draw, json!({ "id": order })).await["paperCreate"]["paper"].clone();
    assert!(created_paper["html"].is_string(), "{created_paper:#}");
    let print = "mutation($id: ID!) { productLabelSheetCreate(input: { productIds: [$id] }) { file { id } userErrors { code message } } }";
    let sheet =
        execute_with_key(world, whole[0], print, json!({ "id": product })).await["productLabelSheetCreate"]["file"]["id"].clone();
    assert!(sheet.is_string());
    let query = "query($paper: ID!, $order: ID!, $sheet: ID!) {
        paper: node(id: $paper) { ... on Paper { number html pdf } }
        order: node(id: $order) { ... on Order { papers { id html } } }
        sheet: node(id: $sheet) { ... on File { downloadUrl } } }";
    for (secret, is_whole) in [(whole[0], true), (whole[1], true), (less, false)] {
        let seen =
            execute_with_key(world, secret, query, json!({ "paper": created_paper["id"], "order": order, "sheet": sheet })).await;
        assert_eq!(seen["paper"]["number"], created_paper["number"], "it reads the order: {seen:#}");
        let listed = seen["order"]["papers"].as_array().unwrap().iter().find(|paper| paper["id"] == created_paper["id"]).unwrap();
        let links = [&seen["paper"]["html"], &seen["paper"]["pdf"], &listed["html"], &seen["sheet"]["downloadUrl"]];
        assert!(links.iter().all(|link| link.is_string() == is_whole && link.is_null() != is_whole), "{seen:#}");
    }
}
