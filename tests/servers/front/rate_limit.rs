//! Budgets over the wire: who pays, the figures in the answers, and an empty budget, with Redis,
//! without it and while it dies.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use entrepot::{
    graphql::{limits::Limits, quota::Terms},
    http::Settings,
    rate_limit::{Allowance, PASSWORD, RateLimiter, Redis, TOTP},
};
use serde_json::{Value, json};

use super::{
    server::{FrontServer, named, open_to_all},
    wire::{JSON, NEW, PATIENCE, Reply, Socket, get, post},
};

pub(super) fn settings_with(terms: Terms) -> Settings {
    Settings { terms, ..open_to_all() }
}

/// A credential's budget alone.
pub(super) fn own(limit: u32, restored: u32) -> Terms {
    Terms { credential: Some(Allowance::per_second(limit, restored)), ..Terms::unlimited() }
}

pub(super) async fn ask_as(address: SocketAddr, token: &str, query: &str) -> Reply {
    let token = format!("authorization: Bearer {token}");
    post(address, &[JSON, NEW, &token, "entrepot-cost: true"], json!({ "query": query }).to_string().as_bytes()).await
}

async fn ask_unnamed(address: SocketAddr) -> Reply {
    post(address, &[JSON, NEW], br#"{"query":"{ ping }"}"#).await
}

pub(super) fn error(reply: &Reply) -> Value {
    reply.json()["errors"][0]["extensions"].clone()
}

#[tokio::test]
async fn an_answer_tells_what_it_cost_when_asked() {
    let world = FrontServer::with(Limits::default(), settings_with(own(1_000, 1))).await;
    let reply = ask_as(world.address, "ann", "{ things(first: 10, found: 3) { nodes { name } } }").await;
    // 1 + 10 × 2 were taken, and 7 × 2 put back.
    let cost = json!({ "requested": 21, "actual": 7, "limit": 1_000, "remaining": 993, "restoreRate": 1 });
    assert_eq!(reply.json()["extensions"]["cost"], cost);
    let header = |name: &str| reply.header(name).unwrap().parse::<u32>().unwrap();
    assert_eq!([header("ratelimit-limit"), header("ratelimit-remaining"), header("ratelimit-reset")], [1_000, 993, 7]);
    // By a header, or in the request itself; else only the headers tell.
    let body = json!({ "query": "{ ping }", "extensions": { "cost": true } }).to_string();
    let reply = post(world.address, &[JSON, "authorization: Bearer ann"], body.as_bytes()).await;
    assert_eq!(reply.json()["extensions"]["cost"]["requested"], 1);
    let reply = post(world.address, &[JSON, "authorization: Bearer ann"], br#"{"query":"{ ping }"}"#).await;
    assert_eq!(
        (reply.body.as_slice(), reply.header("ratelimit-remaining")),
        (br#"{"data":{"ping":"pong"}}"#.as_slice(), Some("991"))
    );
}

#[tokio::test]
async fn a_lifted_budget_tells_of_no_limit() {
    let lifted = Terms { lifted: Arc::new([named("robot")].into()), ..own(10, 1) };
    let world = FrontServer::with(Limits::default(), settings_with(lifted)).await;
    for _ in 0..30 {
        let reply = ask_as(world.address, "robot", "{ ping }").await;
        assert_eq!((reply.status, reply.header("ratelimit-limit")), (200, None));
        assert_eq!(reply.json()["extensions"]["cost"], json!({ "requested": 1, "actual": 1 }));
    }
}

/// Ten points an hour for one key, fifteen for its integration.
#[tokio::test]
async fn a_key_with_a_part_of_its_integrations_budget_spends_both() {
    let terms = Terms { credential: Some(Allowance::within(15, 3_600)), ..Terms::unlimited() };
    let world = FrontServer::with(Limits::default(), settings_with(terms)).await;
    let limits = |reply: &Reply| ["ratelimit-limit", "ratelimit-remaining"].map(|name| reply.header(name).unwrap().to_owned());
    let things = |first: u32| format!("{{ things(first: {first}, found: {first}) {{ nodes {{ name }} }} }}");
    assert_eq!(limits(&ask_as(world.address, "part+shop", &things(3)).await), ["10", "3"], "seven points, of the part");
    assert_eq!(limits(&ask_as(world.address, "shop", "{ ping }").await), ["15", "7"], "and of the whole");
    let refused = ask_as(world.address, "part+shop", &things(2)).await;
    assert_eq!((refused.status, &error(&refused)["code"]), (429, &json!("RATE_LIMITED")));
    assert!(refused.json()["errors"][0]["message"].as_str().unwrap().starts_with("this key's budget has 3 of 5"), "{refused:?}");
    assert_eq!(limits(&ask_as(world.address, "shop", &things(2)).await), ["15", "2"], "what was refused took nothing");
    // The part has three points left and the whole two: the whole refuses, and the part's points
    // are refunded.
    let refused = ask_as(world.address, "part+shop", &things(1)).await;
    assert!(refused.json()["errors"][0]["message"].as_str().unwrap().starts_with("your budget has 2 of 3"), "{refused:?}");
    assert_eq!(
        limits(&ask_as(world.address, "part+shop", "{ ping }").await),
        ["15", "1"],
        "the one that is emptied first is told"
    );
}

#[tokio::test]
async fn an_empty_budget_says_how_long_to_wait_and_keeps_its_word() {
    let world = FrontServer::with(Limits::default(), settings_with(own(20, 10))).await;
    let before = world.ran();
    let query = "{ things(first: 9, found: 9) { nodes { name } } }";
    assert_eq!(ask_as(world.address, "ann", query).await.status, 200);
    let ran = world.ran();
    let reply = ask_as(world.address, "ann", query).await;
    let started_at = Instant::now();
    assert_eq!((reply.status, reply.code().as_str()), (429, "RATE_LIMITED"));
    assert!(reply.json().get("data").is_none() && world.ran() == ran && ran > before, "nothing of it ran");
    let refusal = error(&reply);
    let wait = refusal["retryAfterMs"].as_u64().unwrap();
    assert!((1_000..=1_800).contains(&wait), "{refusal}");
    assert_eq!((&refusal["cost"], &refusal["limit"]), (&json!(19), &json!(20)));
    assert_eq!(reply.header("retry-after"), Some("2"));
    assert_eq!(reply.header("ratelimit-limit"), Some("20"));
    // A neighbour has a budget of their own.
    assert_eq!(ask_as(world.address, "bob", query).await.status, 200);
    tokio::time::sleep(Duration::from_millis(wait).saturating_sub(started_at.elapsed())).await;
    assert_eq!(ask_as(world.address, "ann", query).await.status, 200);
}

#[tokio::test]
async fn an_operation_that_costs_too_much_never_runs() {
    let world = FrontServer::with(Limits::default(), settings_with(own(10_000, 1))).await;
    for (query, cost) in [("{ a: dear b: dear c: dear }", 1_200), ("{ things(first: 500, found: 1) { nodes { name } } }", 1_001)]
    {
        let reply = ask_as(world.address, "ann", query).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "COST_EXCEEDED"), "{query}");
        assert_eq!((&error(&reply)["cost"], &error(&reply)["limit"]), (&json!(cost), &json!(1_000)), "what one may cost");
        assert_eq!(error(&reply).get("retryAfterMs"), None, "waiting does not help");
    }
    assert_eq!(world.ran(), 0);
    // The caller of a refused operation pays for its parsing.
    assert_eq!(ask_as(world.address, "ann", "{ ping }").await.json()["extensions"]["cost"]["remaining"], 9_997);
    let small = FrontServer::with(Limits::default(), settings_with(own(100, 1))).await;
    let reply = ask_as(small.address, "ann", "{ dear }").await;
    assert_eq!(reply.code(), "COST_EXCEEDED", "no waiting would fill a bucket of 100 with 400");
    assert_eq!(error(&reply)["limit"], 100);
}

#[tokio::test]
async fn what_fails_is_paid_for_by_the_work_it_made() {
    let world = FrontServer::with(Limits::default(), settings_with(own(10_000, 1))).await;
    let remaining = async |query: &str| {
        let reply = ask_as(world.address, "ann", query).await;
        reply.header("ratelimit-remaining").unwrap().parse::<u32>().unwrap()
    };
    // Not read, not valid: one point. Run and failed in the end: all of it.
    assert_eq!(remaining("{ ping").await, 9_999);
    assert_eq!(remaining("{ nothing things(first: 50, found: 50) { nodes { name } } }").await, 9_998);
    assert_eq!(remaining("{ things(first: 50, found: 0) { nodes { name } } thing { failing } }").await, 9_998 - 104);
}

#[tokio::test]
async fn strangers_pay_by_the_request_and_so_do_bad_tokens() {
    let terms = Terms { anonymous: Some(Allowance::within(10, 900)), ..Terms::unlimited() };
    let world = FrontServer::with(Limits::default(), settings_with(terms)).await;
    for _ in 0..3 {
        assert_eq!(ask_unnamed(world.address).await.status, 200);
        assert_eq!(ask_as(world.address, "bad", "{ ping }").await.status, 401);
        assert_eq!(post(world.address, &[JSON], b"[").await.status, 400);
    }
    assert_eq!(post(world.address, &[JSON, NEW], br#"{"query":"{ ping"}"#).await.status, 400);
    assert_eq!(get(world.address, "/graphql?query=%7Bping%7D", &[]).await.status, 429);
    for reply in [ask_unnamed(world.address).await, ask_as(world.address, "bad", "{ ping }").await] {
        assert_eq!((reply.status, reply.code().as_str()), (429, "RATE_LIMITED"));
        assert!((60_000..=90_000).contains(&error(&reply)["retryAfterMs"].as_u64().unwrap()));
    }
    // A valid token from the same address is not refused because of invalid ones.
    assert_eq!(ask_as(world.address, "ann", "{ ping }").await.status, 200);
}

#[tokio::test]
async fn sockets_pay_the_same() {
    let world = FrontServer::with(Limits::default(), settings_with(own(25, 1))).await;
    let mut socket = Socket::ready(world.address).await;
    let query = json!({ "query": "{ things(first: 9, found: 0) { nodes { name } } }", "extensions": { "cost": true } });
    socket.send_message(json!({ "id": "1", "type": "subscribe", "payload": query })).await;
    let answer = socket.receive_message().await;
    assert_eq!(
        answer["payload"]["extensions"]["cost"],
        json!({ "requested": 19, "actual": 1, "limit": 25, "remaining": 24, "restoreRate": 1 })
    );
    assert_eq!(socket.receive_message().await["type"], "complete");
    // A subscription costs 10 when it starts; its events cost nothing. Two of them leave four points,
    // and the next one has to wait for six.
    for id in ["2", "3"] {
        socket.subscribe(id, "subscription { silent }").await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    socket.subscribe("4", "subscription { count(to: 3) }").await;
    let refused = socket.receive_message().await;
    assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("4")));
    assert_eq!(refused["payload"][0]["extensions"]["code"], "RATE_LIMITED");
    assert!(refused["payload"][0]["extensions"]["retryAfterMs"].is_u64());
    // HTTP and sockets empty the same bucket.
    assert_eq!(ask_as(world.address, "ann", "{ dear }").await.code(), "COST_EXCEEDED");
    let reply = ask_as(world.address, "ann", "{ ping }").await;
    assert!(reply.json()["extensions"]["cost"]["remaining"].as_u64().unwrap() < 10);
    socket.subscribe("5", "{ nothing").await;
    assert_eq!(socket.receive_message().await["type"], "error");
}

#[tokio::test]
async fn one_tenants_operations_wait_for_one_another_and_for_nobody_else() {
    let world = FrontServer::with(Limits::default(), settings_with(Terms { at_once: Some(2), ..Terms::unlimited() })).await;
    let address = world.address;
    let slow = |user: &'static str| tokio::spawn(async move { ask_as(address, user, "{ slow(seconds: 2) }").await.status });
    let (first, second, third) = (slow("a@acme"), slow("b@acme"), slow("c@acme"));
    let started_at = Instant::now();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(ask_as(address, "eve@other", "{ ping }").await.status, 200);
    assert!(started_at.elapsed() < Duration::from_secs(2), "another tenant does not wait until a place is free");
    for answer in [first, second, third] {
        assert_eq!(answer.await.unwrap(), 200);
    }
    assert!(started_at.elapsed() > Duration::from_millis(3_800), "the third one waited for a place");
    // A client that disconnects while it waits frees its place.
    let leaving: Vec<_> = (0..4).map(|_| slow("d@acme")).collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    leaving.iter().for_each(tokio::task::JoinHandle::abort);
    let reply = tokio::time::timeout(PATIENCE, ask_as(address, "a@acme", "{ ping }")).await.unwrap();
    assert_eq!(reply.status, 200);
}

/// A Redis of the test's own, which it may kill.
pub(super) struct OwnRedis {
    process: Child,
    pub url: String,
}

impl OwnRedis {
    pub fn start() -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let arguments = ["--port", &port.to_string(), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"];
        let started =
            Command::new("redis-server").args(arguments).current_dir(std::env::temp_dir()).stdout(Stdio::null()).spawn();
        let Ok(process) = started else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI has a redis-server");
            eprintln!("SKIPPED: there is no redis-server to start");
            return None;
        };
        let started_at = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started_at.elapsed() < PATIENCE, "Redis does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self { process, url: format!("redis://127.0.0.1:{port}") })
    }

    async fn node(&self, terms: Terms) -> FrontServer {
        FrontServer::node(Limits::default(), settings_with(terms), Some(Redis::at(&self.url).unwrap())).await
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns how many of so many requests are answered, by two nodes in turn.
async fn count_answered(nodes: [&FrontServer; 2], token: &str, requests: usize) -> usize {
    let mut count = 0;
    for number in 0..requests {
        count += usize::from(ask_as(nodes[number % 2].address, token, "{ ping }").await.status == 200);
    }
    count
}

#[tokio::test]
async fn nodes_that_share_a_redis_share_budgets() {
    let terms =
        || Terms { tenant: Some(Allowance::within(40, 3_600)), anonymous: Some(Allowance::within(6, 3_600)), ..own(25, 1) };
    let mut tries = Vec::new();
    // A node counts alone for a second after a late answer of Redis, as a busy machine may cause: so
    // there are three tries. Nodes that share nothing fail each of them.
    while tries.len() < 3 {
        let Some(redis) = OwnRedis::start() else { return };
        let (one, other) = (redis.node(terms()).await, redis.node(terms()).await);
        let few = count_answered([&one, &other], "ann", 60).await;
        // Bob has a budget of his own, but shares the rest of his tenant's.
        let rest = count_answered([&one, &other], "bob", 60).await;
        let mut strangers = 0;
        for number in 0..12 {
            strangers += u32::from(ask_unnamed([&one, &other][number % 2].address).await.status == 200);
        }
        // One of Ann's 25 points comes back each second.
        if (25..=30).contains(&few) && few + rest == 40 && strangers == 6 {
            let reply = ask_unnamed(one.address).await;
            assert!(error(&reply)["retryAfterMs"].as_u64().unwrap() > 500_000, "{}", error(&reply));
            return;
        }
        tries.push((few, rest, strangers));
    }
    panic!("25 points for Ann, the rest of 40 for Bob, and 6 for strangers: {tries:?}");
}

#[tokio::test]
async fn points_in_hand_never_add_up_to_more_than_the_budget() {
    let Some(redis) = OwnRedis::start() else { return };
    let terms = || Terms { credential: Some(Allowance::within(2_000, 36_000)), ..Terms::unlimited() };
    let nodes = [redis.node(terms()).await, redis.node(terms()).await];
    let mut totals = Vec::new();
    // Three tries, as above, each with a budget that is full.
    for caller in ["ann", "bob", "cleo"] {
        let mut clients = Vec::new();
        for number in 0..8 {
            let address = nodes[number % 2].address;
            clients.push(tokio::spawn(async move {
                let mut count = 0;
                for _ in 0..400 {
                    count += u32::from(ask_as(address, caller, "{ ping }").await.status == 200);
                }
                count
            }));
        }
        let mut total = 0;
        for client in clients {
            total += client.await.unwrap();
        }
        // Each node may end with up to a twentieth in hand; one point comes back every 18 seconds.
        if (1_790..=2_005).contains(&total) {
            return;
        }
        totals.push(total);
    }
    panic!("{totals:?} of 2,000");
}

#[tokio::test]
async fn when_redis_dies_limits_hold_and_when_it_comes_back_they_are_common_again() {
    let Some(redis) = OwnRedis::start() else { return };
    let port = redis.url.rsplit(':').next().unwrap().to_owned();
    let terms = || own(30, 1);
    let (one, other) = (redis.node(terms()).await, redis.node(terms()).await);
    let before = count_answered([&one, &other], "ann", 20).await;
    assert_eq!(before, 20);
    drop(redis);
    let started_at = Instant::now();
    let alone = count_answered([&one, &other], "ann", 80).await;
    assert!(started_at.elapsed() < Duration::from_secs(8), "80 requests took {:?} without Redis", started_at.elapsed());
    // Each node continues from its last reading of the common bucket, about 10 left.
    assert!((10..=45).contains(&alone), "{alone} were let through without Redis");
    assert!(count_answered([&one, &one], "ann", 20).await < 20, "this node refuses, too");
    let arguments = ["--port", &port, "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"];
    let process = Command::new("redis-server").args(arguments).stdout(Stdio::null()).spawn().unwrap();
    let _again = OwnRedis { process, url: String::new() };
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    // One request each, so that both have found Redis again; then what both let through is common.
    count_answered([&one, &other], "zoe", 2).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let common = count_answered([&one, &other], "cleo", 60).await;
    assert!((30..=36).contains(&common), "{common} of 30");
}

#[tokio::test]
async fn a_redis_that_is_not_there_does_not_keep_a_node_from_serving() {
    let nowhere = Redis::at("redis://127.0.0.1:1").unwrap();
    let world = FrontServer::node(Limits::default(), settings_with(own(10, 1)), Some(nowhere)).await;
    let started_at = Instant::now();
    let mut count = 0;
    for _ in 0..30 {
        count += u32::from(ask_as(world.address, "ann", "{ ping }").await.status == 200);
    }
    assert!((10..=15).contains(&count), "{count}");
    assert!(started_at.elapsed() < Duration::from_secs(5));
    assert!(Redis::at("nowhere").is_err());
}

#[tokio::test]
async fn attempts_are_few_for_a_name_and_good_ones_are_forgiven() {
    let redis = OwnRedis::start();
    let shared = redis.as_ref().map(|redis| Redis::at(&redis.url).unwrap());
    for redis in [None, shared] {
        let is_shared = redis.is_some();
        let rate_limiter = RateLimiter::new(Arc::new(|| 1_790_000_000_000_000), redis);
        for _ in 0..50 {
            rate_limiter.attempt(&TOTP, "ann").await.unwrap();
            rate_limiter.refund_attempt(&TOTP, "ann");
        }
        let mut wrong = 0;
        while rate_limiter.attempt(&TOTP, "ann").await.is_ok() {
            wrong += 1;
        }
        assert_eq!(wrong, 5, "shared: {is_shared}");
        let wait = rate_limiter.attempt(&TOTP, "ann").await.unwrap_err().wait_ms();
        assert!((170_000..=180_000).contains(&wait), "{wait}");
        rate_limiter.attempt(&TOTP, "bob").await.unwrap();
        let mut passwords = 0;
        for _ in 0..10_000 {
            passwords += u32::from(rate_limiter.attempt(&PASSWORD, "ann@shop.example").await.is_ok());
        }
        assert_eq!(passwords, 10, "shared: {is_shared}");
    }
}
