//! Logins in progress, sockets and tokens of lost replies: they began under earlier terms, and
//! current terms apply to them.

use serde_json::{Value, json};

use super::{
    factors::{challenged, enrol, enrolled, show},
    world::{PASSWORD, World, admit, codes, token_in, tokens},
};
use crate::world::on_both;

on_both!(
    a_login_that_waits_ends_with_the_password_that_it_was_begun_with,
    a_login_that_waits_ends_with_its_members_sessions,
    a_socket_ends_when_a_second_factor_is_asked_for,
    whoever_must_enrol_may_do_nothing_else,
    an_access_token_that_was_given_for_lost_ends_the_session,
);

const NEW: &str = "seven teapots in a row";
const DONE: [&str; 0] = [];

async fn a_login_that_waits_ends_with_the_password_that_it_was_begun_with(world: &World) {
    let (ada, phone, _) = enrolled(world, "ada").await;
    world.advance_clock(30);
    let waits = challenged(world, "ada").await;
    let change =
        "mutation($c: String!, $n: String!) { it: passwordChange(currentPassword: $c, newPassword: $n) { userErrors { code } } }";
    assert_eq!(codes(&world.change(Some(&ada.access), change, json!({ "c": PASSWORD, "n": NEW })).await), DONE);
    assert_eq!(codes(&show(world, &waits, "TOTP", &phone.shows(world, 0)).await), ["TOKEN_EXPIRED"], "changed");

    let (_, phone, _) = enrolled(world, "bob").await;
    world.advance_clock(30);
    let waits = challenged(world, "bob").await;
    let request = "mutation($e: String!) { it: passwordResetRequest(email: $e) { userErrors { code } } }";
    world.change(None, request, json!({ "e": "bob@example.com" })).await;
    // The other e-mail informs Ada of her new password.
    let letters = world.letters(2).await;
    let link = token_in(letters.iter().find(|letter| letter.contains("#token=epw_")).unwrap());
    let reset = "mutation($t: String!, $p: String!) { it: passwordReset(token: $t, newPassword: $p) { userErrors { code } } }";
    assert_eq!(codes(&world.change(None, reset, json!({ "t": link, "p": NEW })).await), DONE);
    assert_eq!(codes(&show(world, &waits, "TOTP", &phone.shows(world, 0)).await), ["TOKEN_EXPIRED"], "reset");
}

async fn a_login_that_waits_ends_with_its_members_sessions(world: &World) {
    let (ada, phone, _) = enrolled(world, "ada").await;
    world.advance_clock(30);
    let waits = challenged(world, "ada").await;
    let others = "mutation { it: sessionRevokeOthers { userErrors { code } } }";
    assert_eq!(codes(&world.change(Some(&ada.access), others, json!({})).await), DONE);
    assert_eq!(codes(&show(world, &waits, "TOTP", &phone.shows(world, 0)).await), ["TOKEN_EXPIRED"]);
    tokens(&show(world, &challenged(world, "ada").await, "TOTP", &phone.shows(world, 0)).await);
}

async fn a_socket_ends_when_a_second_factor_is_asked_for(world: &World) {
    let plain = world.founder("ada").await;
    let (strong, ..) = enrolled(world, "bob").await;
    let socket = async |token: &str| admit(&world.node, Some(token), "198.51.100.7").await.unwrap().revoked.unwrap();
    let (open, factored) = (socket(&plain.access).await, socket(&strong.access).await);
    world.node.identity.refresh_watched_sessions().await.unwrap();
    assert!(!*open.borrow());
    world.as_owner(&["UPDATE tenant SET mfa_required = TRUE"]).await;
    world.node.identity.refresh_watched_sessions().await.unwrap();
    assert!(*open.borrow() && !*factored.borrow(), "whoever has shown a second factor goes on");
    // The session stays open too, for enrolment: its further calls are refused with that demand.
    let again = socket(&plain.access).await;
    let answer = world.execute(Some(&plain.access), "{ viewer { tenant { slug } } }", json!({})).await;
    assert_eq!(answer["errors"][0]["code"], "MFA_ENROLMENT_REQUIRED");
    world.node.identity.refresh_watched_sessions().await.unwrap();
    assert!(!*again.borrow());
    enrol(world, &plain.access).await;
    world.node.identity.refresh_watched_sessions().await.unwrap();
    assert!(!*again.borrow() && world.lets_in(&plain.access).await);
}

async fn whoever_must_enrol_may_do_nothing_else(world: &World) {
    let ada = world.founder("ada").await;
    world.as_owner(&["UPDATE tenant SET mfa_required = TRUE"]).await;
    world.advance_clock(4);
    for field in [
        "tenantLeave { seq }",
        "tenantSwitch(tenant: \"ada-shop\") { seq }",
        "profileUpdate(displayName: \"Eve\") { seq }",
        "passwordChange(currentPassword: \"four mugs on a shelf\", newPassword: \"seven teapots in a row\") { seq }",
        "emailVerificationRequest { seq }",
        "sessionRevokeOthers { seq }",
        "sessionRename(id: \"ses_00000000000000000000000001\", name: \"x\") { seq }",
        "totpRemove { seq }",
        "backupCodesRegenerate { seq }",
        "sandboxCreate(tenantName: \"Box\", tenantSlug: \"ada-box\") { seq }",
    ] {
        let answer = world.execute(Some(&ada.access), &format!("mutation {{ {field} }}"), json!({})).await;
        assert_eq!(answer["errors"][0]["code"], "MFA_ENROLMENT_REQUIRED", "{field}: {answer:#}");
    }
    assert_eq!(world.dump("app_user").await.matches("Eve").count(), 0);
    let again = "mutation($p: String) { it: reauthenticate(password: $p) { result { ... on TokenPair { accessToken } } userErrors { code } } }";
    world.advance_clock(590);
    let fresh = tokens(&world.refresh(&ada.refresh).await);
    world.advance_clock(20);
    let payload = world.change(Some(&fresh.access), again, json!({ "p": PASSWORD })).await;
    let access = payload["result"]["accessToken"].as_str().unwrap_or_else(|| panic!("{payload:#}")).to_owned();
    enrol(world, &access).await;
    let logout = "mutation { it: logout { userErrors { code } } }";
    assert_eq!(world.change(Some(&access), logout, json!({})).await, json!({ "userErrors": [] }));
    let bob = world.founder("bob").await;
    world.as_owner(&["UPDATE tenant SET mfa_required = TRUE"]).await;
    world.advance_clock(4);
    assert_eq!(world.change(Some(&bob.access), logout, json!({})).await, json!({ "userErrors": [] }), "leaving is always open");
}

async fn an_access_token_that_was_given_for_lost_ends_the_session(world: &World) {
    let first = world.founder("ada").await;
    let lost = tokens(&world.refresh(&first.refresh).await);
    world.advance_clock(11);
    let again = tokens(&world.refresh(&first.refresh).await);
    assert!(world.lets_in(&again.access).await);
    assert!(!world.lets_in(&lost.access).await, "it was withdrawn with its pair");
    assert!(!world.lets_in(&again.access).await, "the reply was not lost: somebody else has it");
    for refresh in [&again.refresh, &lost.refresh] {
        assert_eq!(codes(&world.refresh(refresh).await), ["TOKEN_EXPIRED"]);
    }
    let letters = world.letters(1).await;
    assert_eq!(letters.len(), 1, "its owner is told once: {letters:?}");
    let back: Value = world.try_login("ada", PASSWORD).await;
    assert!(!tokens(&back["data"]["it"]).access.is_empty());
}
