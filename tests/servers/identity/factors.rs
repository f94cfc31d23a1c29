//! Second factors, with the codes of an authenticator that implements RFC 6238 independently.

use futures_util::future::join_all;
use serde_json::{Value, json};

pub(crate) use super::phone::Phone;
use super::world::{LOGIN, PASSWORD, Tokens, World, codes, execute_at, tokens};
use crate::world::on_both;

on_both!(
    an_authenticator_is_enrolled_and_asked_for,
    an_enrolment_that_nobody_finishes_is_over_after_an_hour,
    no_code_is_good_twice_and_none_from_before,
    of_many_calls_with_one_code_one_comes_in,
    guessing_ends_after_five,
    a_challenge_ends_after_five_tries_five_minutes_or_elsewhere,
    a_code_for_emergencies_is_good_once,
    a_company_can_ask_for_a_second_factor,
    what_matters_asks_once_more_who_is_there,
    a_lost_authenticator_is_reset_by_an_admin_and_never_set,
    seeds_are_sealed,
);

impl Phone {
    /// The code now, or so many seconds from now.
    pub(super) fn shows(&self, world: &World, later: i64) -> String {
        self.at(world.node.clock.now().micros() / 1_000_000 + later)
    }

    /// A code that is good at no time near now.
    fn wrong(&self, world: &World) -> String {
        let near: Vec<String> = (-5..=5).map(|step| self.shows(world, step * 30)).collect();
        (0..).map(|number| format!("{number:06}")).find(|code| !near.contains(code)).unwrap()
    }
}

pub(super) const ENROL: &str = "mutation { it: totpEnrol { otpauthUri qrSvg backupCodes userErrors { code message } } }";
const CONFIRM: &str = "mutation($c: String!) { it: totpConfirm(code: $c) { backupCodes userErrors { code message } } }";

pub(super) async fn enrol(world: &World, access: &str) -> (Phone, Vec<String>) {
    let payload = world.change(Some(access), ENROL, json!({})).await;
    assert_eq!((codes(&payload).len(), &payload["backupCodes"]), (0, &Value::Null), "{payload:#}");
    let uri = payload["otpauthUri"].as_str().unwrap();
    assert!(
        uri.starts_with("otpauth://totp/Entrepot:") && payload["qrSvg"].as_str().unwrap().starts_with("<svg "),
        "{payload:#}"
    );
    let phone = Phone::of(uri);
    let resulting_payload = world.change(Some(access), CONFIRM, json!({ "c": phone.shows(world, 0) })).await;
    let kept: Vec<String> = resulting_payload["backupCodes"]
        .as_array()
        .unwrap_or_else(|| panic!("{resulting_payload:#}"))
        .iter()
        .map(|code| code.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kept.len(), 10);
    (phone, kept)
}

async fn an_enrolment_that_nobody_finishes_is_over_after_an_hour(world: &World) {
    let ada = world.founder("ada").await;
    let begin = async || Phone::of(world.change(Some(&ada.access), ENROL, json!({})).await["otpauthUri"].as_str().unwrap());
    let confirm = async |phone: &Phone| {
        let payload = world.change(Some(&ada.access), CONFIRM, json!({ "c": phone.shows(world, 0) })).await;
        codes(&payload).into_iter().map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let forgotten = begin().await;
    let phone = begin().await;
    assert_eq!(confirm(&forgotten).await, ["MFA_INVALID"], "the last one that was begun counts");
    world.advance_clock(3_601);
    let ada = world.login("ada").await;
    let late_payload = world.change(Some(&ada.access), CONFIRM, json!({ "c": phone.shows(world, 0) })).await;
    assert_eq!(codes(&late_payload), ["INVALID_STATE"], "{late_payload:#}");
}

/// Logs in as far as the challenge.
pub(super) async fn challenged(world: &World, word: &str) -> String {
    let query = "mutation($e: String!, $p: String!) { it: login(email: $e, password: $p) {
        result { ... on MfaChallenge { challengeToken methods } ... on TokenPair { accessToken } } userErrors { code } } }";
    let payload = world.change(None, query, json!({ "e": format!("{word}@example.com"), "p": PASSWORD })).await;
    assert_eq!(payload["result"]["methods"], json!(["TOTP", "BACKUP_CODE"]), "{payload:#}");
    payload["result"]["challengeToken"].as_str().unwrap().to_owned()
}

fn verify() -> String {
    format!(
        "mutation($t: String!, $m: MfaMethod!, $c: String!) {{ it: mfaVerify(challengeToken: $t, method: $m, code: $c) {{ {LOGIN} }} }}"
    )
}

pub(super) async fn show(world: &World, challenge: &str, method: &str, code: &str) -> Value {
    let answer = world.execute(None, &verify(), json!({ "t": challenge, "m": method, "c": code })).await;
    if answer["errors"].is_null() { answer["data"]["it"].clone() } else { answer }
}

pub(super) async fn enrolled(world: &World, word: &str) -> (Tokens, Phone, Vec<String>) {
    let first = world.founder(word).await;
    let (phone, kept) = enrol(world, &first.access).await;
    (first, phone, kept)
}

async fn an_authenticator_is_enrolled_and_asked_for(world: &World) {
    let one = world.founder("ada").await;
    let other = world.login("ada").await;
    let me = "{ viewer { actor { ... on Member { isMfaEnabled } } } }";
    let payload = world.change(Some(&one.access), ENROL, json!({})).await;
    let phone = Phone::of(payload["otpauthUri"].as_str().unwrap());
    let refused = world.change(Some(&one.access), CONFIRM, json!({ "c": phone.wrong(world) })).await;
    assert_eq!((codes(&refused), &refused["backupCodes"]), (vec!["MFA_INVALID"], &Value::Null));
    assert!(!world.login("ada").await.access.is_empty(), "it is not asked for before it has shown a code");
    let again = world.change(Some(&one.access), ENROL, json!({})).await;
    let stale = world.change(Some(&one.access), CONFIRM, json!({ "c": phone.shows(world, 0) })).await;
    assert_eq!(codes(&stale), ["MFA_INVALID"], "the enrolment that began last counts");
    let phone = Phone::of(again["otpauthUri"].as_str().unwrap());
    assert_eq!(codes(&world.change(Some(&one.access), CONFIRM, json!({ "c": phone.shows(world, 0) })).await), Vec::<&str>::new());
    assert_eq!(codes(&world.change(Some(&one.access), CONFIRM, json!({ "c": phone.shows(world, 30) })).await), ["INVALID_STATE"]);
    assert!(!world.lets_in(&other.access).await, "the user's other sessions end");
    assert_eq!(world.execute(Some(&one.access), me, json!({})).await["data"]["viewer"]["actor"]["isMfaEnabled"], true);

    world.advance_clock(30);
    let challenge = challenged(world, "ada").await;
    assert_eq!(world.execute(Some(&challenge), me, json!({})).await["refused"], "UNAUTHENTICATED", "a challenge is no token");
    let entered = tokens(&show(world, &challenge, "TOTP", &phone.shows(world, 0)).await);
    assert!(world.lets_in(&entered.access).await);
    assert_eq!(
        codes(&show(world, &challenge, "TOTP", &phone.shows(world, 30)).await),
        ["TOKEN_EXPIRED"],
        "a challenge is met once"
    );
}

async fn no_code_is_good_twice_and_none_from_before(world: &World) {
    let (_, phone, _) = enrolled(world, "ada").await;
    let used = phone.shows(world, 0);
    let challenge = challenged(world, "ada").await;
    assert_eq!(codes(&show(world, &challenge, "TOTP", &used).await), ["MFA_INVALID"], "the enrolment used it");
    let earlier = phone.shows(world, 30);
    world.advance_clock(60);
    let later = phone.shows(world, 0);
    tokens(&show(world, &challenge, "TOTP", &later).await);
    let challenge = challenged(world, "ada").await;
    for code in [&later, &earlier] {
        assert_eq!(codes(&show(world, &challenge, "TOTP", code).await), ["MFA_INVALID"]);
    }
    world.advance_clock(30);
    for off in [-300, -60, 60, 300] {
        assert_eq!(
            codes(&show(world, &challenged(world, "ada").await, "TOTP", &phone.shows(world, off)).await),
            ["MFA_INVALID"],
            "{off}"
        );
        world.advance_clock(900);
    }
    tokens(&show(world, &challenged(world, "ada").await, "TOTP", &phone.shows(world, 30)).await);
}

async fn of_many_calls_with_one_code_one_comes_in(world: &World) {
    let (_, phone, kept) = enrolled(world, "ada").await;
    world.advance_clock(60);
    let mut challenges = Vec::new();
    for _ in 0..8 {
        challenges.push(challenged(world, "ada").await);
    }
    let code = phone.shows(world, 0);
    let answers = join_all(challenges.iter().map(|challenge| show(world, challenge, "TOTP", &code))).await;
    let entered = answers.iter().filter(|answer| answer["result"]["accessToken"].is_string()).count();
    assert_eq!(entered, 1, "{answers:#?}");
    world.advance_clock(900);
    let challenge = challenged(world, "ada").await;
    let answers = join_all((0..5).map(|_| show(world, &challenge, "BACKUP_CODE", &kept[0]))).await;
    let entered = answers.iter().filter(|answer| answer["result"]["accessToken"].is_string()).count();
    assert_eq!(entered, 1, "{answers:#?}");
}

async fn guessing_ends_after_five(world: &World) {
    let (_, phone, kept) = enrolled(world, "ada").await;
    world.advance_clock(30);
    let mut refused = 0;
    // A new login for each guess changes nothing: the user is counted, not the challenge.
    for guess in 0..12 {
        let method = if guess % 2 == 0 { ("TOTP", phone.wrong(world)) } else { ("BACKUP_CODE", "01-00000-00000".to_owned()) };
        let answer = show(world, &challenged(world, "ada").await, method.0, &method.1).await;
        if answer["errors"][0]["code"] == "RATE_LIMITED" {
            refused += 1;
            let wait = answer["errors"][0]["retryAfterMs"].as_u64().unwrap();
            assert!((800_000..=900_000).contains(&wait), "{answer:#}");
        } else {
            assert_eq!((codes(&answer), guess < 5), (vec!["MFA_INVALID"], true), "{guess}");
        }
    }
    assert_eq!(refused, 7);
    for (method, code) in [("TOTP", phone.shows(world, 0)), ("BACKUP_CODE", kept[3].clone())] {
        let answer = show(world, &challenged(world, "ada").await, method, &code).await;
        assert_eq!(answer["errors"][0]["code"], "RATE_LIMITED", "the right one is not looked at either");
    }
    world.advance_clock(901);
    tokens(&show(world, &challenged(world, "ada").await, "TOTP", &phone.shows(world, 0)).await);
}

async fn a_challenge_ends_after_five_tries_five_minutes_or_elsewhere(world: &World) {
    let (_, phone, _) = enrolled(world, "ada").await;
    world.advance_clock(30);
    let challenge = challenged(world, "ada").await;
    for _ in 0..5 {
        assert_eq!(codes(&show(world, &challenge, "TOTP", &phone.wrong(world)).await), ["MFA_INVALID"]);
    }
    assert_eq!(codes(&show(world, &challenge, "TOTP", &phone.shows(world, 0)).await), ["TOKEN_EXPIRED"]);
    world.advance_clock(901);
    let late = challenged(world, "ada").await;
    world.advance_clock(301);
    assert_eq!(codes(&show(world, &late, "TOTP", &phone.shows(world, 0)).await), ["TOKEN_EXPIRED"]);
    let moved = challenged(world, "ada").await;
    let variables = json!({ "t": moved, "m": "TOTP", "c": phone.shows(world, 0) });
    let elsewhere = execute_at(&world.node, None, "203.0.113.9", &verify(), variables).await;
    assert_eq!(codes(&elsewhere["data"]["it"]), ["TOKEN_EXPIRED"], "another network does not go on with it");
    for junk in ["", "epc_", "epr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(codes(&show(world, junk, "TOTP", "000000").await), ["TOKEN_EXPIRED"]);
    }
    tokens(&show(world, &moved, "TOTP", &phone.shows(world, 0)).await);
}

async fn a_code_for_emergencies_is_good_once(world: &World) {
    let (first, phone, kept) = enrolled(world, "ada").await;
    let typed = kept[6].to_lowercase().replace('-', " ");
    tokens(&show(world, &challenged(world, "ada").await, "BACKUP_CODE", &typed).await);
    let challenge = challenged(world, "ada").await;
    assert_eq!(codes(&show(world, &challenge, "BACKUP_CODE", &kept[6]).await), ["MFA_INVALID"], "twice");
    let other = kept[0].replacen("01-", "02-", 1);
    assert_eq!(codes(&show(world, &challenge, "BACKUP_CODE", &other).await), ["MFA_INVALID"], "under another number");
    tokens(&show(world, &challenge, "BACKUP_CODE", &kept[0]).await);
    let dump = world.dump("backup_code").await;
    assert!(kept.iter().all(|code| !dump.contains(&code[3..])) && dump.contains("$argon2id$"), "{dump}");

    let anew = "mutation { it: backupCodesRegenerate { backupCodes userErrors { code } } }";
    let fresh = world.change(Some(&first.access), anew, json!({})).await;
    assert_eq!(fresh["backupCodes"].as_array().map(Vec::len), Some(10), "{fresh:#}");
    world.advance_clock(900);
    let challenge = challenged(world, "ada").await;
    assert_eq!(codes(&show(world, &challenge, "BACKUP_CODE", &kept[1]).await), ["MFA_INVALID"], "the old set is gone");
    tokens(&show(world, &challenge, "BACKUP_CODE", fresh["backupCodes"][1].as_str().unwrap()).await);
    drop(phone);
}

async fn a_company_can_ask_for_a_second_factor(world: &World) {
    let one = world.founder("ada").await;
    world.as_owner(&["UPDATE tenant SET mfa_required = TRUE"]).await;
    world.advance_clock(4);
    for query in [
        "{ viewer { tenant { slug } } }",
        "{ stores(first: 1) { nodes { id } } }",
        "{ node(id: \"ten_00000000000000000000000001\") { id } }",
    ] {
        let answer = world.execute(Some(&one.access), query, json!({})).await;
        assert_eq!(answer["errors"][0]["code"], "MFA_ENROLMENT_REQUIRED", "{query}: {answer:#}");
    }
    let two = world.login("ada").await;
    assert_eq!(
        world.execute(Some(&two.access), "{ viewer { tenant { slug } } }", json!({})).await["errors"][0]["code"],
        "MFA_ENROLMENT_REQUIRED"
    );
    enrol(world, &two.access).await;
    let answer = world.execute(Some(&two.access), "{ viewer { tenant { slug } } }", json!({})).await;
    assert_eq!(answer["data"]["viewer"]["tenant"]["slug"], "ada-shop", "the session that enrolled goes on: {answer:#}");
    let refreshed = tokens(&world.refresh(&two.refresh).await);
    assert!(world.execute(Some(&refreshed.access), "{ viewer { tenant { slug } } }", json!({})).await["errors"].is_null());
    // A person who removes the factor must enrol again.
    let remove = "mutation { it: totpRemove { userErrors { code } } }";
    assert_eq!(world.change(Some(&refreshed.access), remove, json!({})).await, json!({ "userErrors": [] }));
    let answer = world.execute(Some(&refreshed.access), "{ viewer { tenant { slug } } }", json!({})).await;
    assert_eq!(answer["errors"][0]["code"], "MFA_ENROLMENT_REQUIRED");
}

async fn what_matters_asks_once_more_who_is_there(world: &World) {
    let one = world.founder("ada").await;
    let again = format!("mutation($p: String, $c: String) {{ it: reauthenticate(password: $p, code: $c) {{ {LOGIN} }} }}");
    world.advance_clock(601);
    assert_eq!(world.execute(Some(&one.access), ENROL, json!({})).await["errors"][0]["code"], "STEP_UP_REQUIRED");
    for (password, code) in [(json!("wrong password!"), Value::Null), (Value::Null, Value::Null), (Value::Null, json!("000000"))]
    {
        let refused = world.change(Some(&one.access), &again, json!({ "p": password, "c": code })).await;
        assert_eq!(codes(&refused), ["INVALID_CREDENTIALS"], "{password} {code}");
    }
    let fresh = tokens(&world.change(Some(&one.access), &again, json!({ "p": PASSWORD })).await);
    assert_eq!(fresh.session, one.session, "the session goes on");
    let (phone, _) = enrol(world, &fresh.access).await;
    assert_eq!(
        world.execute(Some(&one.access), ENROL, json!({})).await["errors"][0]["code"],
        "STEP_UP_REQUIRED",
        "the old token is as old as it was"
    );
    world.advance_clock(601);
    let fresh = tokens(&world.refresh(&fresh.refresh).await);
    let anew = "mutation { it: backupCodesRegenerate { backupCodes userErrors { code } } }";
    assert_eq!(
        world.execute(Some(&fresh.access), anew, json!({})).await["errors"][0]["code"],
        "STEP_UP_REQUIRED",
        "a refresh is no step up"
    );
    let refused = world.change(Some(&fresh.access), &again, json!({ "p": PASSWORD })).await;
    assert_eq!(codes(&refused), ["MFA_INVALID"], "who has a second factor shows it");
    let fresh = tokens(&world.change(Some(&fresh.access), &again, json!({ "c": phone.shows(world, 0) })).await);
    assert_eq!(codes(&world.change(Some(&fresh.access), anew, json!({})).await), Vec::<&str>::new());
}

async fn a_lost_authenticator_is_reset_by_an_admin_and_never_set(world: &World) {
    let admin = world.founder("ada").await;
    let bob = world.founder("bob").await;
    enrol(world, &bob.access).await;
    let own = world.execute(Some(&bob.access), "{ viewer { actor { ... on Member { id } } } }", json!({})).await;
    let member = own["data"]["viewer"]["actor"]["id"].as_str().unwrap().to_owned();
    let reset =
        "mutation($id: ID!) { it: memberMfaReset(id: $id) { member { id isMfaEnabled } userErrors { code field message } } }";
    let refused = world.change(Some(&admin.access), reset, json!({ "id": member })).await;
    assert_eq!(codes(&refused), ["NOT_FOUND"], "bob is no member here");
    // Bob moves to Ada's company.
    let of_bob = "user_id = (SELECT id FROM app_user WHERE email = 'bob@example.com')";
    world.as_owner(&[&format!("DELETE FROM role_grant WHERE member_id = (SELECT id FROM member WHERE {of_bob})")]).await;
    world
        .as_owner(&[&format!("UPDATE member SET tenant_id = (SELECT id FROM tenant WHERE slug = 'ada-shop') WHERE {of_bob}")])
        .await;
    let payload = world.change(Some(&admin.access), reset, json!({ "id": member })).await;
    assert_eq!(payload, json!({ "member": { "id": member, "isMfaEnabled": false }, "userErrors": [] }));
    assert!(!world.lets_in(&bob.access).await, "his sessions end");
    let back = world.login("bob").await;
    assert!(world.lets_in(&back.access).await, "and he comes in to enrol another");
    assert_eq!(codes(&world.change(Some(&admin.access), reset, json!({ "id": member })).await), ["INVALID_STATE"]);
}

async fn seeds_are_sealed(world: &World) {
    let one = world.founder("ada").await;
    let payload = world.change(Some(&one.access), ENROL, json!({})).await;
    let phone = Phone::of(payload["otpauthUri"].as_str().unwrap());
    let hex: String = phone.0.iter().map(|byte| format!("{byte:02x}")).collect();
    let kept = |dump: String| dump.to_lowercase().contains(&hex);
    assert!(!kept(world.dump("totp").await), "while it waits");
    world.change(Some(&one.access), CONFIRM, json!({ "c": phone.shows(world, 0) })).await;
    let dump = world.dump("totp").await.to_lowercase();
    assert!(dump.contains("e501"), "it is there, sealed: {dump}");
    assert!(!kept(dump), "and when it is in use");
}
