//! A tenant that the operator suspends: refused at every door of every node, held by jobs and webhooks, and as it was when it is resumed.

use std::{fs, time::Duration};

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{
    client::{Client, Socket},
    hooks::endpoint,
    keys::program,
    restored::logged_in,
    server::{Ended, Server, Site, entrepot, free_address},
    shop::{ORDER, Shop, text},
};
use crate::{support::receiver::Receiver, world::on_both};

const ME: &str = "{ viewer { tenant { slug } } }";
const LEVELS: &str = "{ stockLevels(first: 1) { nodes { id } } }";
const WATCH: &str = "subscription { stockChanged { phase } }";
const LOGIN: &str = "mutation($e: String!) { result: login(email: $e, password: \"four mugs on a shelf\") {
    result { ... on TokenPair { accessToken } } userErrors { code } } }";
const REFRESH: &str = "mutation($t: String!) { result: sessionRefresh(refreshToken: $t) { userErrors { code } } }";
const VIEW: &str = "mutation($input: SavedViewCreateInput!) { result: savedViewCreate(input: $input) {
    savedView { id } userErrors { code message } } }";
const LINK: &str = "mutation($input: SavedViewLinkCreateInput!) { result: savedViewLinkCreate(input: $input) {
    secret userErrors { code message } } }";
const UPLOAD: &str = "mutation($input: FileUploadCreateInput!) { result: fileUploadCreate(input: $input) {
    file { id } uploadUrl userErrors { code message } } }";
const EXPORT: &str =
    "mutation($input: ExportCreateInput!) { result: exportCreate(input: $input) { userErrors { code message } } }";
const UNLIMITED: [&str; 8] =
    ["--budget", "off", "--tenant-budget", "off", "--anonymous-requests", "off", "--tenant-operations", "off"];
/// A suspension is noticed within five seconds; the rest is for slow machines.
const NOTICED: Duration = Duration::from_secs(8);

async fn plain(site: &Site, words: &[&str]) -> Ended {
    entrepot(&[words, &["--database-url", &site.url]].concat()).await
}

async fn keyed(site: &Site, words: &[&str]) -> Ended {
    plain(site, &[words, &["--keys-file", &site.keys()]].concat()).await
}

/// Returns the output of a command that succeeds.
async fn command_output(site: &Site, words: &[&str]) -> String {
    let ended = keyed(site, words).await;
    assert!(ended.has_succeeded(), "{ended:?}");
    ended.out
}

fn code(answer: &Value) -> Option<&str> {
    answer["errors"][0]["extensions"]["code"].as_str()
}

/// Repeats a query until the answer has this code; `None` is an answer without errors.
async fn wait_for_code(client: &Client, query: &str, wanted: Option<&str>) {
    let started_at = Instant::now();
    loop {
        let answer = client.send(query, &json!({})).await.unwrap();
        if code(&answer) == wanted {
            return;
        }
        assert!(started_at.elapsed() < NOTICED, "not {wanted:?}: {answer}");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn is_refused(door: &str, request: RequestBuilder) {
    let answer: Response = request.send().await.unwrap();
    let (status, body) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
    assert_eq!((status, code(&body)), (403, Some("TENANT_SUSPENDED")), "{door}: {body}");
}

/// Links of a tenant, by their use.
struct Doors {
    view: String,
    link: String,
    fetch: String,
    send: String,
}

impl Doors {
    async fn made(owner: &Client) -> Self {
        let http = reqwest::Client::new();
        let document =
            "query($after: Cursor) { stores(first: 2, after: $after) { pageInfo { hasNextPage endCursor } nodes { code } } }";
        let input = json!({ "idempotencyKey": "view", "name": "Stores", "slug": "stores", "document": document });
        let view = owner.must_mutate(VIEW, input).await["savedView"]["id"].take();
        let link = owner.must_mutate(LINK, json!({ "idempotencyKey": "link", "savedViewId": view, "variables": {} })).await;
        let payload = owner.must_mutate(UPLOAD, json!({ "purpose": "IMPORT", "name": "kept.csv" })).await;
        let sent = http.put(format!("{}{}", owner.url, text(&payload["uploadUrl"]))).body("sku\nmug\n").send().await.unwrap();
        assert_eq!(sent.status(), 200);
        let query = "query($id: ID!) { node(id: $id) { ... on File { downloadUrl } } }";
        let file = owner.execute(query, json!({ "id": payload["file"]["id"] })).await;
        let waits = owner.must_mutate(UPLOAD, json!({ "purpose": "IMPORT", "name": "waits.csv" })).await;
        Self {
            view: "/views/stores.csv".to_owned(),
            link: format!("/views/t/{}.csv", text(&link["secret"])),
            fetch: text(&file["node"]["downloadUrl"]),
            send: text(&waits["uploadUrl"]),
        }
    }

    async fn are_shut(&self, owner: &Client) {
        let http = reqwest::Client::new();
        let at = |path: &str| format!("{}{path}", owner.url);
        is_refused("a view", http.get(at(&self.view)).bearer_auth(&owner.token)).await;
        is_refused("a link of a view", http.get(at(&self.link))).await;
        is_refused("a file", http.get(at(&self.fetch))).await;
        is_refused("an upload", http.put(at(&self.send)).body("sku\n")).await;
        let graphql = http.post(at("/graphql")).bearer_auth(&owner.token).json(&json!({ "query": ME }));
        is_refused("a request", graphql).await;
        let stream = http.post(at("/graphql")).bearer_auth(&owner.token).header("accept", "text/event-stream");
        is_refused("a stream of events", stream.json(&json!({ "query": WATCH }))).await;
        assert!(Socket::try_open(owner).await.is_err(), "a socket is opened");
    }

    async fn are_open(&self, owner: &Client) {
        let http = reqwest::Client::new();
        let at = |path: &str| format!("{}{path}", owner.url);
        let view = http.get(at(&self.view)).bearer_auth(&owner.token);
        for (door, request) in [
            ("a view", view),
            ("a link of a view", http.get(at(&self.link))),
            ("a file", http.get(at(&self.fetch))),
            ("an upload", http.put(at(&self.send)).body("sku\n")),
        ] {
            assert_eq!(request.send().await.unwrap().status(), 200, "{door}");
        }
    }
}

/// A socket that watches stock.
async fn watching(client: &Client) -> Socket {
    let mut socket = Socket::open(client).await;
    socket.subscribe(WATCH, &json!({})).await;
    assert_eq!(socket.receive_message().await.unwrap()["type"], "next");
    socket
}

on_both!(a_suspended_tenant_is_refused_at_every_door_until_it_is_resumed, site: Site => {
    let files = format!("file:{}", site.folder.join("kept").display());
    let further = [&UNLIMITED[..], &["--files", &files]].concat();
    let (one, other) =
        (Server::start_with(site, free_address(), &further).await, Server::start_with(site, free_address(), &further).await);
    let ours = Client::register(&one.url(), "ours").await;
    let theirs = Client::register(&other.url(), "theirs").await;
    let (session, refresh) = logged_in(&ours, "ours").await;
    let (till, _, _) = program(&ours, "").await;
    let doors = Doors::made(&ours).await;
    let mut open = [watching(&ours).await, watching(&session.at(&other.url())).await, watching(&till.at(&other.url())).await];
    let stream = reqwest::Client::new().post(format!("{}/graphql", one.url())).bearer_auth(&ours.token);
    let mut events = stream.header("accept", "text/event-stream").json(&json!({ "query": WATCH })).send().await.unwrap();
    let mut undisturbed = watching(&theirs).await;

    keyed(site, &["tenant", "suspend", "ours"]).await.assert_failed(&["--reason"]);
    keyed(site, &["tenant", "suspend", "ours", "--reason", " "]).await.assert_failed(&["1 to 500 characters"]);
    keyed(site, &["tenant", "suspend", "nobody", "--reason", "unpaid"]).await.assert_failed(&["there is no tenant nobody"]);
    keyed(site, &["tenant", "resume", "nobody"]).await.assert_failed(&["there is no tenant nobody"]);
    assert!(command_output(site, &["tenant", "suspend", "ours", "--reason", "unpaid since May"]).await.contains("ours is suspended"));

    for socket in &mut open {
        let (code, reason) = timeout(NOTICED, socket.closing()).await.expect("an open socket is closed");
        assert_eq!(code, 4403, "{reason}");
    }
    let ends = async { while let Ok(Some(_)) = events.chunk().await {} };
    assert!(timeout(NOTICED, ends).await.is_ok(), "a stream of events goes on");
    for client in [&ours, &session.at(&other.url())] {
        wait_for_code(client, ME, Some("TENANT_SUSPENDED")).await;
    }
    for client in [&till, &till.at(&other.url())] {
        wait_for_code(client, LEVELS, Some("TENANT_SUSPENDED")).await;
    }
    doors.are_shut(&ours).await;
    doors.are_shut(&ours.at(&other.url())).await;
    // A login with the right password is refused with the reason that the tenant is suspended.
    let mut nobody = ours.clone();
    nobody.token.clear();
    let login = nobody.execute(LOGIN, json!({ "e": "ours@shop.example" })).await;
    assert_eq!(login["result"], json!({ "result": null, "userErrors": [{ "code": "TENANT_SUSPENDED" }] }));
    // A token of a session is sent with everything by some.
    for client in [&nobody, &session] {
        let refused = client.execute(REFRESH, json!({ "t": refresh })).await;
        assert_eq!(refused["result"]["userErrors"], json!([{ "code": "TENANT_SUSPENDED" }]));
    }

    let again = command_output(site, &["tenant", "suspend", "ours", "--reason", "another"]).await;
    assert!(again.contains("was suspended before") && again.contains("unpaid since May"), "{again}");
    let listed = plain(site, &["tenant", "list"]).await;
    let line = |slug: &str| listed.out.lines().find(|line| line.starts_with(&format!("{slug}\t"))).unwrap().to_owned();
    assert!(line("ours").contains("SUSPENDED since") && line("ours").ends_with(": unpaid since May"), "{listed:?}");
    assert!(line("theirs").ends_with("\tACTIVE"), "{listed:?}");
    assert_eq!(plain(site, &["tenant", "show", "ours"]).await.out.trim_end(), line("ours"));
    plain(site, &["tenant", "show", "nobody"]).await.assert_failed(&["there is no tenant nobody"]);
    let report: Value = serde_json::from_str(&keyed(site, &["doctor", "--format", "json"]).await.out).unwrap();
    let found = report["checks"].as_array().unwrap().iter().find(|finding| finding["check"] == "tenants").unwrap();
    assert_eq!((&found["verdict"], &found["seen"]), (&json!("WARN"), &json!("suspended: ours")));
    let folder = site.folder.join("export");
    command_output(site, &["tenant", "export", "ours", &folder.display().to_string()]).await;
    assert!(fs::read_to_string(folder.join("tenant.jsonl")).is_ok_and(|rows| rows.contains("ours")), "the operator has its rows");
    theirs.execute(ME, json!({})).await;
    assert!(timeout(Duration::from_millis(200), undisturbed.closing()).await.is_err(), "another tenant's socket is closed");

    assert!(command_output(site, &["tenant", "resume", "ours"]).await.contains("ours is resumed"));
    assert!(command_output(site, &["tenant", "resume", "ours"]).await.contains("is not suspended"));
    for client in [&ours, &session.at(&other.url())] {
        wait_for_code(client, ME, None).await;
    }
    for client in [&till, &till.at(&other.url())] {
        wait_for_code(client, LEVELS, None).await;
    }
    doors.are_open(&ours).await;
    watching(&ours).await;
    assert_eq!(nobody.execute(REFRESH, json!({ "t": refresh })).await["result"]["userErrors"], json!([]));
    acts_are_logged(&ours).await;
});

/// Once each, with the reason.
async fn acts_are_logged(ours: &Client) {
    let mut logged = Value::Null;
    // A node takes what commands left for the audit log into it in its own time.
    for _ in 0..200 {
        logged =
            ours.execute("{ auditEntries(first: 100) { nodes { action changes } } }", json!({})).await["auditEntries"]["nodes"]
                .take();
        if logged.to_string().contains("tenant.resume") {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    for action in ["tenant.suspend", "tenant.resume"] {
        let of = logged.as_array().unwrap().iter().filter(|entry| entry["action"] == action);
        let reasons: Vec<&Value> = of.map(|entry| &entry["changes"]["reason"]).collect();
        assert_eq!(reasons, [&json!("unpaid since May")], "{action}: {logged}");
    }
}

on_both!(jobs_and_webhooks_of_a_suspended_tenant_wait, site: Site => {
    let files = format!("file:{}", site.folder.join("kept").display());
    let busy = [&UNLIMITED[..], &["--files", &files, "--webhooks-allow", "127.0.0.0/8", "--job-lease-seconds", "2"]].concat();
    let idle = [&busy[..], &["--jobs", "off"]].concat();
    let address = free_address();
    // This node runs no jobs: they wait.
    let server = Server::start_with(site, address, &idle).await;
    let ours = Shop::open(Client::register(&server.url(), "ours").await, 1, 1, 5).await;
    let theirs = Shop::open(Client::register(&server.url(), "theirs").await, 1, 1, 5).await;
    let (our_receiver, their_receiver) = (Receiver::accepting().await, Receiver::accepting().await);
    for (shop, receiver) in [(&ours, &our_receiver), (&theirs, &their_receiver)] {
        endpoint(shop, &receiver.url()).await;
        shop.adjust("one more", 0, 0, 1).await;
        shop.client.must_mutate(EXPORT, json!({ "idempotencyKey": "all", "entity": "CATEGORIES" })).await;
    }
    command_output(site, &["tenant", "suspend", "ours", "--reason", "unpaid"]).await;
    server.kill();

    let server = Server::start_with(site, address, &busy).await;
    let jobs = async |slug: &str| plain(site, &["job", "list", "--tenant", slug]).await.out;
    let started_at = Instant::now();
    while their_receiver.count() == 0 || !jobs("theirs").await.is_empty() {
        assert!(started_at.elapsed() < Duration::from_secs(60), "nothing is done for others: {}", server.stderr());
        sleep(Duration::from_millis(100)).await;
    }
    // Workers that did the other tenant's jobs have had time for ours.
    sleep(Duration::from_secs(3)).await;
    assert_eq!(our_receiver.count(), 0, "a webhook is sent");
    let waiting = jobs("ours").await;
    assert!(waiting.contains("\tours\texchange.run\tWAITING\t"), "{waiting}");

    command_output(site, &["tenant", "resume", "ours"]).await;
    let started_at = Instant::now();
    while our_receiver.count() == 0 || !jobs("ours").await.is_empty() {
        assert!(started_at.elapsed() < Duration::from_secs(60), "what waited does not go on: {}", server.stderr());
        sleep(Duration::from_millis(100)).await;
    }
    wait_for_code(&ours.client, ME, None).await;
    let found = ours.client.execute("{ dataJobs { nodes { state } } webhookEndpoints { disabledAt } }", json!({})).await;
    assert_eq!(found["dataJobs"]["nodes"], json!([{ "state": "DONE" }]));
    assert_eq!(found["webhookEndpoints"], json!([{ "disabledAt": null }]), "its maker was never gone");
});

on_both!(orders_that_meet_a_suspension_are_whole_or_not_there, site: Site => {
    let server = Server::start_with(site, free_address(), &UNLIMITED).await;
    let shop = Shop::open(Client::register(&server.url(), "ours").await, 1, 1, 5_000).await;
    let (product, store) = shop.place(0, 0);
    let input = move |number: usize| {
        let line = json!({ "product": { "id": product }, "quantity": 1 });
        json!({ "idempotencyKey": format!("order {number}"), "store": { "id": store }, "status": "CONFIRMED", "lines": [line] })
    };
    let (client, order) = (shop.client.clone(), input.clone());
    let ordering = tokio::spawn(async move {
        let mut placed = Vec::new();
        for number in 0.. {
            let answer = client.send(ORDER, &json!({ "input": order(number) })).await.unwrap();
            match code(&answer) {
                Some("TENANT_SUSPENDED") => return (placed, number),
                None => placed.push(text(&answer["data"]["result"]["order"]["id"])),
                Some("UNAUTHENTICATED") => {}
                Some(_) => panic!("{answer}"),
            }
            sleep(Duration::from_millis(10)).await;
        }
        unreachable!("it is suspended before")
    });
    sleep(Duration::from_millis(500)).await;
    command_output(site, &["tenant", "suspend", "ours", "--reason", "fraud"]).await;
    let (placed, last) = timeout(Duration::from_secs(30), ordering).await.expect("orders are refused").unwrap();
    assert!(!placed.is_empty());
    command_output(site, &["tenant", "resume", "ours"]).await;
    wait_for_code(&shop.client, ME, None).await;
    for number in 0..=last {
        shop.client.must_mutate(ORDER, input(number)).await;
    }
    let orders = shop.client.all("query($after: Cursor) { result: orders(first: 250, after: $after) {
        nodes { id } pageInfo { hasNextPage endCursor } } }").await;
    assert_eq!(orders.len(), last + 1, "each key is one order");
    assert!(placed.iter().all(|id| orders.iter().any(|order| order["id"] == *id)), "an order that was answered is gone");
    drop(server);
    site.verify().await;
});

on_both!(a_dead_job_is_listed_and_tried_again, site: Site => {
    let server = Server::start_with(site, free_address(), &["--jobs", "off"]).await;
    let ours = Client::register(&server.url(), "ours").await;
    ours.must_mutate(EXPORT, json!({ "idempotencyKey": "all", "entity": "CATEGORIES" })).await;
    site.run_sql("UPDATE job SET state = 'DEAD', error = 'it broke', failures = 12 WHERE kind = 'exchange.run'").await;
    let dead = plain(site, &["job", "list", "--state", "dead"]).await;
    let line = dead.out.lines().next().unwrap_or_else(|| panic!("{dead:?}")).to_owned();
    assert!(line.contains("\tours\texchange.run\tDEAD\t") && line.ends_with("\t12 failure(s)\tit broke"), "{line}");
    assert_eq!(plain(site, &["job", "list", "--tenant", "ours", "--state", "waiting"]).await.out, "");
    plain(site, &["job", "list", "--tenant", "nobody"]).await.assert_failed(&["there is no tenant nobody"]);
    let id = line.split('\t').next().unwrap();
    assert!(command_output(site, &["job", "retry", id]).await.contains("waits for a worker"));
    keyed(site, &["job", "retry", id]).await.assert_failed(&["only a DEAD job"]);
    let waiting = plain(site, &["job", "list", "--tenant", "ours", "--state", "waiting"]).await;
    assert!(waiting.out.contains(id) && waiting.out.contains("\t0 failure(s)\t"), "{waiting:?}");
});

on_both!(api_keys_are_revoked_with_sessions_when_it_is_said_twice, site: Site => {
    let server = Server::start(site).await;
    let ours = Client::register(&server.url(), "ours").await;
    let (till, _, _) = program(&ours, "").await;
    let end = ["sessions", "end", "--tenant", "ours", "--api-keys"];
    keyed(site, &end).await.assert_failed(&["1 session(s) of 1 tenant(s) would be ended, and 1 API key(s) revoked", "--yes"]);
    till.execute(LEVELS, json!({})).await;
    let ended = command_output(site, &[&end[..], &["--yes"]].concat()).await;
    assert!(ended.contains("1 session(s) of 1 tenant(s) are ended") && ended.contains("1 API key(s) are revoked"), "{ended}");
    wait_for_code(&till, LEVELS, Some("UNAUTHENTICATED")).await;
    wait_for_code(&ours, ME, Some("UNAUTHENTICATED")).await;
});

on_both!(what_a_lost_key_takes_with_it_is_counted, site: Site => {
    let server = Server::start(site).await;
    Client::register(&server.url(), "ours").await;
    assert!(command_output(site, &["keys", "lost"]).await.starts_with("0 value(s) are lost"));
    let other = site.folder.join("other.keys");
    fs::write(&other, entrepot(&["keys", "new"]).await.out).unwrap();
    let lost = plain(site, &["keys", "lost", "--keys-file", &other.display().to_string()]).await;
    let (lines, sum) = lost.out.trim_end().rsplit_once('\n').unwrap_or_else(|| panic!("{lost:?}"));
    let counted: u64 = lines.lines().map(|line| line.split('\t').nth(2).unwrap().split(' ').next().unwrap().parse::<u64>().unwrap()).sum();
    assert!(counted > 0 && sum.starts_with(&format!("{counted} value(s) are lost")), "{lost:?}");
    let absent = site.folder.join("absent.keys").display().to_string();
    let none = plain(site, &["keys", "lost", "--keys-file", &absent]).await;
    let (first, rest) = none.out.split_once('\n').unwrap_or_else(|| panic!("{none:?}"));
    assert!([absent.as_str(), "--keys-file", "restore its copy"].iter().all(|part| first.contains(part)), "{first}");
    assert!(!first.contains("backup") && rest.contains(&format!("{counted} value(s) are lost")), "{none:?}");
    drop(server);
});
