//! A member's roles change while they listen: their streams end on every node, with the reason, and what comes after is not theirs.

use std::time::Duration;

use futures_util::future::join;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{
    client::{Client, Socket},
    server::{Server, Site, free_address},
    shop::{Shop, text},
};
use crate::{identity::world::token_in, world::on_both};

/// Rights that were taken are gone within five seconds; the rest is for a busy machine.
const GONE: Duration = Duration::from_secs(6);
const SILENCE: Duration = Duration::from_secs(1);

const WATCH: &str =
    "subscription { stockChanged { phase reset changes { seq level { store { id } product { id } onHand reserved version } } } }";
const INVITE: &str = "mutation($e: String!, $r: [ID!]!) { result: memberInvite(email: $e, roleIds: $r, scope: { all: true }) {
    member { id } userErrors { code message } } }";
const ACCEPT: &str =
    "mutation($t: String!) { result: invitationAccept(token: $t, password: \"nine spoons in a drawer\", displayName: \"Bob\") {
    result { ... on TokenPair { accessToken } } userErrors { code message } } }";
const ROLES: &str = "mutation($input: MemberRolesSetInput!) { result: memberRolesSet(input: $input) { member { id } userErrors { code message } } }";

/// A node whose e-mails can be read.
pub async fn node(site: &Site) -> Server {
    let mail = format!("file:{}", site.folder.join("letters").display());
    let letters = ["--mail", &mail, "--mail-from", "Stock <stock@stock.example>", "--public-url", "https://stock.example"];
    let open = ["--registration", "open", "--budget", "off", "--tenant-budget", "off", "--anonymous-requests", "off"];
    Server::start_with(site, free_address(), &[&letters[..], &open].concat()).await
}

fn role(key: &str) -> String {
    entrepot::access::BUILT_IN.iter().find(|role| role.key == key).unwrap().id.to_string()
}

/// Returns the token in the link of the only invitation that was sent.
async fn invitation(site: &Site) -> String {
    let started_at = Instant::now();
    loop {
        if let Some(letter) = site.letters().pop() {
            return token_in(&letter);
        }
        assert!(started_at.elapsed() < Duration::from_secs(10), "no invitation");
        sleep(Duration::from_millis(20)).await;
    }
}

/// A member whom the owner has invited.
pub struct Member {
    client: Client,
    pub id: String,
}

impl Member {
    /// With one of the roles that every company has, for all stores.
    pub async fn hired(site: &Site, owner: &Client, key: &str) -> Self {
        let input = json!({ "e": "bob@shop.example", "r": [role(key)] });
        let invited = owner.execute(INVITE, input).await["result"].take();
        assert_eq!(invited["userErrors"], json!([]), "{invited:#}");
        let mut client = owner.clone();
        client.token = String::new();
        let accepted = client.execute(ACCEPT, json!({ "t": invitation(site).await })).await["result"].take();
        assert_eq!(accepted["userErrors"], json!([]), "{accepted:#}");
        client.token = text(&accepted["result"]["accessToken"]);
        Self { client, id: text(&invited["member"]["id"]) }
    }

    /// From now on they have this role and no other.
    async fn becomes(&self, owner: &Client, key: &str, scope: Value) {
        let version = "query($id: ID!) { node(id: $id) { ... on Member { version } } }";
        let version = owner.execute(version, json!({ "id": self.id })).await["node"]["version"].take();
        let grants = json!([{ "roleId": role(key), "scope": scope }]);
        owner.must_mutate(ROLES, json!({ "memberId": self.id, "expectedVersion": version, "grants": grants })).await;
    }

    /// Subscribes to stock at a node, and receives the snapshot.
    async fn listens(&self, at: &Server) -> Socket {
        let mut socket = Socket::open(&self.client.at(&at.url())).await;
        begin(&mut socket).await;
        socket
    }
}

/// Subscribes, and returns the snapshot.
async fn begin(socket: &mut Socket) -> Value {
    socket.subscribe(WATCH, &Value::Null).await;
    let mut item = item(socket).await;
    assert_eq!(item["phase"], "READY", "{item}");
    item["changes"].take()
}

/// The next item, whatever it is.
async fn item(socket: &mut Socket) -> Value {
    let mut message = socket.receive_message().await.expect("the socket stays open");
    assert_eq!((&message["type"], &message["payload"]["errors"]), (&json!("next"), &Value::Null), "{message}");
    message["payload"]["data"]["stockChanged"].take()
}

/// Reads to the end of the stream, which has a reason; returns the time that took.
async fn ending(socket: &mut Socket, since: Instant) -> Duration {
    loop {
        let item = item(socket).await;
        if item["phase"] == "RESET" {
            assert_eq!((&item["reset"], &item["changes"]), (&json!("SCOPE_CHANGED"), &json!([])), "{item}");
            break;
        }
        assert_eq!(item["phase"], "LIVE", "{item}");
        assert!(since.elapsed() < GONE, "it is still told: {item}");
    }
    let after = socket.receive_message().await.expect("the socket stays open");
    assert_eq!(after["type"], "complete", "{after}");
    since.elapsed()
}

/// Reads both streams to their ends, while stock is changed in both stores.
async fn both_end(shop: &Shop, here: &mut Socket, there: &mut Socket) {
    let started_at = Instant::now();
    let writing = async {
        for step in 0.. {
            shop.adjust(&format!("meanwhile {step}"), 0, step % 2, 1).await;
            sleep(Duration::from_millis(50)).await;
        }
    };
    let (soon, later) = tokio::select! {
        ended = join(ending(here, started_at), ending(there, started_at)) => ended,
        () = writing => unreachable!("it goes on for ever"),
    };
    println!("ended after {soon:?} where it was changed, and after {later:?} elsewhere");
    assert!(soon < GONE && later < GONE, "{soon:?}, {later:?}");
    // Later commits are published to neither.
    for step in 0..5 {
        shop.adjust(&format!("afterwards {step}"), 0, step % 2, 1).await;
    }
    for (socket, place) in [(here, "here"), (there, "there")] {
        let heard = timeout(SILENCE, socket.listen()).await;
        assert!(heard.is_err(), "{place}: {heard:?}");
    }
}

async fn two_nodes(site: &Site) -> (Server, Server, Shop) {
    let (here, there) = (node(site).await, node(site).await);
    let owner = Client::register(&here.url(), "roles").await;
    let shop = Shop::open(owner, 2, 1, 100).await;
    (here, there, shop)
}

on_both!(a_role_that_is_taken_ends_the_members_streams_on_every_node, site: Site => {
    let (first, second, shop) = two_nodes(site).await;
    let member = Member::hired(site, &shop.client, "viewer").await;
    let (mut here, mut there) = (member.listens(&first).await, member.listens(&second).await);
    shop.adjust("seen", 0, 0, -1).await;
    for socket in [&mut here, &mut there] {
        let item = item(socket).await;
        assert_eq!((&item["phase"], &item["changes"][0]["level"]["onHand"]), (&json!("LIVE"), &json!(99)), "{item}");
    }
    // The role "catalogue" reads no stock.
    member.becomes(&shop.client, "catalogue", json!({ "all": true })).await;
    both_end(&shop, &mut here, &mut there).await;
    // The sockets stay, for what the member may do still; this is no longer of it.
    for socket in [&mut here, &mut there] {
        socket.subscribe(WATCH, &Value::Null).await;
        let refused = socket.receive_message().await.unwrap();
        assert_eq!((&refused["type"], &refused["payload"][0]["extensions"]["code"]), (&json!("error"), &json!("FORBIDDEN")), "{refused}");
        socket.subscribe("{ viewer { tenant { slug } } }", &Value::Null).await;
        let message = socket.receive_message().await.unwrap();
        assert_eq!(message["payload"]["data"]["viewer"]["tenant"]["slug"], "roles", "{message}");
        assert_eq!(socket.receive_message().await.unwrap()["type"], "complete");
    }
});

on_both!(a_role_that_is_narrowed_ends_the_streams_and_they_begin_anew_within_it, site: Site => {
    let (first, second, shop) = two_nodes(site).await;
    let member = Member::hired(site, &shop.client, "viewer").await;
    let (mut here, mut there) = (member.listens(&first).await, member.listens(&second).await);
    let own = json!({ "storeIds": [shop.stores[0]] });
    member.becomes(&shop.client, "viewer", own.clone()).await;
    both_end(&shop, &mut here, &mut there).await;
    for socket in [&mut here, &mut there] {
        let levels = begin(socket).await;
        let stores: Vec<&Value> = levels.as_array().unwrap().iter().map(|change| &change["level"]["store"]["id"]).collect();
        assert_eq!(stores, [&json!(shop.stores[0])], "{levels}");
    }
    // Another role for the same store shows the same rows: the stream continues, and nothing is
    // left out.
    member.becomes(&shop.client, "manager", own).await;
    let started_at = Instant::now();
    let mut step = 0;
    while started_at.elapsed() < GONE {
        step += 1;
        shop.adjust(&format!("elsewhere {step}"), 0, 1, 1).await;
        let seq = shop.adjust(&format!("here {step}"), 0, 0, 1).await["seq"].take();
        for socket in [&mut here, &mut there] {
            let item = item(socket).await;
            assert_eq!((&item["phase"], item["changes"].as_array().map(Vec::len)), (&json!("LIVE"), Some(1)), "{item}");
            assert_eq!((&item["changes"][0]["seq"], &item["changes"][0]["level"]["store"]["id"]), (&seq, &json!(shop.stores[0])), "{item}");
        }
        sleep(Duration::from_millis(100)).await;
    }
    println!("{step} changes told after the role became another one");
});
