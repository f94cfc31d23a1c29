//! The machine's clock is set back while everything runs: valid sessions stay valid, and ended ones
//! stay ended.

use entrepot::rate_limit::{Allowance, Key};
use serde_json::{Value, json};

use super::{
    factors::{challenged, enrolled, show},
    world::{PASSWORD, World, admit, codes, execute_at, lets_in, tokens},
};
use crate::world::on_both;

on_both!(
    a_clock_that_goes_back_refuses_no_fresh_token,
    a_clock_that_goes_back_by_an_hour_costs_a_refresh,
    a_clock_that_goes_back_makes_nobody_wait_longer,
    a_clock_that_goes_back_lets_nobody_in_who_has_ended,
    a_clock_that_goes_back_keeps_no_authenticator_waiting,
    a_clock_that_goes_back_makes_no_password_fresh,
);

const HOUR: i64 = 3_600;

async fn a_clock_that_goes_back_refuses_no_fresh_token(world: &World) {
    let ada = world.founder("ada").await;
    let elsewhere = world.another_node().await;
    world.set_clock(-120);
    assert!(lets_in(&elsewhere, &ada.access).await, "a node that has not seen it");
    assert!(world.lets_in(&ada.access).await);
    world.set_clock(-200);
    let other = world.another_node().await;
    assert_eq!(
        admit(&other, Some(&ada.access), "198.51.100.7").await.map(drop),
        Err("UNAUTHENTICATED".to_owned()),
        "five minutes are too many"
    );
    for node in [elsewhere, other] {
        node.db.close().await.unwrap();
    }
}

async fn a_clock_that_goes_back_by_an_hour_costs_a_refresh(world: &World) {
    let ada = world.founder("ada").await;
    assert!(world.lets_in(&ada.access).await);
    world.set_clock(-HOUR);
    assert!(world.lets_in(&ada.access).await, "what has been let in here is not from the future");
    let fresh = tokens(&world.refresh(&ada.refresh).await);
    let elsewhere = world.another_node().await;
    assert!(lets_in(&elsewhere, &fresh.access).await);
    // A reply that was lost when the clock was set is given again.
    let again = tokens(&world.refresh(&fresh.refresh).await);
    world.set_clock(-HOUR);
    let once_more = tokens(&world.refresh(&fresh.refresh).await);
    assert!(lets_in(&elsewhere, &once_more.access).await && once_more.session == again.session);
    elsewhere.db.close().await.unwrap();
}

async fn a_clock_that_goes_back_makes_nobody_wait_longer(world: &World) {
    world.founder("ada").await;
    let guess = async || world.try_login("ada", "not the password").await;
    for _ in 0..10 {
        assert_eq!(codes(&guess().await["data"]["it"]), ["INVALID_CREDENTIALS"]);
    }
    assert_eq!(guess().await["errors"][0]["code"], "RATE_LIMITED");
    world.set_clock(-HOUR);
    let retry_after_ms = guess().await["errors"][0]["retryAfterMs"].as_u64().unwrap();
    assert!(retry_after_ms <= 90_000, "{retry_after_ms} ms");
    world.advance_clock(91);
    assert_eq!(codes(&guess().await["data"]["it"]), ["INVALID_CREDENTIALS"], "one is back after 90 seconds");
    let (key, points) = (Key::named("test", "ada"), Allowance::within(10, 100));
    world.node.rate_limiter.take(key, points, 10).await.unwrap();
    world.set_clock(-HOUR);
    world.advance_clock(10);
    assert_eq!(world.node.rate_limiter.take(key, points, 1).await, Ok(0));
}

async fn a_clock_that_goes_back_lets_nobody_in_who_has_ended(world: &World) {
    let one = world.founder("ada").await;
    let other = world.login("ada").await;
    let elsewhere = world.another_node().await;
    assert!(lets_in(&elsewhere, &other.access).await);
    world.set_clock(-20);
    let revoke = "mutation($id: ID!) { it: sessionRevoke(id: $id) { userErrors { code } } }";
    assert_eq!(world.change(Some(&one.access), revoke, json!({ "id": other.session })).await, json!({ "userErrors": [] }));
    world.advance_clock(4);
    assert!(!lets_in(&elsewhere, &other.access).await, "a standing is believed for three seconds, whatever the clock shows");
    // A member's permissions are cached for four seconds.
    let owns = "{ roles { key } }";
    let may = async |token: &str| execute_at(&elsewhere, Some(token), "198.51.100.7", owns, json!({})).await["errors"].is_null();
    assert!(may(&one.access).await);
    world.set_clock(-20);
    world.as_owner(&["DELETE FROM role_grant"]).await;
    let bump = "INSERT INTO policy (tenant_id, version) SELECT id, 1 FROM tenant WHERE true ON CONFLICT (tenant_id) DO UPDATE SET version = policy.version + 1";
    world.as_owner(&[bump]).await;
    world.advance_clock(5);
    assert!(!may(&one.access).await, "and rights for four");
    elsewhere.db.close().await.unwrap();
}

async fn a_clock_that_goes_back_keeps_no_authenticator_waiting(world: &World) {
    let (_, phone, _) = enrolled(world, "ada").await;
    world.advance_clock(30);
    let challenge = challenged(world, "ada").await;
    for _ in 0..5 {
        assert_eq!(codes(&show(world, &challenge, "TOTP", "nothing").await), ["MFA_INVALID"]);
    }
    world.set_clock(-HOUR);
    let challenge = challenged(world, "ada").await;
    let waits = show(world, &challenge, "TOTP", &phone.shows(world, 0)).await;
    let retry_after = waits["errors"][0]["retryAfterMs"].as_u64().unwrap_or_else(|| panic!("{waits:#}"));
    assert!(retry_after <= 900_000, "{retry_after} ms");
    world.advance_clock(901);
    let (challenge, code) = (challenged(world, "ada").await, phone.shows(world, 0));
    tokens(&show(world, &challenge, "TOTP", &code).await);
    let again = challenged(world, "ada").await;
    assert_eq!(codes(&show(world, &again, "TOTP", &code).await), ["MFA_INVALID"], "a code is still good once");
}

async fn a_clock_that_goes_back_makes_no_password_fresh(world: &World) {
    let ada = world.founder("ada").await;
    world.set_clock(-HOUR);
    let late_tokens = tokens(&world.refresh(&ada.refresh).await);
    let answer = world.execute(Some(&late_tokens.access), "mutation { it: totpEnrol { userErrors { code } } }", json!({})).await;
    assert_eq!(
        answer["errors"][0]["code"], "STEP_UP_REQUIRED",
        "nobody showed a password in the hour that is to come: {answer:#}"
    );
    let again = "mutation($p: String) { it: reauthenticate(password: $p) { result { ... on TokenPair { accessToken } } userErrors { code } } }";
    let payload = world.change(Some(&late_tokens.access), again, json!({ "p": PASSWORD })).await;
    let access = payload["result"]["accessToken"].as_str().unwrap();
    let answer: Value = world.execute(Some(access), "mutation { it: totpEnrol { userErrors { code } } }", json!({})).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
}
