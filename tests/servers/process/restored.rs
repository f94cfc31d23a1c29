//! A database that was restored to an earlier moment: sessions and tokens that had ended since are
//! valid again, until `entrepot epoch` is run.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    client::Client,
    keys::program,
    server::{Ended, Server, Site, entrepot, free_address},
    shop::Shop,
    stream::{State, Stream, StreamOptions},
};
use crate::world::on_both;

const ME: &str = "{ viewer { tenant { slug } } }";
const REFRESH: &str = "mutation($t: String!) { result: sessionRefresh(refreshToken: $t) { userErrors { code } } }";
const LOGIN: &str = "mutation($e: String!) { result: login(email: $e, password: \"four mugs on a shelf\") {
    result { ... on TokenPair { accessToken refreshToken } } userErrors { code } } }";

/// Logs the owner in again; returns the client with its refresh token.
pub async fn logged_in(owner: &Client, slug: &str) -> (Client, String) {
    let mut client = owner.clone();
    client.token = String::new();
    let pair = client.sign_in(LOGIN, json!({ "e": format!("{slug}@shop.example") })).await["result"]["result"].clone();
    pair["accessToken"].as_str().unwrap_or_else(|| panic!("{pair}")).clone_into(&mut client.token);
    (client, pair["refreshToken"].as_str().unwrap().to_owned())
}

async fn is_out(client: &Client) {
    let started_at = Instant::now();
    while client.send(ME, &json!({})).await.unwrap()["errors"][0]["extensions"]["code"] != "UNAUTHENTICATED" {
        assert!(started_at.elapsed() < Duration::from_secs(6), "still let in");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn epoch(site: &Site, extra: &[&str]) -> Ended {
    let keys = site.keys();
    let output = entrepot(&[&["epoch", "--database-url", &site.url, "--keys-file", &keys], extra].concat()).await;
    assert!(output.has_succeeded(), "{output:?}");
    output
}

/// Creates a store, which sends a message to an endpoint.
async fn add_store(owner: &Client, code: &str) {
    let store = format!(
        "mutation {{ result: storeCreate(input: {{ code: \"{code}\", name: \"A store\", kind: SHOP, timeZone: \"UTC\" }}) {{ userErrors {{ code message }} }} }}"
    );
    let answer = owner.execute(&store, json!({})).await;
    assert_eq!(answer["result"]["userErrors"], json!([]), "{answer}");
}

/// Waits until the endpoint has so many messages; their states, the newest first.
async fn messages(owner: &Client, count: usize) -> Vec<String> {
    let started_at = Instant::now();
    loop {
        let answer = owner.execute("{ webhookEndpoints { deliveries { nodes { status } } } }", json!({})).await;
        let nodes = answer["webhookEndpoints"][0]["deliveries"]["nodes"].as_array().unwrap();
        if nodes.len() >= count {
            return nodes.iter().map(|node| node["status"].as_str().unwrap().to_owned()).collect();
        }
        assert!(started_at.elapsed() < Duration::from_secs(20), "{answer}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Messages that waited for an endpoint that does not answer are dropped, later ones are sent, and
/// the deployment keeps running.
async fn what_waits_is_dropped(site: &Site, owner: &Client) {
    // Workers look for the hold once a second.
    sleep(Duration::from_millis(1_500)).await;
    add_store(owner, "S-2").await;
    let keys = site.keys();
    let resume = ["resume", "--database-url", &site.url, "--keys-file", &keys, "--drop-pending"];
    let output = entrepot(&resume).await;
    assert!(output.has_succeeded() && output.out.contains("restored\tdropped") && output.out.contains("resumed"), "{output:?}");
    let again = entrepot(&resume).await;
    assert!(again.has_succeeded() && again.out == "nothing is held\n", "{again:?}");
    assert_eq!(messages(owner, 2).await, ["PENDING", "FAILED"], "only what was there before the hold is dropped");
}

on_both!(what_had_ended_before_a_restore_is_ended_by_the_new_epoch, site: Site => {
    let mail = format!("file:{}", site.folder.join("letters").display());
    let server = Server::start_with(site, free_address(), &["--mail", &mail, "--registration", "open", "--anonymous-requests", "off", "--webhooks-allow", "127.0.0.0/8"]).await;
    let owner = Client::register(&server.url(), "restored").await;
    let endpoint = "mutation { result: webhookEndpointCreate(input: { url: \"http://127.0.0.1:9/hooks\", eventTypes: [\"store.created\"] }) { userErrors { code message } } }";
    assert_eq!(owner.execute(endpoint, json!({})).await["result"]["userErrors"], json!([]));
    add_store(&owner, "S-1").await;
    assert_eq!(messages(&owner, 1).await, ["PENDING"]);
    let (session, refresh) = logged_in(&owner, "restored").await;
    let (till, _, _) = program(&owner, "").await;
    let mut stranger = owner.clone();
    stranger.token = String::new();
    stranger.execute("mutation { result: passwordResetRequest(email: \"restored@shop.example\") { userErrors { code } } }", json!({})).await;
    let link = loop {
        if let Some(letter) = site.letters().iter().find_map(|letter| Some(letter.split("#token=").nth(1)?.to_owned())) {
            break letter.chars().take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect::<String>();
        }
        sleep(Duration::from_millis(20)).await;
    };
    // The owner logs out; then the database is restored to its earlier state.
    session.execute("mutation { logout { userErrors { code } } }", json!({})).await;
    is_out(&session).await;
    site.run_sql("UPDATE session SET ended_at = NULL, end_reason = NULL").await;
    let ended = epoch(site, &[]).await;
    assert!(ended.out.contains("1 tenant(s) have a new epoch") && ended.out.contains("session"), "{}", ended.out);
    assert!(ended.out.contains("members, roles, grants"), "{}", ended.out);
    assert!(ended.out.contains(&till.token[..15]) && ended.out.contains("restored") && !ended.out.contains(&till.token[15..]), "keys are listed, for the operator to look through: {}", ended.out);
    for client in [&owner, &session] {
        is_out(client).await;
    }
    let answer = stranger.execute(REFRESH, json!({ "t": refresh })).await;
    assert_eq!(answer["result"]["userErrors"][0]["code"], "TOKEN_EXPIRED");
    let reset = "mutation($t: String!) { result: passwordReset(token: $t, newPassword: \"seven teapots in a row\") { userErrors { code } } }";
    assert_eq!(stranger.execute(reset, json!({ "t": link })).await["result"]["userErrors"][0]["code"], "TOKEN_EXPIRED");
    assert!(till.send(ME, &json!({})).await.unwrap()["errors"].is_null(), "keys go on, unless the operator says otherwise");
    let (again, _) = logged_in(&owner, "restored").await;
    what_waits_is_dropped(site, &again).await;

    let ended = epoch(site, &["--revoke-keys", "--reset-passwords"]).await;
    assert!(ended.out.contains("1 API key") && ended.out.contains("1 password"), "{}", ended.out);
    is_out(&till).await;
    is_out(&again).await;
    let refused = stranger.execute(LOGIN, json!({ "e": "restored@shop.example" })).await;
    assert_eq!(refused["result"]["userErrors"][0]["code"], "INVALID_CREDENTIALS", "{refused}");
    // Their own address is the way back in.
    stranger.execute("mutation { result: passwordResetRequest(email: \"restored@shop.example\") { userErrors { code } } }", json!({})).await;
    let started_at = Instant::now();
    let mut shown = Value::Null;
    while shown != json!([]) {
        assert!(started_at.elapsed() < Duration::from_secs(10), "no link that is good: {shown}");
        for letter in site.letters().iter().filter_map(|letter| letter.split("#token=").nth(1)) {
            let link: String = letter.chars().take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect();
            let answer = stranger.execute(reset, json!({ "t": link })).await["result"]["userErrors"].clone();
            shown = if answer == json!([]) { answer } else { shown };
        }
        sleep(Duration::from_millis(50)).await;
    }
    let keys = site.keys();
    let proved = entrepot(&["audit", "verify", "--database-url", &site.url, "--keys-file", &keys]).await;
    assert!(proved.has_succeeded(), "{proved:?}");
    site.verify().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_that_may_have_lost_commits_begins_a_new_epoch_by_itself() {
    let Some(site) = Site::postgres().await else { return };
    let server = Server::start(&site).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 5).await;
    let mut stream = Stream::open(&shop.client, &StreamOptions::default()).await;
    let mut state = State::default();
    stream.snapshot(&mut state).await;
    // As if the server that wrote until now had been of another timeline, and any command the first to see this one.
    site.run_sql("UPDATE database_timeline SET timeline = timeline + 1, is_synchronous = false").await;
    site.verify().await;
    let reset = |item: &Value| (item["phase"] == "RESET").then(|| item["reset"].clone());
    assert_eq!(reset(&stream.next_soon().await), Some(json!("EPOCH_CHANGED")), "one that runs starts over");
    let mut late = Stream::open(&shop.client, &StreamOptions { after: state.cursor, ..StreamOptions::default() }).await;
    assert_eq!(reset(&late.next_soon().await), Some(json!("EPOCH_CHANGED")), "and one that comes back");
    let mut new = Stream::open(&shop.client, &StreamOptions::default()).await;
    let mut anew = State::default();
    new.snapshot(&mut anew).await;
    assert_eq!(anew.figures(), shop.levels().await);
}

#[tokio::test]
async fn what_the_new_epoch_does_is_said() {
    let output = entrepot(&["epoch", "--help"]).await;
    for part in ["sessions", "--revoke-keys", "--reset-passwords", "API keys"] {
        assert!(output.out.contains(part), "\"{part}\" is not in {}", output.out);
    }
}
