//! People in several companies, and members who go.

use serde_json::{Value, json};

use super::world::{LOGIN, PASSWORD, Tokens, World, admit, codes, tokens};
use crate::world::on_both;

on_both!(
    one_person_moves_between_their_companies,
    a_suspended_member_is_out_at_once,
    the_last_owner_stays,
    people_say_who_they_are
);

const DONE: [&str; 0] = [];

/// Bob joins Ada's company with a role.
async fn bob_joins(world: &World, role: &str) -> (Tokens, Tokens, String) {
    let ada = world.founder("ada").await;
    world.founder("bob").await;
    let of_bob = "user_id = (SELECT id FROM app_user WHERE email = 'bob@example.com')";
    world.as_owner(&[&format!("DELETE FROM role_grant WHERE member_id = (SELECT id FROM member WHERE {of_bob})")]).await;
    world
        .as_owner(&[&format!("UPDATE member SET tenant_id = (SELECT id FROM tenant WHERE slug = 'ada-shop') WHERE {of_bob}")])
        .await;
    if role == "owner" {
        let grant = format!(
            "INSERT INTO role_grant (tenant_id, member_id, position, role_id, scope)
             SELECT m.tenant_id, m.id, 1, g.role_id, g.scope FROM member m JOIN role_grant g ON g.tenant_id = m.tenant_id WHERE m.{of_bob}"
        );
        world.as_owner(&[&grant]).await;
    }
    let bob = world.login("bob").await;
    let me = world.execute(Some(&bob.access), "{ viewer { actor { ... on Member { id } } tenant { slug } } }", json!({})).await;
    assert_eq!(me["data"]["viewer"]["tenant"]["slug"], "ada-shop");
    (ada, bob, me["data"]["viewer"]["actor"]["id"].as_str().unwrap().to_owned())
}

async fn one_person_moves_between_their_companies(world: &World) {
    let first = world.founder("ada").await;
    world.founder("bob").await;
    let register = format!(
        "mutation($p: String!) {{ it: register(email: \"ada@example.com\", password: $p, displayName: \"Ada\", tenantName: \"Second\", tenantSlug: \"second\") {{ {LOGIN} }} }}"
    );
    assert_eq!(codes(&world.change(None, &register, json!({ "p": "another password" })).await), ["INVALID_CREDENTIALS"]);
    assert_eq!(codes(&world.change(None, &register, json!({ "p": PASSWORD })).await), DONE);
    let switch = format!("mutation($t: String!) {{ it: tenantSwitch(tenant: $t) {{ {LOGIN} }} }}");
    let moved_tokens = world.change(Some(&first.access), &switch, json!({ "t": "second" })).await;
    assert_eq!(moved_tokens["result"]["tenant"]["slug"], "second");
    let moved_tokens = tokens(&moved_tokens);
    assert_ne!(moved_tokens.session, first.session);
    let seen = async |token: &str| {
        world.execute(Some(token), "{ viewer { tenant { slug } } }", json!({})).await["data"]["viewer"]["tenant"]["slug"].clone()
    };
    assert_eq!((seen(&moved_tokens.access).await, seen(&first.access).await), (json!("second"), json!("ada-shop")), "both go on");
    for other in ["bob-shop", "nobodys-shop"] {
        let refused = world.change(Some(&first.access), &switch, json!({ "t": other })).await;
        assert_eq!(refused["userErrors"][0]["message"], "there is no such tenant of yours", "{other}");
    }
    // A switch is not an authentication: the age of the last one is kept.
    world.advance_clock(590);
    let late_tokens = tokens(&world.change(Some(&first.access), &switch, json!({ "t": "second" })).await);
    world.advance_clock(20);
    let enrol = world.execute(Some(&late_tokens.access), "mutation { it: totpEnrol { otpauthUri } }", json!({})).await;
    assert_eq!(enrol["errors"][0]["code"], "STEP_UP_REQUIRED");
}

async fn a_suspended_member_is_out_at_once(world: &World) {
    let (ada, bob, id) = bob_joins(world, "").await;
    let mut socket = admit(&world.node, Some(&bob.access), "198.51.100.7").await.unwrap().revoked.unwrap();
    let change = |field: &str| {
        format!("mutation($id: ID!) {{ it: {field}(id: $id) {{ member {{ id status version }} userErrors {{ code field }} }} }}")
    };
    let denied = world.execute(Some(&bob.access), &change("memberSuspend"), json!({ "id": id })).await;
    assert_eq!(denied["errors"][0]["code"], "FORBIDDEN");
    let payload = world.change(Some(&ada.access), &change("memberSuspend"), json!({ "id": id })).await;
    assert_eq!(payload["member"], json!({ "id": id, "status": "SUSPENDED", "version": 2 }));
    assert!(*socket.borrow_and_update() && !world.lets_in(&bob.access).await);
    assert_eq!(codes(&world.refresh(&bob.refresh).await), ["TOKEN_EXPIRED"]);
    assert_eq!(codes(&world.try_login("bob", PASSWORD).await["data"]["it"]), ["INVALID_CREDENTIALS"]);
    assert_eq!(codes(&world.change(Some(&ada.access), &change("memberSuspend"), json!({ "id": id })).await), ["INVALID_STATE"]);
    assert_eq!(codes(&world.change(Some(&ada.access), &change("memberResume"), json!({ "id": id })).await), DONE);
    world.advance_clock(6);
    assert!(world.lets_in(&world.login("bob").await.access).await);
    let stranger = world.founder("eve").await;
    for field in ["memberSuspend", "memberResume", "memberMfaReset"] {
        let refused = world.change(Some(&stranger.access), &change(field), json!({ "id": id })).await;
        assert_eq!(codes(&refused), ["NOT_FOUND"], "{field}");
    }
}

async fn the_last_owner_stays(world: &World) {
    let (ada, bob, id) = bob_joins(world, "owner").await;
    let leave = "mutation { it: tenantLeave { userErrors { code message } } }";
    let suspend = "mutation($id: ID!) { it: memberSuspend(id: $id) { userErrors { code message } } }";
    let own: Value = world.execute(Some(&ada.access), "{ viewer { actor { ... on Member { id } } } }", json!({})).await;
    let own = own["data"]["viewer"]["actor"]["id"].clone();
    let refused = world.change(Some(&ada.access), suspend, json!({ "id": own })).await;
    assert_eq!(codes(&refused), ["INVALID_STATE"], "nobody suspends themselves");
    // Two owners who leave at the same moment: one stays.
    let (one, other) =
        tokio::join!(world.change(Some(&ada.access), leave, json!({})), world.change(Some(&bob.access), leave, json!({})));
    let mut both = [codes(&one), codes(&other)];
    both.sort();
    assert_eq!(both, [vec![], vec!["INVALID_STATE"]], "{one:#} {other:#}");
    let last = if codes(&one).is_empty() { (&bob, &ada) } else { (&ada, &bob) };
    assert!(world.lets_in(&last.0.access).await && !world.lets_in(&last.1.access).await);
    drop(id);
}

async fn people_say_who_they_are(world: &World) {
    let one = world.founder("ada").await;
    let update = "mutation($n: String, $l: String, $z: String) { it: profileUpdate(displayName: $n, locale: $l, timeZone: $z) { userErrors { code field } } }";
    let profile = async || {
        let me = world.execute(Some(&one.access), "{ viewer { profile { displayName locale timeZone } } }", json!({})).await;
        me["data"]["viewer"]["profile"].clone()
    };
    let all = json!({ "n": " Countess ", "l": "EN-gb", "z": "Asia/Kathmandu" });
    assert_eq!(codes(&world.change(Some(&one.access), update, all).await), DONE);
    assert_eq!(profile().await, json!({ "displayName": "Countess", "locale": "en-GB", "timeZone": "Asia/Kathmandu" }));
    assert_eq!(codes(&world.change(Some(&one.access), update, json!({ "z": null })).await), DONE, "what is left out stays");
    assert_eq!(profile().await, json!({ "displayName": "Countess", "locale": "en-GB", "timeZone": null }));
    for (change, code, field) in [
        (json!({ "n": "  " }), "REQUIRED", "displayName"),
        (json!({ "n": "x".repeat(256) }), "TOO_LONG", "displayName"),
        (json!({ "l": "British" }), "INVALID", "locale"),
        (json!({ "z": "Europe/Londres" }), "INVALID", "timeZone"),
    ] {
        let refused = world.change(Some(&one.access), update, change).await;
        assert_eq!(refused["userErrors"], json!([{ "code": code, "field": [field] }]));
    }
    let both = world.change(Some(&one.access), update, json!({ "n": "Ada", "l": "?" })).await;
    assert_eq!((codes(&both), &profile().await["displayName"]), (vec!["INVALID"], &json!("Countess")), "all or nothing");
    // A call that is repeated with its key undoes nothing that has come since.
    let keyed =
        "mutation($n: String) { it: profileUpdate(displayName: $n, idempotencyKey: \"p-1\") { replayed userErrors { code } } }";
    let once = async |name: &str| world.change(Some(&one.access), keyed, json!({ "n": name })).await;
    assert_eq!(once("Once").await["replayed"], false);
    assert_eq!(codes(&world.change(Some(&one.access), update, json!({ "n": "Later" })).await), DONE);
    assert_eq!(once("Once").await["replayed"], true);
    assert_eq!(
        (codes(&once("Other").await), profile().await["displayName"].clone()),
        (vec!["IDEMPOTENCY_KEY_REUSED"], json!("Later"))
    );
}
