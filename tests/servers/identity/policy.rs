//! Companies with stricter rules than the deployment's: length of passwords, and lifetime of sessions.

use entrepot::access::BUILT_IN;
use serde_json::{Value, json};

use super::world::{LOGIN, PASSWORD, Tokens, World, codes, token_in, tokens};
use crate::world::on_both;

on_both!(
    a_password_that_is_too_short_for_a_company_does_not_come_in,
    nobody_is_invited_in_with_a_short_password,
    nobody_switches_around_the_rule,
    a_company_that_becomes_stricter_ends_what_goes_on_for_too_long,
);

const DONE: [&str; 0] = [];
/// Twenty-four characters; `PASSWORD` has twenty.
const LONGER: &str = "nine spoons in a drawer!";

impl World {
    async fn settles(&self, by: &Tokens, settings: Value) -> Value {
        let version = self.execute(Some(&by.access), "{ viewer { tenant { settings { version } } } }", json!({})).await;
        let mut input = settings;
        input["expectedVersion"] = version["data"]["viewer"]["tenant"]["settings"]["version"].clone();
        let query = "mutation($i: TenantUpdateInput!) { it: tenantUpdate(input: $i) { tenant { settings { passwordLength } } userErrors { code field } } }";
        self.change(Some(&by.access), query, json!({ "i": input })).await
    }

    async fn changes_password(&self, by: &Tokens, from: &str, to: &str) -> Value {
        let query = "mutation($a: String!, $b: String!) { it: passwordChange(currentPassword: $a, newPassword: $b) { userErrors { code field } } }";
        self.change(Some(&by.access), query, json!({ "a": from, "b": to })).await
    }
}

async fn a_password_that_is_too_short_for_a_company_does_not_come_in(world: &World) {
    let ada = world.founder("ada").await;
    for wrong in [8, 11, 14, 68] {
        let refused = world.settles(&ada, json!({ "passwordLength": wrong })).await;
        assert_eq!(refused["userErrors"], json!([{ "code": "OUT_OF_RANGE", "field": ["input", "passwordLength"] }]), "{wrong}");
    }
    let settled = world.settles(&ada, json!({ "passwordLength": 24 })).await;
    assert_eq!(
        (codes(&settled).as_slice(), &settled["tenant"]["settings"]["passwordLength"]),
        (DONE.as_slice(), &json!(24)),
        "{settled:#}"
    );
    assert_eq!(codes(&world.refresh(&ada.refresh).await), ["TOKEN_EXPIRED"], "sessions of before do not go on");
    assert_eq!(codes(&world.try_login("ada", PASSWORD).await["data"]["it"]), ["WEAK_PASSWORD"]);
    assert_eq!(
        codes(&world.try_login("ada", "not the password").await["data"]["it"]),
        ["INVALID_CREDENTIALS"],
        "only who has the right one is told"
    );
    let reset = "mutation { it: passwordResetRequest(email: \"ada@example.com\") { userErrors { code } } }";
    world.change(None, reset, json!({})).await;
    let link = token_in(&world.letters(1).await[0]);
    let set = "mutation($t: String!, $p: String!) { it: passwordReset(token: $t, newPassword: $p) { userErrors { code } } }";
    assert_eq!(codes(&world.change(None, set, json!({ "t": link, "p": "five forks on a table" })).await), ["WEAK_PASSWORD"]);
    assert_eq!(codes(&world.change(None, set, json!({ "t": link, "p": LONGER })).await), DONE);
    let ada = tokens(&world.try_login("ada", LONGER).await["data"]["it"]);
    tokens(&world.refresh(&ada.refresh).await);
    assert_eq!(codes(&world.changes_password(&ada, LONGER, PASSWORD).await), ["WEAK_PASSWORD"]);
    assert_eq!(codes(&world.settles(&ada, json!({ "passwordLength": null })).await), DONE);
    assert_eq!(codes(&world.changes_password(&ada, LONGER, PASSWORD).await), DONE);
}

async fn nobody_is_invited_in_with_a_short_password(world: &World) {
    let ada = world.founder("ada").await;
    world.founder("bob").await;
    world.settles(&ada, json!({ "passwordLength": 24 })).await;
    let role = BUILT_IN.iter().find(|role| role.key == "viewer").unwrap().id.to_string();
    let accept = format!(
        "mutation($t: String!, $p: String!) {{ it: invitationAccept(token: $t, password: $p, displayName: \"N\") {{ {LOGIN} }} }}"
    );
    for (index, email) in ["new@example.com", "bob@example.com"].into_iter().enumerate() {
        let invite = "mutation($e: String!, $r: [ID!]!) { it: memberInvite(email: $e, roleIds: $r, scope: { all: true }) { userErrors { code message } } }";
        assert_eq!(codes(&world.change(Some(&ada.access), invite, json!({ "e": email, "r": [role] })).await), DONE);
        let letters = world.letters(index + 1).await;
        let token = token_in(letters.iter().find(|letter| letter.contains(&format!("To: {email}"))).unwrap());
        assert_eq!(codes(&world.change(None, &accept, json!({ "t": token, "p": PASSWORD })).await), ["WEAK_PASSWORD"], "{email}");
        if index == 0 {
            tokens(&world.change(None, &accept, json!({ "t": token, "p": LONGER })).await);
        }
    }
}

async fn nobody_switches_around_the_rule(world: &World) {
    let ada = world.founder("ada").await;
    let register = format!(
        "mutation($p: String!) {{ it: register(email: \"ada@example.com\", password: $p, displayName: \"Ada\", tenantName: \"Second\", tenantSlug: \"second\") {{ {LOGIN} }} }}"
    );
    let second = tokens(&world.change(None, &register, json!({ "p": PASSWORD })).await);
    assert_eq!(codes(&world.settles(&second, json!({ "passwordLength": 24 })).await), DONE);
    let switch = format!("mutation {{ it: tenantSwitch(tenant: \"second\") {{ {LOGIN} }} }}");
    assert_eq!(codes(&world.change(Some(&ada.access), &switch, json!({})).await), ["INVALID_STATE"]);
    assert_eq!(codes(&world.changes_password(&ada, PASSWORD, LONGER).await), DONE);
    tokens(&world.change(Some(&ada.access), &switch, json!({})).await);
}

async fn a_company_that_becomes_stricter_ends_what_goes_on_for_too_long(world: &World) {
    let ada = world.founder("ada").await;
    let other = world.login("ada").await;
    assert_eq!(codes(&world.settles(&ada, json!({ "sessionSeconds": 3600, "sessionIdleSeconds": 900 })).await), DONE);
    let gone_on = tokens(&world.refresh(&ada.refresh).await);
    world.advance_clock(901);
    assert_eq!(codes(&world.refresh(&gone_on.refresh).await), ["TOKEN_EXPIRED"], "unused for too long");
    // The other one's token is from before, but its session is not.
    let other = tokens(&world.refresh(&other.refresh).await);
    let mut last = other;
    for _ in 0..3 {
        world.advance_clock(800);
        last = tokens(&world.refresh(&last.refresh).await);
    }
    world.advance_clock(400);
    assert_eq!(codes(&world.refresh(&last.refresh).await), ["TOKEN_EXPIRED"], "however much it is used");
    assert!(!world.lets_in(&last.access).await);
}
