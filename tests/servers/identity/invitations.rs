//! Invitations, and their acceptance by the link of an e-mail, once.

use entrepot::access::BUILT_IN;
use serde_json::{Value, json};

use super::world::{LOGIN, PASSWORD, Tokens, World, codes, execute_at, token_in, tokens};
use crate::world::{answers::refusals, on_both};

on_both!(
    somebody_without_an_account_is_invited_and_comes_in,
    inviting_tells_nothing_of_an_address,
    an_account_comes_in_only_by_its_own_password,
    whoever_registers_somebody_elses_address_is_not_let_in_by_their_invitation,
    an_invitation_is_good_for_a_week_and_can_be_taken_back_and_sent_again,
    of_many_who_accept_at_once_one_comes_in,
    nobody_invites_with_rights_they_do_not_hold,
    rights_that_were_taken_a_moment_ago_are_not_given_on,
    whoever_was_removed_is_out_and_can_come_again,
    nobody_suspends_or_removes_whoever_holds_more,
    members_are_listed_page_by_page,
);

const DONE: [&str; 0] = [];
const INVITE: &str = "mutation($e: String!, $r: [ID!]!, $s: StoreScopeInput!, $u: DateTime) { it: memberInvite(email: $e, roleIds: $r, scope: $s, expiresAt: $u) {
    member { id email displayName status isMfaEnabled lastSeenAt version roles { role { key } scope { all } expiresAt } invitation { expiresAt invitedById } }
    userErrors { code field message } seq } }";
const MEMBERS: &str = "query($s: [MemberStatus!], $f: Int, $a: Cursor, $l: Int, $b: Cursor) { members(status: $s, first: $f, after: $a, last: $l, before: $b) {
    nodes { id email displayName status leftAt invitation { sentAt } roles { role { key } } } pageInfo { hasNextPage hasPreviousPage endCursor startCursor } } }";

fn role(key: &str) -> String {
    BUILT_IN.iter().find(|role| role.key == key).unwrap().id.to_string()
}

impl World {
    async fn invite(&self, by: &Tokens, email: &str, key: &str) -> Value {
        let role = if key.starts_with("rol_") { key.to_owned() } else { role(key) };
        let variables = json!({ "e": email, "r": [role], "s": { "all": true } });
        self.change(Some(&by.access), INVITE, variables).await
    }

    /// A role that looks after people and does nothing else.
    async fn people_role(&self, by: &Tokens) -> String {
        let query = "mutation($i: RoleCreateInput!) { it: roleCreate(input: $i) { role { id } userErrors { message } } }";
        let input = json!({ "key": "people", "name": "People", "permissions": ["member.read", "member.write", "member.invite"] });
        self.change(Some(&by.access), query, json!({ "i": input })).await["role"]["id"].as_str().unwrap().to_owned()
    }

    async fn accept(&self, token: &str, password: &str, name: Option<&str>) -> Value {
        let query = format!(
            "mutation($t: String!, $p: String!, $n: String) {{ it: invitationAccept(token: $t, password: $p, displayName: $n) {{ {LOGIN} }} }}"
        );
        self.change(None, &query, json!({ "t": token, "p": password, "n": name })).await
    }

    /// The last link that an address was sent.
    async fn link_to(&self, email: &str, letters: usize) -> String {
        let letters = self.letters(letters).await;
        let mine: Vec<_> = letters.iter().filter(|letter| letter.contains(&format!("To: {email}"))).collect();
        assert_eq!(mine.len(), 1, "{letters:#?}");
        token_in(mine[0])
    }

    async fn by_id(&self, by: &Tokens, field: &str, id: &Value) -> Value {
        let shown = if field == "invitationRevoke" { "" } else { "member { status leftAt }" };
        let query = format!("mutation($id: ID!) {{ it: {field}(id: $id) {{ {shown} userErrors {{ code message field }} }} }}");
        self.change(Some(&by.access), &query, json!({ "id": id })).await
    }

    async fn members(&self, by: &Tokens, variables: Value) -> Value {
        let answer = self.execute(Some(&by.access), MEMBERS, variables).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["members"].clone()
    }

    /// Returns an invited person who has accepted.
    async fn hired(&self, by: &Tokens, word: &str, key: &str, letters: usize) -> (Tokens, Value) {
        let email = format!("{word}@example.com");
        let invited = self.invite(by, &email, key).await;
        assert_eq!(codes(&invited), DONE, "{invited:#}");
        let token = self.link_to(&email, letters).await;
        (tokens(&self.accept(&token, PASSWORD, Some(word)).await), invited["member"]["id"].clone())
    }
}

async fn somebody_without_an_account_is_invited_and_comes_in(world: &World) {
    let ada = world.founder("ada").await;
    let invited = world.invite(&ada, " Bob@Example.com", "manager").await;
    assert_eq!(codes(&invited), DONE, "{invited:#}");
    let member = &invited["member"];
    assert_eq!(
        (&member["status"], &member["email"], &member["displayName"]),
        (&json!("INVITED"), &json!("Bob@Example.com"), &json!("Bob@Example.com"))
    );
    assert_eq!(member["roles"], json!([{ "role": { "key": "manager" }, "scope": { "all": true }, "expiresAt": null }]));
    assert!(invited["seq"].is_string() || invited["seq"].is_number(), "the stream says so: {invited:#}");
    assert_eq!(codes(&world.invite(&ada, "bob@example.com", "viewer").await), ["DUPLICATE"]);
    let letter = &world.letters(1).await[0];
    assert!(
        letter.contains("https://stock.example/invitation#token=epi_") && letter.contains("<a href="),
        "text and HTML: {letter}"
    );
    let token = token_in(letter);
    assert!(!world.dump("invitation").await.contains(&token[4..]), "the link is not kept");
    assert_eq!(codes(&world.try_login("bob", PASSWORD).await["data"]["it"]), ["INVALID_CREDENTIALS"], "not before");
    assert_eq!(codes(&world.accept(&token, "password1234", None).await), ["REQUIRED", "WEAK_PASSWORD"], "and it is still good:");
    let bob = tokens(&world.accept(&token, PASSWORD, Some(" Bob ")).await);
    let query = "{ viewer { tenant { slug } profile { email emailVerified displayName } actor { ... on Member { status roles { role { key } } } } } }";
    let me = world.execute(Some(&bob.access), query, json!({})).await["data"]["viewer"].clone();
    assert_eq!(me["tenant"]["slug"], "ada-shop");
    assert_eq!(me["profile"], json!({ "email": "Bob@Example.com", "emailVerified": true, "displayName": "Bob" }));
    assert_eq!(me["actor"], json!({ "status": "ACTIVE", "roles": [{ "role": { "key": "manager" } }] }));
    assert_eq!(codes(&world.accept(&token, PASSWORD, Some("Bob")).await), ["TOKEN_EXPIRED"], "good once");
    tokens(&world.try_login("bob", PASSWORD).await["data"]["it"]);
}

async fn inviting_tells_nothing_of_an_address(world: &World) {
    let ada = world.founder("ada").await;
    world.founder("known").await;
    world.login("known").await;
    world.as_owner(&["UPDATE member SET last_seen_at = 1"]).await;
    let mut answers = Vec::new();
    for email in ["KNOWN@example.com", "ghost@example.com"] {
        let mut answer = world.invite(&ada, email, "viewer").await;
        let id = answer["member"]["id"].clone();
        // Calls on an invited member are refused in the same way.
        let tried: Vec<Value> = [
            world.by_id(&ada, "memberMfaReset", &id).await,
            world.by_id(&ada, "memberSuspend", &id).await,
            world.by_id(&ada, "memberRemove", &id).await,
        ]
        .into();
        for part in ["id", "invitation", "email", "displayName"] {
            answer["member"][part] = json!(null);
        }
        answer["seq"] = json!(null);
        answers.push((answer, tried));
    }
    assert_eq!(answers[0], answers[1]);
    let listed = world.members(&ada, json!({ "s": ["INVITED"] })).await;
    let seen: Vec<_> = listed["nodes"].as_array().unwrap().iter().map(|node| (&node["email"], &node["displayName"])).collect();
    assert_eq!(
        seen,
        [(&json!("ghost@example.com"), &json!("ghost@example.com")), (&json!("KNOWN@example.com"), &json!("KNOWN@example.com"))]
    );
    // An invited person without an account gets no e-mail and cannot log in, and the owner of the
    // address can register.
    let reset = "mutation { it: passwordResetRequest(email: \"ghost@example.com\") { userErrors { code } } }";
    assert_eq!(codes(&world.change(None, reset, json!({})).await), DONE);
    assert_eq!(codes(&world.try_login("ghost", "").await["data"]["it"]), ["INVALID_CREDENTIALS"]);
    assert_eq!(world.letters(2).await.len(), 2, "two invitations and nothing else");
    world.founder("ghost").await;
}

async fn an_account_comes_in_only_by_its_own_password(world: &World) {
    let ada = world.founder("ada").await;
    world.founder("bob").await;
    world.invite(&ada, "bob@example.com", "staff").await;
    let token = world.link_to("bob@example.com", 1).await;
    for _ in 0..2 {
        assert_eq!(codes(&world.accept(&token, "nine spoons in a drawer", Some("Bob")).await), ["INVALID_CREDENTIALS"]);
    }
    let accepted = world.accept(&token, PASSWORD, None).await;
    assert_eq!(accepted["result"]["tenant"]["slug"], "ada-shop");
    let bob = tokens(&accepted);
    let mine = world.execute(Some(&bob.access), "{ viewer { tenants { slug } } }", json!({})).await;
    assert_eq!(mine["data"]["viewer"]["tenants"], json!([{ "slug": "ada-shop" }, { "slug": "bob-shop" }]));
    let name = world.execute(Some(&bob.access), "{ viewer { profile { displayName } } }", json!({})).await;
    assert_eq!(name["data"]["viewer"]["profile"]["displayName"], "Owner", "an account keeps its name");
    for junk in ["", "epi_", "epv_AAAA", &token[..token.len() - 1]] {
        assert_eq!(codes(&world.accept(junk, PASSWORD, None).await), ["TOKEN_EXPIRED"], "{junk}");
    }
}

/// An attacker registers the invited address first and waits inside that account for its owner to
/// accept.
async fn whoever_registers_somebody_elses_address_is_not_let_in_by_their_invitation(world: &World) {
    let ada = world.founder("ada").await;
    world.invite(&ada, "victim@example.com", "admin").await;
    let token = world.link_to("victim@example.com", 1).await;
    let thief = world.founder("victim").await;
    let switch = format!("mutation {{ it: tenantSwitch(tenant: \"ada-shop\") {{ {LOGIN} }} }}");
    assert_eq!(codes(&world.change(Some(&thief.access), &switch, json!({})).await), ["NOT_FOUND"]);
    assert_eq!(codes(&world.accept(&token, "nine spoons in a drawer", Some("Victim")).await), ["INVALID_CREDENTIALS"]);
    let reset = "mutation { it: passwordResetRequest(email: \"victim@example.com\") { userErrors { code } } }";
    world.change(None, reset, json!({})).await;
    let letters = world.letters(2).await;
    let link = token_in(letters.iter().find(|letter| letter.contains("epw_")).unwrap());
    let set = "mutation($t: String!) { it: passwordReset(token: $t, newPassword: \"nine spoons in a drawer\") { userErrors { code } } }";
    assert_eq!(codes(&world.change(None, set, json!({ "t": link })).await), DONE);
    tokens(&world.accept(&token, "nine spoons in a drawer", None).await);
    assert!(!world.lets_in(&thief.access).await, "the thief's sessions ended with the password");
    assert_eq!(codes(&world.refresh(&thief.refresh).await), ["TOKEN_EXPIRED"]);
}

async fn an_invitation_is_good_for_a_week_and_can_be_taken_back_and_sent_again(world: &World) {
    let ada = world.founder("ada").await;
    let invited = world.invite(&ada, "bob@example.com", "viewer").await;
    let (id, first) = (invited["member"]["id"].clone(), world.link_to("bob@example.com", 1).await);
    world.advance_clock(7 * 24 * 3600);
    let ada = world.login("ada").await;
    assert_eq!(codes(&world.accept(&first, PASSWORD, Some("Bob")).await), ["TOKEN_EXPIRED"]);
    assert_eq!(codes(&world.by_id(&ada, "invitationResend", &id).await), DONE);
    let letters = world.letters(2).await;
    let second = letters.iter().map(|letter| token_in(letter)).find(|token| *token != first).unwrap();
    assert_eq!(codes(&world.accept(&first, PASSWORD, Some("Bob")).await), ["TOKEN_EXPIRED"], "the old link stays dead");
    assert_eq!(codes(&world.by_id(&ada, "invitationRevoke", &id).await), DONE);
    assert_eq!(codes(&world.accept(&second, PASSWORD, Some("Bob")).await), ["TOKEN_EXPIRED"]);
    assert!(!world.dump("app_user").await.contains("bob@"), "who never came is forgotten");
    for field in ["invitationRevoke", "invitationResend"] {
        assert_eq!(codes(&world.by_id(&ada, field, &id).await), ["NOT_FOUND"], "{field}");
    }
    let me = world.members(&ada, json!({})).await["nodes"][0]["id"].clone();
    assert_eq!(codes(&world.by_id(&ada, "invitationRevoke", &me).await), ["INVALID_STATE"]);
    assert_eq!(codes(&world.invite(&ada, "bob@example.com", "viewer").await), DONE, "and can be invited again");
    assert_eq!(codes(&world.invite(&ada, "bob", "viewer").await), ["INVALID"]);
    assert_eq!(codes(&world.invite(&ada, "ada@example.com", "viewer").await), ["DUPLICATE"]);
}

async fn of_many_who_accept_at_once_one_comes_in(world: &World) {
    let ada = world.founder("ada").await;
    world.invite(&ada, "bob@example.com", "viewer").await;
    let token = world.link_to("bob@example.com", 1).await;
    let all = futures_util::future::join_all((0..6).map(|_| world.accept(&token, PASSWORD, Some("Bob")))).await;
    let won = all.iter().filter(|payload| payload["result"]["accessToken"].is_string()).count();
    assert_eq!(won, 1, "{all:#?}");
    assert_eq!(world.members(&ada, json!({})).await["nodes"].as_array().unwrap().len(), 2);
}

async fn nobody_invites_with_rights_they_do_not_hold(world: &World) {
    let ada = world.founder("ada").await;
    let people = world.people_role(&ada).await;
    let (hr, _) = world.hired(&ada, "hr", &people, 1).await;
    for extra in ["owner", "admin", "viewer"] {
        let refused = world.invite(&hr, &format!("eve-{extra}@example.com"), extra).await;
        assert_eq!(
            (codes(&refused), &refused["userErrors"][0]["field"]),
            (vec!["INVALID"], &json!(["roleIds", "0"])),
            "{refused:#}"
        );
    }
    assert!(!world.dump("app_user").await.contains("eve-"), "nothing is half done");
    assert_eq!(codes(&world.invite(&hr, "second-hr@example.com", &people).await), DONE, "what they hold they may give");
    let (manager, _) = world.hired(&ada, "manager", "manager", 3).await;
    let variables = json!({ "e": "eve@example.com", "r": [role("viewer")], "s": { "all": true } });
    assert_eq!(world.execute(Some(&manager.access), INVITE, variables).await["errors"][0]["code"], "FORBIDDEN");
    for (variables, field) in [
        (
            json!({ "e": "eve@example.com", "r": [role("viewer")], "s": { "storeIds": ["sto_00000000000000000000000000"] } }),
            json!(["scope", "storeIds", "0"]),
        ),
        (
            json!({ "e": "eve@example.com", "r": [role("viewer")], "s": { "all": true }, "u": "2020-01-01T00:00:00Z" }),
            json!(["expiresAt"]),
        ),
        (json!({ "e": "eve@example.com", "r": [role("viewer"), role("viewer")], "s": { "all": true } }), json!(["roleIds", "1"])),
        (
            json!({ "e": "eve@example.com", "r": ["rol_7zzzzzzzzzzzzzzzzzzzzzzzzz"], "s": { "all": true } }),
            json!(["roleIds", "0"]),
        ),
    ] {
        let refused = world.change(Some(&ada.access), INVITE, variables).await;
        assert_eq!(refused["userErrors"][0]["field"], field, "{refused:#}");
    }
    let unknown = "rol_7zzzzzzzzzzzzzzzzzzzzzzzzz";
    let stores = json!({ "storeIds": ["sto_00000000000000000000000000"] });
    let several = json!({ "e": "eve@example.com", "r": [unknown, role("viewer"), unknown], "s": stores });
    let found_refusals = refusals(&world.change(Some(&ada.access), INVITE, several).await);
    let missing = ["roleIds.0", "roleIds.2", "scope.storeIds.0"].map(|path| ("NOT_FOUND".to_owned(), path.to_owned()));
    assert_eq!(found_refusals, missing, "every role, and the store once");
    world.advance_clock(601);
    let variables = json!({ "e": "eve@example.com", "r": [role("viewer")], "s": { "all": true } });
    let answer = world.execute(Some(&world.refreshed(&ada).await), INVITE, variables).await;
    assert_eq!(answer["errors"][0]["code"], "STEP_UP_REQUIRED");
}

/// Another node has not yet been notified that the inviter was demoted.
async fn rights_that_were_taken_a_moment_ago_are_not_given_on(world: &World) {
    let ada = world.founder("ada").await;
    let (admin, id) = world.hired(&ada, "admin", "admin", 1).await;
    let other = world.another_node().await;
    let variables = |email: &str| json!({ "e": email, "r": [role("viewer")], "s": { "all": true } });
    let before = execute_at(&other, Some(&admin.access), "198.51.100.7", INVITE, variables("one@example.com")).await;
    assert_eq!(codes(&before["data"]["it"]), DONE, "{before:#}");
    let input = json!({ "memberId": id, "expectedVersion": 2, "grants": [] });
    let demote = "mutation($i: MemberRolesSetInput!) { it: memberRolesSet(input: $i) { userErrors { code message } } }";
    assert_eq!(codes(&world.change(Some(&ada.access), demote, json!({ "i": input })).await), DONE);
    let after = execute_at(&other, Some(&admin.access), "198.51.100.7", INVITE, variables("two@example.com")).await;
    assert_eq!(after["errors"][0]["code"], "FORBIDDEN", "{after:#}");
    assert!(!world.dump("app_user").await.contains("two@"));
    other.db.close().await.unwrap();
}

async fn whoever_was_removed_is_out_and_can_come_again(world: &World) {
    let ada = world.founder("ada").await;
    let (bob, id) = world.hired(&ada, "bob", "staff", 1).await;
    let removed = world.by_id(&ada, "memberRemove", &id).await;
    assert!(removed["member"]["leftAt"].is_string(), "{removed:#}");
    assert!(!world.lets_in(&bob.access).await);
    assert_eq!(codes(&world.try_login("bob", PASSWORD).await["data"]["it"]), ["INVALID_CREDENTIALS"]);
    assert_eq!(world.members(&ada, json!({})).await["nodes"].as_array().unwrap().len(), 1, "who has left is not listed");
    let answer = world
        .execute(
            Some(&ada.access),
            "query($id: ID!) { node(id: $id) { ... on Member { displayName roles { role { key } } } } }",
            json!({ "id": id }),
        )
        .await;
    assert_eq!(answer["data"]["node"], json!({ "displayName": "bob", "roles": [] }), "what they did keeps their name");
    for field in ["memberRemove", "memberResume", "memberSuspend"] {
        assert_eq!(codes(&world.by_id(&ada, field, &id).await), ["INVALID_STATE"], "{field}");
    }
    let again = world.invite(&ada, "bob@example.com", "viewer").await;
    assert_eq!(again["member"]["id"], id, "they become the same member");
    assert_eq!(codes(&world.by_id(&ada, "invitationRevoke", &id).await), DONE);
    let query = "query($id: ID!) { node(id: $id) { ... on Member { displayName leftAt } } }";
    let answer = world.execute(Some(&ada.access), query, json!({ "id": id })).await;
    assert_eq!(answer["data"]["node"]["displayName"], "bob", "{answer:#}");
    world.invite(&ada, "bob@example.com", "viewer").await;
    let letters = world.letters(3).await;
    let mut accepted = 0;
    for letter in &letters {
        accepted += usize::from(world.accept(&token_in(letter), PASSWORD, None).await["result"]["accessToken"].is_string());
    }
    assert_eq!(accepted, 1, "only the last link is good");
    assert_eq!(
        world.members(&ada, json!({ "s": ["ACTIVE"] })).await["nodes"][1]["roles"],
        json!([{ "role": { "key": "viewer" } }])
    );
}

async fn nobody_suspends_or_removes_whoever_holds_more(world: &World) {
    let ada = world.founder("ada").await;
    let people = world.people_role(&ada).await;
    let (hr, _) = world.hired(&ada, "hr", &people, 1).await;
    let (_, other) = world.hired(&ada, "second", "owner", 2).await;
    for field in ["memberSuspend", "memberRemove"] {
        let refused = world.by_id(&hr, field, &other).await;
        assert_eq!(codes(&refused), ["INVALID"], "{field}: {refused:#}");
    }
    let invited = world.invite(&ada, "third@example.com", "owner").await;
    for field in ["invitationRevoke", "invitationResend"] {
        assert_eq!(codes(&world.by_id(&hr, field, &invited["member"]["id"]).await), ["INVALID"], "{field}");
    }
    let equal = world.invite(&ada, "fourth@example.com", &people).await;
    assert_eq!(codes(&world.by_id(&hr, "invitationRevoke", &equal["member"]["id"]).await), DONE);
    assert_eq!(codes(&world.by_id(&ada, "memberRemove", &other).await), DONE);
    let me = world.members(&ada, json!({})).await["nodes"][0]["id"].clone();
    assert_eq!(codes(&world.by_id(&ada, "memberRemove", &me).await), ["INVALID_STATE"]);
    let stranger = world.founder("eve").await;
    for field in ["memberRemove", "invitationRevoke", "invitationResend"] {
        assert_eq!(codes(&world.by_id(&stranger, field, &other).await), ["NOT_FOUND"], "{field}");
    }
}

async fn members_are_listed_page_by_page(world: &World) {
    let ada = world.founder("ada").await;
    world.founder("eve").await;
    for name in ["zoe", "Bob", "carol", "dan"] {
        assert_eq!(codes(&world.invite(&ada, &format!("{name}@example.com"), "viewer").await), DONE);
    }
    let names = |page: &Value| -> Vec<String> {
        page["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["email"].as_str().unwrap().split('@').next().unwrap().to_owned())
            .collect()
    };
    let (mut all, mut after) = (Vec::new(), json!(null));
    loop {
        let page = world.members(&ada, json!({ "f": 2, "a": after })).await;
        all.extend(names(&page));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(all, ["ada", "Bob", "carol", "dan", "zoe"]);
    let last = world.members(&ada, json!({ "l": 2 })).await;
    assert_eq!((names(&last), &last["pageInfo"]["hasPreviousPage"]), (vec!["dan".to_owned(), "zoe".to_owned()], &json!(true)));
    let before = world.members(&ada, json!({ "l": 2, "b": last["pageInfo"]["startCursor"] })).await;
    assert_eq!(names(&before), ["Bob", "carol"]);
    assert_eq!(names(&world.members(&ada, json!({ "s": ["ACTIVE", "SUSPENDED"] })).await), ["ada"]);
    let bad = world.execute(Some(&ada.access), MEMBERS, json!({ "f": 251 })).await;
    assert_eq!(bad["errors"][0]["code"], "BAD_USER_INPUT");
    let sorted = "query($a: Cursor) { members(sort: { field: DISPLAY_NAME, direction: DESC }, first: 2, after: $a) {
        nodes { email } pageInfo { endCursor } } }";
    let (mut all, mut after) = (Vec::new(), json!(null));
    for _ in 0..3 {
        let page = world.execute(Some(&ada.access), sorted, json!({ "a": after })).await["data"]["members"].clone();
        all.extend(names(&page));
        after = page["pageInfo"]["endCursor"].clone();
    }
    // Invited people are sorted by the name that is shown; Ada is called Owner.
    assert_eq!(all, ["zoe", "ada", "dan", "carol", "Bob"]);
}
