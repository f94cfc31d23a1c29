//! Passwords: chosen, forgotten, changed, rehashed.

use argon2::{Algorithm, Argon2, Params, Version, password_hash::PasswordHasher};
use entrepot::storage::GlobalReads;
use serde_json::{Value, json};

use super::{
    concurrent::until_waiting,
    world::{PASSWORD, Tokens, World, codes, execute_at, token_in},
};
use crate::world::on_both;

on_both!(
    a_forgotten_password_is_replaced_by_a_link,
    links_end,
    a_link_that_is_asked_for_while_sessions_end_is_made_after_that,
    whoever_asks_for_a_link_does_not_learn_who_has_an_account,
    a_password_is_changed_by_whoever_knows_it,
    passwords_that_are_tried_first_are_refused,
    a_hash_from_when_less_was_enough_is_replaced,
    an_unknown_account_takes_as_long_as_a_wrong_password,
    whoever_knew_the_password_until_a_moment_ago_does_not_come_in,
    a_second_factor_that_comes_while_somebody_logs_in_is_asked_for,
);

const NEW: &str = "seven teapots in a row";
const RESET: &str =
    "mutation($t: String!, $p: String!) { it: passwordReset(token: $t, newPassword: $p) { userErrors { code field message } } }";
const REQUEST: &str = "mutation($e: String!) { it: passwordResetRequest(email: $e) { userErrors { code } replayed seq } }";
const DONE: [&str; 0] = [];

async fn request(world: &World, email: &str) -> Value {
    world.change(None, REQUEST, json!({ "e": email })).await
}

async fn reset(world: &World, token: &str, password: &str) -> Value {
    world.change(None, RESET, json!({ "t": token, "p": password })).await
}

async fn login_codes(world: &World, password: &str) -> Vec<String> {
    let answer = world.try_login("ada", password).await;
    codes(&answer["data"]["it"]).into_iter().map(ToOwned::to_owned).collect()
}

async fn a_forgotten_password_is_replaced_by_a_link(world: &World) {
    let here = world.founder("ada").await;
    let there = world.login("ada").await;
    request(world, " ADA@example.com").await;
    let letter = world.letters(1).await.remove(0);
    assert!(letter.contains("To: ada@example.com") && letter.contains("https://stock.example/password#token=epw_"), "{letter}");
    let token = token_in(&letter);
    assert!(!world.dump("link").await.contains(&token[4..]), "the link is not kept");
    let weak = reset(world, &token, "password1234").await;
    assert_eq!((codes(&weak), &weak["userErrors"][0]["field"]), (vec!["WEAK_PASSWORD"], &json!(["newPassword"])));
    assert_eq!(codes(&reset(world, &token, NEW).await), DONE, "what was refused has not used the link");
    for Tokens { access, refresh, .. } in [&here, &there] {
        assert!(!world.lets_in(access).await, "all sessions end");
        assert_eq!(codes(&world.refresh(refresh).await), ["TOKEN_EXPIRED"]);
    }
    assert_eq!(login_codes(world, PASSWORD).await, ["INVALID_CREDENTIALS"]);
    assert_eq!(login_codes(world, NEW).await, DONE);
    assert_eq!(codes(&reset(world, &token, PASSWORD).await), ["TOKEN_EXPIRED"], "a link is good once");
    assert!(world.letters(2).await.iter().any(|letter| letter.contains("Your password was changed")), "its owner is told");
}

async fn links_end(world: &World) {
    world.founder("ada").await;
    request(world, "ada@example.com").await;
    let first = token_in(&world.letters(1).await[0]);
    request(world, "ada@example.com").await;
    let letters = world.letters(2).await;
    let second = letters.iter().map(|letter| token_in(letter)).find(|token| *token != first).unwrap();
    assert_eq!(codes(&reset(world, &second, NEW).await), DONE);
    assert_eq!(codes(&reset(world, &first, PASSWORD).await), ["TOKEN_EXPIRED"], "one reset ends the other links");
    request(world, "ada@example.com").await;
    let letters = world.letters(4).await;
    let late = letters.iter().filter(|letter| letter.contains("#token=")).map(|letter| token_in(letter));
    let late = late.into_iter().find(|token| *token != first && *token != second).unwrap();
    world.advance_clock(30 * 60 + 1);
    assert_eq!(codes(&reset(world, &late, PASSWORD).await), ["TOKEN_EXPIRED"]);
    for junk in ["", "epw_", "epv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "epw_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
    {
        assert_eq!(codes(&reset(world, junk, PASSWORD).await), ["TOKEN_EXPIRED"], "{junk}");
    }
}

/// A call that ends a person's sessions locks the account: a link is among those that end, or is
/// created after that commits.
async fn a_link_that_is_asked_for_while_sessions_end_is_made_after_that(world: &World) {
    world.founder("ada").await;
    let work = world.node.db.global().begin().await.unwrap();
    assert_eq!(work.change("UPDATE app_user SET password_hash = password_hash", Vec::new()).await.unwrap(), 1);
    let ends = async {
        until_waiting(world, 1, async || work.rows("SELECT 1 FROM pg_sleep(0.02)", Vec::new()).await.map(drop).unwrap()).await;
        let links = work.change("UPDATE link SET used_at = 1 WHERE used_at IS NULL", Vec::new()).await.unwrap();
        work.commit().await.unwrap();
        links
    };
    let (request_payload, links) = tokio::join!(request(world, "ada@example.com"), ends);
    assert_eq!((codes(&request_payload), links), (DONE.to_vec(), 0), "it is made after that");
    let token = token_in(&world.letters(1).await[0]);
    assert_eq!(codes(&reset(world, &token, NEW).await), DONE, "and is good");
}

async fn whoever_asks_for_a_link_does_not_learn_who_has_an_account(world: &World) {
    world.founder("ada").await;
    let mut answers = Vec::new();
    for email in ["ada@example.com", "nobody@example.com"] {
        let mut outcomes = Vec::new();
        for attempt in 0..8 {
            let address = format!("192.0.2.{attempt}");
            outcomes.push(execute_at(&world.node, None, &address, REQUEST, json!({ "e": email })).await.to_string());
        }
        assert!(outcomes[7].contains("RATE_LIMITED"), "five letters an hour: {outcomes:?}");
        answers.push(outcomes);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(world.letters(5).await.len(), 5, "and letters went to the one only");
}

async fn a_password_is_changed_by_whoever_knows_it(world: &World) {
    let here = world.founder("ada").await;
    let there = world.login("ada").await;
    let change = "mutation($c: String!, $n: String!) { it: passwordChange(currentPassword: $c, newPassword: $n) { userErrors { code field } } }";
    let by = |current: &str, new: &str| json!({ "c": current, "n": new });
    let wrong = world.change(Some(&here.access), change, by("not the password", NEW)).await;
    assert_eq!(wrong["userErrors"], json!([{ "code": "INVALID_CREDENTIALS", "field": ["currentPassword"] }]));
    let weak = world.change(Some(&here.access), change, by(PASSWORD, "ada@example.com")).await;
    assert_eq!(weak["userErrors"], json!([{ "code": "WEAK_PASSWORD", "field": ["newPassword"] }]));
    assert_eq!(codes(&world.change(Some(&here.access), change, by(PASSWORD, NEW)).await), DONE);
    assert!(world.lets_in(&here.access).await && !world.lets_in(&there.access).await);
    assert_eq!(login_codes(world, NEW).await, DONE);
    world.advance_clock(601);
    let answer = world.execute(Some(&here.access), change, by(NEW, PASSWORD)).await;
    assert_eq!(answer["errors"][0]["code"], "STEP_UP_REQUIRED");
}

async fn passwords_that_are_tried_first_are_refused(world: &World) {
    let register = "mutation($p: String!) { it: register(email: \"grace@example.com\", password: $p, displayName: \"Grace Hopper\", tenantName: \"Nanoseconds\",
        tenantSlug: \"nano\") { result { __typename } userErrors { code field } } }";
    for password in ["elevenchars", "password1234", "Grace-Hopper-1906", "nanoseconds!!", "qwertyuiop1234"] {
        let refused = world.change(None, register, json!({ "p": password })).await;
        assert_eq!(refused["userErrors"], json!([{ "code": "WEAK_PASSWORD", "field": ["password"] }]), "{password}");
    }
    let stolen = "a passphrase from a breach";
    let strict = world.node_with(|settings| settings.denied = std::sync::Arc::new([stolen.to_owned()].into())).await;
    let refused = execute_at(&strict, None, "192.0.2.1", register, json!({ "p": "A passphrase from a Breach" })).await;
    assert_eq!(codes(&refused["data"]["it"]), ["WEAK_PASSWORD"]);
    strict.db.close().await.unwrap();
    assert_eq!(codes(&world.change(None, register, json!({ "p": stolen })).await), DONE);
}

async fn a_hash_from_when_less_was_enough_is_replaced(world: &World) {
    world.founder("ada").await;
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
    let hash = weak.hash_password_with_salt(PASSWORD.as_bytes(), b"sixteen bytes ok").unwrap().to_string();
    world.as_owner(&[&format!("UPDATE app_user SET password_hash = '{hash}'")]).await;
    assert_eq!(login_codes(world, "not the password").await, ["INVALID_CREDENTIALS"]);
    assert!(world.dump("app_user").await.contains("m=64,t=1"), "only the right password is hashed anew");
    for _ in 0..2 {
        assert_eq!(login_codes(world, PASSWORD).await, DONE);
        assert!(world.dump("app_user").await.contains("m=19456,t=2,p=1"));
    }
}

async fn an_unknown_account_takes_as_long_as_a_wrong_password(world: &World) {
    world.founder("ada").await;
    let mut least = [u128::MAX; 2];
    // The least of many: what else the machine does only adds to a time, sooner or later to neither.
    for round in 0..60 {
        for (word, least) in ["ada", "nobody"].into_iter().zip(&mut least) {
            world.advance_clock(200);
            let started_at = std::time::Instant::now();
            let answer = world.try_login(word, "not the password").await;
            *least = (*least).min(started_at.elapsed().as_micros());
            assert_eq!(codes(&answer["data"]["it"]), ["INVALID_CREDENTIALS"]);
        }
        let (longer, shorter) = (least[0].max(least[1]), least[0].min(least[1]));
        if round >= 8 && (longer - shorter < 5_000 || longer * 3 < shorter * 4) {
            return;
        }
    }
    panic!("known {} µs, unknown {} µs", least[0], least[1]);
}

fn hashed(password: &str) -> String {
    let quick = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
    quick.hash_password_with_salt(password.as_bytes(), b"sixteen bytes ok").unwrap().to_string()
}

/// Returns the response to a request that runs while these statements are not committed yet.
pub async fn meanwhile(world: &World, statements: &[&str], asks: impl Future<Output = Value>) -> Value {
    let work = world.node.db.global().begin().await.unwrap();
    for sql in statements {
        work.change(sql, Vec::new()).await.unwrap();
    }
    let commits = async {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        work.commit().await.unwrap();
    };
    tokio::join!(asks, commits).0
}

async fn whoever_knew_the_password_until_a_moment_ago_does_not_come_in(world: &World) {
    let owner = world.founder("ada").await;
    assert!(world.lets_in(&owner.access).await);
    let put = |password: &str| format!("UPDATE app_user SET password_hash = '{}'", hashed(password));
    // Another login has rehashed the same password.
    let answer = meanwhile(world, &[&put(PASSWORD)], world.try_login("ada", PASSWORD)).await;
    assert_eq!(codes(&answer["data"]["it"]), DONE, "{answer:#}");
    let sessions = world.dump("session").await.lines().count();
    let answer = meanwhile(world, &[&put(NEW)], world.try_login("ada", PASSWORD)).await;
    assert_eq!(codes(&answer["data"]["it"]), ["INVALID_CREDENTIALS"], "{answer:#}");
    assert_eq!(world.dump("session").await.lines().count(), sessions, "no session has begun");
    let change = "mutation($c: String!, $n: String!) { it: passwordChange(currentPassword: $c, newPassword: $n) { userErrors { code field } } }";
    let changes = world.change(Some(&owner.access), change, json!({ "c": NEW, "n": "eleven plates on a wall" }));
    let answer = meanwhile(world, &[&put(PASSWORD)], changes).await;
    assert_eq!(answer["userErrors"], json!([{ "code": "INVALID_CREDENTIALS", "field": ["currentPassword"] }]));
    assert_eq!(login_codes(world, PASSWORD).await, DONE, "what was set first stays");
}

async fn a_second_factor_that_comes_while_somebody_logs_in_is_asked_for(world: &World) {
    world.founder("ada").await;
    let confirmed = [
        "UPDATE app_user SET password_hash = password_hash",
        "INSERT INTO totp (user_id, seed, confirmed_at) SELECT id, (SELECT hash FROM refresh_token), 1 FROM app_user",
    ];
    let answer = meanwhile(world, &confirmed, world.try_login("ada", PASSWORD)).await;
    assert_eq!(answer["data"]["it"]["result"]["__typename"], "MfaChallenge", "{answer:#}");
}
