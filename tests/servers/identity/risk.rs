//! Unusual logins: their signs, notifications, and the checks besides the password.

use async_graphql::{Request, Variables};
use entrepot::{
    graphql::{
        auth_cookies::DeviceToken,
        session::{Authenticator, RequestMeta},
    },
    identity::Mailer,
    serve::Node,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    factors::enrol,
    world::{PASSWORD, Tokens, World, codes, token_in, tokens},
};
use crate::world::on_both;

on_both!(
    a_usual_login_is_no_risk_and_no_letter,
    an_unusual_login_shows_a_code_from_a_letter,
    a_code_from_a_letter_is_guessed_at_five_times_and_dies_young,
    a_code_from_a_letter_is_no_second_factor,
    a_code_from_a_letter_is_over_once_there_is_a_second_factor,
    a_login_from_elsewhere_a_moment_later_is_asked_about,
    a_known_device_travels,
    a_known_device_is_not_kept_out_by_the_guesses_of_others,
    where_no_letter_leaves_nobody_is_asked_for_one,
    a_new_password_makes_every_device_new,
);

const LOGIN: &str = "mutation($e: String!, $p: String!) { it: login(email: $e, password: $p) { userErrors { code }
    result { __typename ... on TokenPair { accessToken refreshToken deviceToken session { id risk riskSigns } } ... on MfaChallenge { challengeToken methods } } } }";
const VERIFY: &str = "mutation($t: String!, $m: MfaMethod!, $c: String!) { it: mfaVerify(challengeToken: $t, method: $m, code: $c) { userErrors { code }
    result { ... on TokenPair { accessToken refreshToken session { id risk riskSigns } } } } }";

/// Origin of a login.
#[derive(Clone, Copy)]
struct From<'a> {
    address: &'a str,
    agent: &'a str,
    device: Option<&'a str>,
}

/// Origin of the founders' logins.
const OFFICE: From<'static> = From { address: "198.51.100.7", agent: "A browser/1.0", device: None };
const ABROAD: From<'static> = From { address: "203.0.113.9", agent: "Another browser/2.0", device: None };

async fn execute_from(node: &Node, from: From<'_>, query: &str, variables: Value) -> Value {
    let meta = RequestMeta { id: "test", address: Some(from.address.parse().unwrap()), user_agent: Some(from.agent) };
    let session = node.node_authenticator.open(None, &meta).await.unwrap();
    let mut request = (session.attach)(Request::new(query).variables(Variables::from_json(variables)));
    if let Some(device) = from.device {
        request = request.data(DeviceToken(device.to_owned()));
    }
    let response = node.schema.execute(request).await;
    let limited = response.errors.first().map(|error| error.message.clone());
    match limited {
        Some(message) => json!({ "error": message }),
        None => response.data.into_json().unwrap()["it"].clone(),
    }
}

impl World {
    async fn login_from(&self, from: From<'_>, word: &str, password: &str) -> Value {
        execute_from(&self.node, from, LOGIN, json!({ "e": format!("{word}@example.com"), "p": password })).await
    }

    /// Wrong passwords from there, which are counted beside the answers.
    async fn guesses(&self, from: From<'_>, word: &str, count: i64) {
        for _ in 0..count {
            assert_eq!(codes(&self.login_from(from, word, "not the password").await), ["INVALID_CREDENTIALS"]);
        }
        let counted = "SELECT COALESCE(sum(count), 0) FROM login_failure";
        for _ in 0..500 {
            let rows =
                self.node.db.global().rows(&counted.replace("COALESCE(sum(count), 0)", "count"), Vec::new()).await.unwrap();
            let found: i64 = rows.iter().map(|row| row.try_get_by_index::<i64>(0).unwrap()).sum();
            if found >= count {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{count} wrong passwords were not counted");
    }

    /// Returns the code in the e-mail that was sent for the login.
    async fn code(&self, letters: usize) -> String {
        let letters = self.letters(letters).await;
        let letter = letters.iter().rfind(|letter| letter.contains("Your code for Entrepot")).unwrap();
        let line = letter.lines().find(|line| line.trim().len() == 8 && line.trim().bytes().all(|byte| byte.is_ascii_digit()));
        line.unwrap_or_else(|| panic!("no code: {letter}")).trim().to_owned()
    }

    async fn show(&self, from: From<'_>, challenge: &Value, code: &str) -> Value {
        let token = challenge["result"]["challengeToken"].as_str().unwrap_or_else(|| panic!("no challenge: {challenge:#}"));
        execute_from(&self.node, from, VERIFY, json!({ "t": token, "m": "EMAIL", "c": code })).await
    }
}

/// Returns the stored risk of a login, and its signs.
fn risk(payload: &Value) -> (i64, Vec<&str>) {
    let session = &payload["result"]["session"];
    let signs = session["riskSigns"].as_array().unwrap_or_else(|| panic!("no session: {payload:#}"));
    (session["risk"].as_i64().unwrap(), signs.iter().map(|sign| sign.as_str().unwrap()).collect())
}

async fn a_usual_login_is_no_risk_and_no_letter(world: &World) {
    world.founder("ada").await;
    world.advance_clock(3600);
    assert_eq!(risk(&world.login_from(OFFICE, "ada", PASSWORD).await), (0, vec![]));
    let colleague = From { address: "198.51.100.200", ..OFFICE };
    assert_eq!(risk(&world.login_from(colleague, "ada", PASSWORD).await), (0, vec![]), "the same network");
    let laptop = From { agent: "Another browser/2.0", ..OFFICE };
    assert_eq!(risk(&world.login_from(laptop, "ada", PASSWORD).await), (25, vec!["NEW_DEVICE"]));
    assert_eq!(risk(&world.login_from(laptop, "ada", PASSWORD).await), (0, vec![]), "the second time it is known");
    let letters = world.letters(1).await;
    assert_eq!(letters.len(), 1, "{letters:#?}");
    assert!(letters[0].contains("A new login to your account") && letters[0].contains("Another browser/2.0"), "{}", letters[0]);
    let sessions =
        world.execute(Some(&world.login("ada").await.access), "{ viewer { sessions { risk riskSigns } } }", json!({})).await;
    let shown_sessions = sessions["data"]["viewer"]["sessions"].as_array().unwrap();
    assert_eq!(shown_sessions.iter().filter(|session| session["risk"] == 25).count(), 1, "{shown_sessions:#?}");
}

async fn an_unusual_login_shows_a_code_from_a_letter(world: &World) {
    world.founder("ada").await;
    world.advance_clock(3600);
    world.guesses(ABROAD, "ada", 3).await;
    let challenge = world.login_from(ABROAD, "ada", PASSWORD).await;
    assert_eq!(challenge["result"]["methods"], json!(["EMAIL"]), "{challenge:#}");
    let code = world.code(1).await;
    let challenges = world.dump("login_challenge").await;
    assert!(!challenges.contains(&code), "the code is not kept");
    let other = if code == "00000000" { "00000001" } else { "00000000" };
    assert_eq!(codes(&world.show(ABROAD, &challenge, other).await), ["MFA_INVALID"]);
    let elsewhere = From { address: "192.0.2.1", ..ABROAD };
    assert_eq!(codes(&world.show(elsewhere, &challenge, &code).await), ["TOKEN_EXPIRED"], "from another network");
    let spaced = format!(" {code} ");
    let answers = join_all((0..3).map(|_| world.show(ABROAD, &challenge, &spaced))).await;
    let came_in: Vec<&Value> = answers.iter().filter(|payload| codes(payload).is_empty()).collect();
    assert_eq!(came_in.len(), 1, "of many at once one comes in: {answers:#?}");
    let payload = came_in[0].clone();
    tokens(&payload);
    assert_eq!(risk(&payload), (60, vec!["NEW_DEVICE", "NEW_NETWORK", "FAILURES"]), "{payload:#}");
    assert_eq!(codes(&world.show(ABROAD, &challenge, &code).await), ["TOKEN_EXPIRED"], "good once");
    assert_eq!(world.letters(2).await.len(), 2, "the code, and that somebody has logged in");
    assert_eq!(risk(&world.login_from(ABROAD, "ada", PASSWORD).await), (0, vec![]), "now it is known there");
}

async fn a_code_from_a_letter_is_guessed_at_five_times_and_dies_young(world: &World) {
    world.founder("ada").await;
    world.advance_clock(3600);
    world.guesses(ABROAD, "ada", 3).await;
    let challenge = world.login_from(ABROAD, "ada", PASSWORD).await;
    let code = world.code(1).await;
    for guess in 0..5 {
        assert_eq!(codes(&world.show(ABROAD, &challenge, &format!("1234567{guess}")).await), ["MFA_INVALID"], "{guess}");
    }
    assert_eq!(codes(&world.show(ABROAD, &challenge, &code).await), ["TOKEN_EXPIRED"], "after five wrong ones");
    let second = world.login_from(ABROAD, "ada", PASSWORD).await;
    assert_eq!(codes(&world.show(ABROAD, &second, &code).await), ["MFA_INVALID"], "a code belongs to its login");
    world.advance_clock(301);
    let letters = world.letters(2).await;
    for letter in letters {
        let code =
            letter.lines().map(str::trim).find(|line| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit())).unwrap();
        assert_eq!(codes(&world.show(ABROAD, &second, code).await), ["TOKEN_EXPIRED"], "after five minutes");
    }
    let mut waits = Value::Null;
    for _ in 0..8 {
        waits = world.login_from(ABROAD, "ada", PASSWORD).await;
    }
    assert!(
        waits["error"].as_str().unwrap_or_default().contains("too many attempts"),
        "letters are not sent without end: {waits:#}"
    );
}

async fn a_code_from_a_letter_is_no_second_factor(world: &World) {
    world.founder("ada").await;
    world.as_owner(&["UPDATE tenant SET mfa_required = TRUE"]).await;
    world.advance_clock(3600);
    world.guesses(ABROAD, "ada", 3).await;
    let challenge = world.login_from(ABROAD, "ada", PASSWORD).await;
    let pair = tokens(&world.show(ABROAD, &challenge, &world.code(1).await).await);
    let me = world.execute(Some(&pair.access), "{ viewer { tenant { slug } } }", json!({})).await;
    assert_eq!(me["errors"][0]["code"], "MFA_ENROLMENT_REQUIRED");
}

async fn a_code_from_a_letter_is_over_once_there_is_a_second_factor(world: &World) {
    let ada = world.founder("ada").await;
    let challenge = world.login_from(ABROAD, "ada", PASSWORD).await;
    assert_eq!(challenge["result"]["methods"], json!(["EMAIL"]), "{challenge:#}");
    let code = world.code(1).await;
    enrol(world, &ada.access).await;
    assert_eq!(codes(&world.show(ABROAD, &challenge, &code).await), ["TOKEN_EXPIRED"], "it would come in with one factor");
}

async fn a_login_from_elsewhere_a_moment_later_is_asked_about(world: &World) {
    let ada = world.founder("ada").await;
    let challenge = world.login_from(ABROAD, "ada", PASSWORD).await;
    assert_eq!(challenge["result"]["methods"], json!(["EMAIL"]), "{challenge:#}");
    let payload = world.show(ABROAD, &challenge, &world.code(1).await).await;
    assert_eq!(risk(&payload), (75, vec!["NEW_DEVICE", "NEW_NETWORK", "IMPOSSIBLE_TRAVEL"]));
    world.founder("bob").await;
    world.advance_clock(301);
    assert_eq!(
        risk(&world.login_from(ABROAD, "bob", PASSWORD).await),
        (45, vec!["NEW_DEVICE", "NEW_NETWORK"]),
        "five minutes later it is a journey"
    );
    assert!(world.lets_in(&ada.access).await);
}

/// A token of the device, drawn at a login from there.
async fn device_of(world: &World, word: &str) -> String {
    let first = world.login_from(From { device: Some("new"), ..OFFICE }, word, PASSWORD).await;
    first["result"]["deviceToken"].as_str().unwrap_or_else(|| panic!("no token: {first:#}")).to_owned()
}

async fn a_known_device_travels(world: &World) {
    world.founder("ada").await;
    world.founder("bob").await;
    let none = world.login_from(OFFICE, "ada", PASSWORD).await;
    assert_eq!(none["result"]["deviceToken"], Value::Null, "who keeps none gets none");
    let token = device_of(world, "ada").await;
    assert!(token.starts_with("epd_") && !world.dump("device").await.contains(&token[4..]));
    let travelling = From { device: Some(&token), ..ABROAD };
    world.guesses(ABROAD, "ada", 3).await;
    let arrived = world.login_from(travelling, "ada", PASSWORD).await;
    assert_eq!(risk(&arrived), (35, vec!["NEW_NETWORK", "FAILURES"]), "no code is asked for");
    assert_eq!(arrived["result"]["deviceToken"], Value::Null, "it is known already");
    // Another person at the same device: it is new to their account, once, and keeps its token.
    world.advance_clock(3600);
    let shared = From { agent: "Till/1", address: "198.51.100.7", device: Some(&token) };
    let other = world.login_from(shared, "bob", PASSWORD).await;
    assert_eq!((risk(&other), &other["result"]["deviceToken"]), ((25, vec!["NEW_DEVICE"]), &Value::Null));
    let made_up = From { device: Some("epd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), ..OFFICE };
    let fresh = world.login_from(made_up, "ada", PASSWORD).await["result"]["deviceToken"].clone();
    assert!(
        fresh.is_string() && fresh != json!("epd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        "nobody chooses their own token: {fresh}"
    );
}

async fn a_known_device_is_not_kept_out_by_the_guesses_of_others(world: &World) {
    world.founder("ada").await;
    world.founder("bob").await;
    let (token, of_bob) = (device_of(world, "ada").await, device_of(world, "bob").await);
    world.guesses(ABROAD, "ada", 10).await;
    let keeps_out = |answer: &Value| answer["error"].as_str().is_some_and(|message| message.contains("too many attempts"));
    for device in [None, Some(of_bob.as_str()), Some("new"), Some("epd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")] {
        let answer = world.login_from(From { device, ..OFFICE }, "ada", PASSWORD).await;
        assert!(keeps_out(&answer), "{device:?}: {answer:#}");
    }
    let own = From { device: Some(&token), ..OFFICE };
    tokens(&world.login_from(own, "ada", PASSWORD).await);
    for _ in 0..10 {
        assert_eq!(codes(&world.login_from(own, "ada", "not the password").await), ["INVALID_CREDENTIALS"]);
    }
    assert!(keeps_out(&world.login_from(own, "ada", PASSWORD).await), "a stolen device guesses ten times too");
}

async fn where_no_letter_leaves_nobody_is_asked_for_one(world: &World) {
    let ada = world.founder("ada").await;
    let silent = world.node_with(|settings| settings.mailer = Mailer::None).await;
    let variables = json!({ "e": "ada@example.com", "p": PASSWORD });
    let payload = execute_from(&silent, ABROAD, LOGIN, variables).await;
    assert_eq!(
        risk(&payload),
        (75, vec!["NEW_DEVICE", "NEW_NETWORK", "IMPOSSIBLE_TRAVEL"]),
        "let in, and written down: {payload:#}"
    );
    let Tokens { session, .. } = tokens(&payload);
    let answer = world
        .execute(Some(&ada.access), "query($id: ID!) { node(id: $id) { ... on Session { risk } } }", json!({ "id": session }))
        .await;
    assert_eq!(answer["data"]["node"]["risk"], 75, "its owner sees it");
    silent.db.close().await.unwrap();
}

async fn a_new_password_makes_every_device_new(world: &World) {
    world.founder("ada").await;
    let token = device_of(world, "ada").await;
    let reset = "mutation { it: passwordResetRequest(email: \"ada@example.com\") { userErrors { code } } }";
    world.change(None, reset, json!({})).await;
    let link = token_in(&world.letters(1).await[0]);
    let set = "mutation($t: String!) { it: passwordReset(token: $t, newPassword: \"nine spoons in a drawer\") { userErrors { code } } }";
    world.change(None, set, json!({ "t": link })).await;
    world.advance_clock(3600);
    let thief = From { device: Some(&token), ..ABROAD };
    let payload = world.login_from(thief, "ada", "nine spoons in a drawer").await;
    assert_eq!(risk(&payload), (45, vec!["NEW_DEVICE", "NEW_NETWORK"]));
}
