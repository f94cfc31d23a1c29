//! Wrong passwords: counted for the account and for the address, known or not.

use serde_json::{Value, json};

use super::{
    on_both,
    world::{PASSWORD, World, ask_at, codes, tokens},
};

on_both!(an_account_is_not_guessed_at, an_address_does_not_try_its_way_through_accounts, right_passwords_are_not_counted);

async fn try_at(world: &World, address: &str, email: &str, password: &str) -> Value {
    let query = "mutation($e: String!, $p: String!) { it: login(email: $e, password: $p) {
        result { ... on TokenPair { accessToken refreshToken session { id } } } userErrors { code message field } } }";
    ask_at(&world.node, None, address, query, json!({ "e": email, "p": password })).await
}

async fn an_account_is_not_guessed_at(world: &World) {
    world.founder("ada").await;
    let mut answers = Vec::new();
    // The same for an account that there is and for one that there is not.
    for email in ["ada@example.com", "nobody@example.com"] {
        let mut said = Vec::new();
        for guess in 0..40 {
            let answer = try_at(world, &format!("192.0.2.{guess}"), email, "not the password").await;
            said.push(match answer["errors"][0]["code"].as_str() {
                Some(code) => code.to_owned(),
                None => answer["data"]["it"]["userErrors"].to_string(),
            });
        }
        assert_eq!(said.iter().filter(|said| *said == "RATE_LIMITED").count(), 30, "{said:?}");
        answers.push(said);
    }
    assert_eq!(answers[0], answers[1]);
    let right = try_at(world, "198.51.100.1", "ADA@example.com ", PASSWORD).await;
    assert_eq!(right["errors"][0]["code"], "RATE_LIMITED", "the right one is not looked at");
    let wait = right["errors"][0]["retryAfterMs"].as_u64().unwrap();
    world.pass(i64::try_from(wait / 1000).unwrap() + 1);
    tokens(&try_at(world, "198.51.100.1", "ada@example.com", PASSWORD).await["data"]["it"]);
}

async fn an_address_does_not_try_its_way_through_accounts(world: &World) {
    world.founder("ada").await;
    // Long enough ago that nobody wonders how fast they travel.
    world.pass(301);
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
    world.pass(301);
    for _ in 0..25 {
        tokens(&try_at(world, "192.0.2.1", "ada@example.com", PASSWORD).await["data"]["it"]);
    }
}
