//! Permission to register, and the secrecy of other accounts.

use entity::prelude::TenantId;
use entrepot::{
    identity::Registration,
    storage::{GlobalWork, Row},
};
use serde_json::{Value, json};

use super::world::{PASSWORD, World, codes, execute_at, token_in};
use crate::world::on_both;

on_both!(
    where_addresses_are_confirmed_nobody_learns_who_is_known,
    where_registration_is_closed_nobody_registers,
    an_address_is_confirmed_by_a_link,
    no_name_has_control_characters
);

const REGISTER: &str = "mutation($e: String!, $p: String!, $s: String!) { it: register(email: $e, password: $p, displayName: \"Owner\", tenantName: \"Mugs & Co\", tenantSlug: $s) {
    result { __typename ... on RegistrationPending { email } } userErrors { code field } } }";
const VERIFY: &str = "mutation($t: String!) { it: emailVerify(token: $t) { userErrors { code field } } }";
const DONE: [&str; 0] = [];

async fn where_addresses_are_confirmed_nobody_learns_who_is_known(world: &World) {
    world.founder("ada").await;
    let strict = world.node_with(|settings| settings.registration = Registration::Verified).await;
    let run_query = async |query: &str, variables: Value| {
        execute_at(&strict, None, "192.0.2.1", query, variables).await["data"]["it"].clone()
    };
    for (email, slug) in [("ada@example.com", "known"), ("bob@example.com", "unknown")] {
        let answer = run_query(REGISTER, json!({ "e": email, "p": "nine spoons in a drawer", "s": slug })).await;
        assert_eq!(answer, json!({ "result": { "__typename": "RegistrationPending", "email": email }, "userErrors": [] }));
    }
    let letters = world.letters(2).await;
    let to = |email: &str| letters.iter().find(|letter| letter.contains(&format!("To: {email}"))).unwrap().clone();
    assert!(to("bob@example.com").contains("https://stock.example/confirm#token=epv_"));
    assert!(!world.dump("registration").await.contains(&token_in(&to("bob@example.com"))[4..]), "the link is not kept");
    assert_eq!(
        codes(&world.try_login("bob", "nine spoons in a drawer").await["data"]["it"]),
        ["INVALID_CREDENTIALS"],
        "not before"
    );
    for email in ["ada@example.com", "bob@example.com"] {
        let token = token_in(&to(email));
        assert_eq!(codes(&run_query(VERIFY, json!({ "t": token })).await), DONE, "{email}");
        assert_eq!(codes(&run_query(VERIFY, json!({ "t": token })).await), ["TOKEN_EXPIRED"], "{email}, once more");
    }
    assert_eq!(codes(&world.try_login("bob", "nine spoons in a drawer").await["data"]["it"]), DONE);
    assert_eq!(
        codes(&world.try_login("ada", "nine spoons in a drawer").await["data"]["it"]),
        ["INVALID_CREDENTIALS"],
        "a known account keeps its password"
    );
    let ada = world.login("ada").await;
    let tenants = world.execute(Some(&ada.access), "{ viewer { tenants { slug } } }", json!({})).await;
    assert_eq!(tenants["data"]["viewer"]["tenants"], json!([{ "slug": "ada-shop" }, { "slug": "known" }]), "and has the company");

    let payload = run_query(REGISTER, json!({ "e": "eve@example.com", "p": "nine spoons in a drawer", "s": "late" })).await;
    assert_eq!(codes(&payload), DONE);
    let letters = world.letters(3).await;
    let token = token_in(letters.iter().find(|letter| letter.contains("To: eve@")).unwrap());
    world.advance_clock(24 * 3600 + 1);
    assert_eq!(codes(&run_query(VERIFY, json!({ "t": token })).await), ["TOKEN_EXPIRED"]);

    // Two wait for one slug: the second is refused, and its link is good as soon as the slug is.
    for email in ["kim@example.com", "lee@example.com"] {
        let answer = run_query(REGISTER, json!({ "e": email, "p": "nine spoons in a drawer", "s": "twice" })).await;
        assert_eq!(codes(&answer), DONE, "{email}");
    }
    let letters = world.letters(5).await;
    let token = |email: &str| token_in(letters.iter().find(|letter| letter.contains(&format!("To: {email}"))).unwrap());
    let (first, second) = (token("kim@example.com"), token("lee@example.com"));
    assert_eq!(codes(&run_query(VERIFY, json!({ "t": first })).await), DONE);
    assert_eq!(codes(&run_query(VERIFY, json!({ "t": second })).await), ["DUPLICATE"]);
    let global = strict.db.global();
    let found = global.rows("SELECT id FROM tenant WHERE slug = 'twice'", Vec::new()).await.unwrap();
    let tenant: TenantId = Row::new(&found[0]).take().unwrap();
    let work = GlobalWork::from(global.maintenance_for(tenant).await.unwrap());
    let sql = "UPDATE tenant SET slug = 'once' WHERE id = $1";
    assert_eq!(work.change(sql, vec![tenant.into()]).await.unwrap(), 1);
    work.commit().await.unwrap();
    assert_eq!(codes(&run_query(VERIFY, json!({ "t": second })).await), DONE, "the link was not used up");
    assert_eq!(codes(&run_query(VERIFY, json!({ "t": second })).await), ["TOKEN_EXPIRED"]);
    strict.db.close().await.unwrap();
}

async fn where_registration_is_closed_nobody_registers(world: &World) {
    world.founder("ada").await;
    let closed = world.node_with(|settings| settings.registration = Registration::Closed).await;
    let mut answers = Vec::new();
    for email in ["ada@example.com", "bob@example.com"] {
        answers.push(execute_at(&closed, None, "192.0.2.1", REGISTER, json!({ "e": email, "p": PASSWORD, "s": "new" })).await);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(codes(&answers[0]["data"]["it"]), ["INVALID_STATE"]);
    closed.db.close().await.unwrap();
}

async fn an_address_is_confirmed_by_a_link(world: &World) {
    let one = world.founder("ada").await;
    let request = "mutation { it: emailVerificationRequest { userErrors { code } } }";
    assert_eq!(codes(&world.change(Some(&one.access), request, json!({})).await), DONE);
    let token = token_in(&world.letters(1).await[0]);
    let verified = "SELECT 1 FROM app_user WHERE verified_at IS NOT NULL";
    let global = world.node.db.global();
    assert!(global.rows(verified, Vec::new()).await.unwrap().is_empty());
    assert_eq!(codes(&world.change(None, VERIFY, json!({ "t": token })).await), DONE);
    assert_eq!(global.rows(verified, Vec::new()).await.unwrap().len(), 1);
    assert_eq!(codes(&world.change(None, VERIFY, json!({ "t": token })).await), ["TOKEN_EXPIRED"]);
}

async fn no_name_has_control_characters(world: &World) {
    let ada = world.founder("ada").await;
    let register =
        "mutation($d: String!, $t: String!) { it: register(email: \"bob@example.com\", password: \"nine spoons in a drawer\",
        displayName: $d, tenantName: $t, tenantSlug: \"bobs\") { userErrors { code field } } }";
    let refused = world.change(None, register, json!({ "d": "B\0b", "t": "Mugs\u{7}" })).await;
    let at = |field: &str| json!({ "code": "INVALID", "field": [field] });
    assert_eq!(refused["userErrors"], json!([at("displayName"), at("tenantName")]));
    let rename = "mutation($id: ID!, $n: String!) { it: sessionRename(id: $id, name: $n) { userErrors { code field } } }";
    assert_eq!(
        world.change(Some(&ada.access), rename, json!({ "id": ada.session, "n": "my\0phone" })).await["userErrors"],
        json!([at("name")])
    );
    // The address and the company's name are unknown, and the answer shows no more than that.
    let login =
        "mutation($e: String!) { it: login(email: $e, password: \"not the password\") { userErrors { code message field } } }";
    let unknown = world.change(None, login, json!({ "e": "nobody@example.com" })).await;
    for email in ["a\0b", "ada@example.com\0", "\0ada@example.com"] {
        assert_eq!(world.change(None, login, json!({ "e": email })).await, unknown, "{email:?}");
    }
    let reset = "mutation($e: String!) { it: passwordResetRequest(email: $e) { userErrors { code } } }";
    assert_eq!(codes(&world.change(None, reset, json!({ "e": "a\0b" })).await), DONE);
    let switch = "mutation($t: String!) { it: tenantSwitch(tenant: $t) { userErrors { code message field } } }";
    let none = world.change(Some(&ada.access), switch, json!({ "t": "nobodys" })).await;
    assert_eq!(codes(&none), ["NOT_FOUND"]);
    assert_eq!(world.change(Some(&ada.access), switch, json!({ "t": "a\0b" })).await, none);
}
