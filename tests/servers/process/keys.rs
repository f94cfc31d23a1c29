//! Keys in the program itself: held to listed documents on every way in, and ended when they are found in the open.

use std::{fs, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    client::{Client, Socket},
    server::{Server, Site, free_address},
};
use crate::world::on_both;

const LISTED: &str = "{ viewer { tenant { slug } } }";
const OTHER: &str = "{ viewer { tenant { name } } }";
const STREAM: &str = "subscription { stockChanged { phase } }";

/// A client with a new key, and the ids of its integration and itself.
pub async fn program(owner: &Client, with: &str) -> (Client, Value, Value) {
    let integration =
        "mutation { result: integrationCreate(input: { name: \"Till\", permissions: [\"stock.read\"], scope: { all: true } }) {
        integration { id } userErrors { code } } }";
    let integration_id = owner.execute(integration, json!({})).await["result"]["integration"]["id"].clone();
    let (client, key) = another_key(owner, &integration_id, with).await;
    (client, integration_id, key)
}

async fn another_key(owner: &Client, integration: &Value, with: &str) -> (Client, Value) {
    let key = format!(
        "mutation($i: ID!) {{ result: apiKeyCreate(input: {{ integrationId: $i, name: \"Till 1\" {with} }}) {{ secret apiKey {{ id }} userErrors {{ code message }} }} }}"
    );
    let answer = owner.execute(&key, json!({ "i": integration })).await["result"].take();
    let mut client = owner.clone();
    client.token = answer["secret"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    (client, answer["apiKey"]["id"].clone())
}

fn code(answer: &Value) -> &Value {
    &answer["errors"][0]["extensions"]["code"]
}

async fn by_get(client: &Client, query: &str) -> Value {
    let query = query.replace(' ', "+").replace('{', "%7B").replace('}', "%7D");
    let request = reqwest::Client::new().get(format!("{}/graphql?query={query}", client.url));
    request.bearer_auth(&client.token).send().await.unwrap().json().await.unwrap()
}

/// Returns the first message for an operation on a new socket.
async fn by_socket(client: &Client, query: &str) -> Value {
    let mut socket = Socket::open(client).await;
    socket.subscribe(query, &json!({})).await;
    socket.receive_message().await.unwrap()
}

async fn listed_server(site: &Site) -> Server {
    let folder = site.folder.join("documents");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("viewer.graphql"), LISTED).unwrap();
    fs::write(folder.join("stream.graphql"), STREAM).unwrap();
    let folder = folder.display().to_string();
    Server::start_with(site, free_address(), &["--trusted-documents", &folder]).await
}

on_both!(a_pinned_key_sends_listed_documents_only_on_every_way_in, site: Site => {
    let server = listed_server(site).await;
    let owner = server.tenant().await;
    let (pinned, integration, _) = program(&owner, "isTrustedDocumentsOnly: true").await;
    let (free, _) = another_key(&owner, &integration, "").await;
    for (client, is_pinned) in [(&pinned, true), (&free, false), (&owner, false)] {
        let expected = if is_pinned { json!("FORBIDDEN") } else { Value::Null };
        assert_eq!(code(&client.send(OTHER, &json!({})).await.unwrap()), &expected, "POST");
        assert_eq!(code(&by_get(client, OTHER).await), &expected, "GET");
        let heard = by_socket(client, OTHER).await;
        assert_eq!(heard["payload"][0]["extensions"]["code"], expected, "socket: {heard}");
        assert!(client.send(LISTED, &json!({})).await.unwrap()["errors"].is_null());
        assert!(by_get(client, LISTED).await["errors"].is_null());
        assert_eq!(by_socket(client, STREAM).await["type"], "next");
    }
    // The integration is pinned while a socket of its other key is open.
    let mut socket = Socket::open(&free).await;
    socket.subscribe(LISTED, &json!({})).await;
    assert_eq!(socket.receive_message().await.unwrap()["type"], "next");
    socket.receive_message().await;
    let pin = "mutation($id: ID!) { result: integrationUpdate(input: { id: $id, expectedVersion: 1, isTrustedDocumentsOnly: true }) { userErrors { code } } }";
    assert_eq!(owner.execute(pin, json!({ "id": integration })).await["result"]["userErrors"], json!([]));
    assert_eq!(code(&free.send(OTHER, &json!({})).await.unwrap()), "FORBIDDEN", "at once");
    let started_at = Instant::now();
    loop {
        socket.subscribe(OTHER, &json!({})).await;
        let heard = socket.receive_message().await.expect("the socket stays open");
        if heard["payload"][0]["extensions"]["code"] == "FORBIDDEN" {
            break;
        }
        socket.receive_message().await;
        assert!(started_at.elapsed() < Duration::from_secs(6), "the open socket still sends what it likes: {heard}");
        sleep(Duration::from_millis(100)).await;
    }
});

/// The status of a report, and its body.
async fn report(server: &Server, body: &str) -> (u16, String) {
    let request = reqwest::Client::new().post(format!("{}/leaked-keys", server.url())).header("content-type", "application/json");
    let answer = request.body(body.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Returns the message of a scanner of repositories.
fn found(tokens: &[&str]) -> String {
    let one = |token: &&str| json!({ "token": token, "type": "entrepot_api_key", "url": "https://code.example/a/b.env", "source": "content" });
    Value::from(tokens.iter().map(one).collect::<Vec<_>>()).to_string()
}

on_both!(a_mutation_of_which_a_part_may_not_be_is_none, site: Site => {
    let server = Server::start(site).await;
    let owner = server.tenant().await;
    let query = "mutation { result: integrationCreate(input: { name: \"Writer\", permissions: [\"product.write\", \"product.read\"], scope: { all: true } }) {
        integration { id } userErrors { code } } }";
    let integration = owner.execute(query, json!({})).await["result"]["integration"]["id"].clone();
    let (writer, _) = another_key(&owner, &integration, "").await;
    let product = "productCreate(input: { sku: \"HALF\", name: \"Half\" }) { userErrors { code } }";
    let store = "storeCreate(input: { code: \"HALF\", name: \"Half\" }) { userErrors { code } }";
    let answer = writer.send(&format!("mutation {{ {product} {store} }}"), &json!({})).await.unwrap();
    assert_eq!((&answer["data"], answer["errors"].as_array().map(Vec::len)), (&Value::Null, Some(1)), "{answer:#}");
    assert_eq!((code(&answer), &answer["errors"][0]["path"]), (&json!("FORBIDDEN"), &json!(["storeCreate"])));
    let document = "{ product(by: { sku: \"HALF\" }) { id } }";
    assert_eq!(owner.execute(document, json!({})).await["product"], Value::Null, "the part before it was not done either");
    let alone = writer.send(&format!("mutation {{ {product} }}"), &json!({})).await.unwrap();
    assert_eq!(alone["data"]["productCreate"]["userErrors"], json!([]), "{alone:#}");
});

on_both!(a_key_that_is_found_in_the_open_is_revoked_and_its_owner_told, site: Site => {
    let mail = format!("file:{}", site.folder.join("letters").display());
    let server = Server::start_with(site, free_address(), &["--mail", &mail, "--anonymous-requests", "off"]).await;
    let owner = Client::register(&server.url(), "leaky").await;
    let (till, integration, _) = program(&owner, "").await;
    let (other, _) = another_key(&owner, &integration, "").await;
    let mut socket = Socket::open(&till).await;
    socket.subscribe(STREAM, &json!({})).await;
    assert_eq!(socket.receive_message().await.unwrap()["type"], "next");
    // A guess reveals nothing: the answer is the same for a key and for any other text.
    let junk = report(&server, &found(&["epk_live_nothing", "", "password"])).await;
    let nobodys = format!("{}{}", &other.token[..41], &till.token[41..]);
    let nobodys = report(&server, &found(&[&nobodys])).await;
    let started_at = Instant::now();
    let real = report(&server, &found(&["junk", &till.token, &till.token])).await;
    assert_eq!((real.0, &real, &nobodys), (202, &junk, &junk));
    assert_eq!(real.1, "");
    while code(&till.send(LISTED, &json!({})).await.unwrap()) != "UNAUTHENTICATED" {
        assert!(started_at.elapsed() < Duration::from_secs(6), "the key is still accepted");
        sleep(Duration::from_millis(50)).await;
    }
    while socket.receive_message().await.is_some() {}
    assert!(started_at.elapsed() < Duration::from_secs(6), "its socket closed after {:?}", started_at.elapsed());
    assert!(other.send(LISTED, &json!({})).await.unwrap()["errors"].is_null(), "the other key is none of this");
    while site.letters().is_empty() {
        assert!(started_at.elapsed() < Duration::from_secs(10), "no letter");
        sleep(Duration::from_millis(50)).await;
    }
    report(&server, &found(&[&till.token])).await;
    sleep(Duration::from_millis(500)).await;
    let letters = site.letters();
    assert_eq!(letters.len(), 1, "once: {letters:#?}");
    assert!(letters[0].contains("To: leaky@shop.example") && letters[0].contains("Till 1") && letters[0].contains(&till.token[..15]), "{letters:#?}");
    assert!(!letters[0].contains(&till.token[15..]) && !letters[0].contains("code.example"), "neither the secret nor a stranger's words: {letters:#?}");
    let answer = owner.execute("{ integrations { keys { leakedAt revokedAt } } }", json!({})).await;
    let keys = answer["integrations"][0]["keys"].as_array().unwrap();
    assert!(keys[0]["leakedAt"].is_string() && keys[1]["leakedAt"].is_null(), "{answer}");
    assert!(!server.stderr().contains(&till.token[15..]), "the log has no secret");
});

#[tokio::test]
async fn reports_that_are_none_are_refused_and_many_have_to_wait() {
    let site = Site::sqlite().await;
    let server = Server::start_with(&site, free_address(), &["--anonymous-requests", "8"]).await;
    for (body, status) in [("", 400), ("{}", 400), ("[{}]", 400), ("[{\"token\":7}]", 400), ("[]", 202)] {
        assert_eq!(report(&server, body).await.0, status, "{body}");
    }
    let many = found(&vec!["x"; 1_001]);
    assert_eq!(report(&server, &many).await.0, 413);
    let form = reqwest::Client::new().post(format!("{}/leaked-keys", server.url())).body("token=x").send().await.unwrap();
    assert_eq!(form.status(), 415);
    let got = reqwest::get(format!("{}/leaked-keys", server.url())).await.unwrap();
    assert_eq!(got.status(), 405);
    assert_eq!(report(&server, "[]").await.0, 202);
    let refused = reqwest::Client::new().post(format!("{}/leaked-keys", server.url())).json(&json!([])).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
}
