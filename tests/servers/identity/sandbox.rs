//! Sandboxes: tenants for trying things out, whose keys open nothing else, and which other keys do not open.

use entrepot::{
    access::core::key::{Kind, Secret},
    storage::Backend,
};
use serde_json::{Value, json};

use super::world::{LOGIN, Tokens, World, codes, tokens};
use crate::world::on_both;

on_both!(an_owner_makes_a_sandbox_and_comes_into_it, only_an_owner_makes_one, neither_kind_of_key_opens_the_other_kind_of_tenant);

const CREATE: &str = "mutation($n: String!, $s: String!) { it: sandboxCreate(tenantName: $n, tenantSlug: $s) {
    sandbox { id slug name sandbox defaultCurrency isMfaRequired } userErrors { code message field } seq } }";

async fn create(world: &World, owner: &Tokens, slug: &str) -> Value {
    world.change(Some(&owner.access), CREATE, json!({ "n": "To try", "s": slug })).await
}

/// The owner's session in the sandbox of a slug.
async fn come_in(world: &World, owner: &Tokens, slug: &str) -> Tokens {
    let switch = format!("mutation($t: String!) {{ it: tenantSwitch(tenant: $t) {{ {LOGIN} }} }}");
    tokens(&world.change(Some(&owner.access), &switch, json!({ "t": slug })).await)
}

/// The secret of a key of a new integration.
async fn key(world: &World, owner: &Tokens) -> String {
    let integration =
        "mutation { it: integrationCreate(input: { name: \"Shop\", permissions: [\"product.read\"], scope: { all: true } }) {
        integration { id } userErrors { code } } }";
    let payload = world.change(Some(&owner.access), integration, json!({})).await;
    let key = "mutation($i: ID!) { it: apiKeyCreate(input: { integrationId: $i, name: \"Key\" }) { secret userErrors { code message } } }";
    let payload = world.change(Some(&owner.access), key, json!({ "i": payload["integration"]["id"] })).await;
    payload["secret"].as_str().unwrap_or_else(|| panic!("{payload:#}")).to_owned()
}

async fn an_owner_makes_a_sandbox_and_comes_into_it(world: &World) {
    let ada = world.founder("ada").await;
    world.as_owner(&["UPDATE tenant SET session_idle_seconds = 3600, session_seconds = 7200"]).await;
    let payload = create(world, &ada, "ada-try").await;
    let expected = json!({ "id": payload["sandbox"]["id"], "slug": "ada-try", "name": "To try", "sandbox": true, "defaultCurrency": "GBP", "isMfaRequired": false });
    assert_eq!((&payload["sandbox"], codes(&payload)), (&expected, vec![]), "{payload:#}");
    let inside = come_in(world, &ada, "ada-try").await;
    let me =
        "{ viewer { tenant { slug sandbox } tenants { slug sandbox } permissions { permission } } products { nodes { id } } }";
    let answer = world.execute(Some(&inside.access), me, json!({})).await;
    assert_eq!(answer["data"]["viewer"]["tenant"], json!({ "slug": "ada-try", "sandbox": true }), "{answer:#}");
    assert_eq!(answer["data"]["products"]["nodes"], json!([]), "it begins empty");
    let tenants = &answer["data"]["viewer"]["tenants"];
    assert_eq!(tenants, &json!([{ "slug": "ada-shop", "sandbox": false }, { "slug": "ada-try", "sandbox": true }]));
    let all = world.execute(Some(&ada.access), me, json!({})).await["data"]["viewer"]["permissions"].clone();
    assert_eq!(answer["data"]["viewer"]["permissions"], all, "its maker owns it");
    let global = world.node.db.global();
    let rules = "SELECT count(*) FROM tenant WHERE session_idle_seconds = 3600 AND session_seconds = 7200";
    let same: i64 = global.rows(rules, vec![]).await.unwrap()[0].try_get_by_index(0).unwrap();
    assert_eq!(same, 2, "sessions last as long as in the tenant that it is beside");
    // Rows that are created inside the sandbox are not outside.
    let store = "mutation { it: storeCreate(input: { code: \"TRY\", name: \"Try\" }) { store { id } userErrors { code } } }";
    assert_eq!(codes(&world.change(Some(&inside.access), store, json!({})).await), [""; 0]);
    let stores = world.execute(Some(&ada.access), "{ stores { nodes { code } } }", json!({})).await;
    assert!(!stores.to_string().contains("TRY"), "{stores:#}");
    for (slug, code, field) in [
        ("ada-try", "DUPLICATE", json!(["tenantSlug"])),
        ("ada-shop", "DUPLICATE", json!(["tenantSlug"])),
        ("No Slug", "INVALID", json!(["tenantSlug"])),
        ("", "REQUIRED", json!(["tenantSlug"])),
    ] {
        let refused = create(world, &ada, slug).await;
        assert_eq!((codes(&refused), &refused["userErrors"][0]["field"]), (vec![code], &field), "{slug}");
    }
    assert_eq!(codes(&create(world, &inside, "deeper").await), ["INVALID_STATE"], "a sandbox has none");
    // At most five are created, however many are requested at once.
    let wanted_expected = ["ada-2", "ada-3", "ada-4", "ada-5", "ada-6", "ada-7"];
    for slug in wanted_expected {
        create(world, &ada, slug).await;
    }
    let refused = create(world, &ada, "ada-8").await;
    assert_eq!(codes(&refused), ["INVALID_STATE"], "{refused:#}");
    let mine = world.execute(Some(&ada.access), "{ viewer { tenants { slug } } }", json!({})).await;
    assert_eq!(mine["data"]["viewer"]["tenants"].as_array().unwrap().len(), 6, "{mine:#}");
    let bob = world.founder("bob").await;
    let keyed = "mutation { it: sandboxCreate(tenantName: \"To try\", tenantSlug: \"bob-try\", idempotencyKey: \"s-1\") {
        sandbox { id slug } replayed userErrors { code message } } }";
    let payload = world.change(Some(&bob.access), keyed, json!({})).await;
    assert_eq!((codes(&payload), &payload["replayed"]), (vec![], &json!(false)), "each tenant has its own five: {payload:#}");
    let again = world.change(Some(&bob.access), keyed, json!({})).await;
    assert_eq!((&again["sandbox"], &again["replayed"]), (&payload["sandbox"], &json!(true)), "{again:#}");
}

async fn only_an_owner_makes_one(world: &World) {
    let ada = world.founder("ada").await;
    let stranger = world.execute(None, CREATE, json!({ "n": "Try", "s": "try" })).await;
    assert_eq!(stranger["errors"][0]["code"], "UNAUTHENTICATED");
    // Long after the password was shown.
    world.advance_clock(601);
    let late = world.refresh(&ada.refresh).await;
    let late = tokens(&late);
    let answer = world.execute(Some(&late.access), CREATE, json!({ "n": "Try", "s": "try" })).await;
    assert_eq!(answer["errors"][0]["code"], "STEP_UP_REQUIRED");
    let fresh = world.login("ada").await;
    let secret = key(world, &fresh).await;
    let program = world.execute(Some(&secret), CREATE, json!({ "n": "Try", "s": "try" })).await;
    assert_eq!(program["errors"][0]["code"], "FORBIDDEN");
    // An admin has all that is listed for admins, and this is not.
    let admin = entrepot::access::BUILT_IN.iter().find(|role| role.key == "admin").unwrap().id;
    let admin = match world.node.db.global().backend() {
        Backend::Sqlite => format!("x'{}'", admin.uuid().simple()),
        Backend::Postgres => format!("'{}'", admin.uuid()),
    };
    world.as_owner(&[&format!("UPDATE role_grant SET role_id = {admin}")]).await;
    world.as_owner(&["UPDATE policy SET version = version + 1"]).await;
    world.advance_clock(6);
    let answer = world.execute(Some(&world.login("ada").await.access), CREATE, json!({ "n": "Try", "s": "try" })).await;
    assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer:#}");
}

/// Returns the slug of the tenant that a key opens; `None` if it is refused.
async fn opens(world: &World, secret: &str) -> Option<Value> {
    let answer = world.execute(Some(secret), "{ viewer { tenant { slug } } }", json!({})).await;
    if answer["errors"].is_null() { Some(answer["data"]["viewer"]["tenant"]["slug"].clone()) } else { None }
}

async fn neither_kind_of_key_opens_the_other_kind_of_tenant(world: &World) {
    let ada = world.founder("ada").await;
    create(world, &ada, "ada-try").await;
    let inside = come_in(world, &ada, "ada-try").await;
    let (live, test) = (key(world, &ada).await, key(world, &inside).await);
    assert_eq!((&live[..9], &test[..9]), ("epk_live_", "epk_test_"));
    assert_eq!((opens(world, &live).await, opens(world, &test).await), (Some(json!("ada-shop")), Some(json!("ada-try"))));
    // The word is part of the hash and the checksum: a key with another word is invalid, and with a
    // matching checksum it is unknown.
    assert_eq!(opens(world, &live.replace("live", "test")).await, None);
    assert_eq!(opens(world, &test.replace("test", "live")).await, None);
    let relabelled = |secret: &str, kind: Kind| {
        let mut body = secret.as_bytes()[9..41].to_vec();
        body.reverse();
        // Characters stand for the same bytes in every secret, so that this secret has the body of
        // the other.
        Secret::make(kind, |bytes| bytes.iter_mut().for_each(|byte| *byte = value(body.pop().unwrap())))
    };
    let (as_test, as_live) = (relabelled(&live, Kind::Test), relabelled(&test, Kind::Live));
    assert_eq!(&as_test.text()[9..41], &live[9..41], "the same body under the other word");
    assert_eq!((opens(world, as_test.text()).await, opens(world, as_live.text()).await), (None, None));
    // A tenant that is made into the other kind by hand is no longer opened by the keys of its first kind.
    world.as_owner(&["UPDATE tenant SET sandbox = NOT sandbox"]).await;
    world.advance_clock(6);
    assert_eq!((opens(world, &live).await, opens(world, &test).await), (None, None));
    world.as_owner(&["UPDATE tenant SET sandbox = NOT sandbox"]).await;
    world.advance_clock(6);
    assert!(opens(world, &live).await.is_some() && opens(world, &test).await.is_some());
}

/// The place of a character of base 62.
fn value(character: u8) -> u8 {
    match character {
        b'0'..=b'9' => character - b'0',
        b'A'..=b'Z' => character - b'A' + 10,
        _ => character - b'a' + 36,
    }
}
