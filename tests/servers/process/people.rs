//! Sessions, keys and e-mails of the running program.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{
    client::{Client, Socket},
    server::{Server, Site, entrepot, free_address},
};
use crate::world::on_both;

const SUBSCRIBE: &str = "subscription { stockChanged { phase } }";

/// Another session of the owner, at another process.
async fn log_in(client: &Client, slug: &str, url: &str) -> (Client, Value) {
    let query = "mutation($e: String!) { result: login(email: $e, password: \"four mugs on a shelf\") {
        result { ... on TokenPair { accessToken session { id } } } userErrors { code } } }";
    let mut other = client.at(url);
    other.token = String::new();
    let answer = other.sign_in(query, json!({ "e": format!("{slug}@shop.example") })).await;
    let pair = &answer["result"]["result"];
    other.token = pair["accessToken"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    (other, pair["session"]["id"].clone())
}

on_both!(a_revoked_session_is_cut_off_everywhere, site: Site => {
    let (one, other) = (Server::start(site).await, Server::start(site).await);
    let owner = Client::register(&one.url(), "revoked").await;
    let (elsewhere, session) = log_in(&owner, "revoked", &other.url()).await;
    let mut socket = Socket::open(&elsewhere).await;
    socket.subscribe(SUBSCRIBE, &json!({})).await;
    assert_eq!(socket.receive_message().await.unwrap()["type"], "next");
    let revoke = "mutation($id: ID!) { result: sessionRevoke(id: $id) { userErrors { code } } }";
    let started_at = Instant::now();
    assert_eq!(owner.execute(revoke, json!({ "id": session })).await["result"]["userErrors"], json!([]));
    let closed = timeout(Duration::from_secs(10), async { while socket.listen().await.is_some() {} }).await;
    assert!(closed.is_ok() && started_at.elapsed() < Duration::from_secs(5), "the socket closed after {:?}", started_at.elapsed());
    let me = "{ viewer { tenant { slug } } }";
    loop {
        let answer = elsewhere.send(me, &json!({})).await.unwrap();
        if answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED" {
            break;
        }
        assert!(started_at.elapsed() < Duration::from_secs(6), "still let in: {answer}");
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(owner.execute(me, json!({})).await["viewer"]["tenant"]["slug"], "revoked", "the other session goes on");
});

async fn published(server: &Server) -> Vec<Value> {
    let answer = reqwest::get(format!("{}/.well-known/jwks.json", server.url())).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/jwk-set+json");
    let set: Value = answer.json().await.unwrap();
    set["keys"].as_array().unwrap().clone()
}

on_both!(signing_keys_are_published_and_rotated_while_it_runs, site: Site => {
    let server = Server::start(site).await;
    let owner = server.tenant().await;
    let before = published(&server).await;
    assert_eq!(before.len(), 1);
    assert_eq!((&before[0]["kty"], &before[0]["crv"], before[0].get("d")), (&json!("OKP"), &json!("Ed25519"), None));
    let rotate = ["signing-key", "rotate", "--database-url", &site.url, "--keys-file", &site.keys(), "--lead-minutes", "0"];
    let output = entrepot(&rotate).await;
    assert!(output.has_succeeded(), "{output:?}");
    let started_at = Instant::now();
    while published(&server).await.len() < 2 {
        assert!(started_at.elapsed() < Duration::from_secs(30), "the new key is not published");
        sleep(Duration::from_millis(200)).await;
    }
    owner.execute("{ viewer { tenant { slug } } }", json!({})).await;
    let fresh = server.tenant().await;
    let header = |token: &str| token.split('.').next().unwrap().to_owned();
    assert_ne!(header(&fresh.token), header(&owner.token), "the new key signs");
});

on_both!(a_forged_host_is_not_believed, site: Site => {
    let letters = site.folder.join("letters");
    let mail = format!("file:{}", letters.display());
    let expected = ["--mail", &mail, "--mail-from", "Stock <stock@stock.example>", "--public-url", "https://stock.example", "--registration", "open"];
    let server = Server::start_with(site, free_address(), &expected).await;
    Client::register(&server.url(), "forged").await;
    let query = "mutation { passwordResetRequest(email: \"forged@shop.example\") { userErrors { code } } }";
    let answer = reqwest::Client::new()
        .post(format!("{}/graphql", server.url()))
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .json(&json!({ "query": query }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["data"]["passwordResetRequest"]["userErrors"], json!([]));
    let started_at = Instant::now();
    let letter = loop {
        if let Some(letter) = site.letters().pop() {
            break letter;
        }
        assert!(started_at.elapsed() < Duration::from_secs(10), "no letter");
        sleep(Duration::from_millis(20)).await;
    };
    assert!(letter.contains("https://stock.example/password#token") && !letter.contains("evil"), "{letter}");
    assert!(!server.stderr().contains("epw_"), "the link is not in the log");
});

#[tokio::test]
async fn wrong_settings_about_people_are_said_at_start() {
    let site = Site::sqlite().await;
    for (extra, expected) in [
        (["--mail", "pop3://mail.example"], "--mail"),
        (["--mail-from", "nobody"], "--mail-from"),
        (["--registration", "sometimes"], "--registration"),
        (["--registration", "verified"], "no mail server is set: give --mail"),
        (["--denied-passwords", "no-such-file"], "--denied-passwords no-such-file: No such file"),
    ] {
        let base = ["serve", "--database-url", &site.url, "--listen", "127.0.0.1:0"];
        entrepot(&[base.as_slice(), extra.as_slice()].concat()).await.assert_failed(&[expected]);
    }
}
