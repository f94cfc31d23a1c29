//! A session that was switched to is a part of the one that it came from.

use serde_json::{Value, json};

use super::{
    passwords::meanwhile,
    world::{LOGIN, PASSWORD, Tokens, World, codes, execute_at, lets_in, tokens},
};
use crate::world::on_both;

on_both!(
    nobody_doubles_a_session,
    what_was_switched_to_ends_with_where_it_came_from,
    what_is_switched_to_at_the_moment_of_a_logout_ends_with_it,
    what_was_switched_to_ends_by_itself_too,
    a_switch_from_elsewhere_asks_for_a_password_and_is_told,
);

const HERE: &str = "198.51.100.7";
const ABROAD: &str = "203.0.113.9";

/// Ada, who has a second company.
async fn ada(world: &World) -> Tokens {
    let first = world.founder("ada").await;
    let register = "mutation($p: String!) { it: register(email: \"ada@example.com\", password: $p, displayName: \"Ada\",
        tenantName: \"Second\", tenantSlug: \"second\") { userErrors { code } } }";
    assert!(codes(&world.change(None, register, json!({ "p": PASSWORD })).await).is_empty());
    first
}

async fn switch(world: &World, token: &str, address: &str, tenant: &str) -> Value {
    let query = format!("mutation($t: String!) {{ it: tenantSwitch(tenant: $t) {{ {LOGIN} }} }}");
    execute_at(&world.node, Some(token), address, &query, json!({ "t": tenant })).await
}

async fn switched(world: &World, token: &str, tenant: &str) -> Tokens {
    tokens(&switch(world, token, HERE, tenant).await["data"]["it"])
}

async fn logout(world: &World, token: &str) {
    let logout = "mutation { it: logout { userErrors { code } } }";
    assert!(codes(&world.change(Some(token), logout, json!({})).await).is_empty());
}

async fn nobody_doubles_a_session(world: &World) {
    let ada = ada(world).await;
    let before = world.dump("session").await.lines().count();
    let refused = switch(world, &ada.access, HERE, "ada-shop").await["data"]["it"].clone();
    assert_eq!((codes(&refused), &refused["result"]), (vec!["INVALID_STATE"], &Value::Null), "{refused:#}");
    assert_eq!(refused["userErrors"][0]["field"], json!(["tenant"]));
    assert_eq!(world.dump("session").await.lines().count(), before, "no session has begun");
}

async fn what_was_switched_to_ends_with_where_it_came_from(world: &World) {
    let first = ada(world).await;
    let elsewhere = world.another_node().await;
    let there = switched(world, &first.access, "second").await;
    let back = switched(world, &there.access, "ada-shop").await;
    for token in [&there, &back] {
        assert!(world.lets_in(&token.access).await && lets_in(&elsewhere, &token.access).await);
    }
    let longer = "SELECT s.id FROM session s JOIN session f ON f.id = s.begun_from WHERE s.ends_at <= f.ends_at";
    assert_eq!(world.node.db.global().rows(longer, Vec::new()).await.unwrap().len(), 2, "none outlives it");
    logout(world, &first.access).await;
    world.advance_clock(4);
    for token in [&there, &back] {
        assert!(!world.lets_in(&token.access).await && !lets_in(&elsewhere, &token.access).await);
        assert_eq!(codes(&world.refresh(&token.refresh).await), ["TOKEN_EXPIRED"]);
    }
    elsewhere.db.close().await.unwrap();
    // A copy of a token that comes back ends them all.
    let first = world.login("ada").await;
    let there = switched(world, &first.access, "second").await;
    let next = tokens(&world.refresh(&first.refresh).await);
    tokens(&world.refresh(&next.refresh).await);
    assert_eq!(codes(&world.refresh(&first.refresh).await), ["TOKEN_EXPIRED"]);
    assert!(!world.lets_in(&there.access).await);
}

async fn what_is_switched_to_at_the_moment_of_a_logout_ends_with_it(world: &World) {
    let first = ada(world).await;
    let there = switched(world, &first.access, "second").await;
    assert!(world.lets_in(&first.access).await && world.lets_in(&there.access).await);
    // As a switch does that is not committed yet: it holds the session of the login, and another one comes from it.
    let apart = world.node.db.global().begin().await.unwrap();
    let sql = "UPDATE session SET name = 'switched', begun_from = NULL WHERE begun_from IS NOT NULL";
    assert_eq!(apart.change(sql, Vec::new()).await.unwrap(), 1);
    apart.commit().await.unwrap();
    let login = "SELECT s.id FROM session s JOIN tenant t ON t.id = s.tenant_id WHERE t.slug = 'ada-shop'";
    let held_text = format!("UPDATE session SET used_at = used_at WHERE id IN ({login})");
    let text = format!("UPDATE session SET begun_from = ({login}) WHERE name = 'switched'");
    let logs_out = world.change(Some(&first.access), "mutation { it: logout { userErrors { code } } }", json!({}));
    assert!(codes(&meanwhile(world, &[&held_text, &text], logs_out).await).is_empty());
    let goes_on = world.lets_in(&first.access).await || world.lets_in(&there.access).await;
    assert!(!goes_on, "no copy of a session outlives its logout");
}

async fn what_was_switched_to_ends_by_itself_too(world: &World) {
    let first = ada(world).await;
    let there = switched(world, &first.access, "second").await;
    logout(world, &there.access).await;
    assert!(!world.lets_in(&there.access).await && world.lets_in(&first.access).await, "where it came from goes on");
    let others = "mutation { it: sessionRevokeOthers { userErrors { code } } }";
    let there = switched(world, &first.access, "second").await;
    world.change(Some(&there.access), others, json!({})).await;
    assert!(world.lets_in(&there.access).await && !world.lets_in(&first.access).await);
}

async fn a_switch_from_elsewhere_asks_for_a_password_and_is_told(world: &World) {
    let first = ada(world).await;
    world.advance_clock(590);
    let first = tokens(&world.refresh(&first.refresh).await);
    // After a recent authentication the switch is allowed, and the owner is notified.
    tokens(&switch(world, &first.access, ABROAD, "second").await["data"]["it"]);
    let letters = world.letters(1).await;
    assert!(
        letters.len() == 1 && letters[0].contains("A new login to your account") && letters[0].contains(ABROAD),
        "{letters:#?}"
    );
    world.advance_clock(20);
    let sessions = world.dump("session").await.lines().count();
    let answer = switch(world, &first.access, "192.0.2.77", "second").await;
    assert_eq!(answer["errors"][0]["code"], "STEP_UP_REQUIRED", "{answer:#}");
    assert_eq!(world.dump("session").await.lines().count(), sessions);
    // From the address where the session began, no step-up is required and no e-mail is sent.
    switched(world, &first.access, "second").await;
    assert_eq!(world.letters(1).await.len(), 1);
}
