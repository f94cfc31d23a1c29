//! Limits of an API key and the record of its uses: its documents, its share of the budget, its
//! addresses, and its end when it is found in the open.

use std::{net::IpAddr, time::Duration};

use entrepot::{
    access::core::key::Secret,
    graphql::{
        quota::{QuotaSubject, Share},
        session::{Authenticator, Documents, RequestMeta, Session},
    },
    rate_limit::Allowance,
};
use serde_json::{Value, json};

use super::{
    keys::{KEY, integration, key, lets_in},
    world::{codes, everywhere},
};
use crate::{authorization::world::World, world::on_both};

on_both!(
    a_key_or_its_integration_is_pinned_to_listed_documents,
    a_key_has_its_part_of_the_budget,
    addresses_that_a_key_is_used_from_are_noted,
    of_many_addresses_the_last_hundred_stay,
    a_key_that_was_found_ends_once,
);

async fn opens(world: &World, secret: &str) -> Session {
    let meta = RequestMeta { id: "test", address: None, user_agent: None };
    world.node.node_authenticator.open(Some(secret), &meta).await.unwrap()
}

const PIN: &str = "mutation($input: IntegrationUpdateInput!) { integrationUpdate(input: $input) { integration { version } userErrors { code } } }";

async fn a_key_or_its_integration_is_pinned_to_listed_documents(world: &World) {
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let (free, free_id) = key(world, &integration_id, json!({})).await;
    let (pinned, id) = key(world, &integration_id, json!({ "isTrustedDocumentsOnly": true })).await;
    let now = async |secret: &str| opens(world, secret).await.documents.now();
    assert_eq!((now(&free).await, now(&pinned).await), (Documents::Any, Documents::Trusted));
    let query = "query($id: ID!) { node(id: $id) { ... on ApiKey { isTrustedDocumentsOnly } } }";
    let is_shown = async |id: &str| {
        world.execute_as(world.owner(), query, json!({ "id": id })).await["data"]["node"]["isTrustedDocumentsOnly"].clone()
    };
    assert_eq!((is_shown(&free_id).await, is_shown(&id).await), (json!(false), json!(true)));
    let roll =
        "mutation($id: ID!) { apiKeyRoll(id: $id, oldKeyExpiresAt: \"2026-09-22T00:00:00Z\") { secret userErrors { code } } }";
    let rolled = world.execute_as(world.owner(), roll, json!({ "id": id })).await["data"]["apiKeyRoll"]["secret"].clone();
    assert_eq!(now(rolled.as_str().unwrap()).await, Documents::Trusted, "the next key is held to what the old one was");
    // The integration is pinned while a session of its key is open: the open session is pinned too.
    let open = opens(world, &free).await;
    world
        .mutate_as(world.owner(), PIN, json!({ "id": integration_id, "expectedVersion": 1, "isTrustedDocumentsOnly": true }))
        .await;
    world.node.access.refresh_live().await;
    assert_eq!((open.documents.now(), now(&free).await), (Documents::Trusted, Documents::Trusted));
    assert_eq!(is_shown(&free_id).await, json!(true));
    world
        .mutate_as(world.owner(), PIN, json!({ "id": integration_id, "expectedVersion": 2, "isTrustedDocumentsOnly": false }))
        .await;
    assert_eq!((now(&free).await, now(&pinned).await), (Documents::Any, Documents::Trusted), "its own pin stays");
}

async fn a_key_has_its_part_of_the_budget(world: &World) {
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let (whole, _) = key(world, &integration_id, json!({})).await;
    let (part, id) = key(world, &integration_id, json!({ "budget": { "points": 50, "restoreRate": 5 } })).await;
    let paid = async |secret: &str| match opens(world, secret).await.quota_subject {
        QuotaSubject::Credential { id, tenant, share, .. } => (id, tenant, share),
        other => panic!("{other:?}"),
    };
    let (whole, part) = (paid(&whole).await, paid(&part).await);
    assert_eq!((whole.0, whole.1), (part.0, part.1), "both of the integration's");
    let key: entity::prelude::ApiKeyId = id.parse().unwrap();
    assert_eq!((whole.2, part.2), (None, Some(Share { id: key.uuid(), allowance: Allowance::per_second(50, 5) })));
    for budget in [
        json!({ "points": 0, "restoreRate": 1 }),
        json!({ "points": 1, "restoreRate": 0 }),
        json!({ "points": 1_000_001, "restoreRate": 1 }),
    ] {
        let input = json!({ "integrationId": integration_id, "name": "Key", "budget": budget });
        let refusal = world.mutate_as(world.owner(), KEY, input).await;
        assert_eq!(codes(&refusal), ["INVALID"], "{refusal:#}");
    }
}

/// Returns the addresses of the key once there are `count` of them.
async fn addresses(world: &World, id: &str, count: usize) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on ApiKey { addresses { address firstUsedAt lastUsedAt } } } }";
    for _ in 0..200 {
        let seen_addresses =
            world.execute_as(world.owner(), query, json!({ "id": id })).await["data"]["node"]["addresses"].clone();
        if seen_addresses.as_array().unwrap().len() == count {
            return seen_addresses;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{count} addresses are not there")
}

/// Entries of the audit log with this action: their address and target ID.
async fn logged(world: &World, action: &str) -> Vec<(Value, Value)> {
    world.node.audit.seal_all().await.unwrap();
    let query = "query($a: String!) { auditEntries(filter: { action: { eq: $a } }) { nodes { ip targetId } } }";
    let answer = world.execute_as(world.owner(), query, json!({ "a": action })).await;
    let nodes = answer["data"]["auditEntries"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    nodes.iter().map(|node| (node["ip"].clone(), node["targetId"].clone())).collect()
}

async fn addresses_that_a_key_is_used_from_are_noted(world: &World) {
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let (secret, id) = key(world, &integration_id, json!({})).await;
    let uses = async |address: &str| {
        let address: IpAddr = address.parse().unwrap();
        world.node.access.key(&secret, Some(address)).await.unwrap();
    };
    uses("192.0.2.7").await;
    let first = addresses(world, &id, 1).await;
    assert_eq!((&first[0]["address"], &first[0]["firstUsedAt"]), (&json!("192.0.2.7"), &first[0]["lastUsedAt"]));
    world.advance_clock(120);
    uses("2001:db8::9").await;
    let both = addresses(world, &id, 2).await;
    assert_eq!((&both[0]["address"], &both[1]), (&json!("2001:db8::9"), &first[0]), "the last one first");
    // The same address in another notation is not a new one, and within the same minute nothing is
    // written.
    let before = world.node.db.statements();
    for address in ["2001:db8::9", "2001:db8:0::9"] {
        uses(address).await;
    }
    assert_eq!(world.node.db.statements(), before);
    world.advance_clock(120);
    uses("::ffff:192.0.2.7").await;
    for _ in 0..200 {
        let again = addresses(world, &id, 2).await;
        if again[0]["address"] == "192.0.2.7" {
            assert_eq!(again[0]["firstUsedAt"], first[0]["firstUsedAt"]);
            assert_ne!(again[0]["lastUsedAt"], first[0]["lastUsedAt"]);
            let entries = logged(world, "api_key.used_from_new_address").await;
            let expected = ["2001:db8::9", "192.0.2.7"].map(|address| (json!(address), json!(id)));
            assert_eq!(entries, expected, "each new address is in the audit log once, the last first");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("its last use was not noted");
}

async fn of_many_addresses_the_last_hundred_stay(world: &World) {
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let (secret, id) = key(world, &integration_id, json!({})).await;
    for n in 0..104u8 {
        world.advance_clock(60);
        world.node.access.key(&secret, Some(IpAddr::from([198, 51, 100, n]))).await.unwrap();
        let newest = format!("198.51.100.{n}");
        for _ in 0..400 {
            if addresses(world, &id, usize::from(n + 1).min(100)).await[0]["address"] == json!(newest) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let kept = addresses(world, &id, 100).await;
    assert_eq!((&kept[0]["address"], &kept[99]["address"]), (&json!("198.51.100.103"), &json!("198.51.100.4")));
}

async fn a_key_that_was_found_ends_once(world: &World) {
    let integration_id = integration(world, json!(["stock.read"]), everywhere()).await;
    let (secret, id) = key(world, &integration_id, json!({ "allowedCidrs": ["192.0.2.0/24"] })).await;
    let (other, _) = key(world, &integration_id, json!({})).await;
    let (access, found) = (&world.node.access, Secret::parse(&secret).unwrap());
    let leak = access.revoke_leaked_key(&found).await.unwrap().expect("it was a key");
    assert_eq!((leak.key.to_string(), leak.prefix.as_str(), leak.tenant), (id.clone(), &secret[..15], world.ours.owner.tenant));
    assert_eq!(leak.owners, [world.owner().0]);
    let address: IpAddr = "192.0.2.7".parse().unwrap();
    assert!(access.key(&secret, Some(address)).await.is_err() && lets_in(access, &other).await, "that one, and no other");
    let query = "query($id: ID!) { node(id: $id) { ... on ApiKey { leakedAt revokedAt } } }";
    let answer = world.execute_as(world.owner(), query, json!({ "id": id })).await["data"]["node"].clone();
    assert!(answer["leakedAt"].is_string() && answer["leakedAt"] == answer["revokedAt"], "{answer}");
    assert!(access.revoke_leaked_key(&found).await.unwrap().is_none(), "nobody is told twice");
    let again = world.execute_as(world.owner(), query, json!({ "id": id })).await["data"]["node"].clone();
    assert_eq!(again, answer);
    assert_eq!(logged(world, "api_key.leaked").await, [(Value::Null, json!(id))]);
    // A well-formed key that does not exist cannot be revoked.
    let nobodys = Secret::make(entrepot::access::core::key::Kind::Live, |bytes| world.node.clock.fill(bytes));
    let before = world.dump(world.ours.owner.tenant).await;
    assert!(access.revoke_leaked_key(&nobodys).await.unwrap().is_none());
    assert_eq!(world.dump(world.ours.owner.tenant).await, before);
}
