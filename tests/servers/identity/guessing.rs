//! Wrong passwords: counted for the account and for the address, known or not.

use serde_json::{Value, json};

use super::world::{PASSWORD, World, codes, execute_at, tokens};
use crate::world::on_both;

on_both!(
    an_account_is_not_guessed_at,
    an_address_does_not_try_its_way_through_accounts,
    right_passwords_are_not_counted,
    a_network_of_ipv6_counts_as_one_address,
    the_guesses_of_strangers_keep_nobody_out_who_is_in,
    letters_that_strangers_ask_for_are_not_the_owners,
);

async fn try_at(world: &World, address: &str, email: &str, password: &str) -> Value {
    let query = "mutation($e: String!, $p: String!) { it: login(email: $e, password: $p) {
        result { ... on TokenPair { accessToken refreshToken session { id } } } userErrors { code message field } } }";
    execute_at(&world.node, None, address, query, json!({ "e": email, "p": password })).await
}

async fn an_account_is_not_guessed_at(world: &World) {
    world.founder("ada").await;
    let mut answers = Vec::new();
    // The answer is the same for existing and for unknown accounts.
    for email in ["ada@example.com", "nobody@example.com"] {
        let mut codes = Vec::new();
        for guess in 0..40 {
            let answer = try_at(world, &format!("192.0.2.{guess}"), email, "not the password").await;
            codes.push(match answer["errors"][0]["code"].as_str() {
                Some(code) => code.to_owned(),
                None => answer["data"]["it"]["userErrors"].to_string(),
            });
        }
        assert_eq!(codes.iter().filter(|codes| *codes == "RATE_LIMITED").count(), 30, "{codes:?}");
        answers.push(codes);
    }
    assert_eq!(answers[0], answers[1]);
    let right = try_at(world, "198.51.100.1", "ADA@example.com ", PASSWORD).await;
    assert_eq!(right["errors"][0]["code"], "RATE_LIMITED", "the right one is not looked at");
    let wait = right["errors"][0]["retryAfterMs"].as_u64().unwrap();
    world.advance_clock(i64::try_from(wait / 1000).unwrap() + 1);
    tokens(&try_at(world, "198.51.100.1", "ada@example.com", PASSWORD).await["data"]["it"]);
}

async fn an_address_does_not_try_its_way_through_accounts(world: &World) {
    world.founder("ada").await;
    // Long enough to avoid the rule of impossible travel.
    world.advance_clock(301);
    for guess in 0..10 {
        let answer = try_at(world, "192.0.2.1", &format!("user{guess}@example.com"), "Password-1234").await;
        assert_eq!(codes(&answer["data"]["it"]), ["INVALID_CREDENTIALS"]);
    }
    let answer = try_at(world, "192.0.2.1", "user11@example.com", "Password-1234").await;
    assert_eq!(answer["errors"][0]["code"], "RATE_LIMITED");
    tokens(&try_at(world, "192.0.2.2", "ada@example.com", PASSWORD).await["data"]["it"]);
}

async fn right_passwords_are_not_counted(world: &World) {
    world.founder("ada").await;
    world.advance_clock(301);
    for _ in 0..25 {
        tokens(&try_at(world, "192.0.2.1", "ada@example.com", PASSWORD).await["data"]["it"]);
    }
}

async fn a_network_of_ipv6_counts_as_one_address(world: &World) {
    let mut refused = 0;
    for guess in 0..40 {
        let address = format!("2001:db8:0:7:{guess:x}::{guess:x}");
        let answer = try_at(world, &address, &format!("user{guess}@example.com"), "Password-1234").await;
        refused += usize::from(answer["errors"][0]["code"] == "RATE_LIMITED");
    }
    assert_eq!(refused, 30, "whoever has one address of a /64 has all of them");
    let neighbour = try_at(world, "2001:db8:0:8::1", "user50@example.com", "Password-1234").await;
    assert_eq!(codes(&neighbour["data"]["it"]), ["INVALID_CREDENTIALS"]);
    let mapped =
        async |guess: u32| try_at(world, "::ffff:192.0.2.9", &format!("other{guess}@example.com"), "Password-1234").await;
    for guess in 0..10 {
        assert_eq!(codes(&mapped(guess).await["data"]["it"]), ["INVALID_CREDENTIALS"]);
    }
    let same = try_at(world, "192.0.2.9", "other11@example.com", "Password-1234").await;
    assert_eq!(same["errors"][0]["code"], "RATE_LIMITED", "IPv4 is IPv4, however it is written");
    // Requests for e-mails are limited likewise.
    let request = "mutation($e: String!) { it: passwordResetRequest(email: $e) { userErrors { code } } }";
    let mut sent = 0;
    for number in 0..12 {
        let address = format!("2001:db8:0:9:{number:x}::1");
        let answer = execute_at(&world.node, None, &address, request, json!({ "e": format!("user{number}@example.com") })).await;
        sent += usize::from(answer["errors"].is_null());
    }
    assert_eq!(sent, 5);
}

async fn the_guesses_of_strangers_keep_nobody_out_who_is_in(world: &World) {
    let ada = world.founder("ada").await;
    for guess in 0..10 {
        let answer = try_at(world, &format!("192.0.2.{guess}"), "ada@example.com", "not the password").await;
        assert_eq!(codes(&answer["data"]["it"]), ["INVALID_CREDENTIALS"]);
    }
    let again = "mutation($p: String) { it: reauthenticate(password: $p) { result { ... on TokenPair { accessToken } } userErrors { code } } }";
    let shows = async |password: &str| world.execute(Some(&ada.access), again, json!({ "p": password })).await;
    let payload = shows(PASSWORD).await;
    assert_eq!((&payload["errors"], codes(&payload["data"]["it"]).len()), (&Value::Null, 0), "{payload:#}");
    // A person who finds an open page cannot guess for ever either.
    for _ in 0..10 {
        assert_eq!(codes(&shows("not the password").await["data"]["it"]), ["INVALID_CREDENTIALS"]);
    }
    assert_eq!(shows(PASSWORD).await["errors"][0]["code"], "RATE_LIMITED");
}

async fn letters_that_strangers_ask_for_are_not_the_owners(world: &World) {
    let ada = world.founder("ada").await;
    let bob = world.founder("bob").await;
    let reset = "mutation { it: passwordResetRequest(email: \"ada@example.com\") { userErrors { code } } }";
    let asks = async |address: &str| execute_at(&world.node, None, address, reset, json!({})).await["errors"][0]["code"].clone();
    for _ in 0..5 {
        assert_eq!(asks("203.0.113.9").await, Value::Null);
    }
    assert_eq!(asks("203.0.113.10").await, "RATE_LIMITED", "a network has five letters to an account in an hour");
    // The owner requests a reset from the usual address, confirms the e-mail address, is invited,
    // and logs in from a journey.
    assert_eq!(asks("198.51.100.7").await, Value::Null);
    let verify = "mutation { it: emailVerificationRequest { userErrors { code } } }";
    assert_eq!(world.change(Some(&ada.access), verify, json!({})).await, json!({ "userErrors": [] }));
    let invite = "mutation($r: [ID!]!) { it: memberInvite(email: \"ada@example.com\", roleIds: $r, scope: { all: true }) { userErrors { code message } } }";
    let viewer = entrepot::access::BUILT_IN.iter().find(|role| role.key == "viewer").unwrap().id.to_string();
    assert_eq!(world.change(Some(&bob.access), invite, json!({ "r": [viewer] })).await, json!({ "userErrors": [] }));
    let login = "mutation($p: String!) { it: login(email: \"ada@example.com\", password: $p) {
        result { __typename ... on MfaChallenge { methods } } userErrors { code } } }";
    let unusual = execute_at(&world.node, None, "192.0.2.200", login, json!({ "p": PASSWORD })).await;
    assert_eq!(unusual["data"]["it"]["result"]["methods"], json!(["EMAIL"]), "the right password from elsewhere: {unusual:#}");
    // However many networks ask, a mailbox is not flooded.
    let mut sent = 0;
    for network in 0..40 {
        sent += usize::from(asks(&format!("203.0.{network}.1")).await.is_null());
    }
    assert!((10..20).contains(&sent), "{sent} more letters in an hour");
}
