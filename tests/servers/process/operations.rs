//! Operations: probes, metrics, and a node that is stopped.

use std::{collections::BTreeSet, process::Command, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{
    client::Socket,
    load::Load,
    redis::Way,
    server::{Environment, Server, Site, UNLIMITED, free_address},
    shop::Shop,
    stream::{State, Stream, StreamOptions},
};
use crate::{databases::random, world::on_both};

/// Returns the answer of `/readyz`.
pub async fn health(server: &Server) -> (u16, Value) {
    let answer = reqwest::get(format!("{}/readyz", server.url())).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

on_both!(a_node_says_what_it_lacks, site: Site => {
    let server = Server::start(site).await;
    let (status, report) = health(&server).await;
    assert_eq!((status, &report["status"]), (200, &json!("ready")));
    assert_eq!((&report["checks"]["database"], &report["checks"]["migrations"]), (&json!({ "status": "ok" }), &json!({ "status": "ok" })));
    assert_eq!(report["checks"]["redis"], Value::Null, "there is none to speak of");
    drop(server);
    // A Redis that is not there costs nothing but speed.
    let nowhere = format!("redis://{}", free_address());
    let server = Server::start_with(site, free_address(), &["--redis-url", &nowhere]).await;
    let (status, report) = health(&server).await;
    assert_eq!((status, &report["status"], &report["checks"]["redis"]["status"]), (200, &json!("degraded"), &json!("degraded")));
    server.tenant().await;
    // An older database under a newer node.
    site.run_sql("UPDATE seaql_migrations SET version = 'x' || version WHERE version = (SELECT max(version) FROM seaql_migrations)").await;
    sleep(Duration::from_millis(600)).await;
    let (status, report) = health(&server).await;
    assert_eq!((status, &report["status"], &report["checks"]["migrations"]["status"]), (503, &json!("unready"), &json!("failed")));
    let live = reqwest::get(format!("{}/livez", server.url())).await.unwrap();
    assert_eq!((live.status().as_u16(), live.json::<Value>().await.unwrap()), (200, json!({ "status": "live" })));
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_its_database_wants_no_work_until_it_is_back() {
    let Some(site) = Site::postgres().await else { return };
    let way = Way::to(site.postgres_address()).await;
    let through = site.by_way_of(way.address);
    let server = Server::start(&through).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 10).await;
    way.cut();
    let started_at = Instant::now();
    loop {
        let (status, report) = health(&server).await;
        if status == 503 {
            assert_eq!(report["checks"]["database"]["status"], "failed", "{report}");
            assert!(!report.to_string().contains("127.0.0.1"), "no addresses: {report}");
            break;
        }
        assert!(started_at.elapsed() < Duration::from_secs(10), "{report}");
        sleep(Duration::from_millis(100)).await;
    }
    way.mend();
    while health(&server).await.0 != 200 {
        assert!(started_at.elapsed() < Duration::from_secs(20), "not ready again");
        sleep(Duration::from_millis(100)).await;
    }
    shop.adjust("after", 0, 0, 1).await;
}

/// The value of a figure, summed over its labels that contain a text.
pub fn figure(text: &str, name: &str, label: &str) -> Option<f64> {
    let of = |line: &str| {
        let rest = line.strip_prefix(name)?;
        let (labels, value) = rest.rsplit_once(' ')?;
        ((labels.is_empty() || labels.starts_with('{')) && labels.contains(label)).then(|| value.parse::<f64>().unwrap())
    };
    let found: Vec<f64> = text.lines().filter_map(of).collect();
    (!found.is_empty()).then(|| found.iter().sum())
}

on_both!(figures_are_told_where_the_operator_wants_them, site: Site => {
    let inside = free_address();
    let flags = ["--metrics-listen", &inside.to_string(), "--budget", "200/1"];
    let server = Server::start_with(site, free_address(), &flags).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 10).await;
    let client = &shop.client;
    for _ in 0..3 {
        client.execute("{ viewer { tenant { slug } } }", json!({})).await;
    }
    client.send("{ nonsense", &json!({})).await.unwrap();
    let page = "{ products(first: 250) { nodes { id stock { id } } } }";
    assert_eq!(client.send(page, &json!({})).await.unwrap()["errors"][0]["extensions"]["code"], "COST_EXCEEDED");
    let mut stream = Stream::open(client, &StreamOptions::default()).await;
    stream.snapshot(&mut State::default()).await;
    let scrape = || async {
        let answer = reqwest::get(format!("http://{inside}/metrics")).await.unwrap();
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
        answer.text().await.unwrap()
    };
    let text = scrape().await;
    let at_least = |name: &str, label: &str, least: f64| {
        let value = figure(&text, name, label).unwrap_or_else(|| panic!("{name} {label}: {text}"));
        assert!(value >= least, "{name} {label} is {value}: {text}");
    };
    at_least("entrepot_graphql_operation_duration_seconds_count", "type=\"query\",outcome=\"OK\"", 3.0);
    at_least("entrepot_graphql_operation_duration_seconds_count", "type=\"mutation\",outcome=\"OK\"", 4.0);
    at_least("entrepot_graphql_operation_duration_seconds_bucket", "le=\"0.25\"", 1.0);
    at_least("entrepot_graphql_documents_refused_total", "GRAPHQL_PARSE_FAILED", 1.0);
    at_least("entrepot_budget_refusals_total", "COST_EXCEEDED", 1.0);
    at_least("entrepot_graphql_operation_cost_points_count", "", 5.0);
    at_least("http_server_request_duration_seconds_count", "method=\"POST\",status=\"200\"", 5.0);
    at_least("entrepot_ledger_batch_size_sum", "", 1.0);
    at_least("entrepot_ledger_commit_seconds_count", "", 1.0);
    at_least("entrepot_ledger_queue_depth", "lane=\"0\"", 0.0);
    at_least("entrepot_cache_lookups_total", "cache=\"documents\",result=\"hit\"", 2.0);
    at_least("entrepot_cache_lookups_total", "cache=\"sessions\",result=\"hit\"", 2.0);
    at_least("entrepot_database_statements_total", "", 10.0);
    at_least("entrepot_database_connections_most", "pool=\"write\"", 1.0);
    at_least("entrepot_sockets", "", 1.0);
    at_least("entrepot_stream_subscriptions", "", 1.0);
    at_least("process_resident_memory_bytes", "", 1_000_000.0);
    at_least("process_open_fds", "", 3.0);
    at_least("process_max_fds", "", figure(&text, "process_open_fds", "").unwrap());
    at_least("entrepot_build_info", concat!("version=\"", env!("CARGO_PKG_VERSION"), "\""), 1.0);
    let me = client.execute("{ viewer { tenant { id slug } actor { ... on Member { id } } } }", json!({})).await;
    for name in [&me["viewer"]["tenant"]["id"], &me["viewer"]["tenant"]["slug"], &me["viewer"]["actor"]["id"]] {
        assert!(!text.contains(name.as_str().unwrap()), "{name} stands in the figures");
    }
    drop(stream);
    let started_at = Instant::now();
    loop {
        let text = scrape().await;
        if figure(&text, "entrepot_sockets", "") == Some(0.0) && figure(&text, "entrepot_stream_subscriptions", "") == Some(0.0) {
            break;
        }
        assert!(started_at.elapsed() < Duration::from_secs(5), "still counted: {text}");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(reqwest::get(format!("{}/metrics", server.url())).await.unwrap().status(), 404, "not where everybody asks");
    assert_eq!(reqwest::get(format!("http://{inside}/readyz")).await.unwrap().status(), 200);
    let profile = async |base: String| reqwest::Client::new().post(format!("{base}/debug/cpu?seconds=1")).send().await.unwrap();
    assert_eq!(profile(server.url()).await.status(), 404, "not where everybody asks");
    let answer = profile(format!("http://{inside}")).await;
    let (status, body) = (answer.status().as_u16(), answer.bytes().await.unwrap());
    if cfg!(feature = "profiling") {
        assert_eq!((status, &body[..2]), (200, [0x1f, 0x8b].as_slice()), "compressed by gzip");
    } else {
        let body = String::from_utf8_lossy(&body);
        assert!(status == 501 && body.contains("--features profiling"), "{status}: {body}");
    }
});

on_both!(figures_of_streams_tell_how_late_they_are_and_what_became_of_them, site: Site => {
    let inside = free_address();
    let flags = ["--metrics-listen", &inside.to_string(), "--budget", "off", "--tenant-budget", "off", "--anonymous-requests", "off"];
    let server = Server::start_with(site, free_address(), &flags).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 10).await;
    let scrape = async || reqwest::get(format!("http://{inside}/metrics")).await.unwrap().text().await.unwrap();
    let until = async |name: &str, label: &str, least: f64| {
        let started_at = Instant::now();
        loop {
            let text = scrape().await;
            match figure(&text, name, label) {
                Some(value) if value >= least => return value,
                value => assert!(started_at.elapsed() < Duration::from_secs(5), "{name} {label} is {value:?}: {text}"),
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    let (mut first, mut second) = (Stream::open(&shop.client, &StreamOptions::default()).await, Stream::open(&shop.client, &StreamOptions::default()).await);
    let (mut state, mut other) = (State::default(), State::default());
    first.snapshot(&mut state).await;
    second.snapshot(&mut other).await;
    let beginning = state.cursor.clone();
    // At the first change at the latest, both streams have caught up and are live.
    for step in 0..4 {
        shop.adjust(&format!("step {step}"), 0, 0, 1).await;
        state.take(&first.next_soon().await);
        other.take(&second.next_soon().await);
    }
    let items = until("entrepot_stream_lag_seconds_count", "", 6.0).await;
    assert!(items <= 8.0, "once an item and subscriber: {items}");
    let seconds = until("entrepot_stream_lag_seconds_sum", "", 0.000_001).await;
    assert!(seconds < 2.0 * items, "{seconds} s in all");
    // A client that reconnects catches up, which is no lag of the server.
    let before = figure(&scrape().await, "entrepot_stream_catchups_total", "").unwrap_or_default();
    let mut late = Stream::open(&shop.client, &StreamOptions { after: beginning, ..StreamOptions::default() }).await;
    assert_eq!(late.next_soon().await["phase"], "LIVE");
    until("entrepot_stream_catchups_total", "", before + 1.0).await;
    assert!(until("entrepot_stream_lag_seconds_count", "", items).await <= 8.0);
    let mut lost = Stream::open(&shop.client, &StreamOptions { after: Some("nowhere".to_owned()), ..StreamOptions::default() }).await;
    assert_eq!(lost.next_soon().await["reset"], "CURSOR_FOREIGN");
    assert_eq!(until("entrepot_stream_resets_total", "reason=\"CURSOR_FOREIGN\"", 1.0).await, 1.0);
});

/// The rules of alarms, as Prometheus loads them.
const RULES: [&str; 2] = [
    include_str!("../../../deploy/prometheus/rules/entrepot.yml"),
    include_str!("../../../deploy/prometheus/rules/promises.yml"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_counter_that_an_alarm_is_about_is_there_before_its_first_event() {
    let site = Site::sqlite().await;
    let inside = free_address().to_string();
    let server = Server::start_with(&site, free_address(), &["--metrics-listen", &inside]).await;
    let words = RULES.iter().flat_map(|rules| rules.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_'));
    let counters: BTreeSet<&str> = words.filter(|word| word.starts_with("entrepot_") && word.ends_with("_total")).collect();
    assert!(counters.len() >= 8, "{counters:?}");
    let started_at = Instant::now();
    // The metrics of failed backups appear once the log has been read.
    let text = loop {
        let text = reqwest::get(format!("http://{inside}/metrics")).await.unwrap().text().await.unwrap();
        let missing: Vec<_> = counters.iter().filter(|name| figure(&text, name, "").is_none()).collect();
        if missing.is_empty() {
            break text;
        }
        assert!(started_at.elapsed() < Duration::from_secs(5), "{missing:?} are not in {text}");
        sleep(Duration::from_millis(50)).await;
    };
    for name in ["entrepot_ledger_lane_full_total", "entrepot_jobs_died_total", "entrepot_backup_failures_total"] {
        assert_eq!(figure(&text, name, ""), Some(0.0), "{name}: {text}");
    }
    for code in ["COST_EXCEEDED", "RATE_LIMITED", "CROWDED"] {
        assert_eq!(figure(&text, "entrepot_budget_refusals_total", code), Some(0.0), "{code}: {text}");
    }
    let reasons = server.tenant().await.execute("{ __type(name: \"ResetReason\") { enumValues { name } } }", json!({})).await;
    for reason in reasons["__type"]["enumValues"].as_array().unwrap() {
        let label = format!("reason={}", reason["name"]);
        assert_eq!(figure(&text, "entrepot_stream_resets_total", &label), Some(0.0), "{label}: {text}");
    }
}

/// Sends the process a signal, by its name.
fn signal(server: &Server, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &server.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

on_both!(a_node_takes_as_many_sockets_as_it_may_have, site: Site => {
    // As a container gives it, with more to be had.
    let few = Environment { files: Some(128), ..Environment::default() };
    let server = Server::start_in(site, free_address(), &UNLIMITED, &few).await;
    // Only Linux reports it.
    let Ok(limits) = std::fs::read_to_string(format!("/proc/{}/limits", server.id())) else { return };
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let [soft, hard] = [3, 4].map(|column| line.split_whitespace().nth(column).unwrap().parse().unwrap_or(u64::MAX));
    assert_eq!(soft, hard.min(65_536), "{line}");
});

const SOCKETS: usize = 200;

on_both!(a_node_that_is_stopped_hands_its_clients_on, site: Site => {
    let flags = ["--drain-seconds", "1", "--socket-drain-seconds", "2", "--anonymous-requests", "off", "--budget", "off", "--tenant-budget", "off"];
    let server = Server::start_with(site, free_address(), &flags).await;
    let shop = Shop::open(server.tenant().await, 2, 2, 500).await;
    let mut stream = Stream::open(&shop.client, &StreamOptions::default()).await;
    let mut state = State::default();
    stream.snapshot(&mut state).await;
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        sockets.push(Socket::open(&shop.client).await);
    }
    // Writers go on at the node that takes over: calls that were cut off are sent again with their
    // keys.
    let other = Server::start(site).await;
    let ways = [shop.client.clone(), shop.client.at(&other.url())];
    let load = Load::start(&shop, &ways, 4, random());
    stream.read_for(Duration::from_millis(500), &mut state).await;
    let started_at = Instant::now();
    signal(&server, "TERM");
    sleep(Duration::from_millis(100)).await;
    let (status, report) = health(&server).await;
    assert_eq!((status, &report["status"]), (503, &json!("stopping")));
    let closings = sockets.iter_mut().map(|socket| async {
        let closed = timeout(Duration::from_secs(10), socket.closing()).await.expect("a close in time");
        (closed, started_at.elapsed())
    });
    let ends = futures_util::future::join_all(closings).await;
    let hint = |reason: &str| reason.strip_prefix("the node is restarting; come back in ").is_some_and(|rest| rest.ends_with(" ms"));
    assert!(ends.iter().all(|((code, reason), _)| *code == 1012 && hint(reason)), "{:?}", ends[0]);
    let (first, last) = (ends.iter().map(|end| end.1).min().unwrap(), ends.iter().map(|end| end.1).max().unwrap());
    assert!(last.saturating_sub(first) > Duration::from_secs(1) && last < Duration::from_secs(6), "spread over two seconds: {first:?} to {last:?}");
    while let Ok(Some(item)) = timeout(Duration::from_secs(5), stream.next()).await {
        state.take(&item);
    }
    let code = server.wait_for_exit().await;
    assert_eq!(code, Some(0));
    assert!(started_at.elapsed() < Duration::from_secs(15), "{:?}", started_at.elapsed());
    let shop = Shop { client: shop.client.at(&other.url()), ..shop };
    let options = StreamOptions { after: state.cursor.clone(), ..StreamOptions::default() };
    let mut stream = Stream::open(&shop.client, &options).await;
    stream.read_for(Duration::from_millis(500), &mut state).await;
    let outcomes = load.end().await;
    stream.settle(&mut state, &shop, Duration::from_secs(20)).await;
    let changes: usize = outcomes.done.iter().map(|done| done.effects.len()).sum();
    assert_eq!(state.news, changes, "nothing missed between the two");
    println!("{SOCKETS} sockets sent on within {last:?}; {changes} changes, none missed");
});

on_both!(asked_twice_a_node_ends_at_once, site: Site => {
    let server = Server::start_with(site, free_address(), &["--drain-seconds", "60"]).await;
    let client = server.tenant().await;
    let _socket = Socket::open(&client).await;
    signal(&server, "TERM");
    let started_at = Instant::now();
    while health(&server).await.0 != 503 {
        assert!(started_at.elapsed() < Duration::from_secs(5));
        sleep(Duration::from_millis(20)).await;
    }
    signal(&server, "TERM");
    assert_eq!(server.wait_for_exit().await, Some(128 + 15));
    assert!(started_at.elapsed() < Duration::from_secs(5), "{:?}", started_at.elapsed());
    site.verify().await;
});

on_both!(a_storm_of_sockets_is_told_to_come_later, site: Site => {
    let server = Server::start_with(site, free_address(), &["--sockets-entering", "5/2"]).await;
    let client = server.tenant().await;
    let (mut open, http, started_at) = (Vec::new(), reqwest::Client::new(), Instant::now());
    for _ in 0..5 {
        open.push(Socket::open(&client).await);
    }
    let upgrade = || {
        let request = http.get(format!("{}/graphql", server.url())).header("connection", "upgrade");
        let request = request.header("upgrade", "websocket").header("sec-websocket-version", "13");
        request.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").header("sec-websocket-protocol", "graphql-transport-ws").send()
    };
    // There is room for one more each half second: on a slow machine some enter before one is refused.
    let answers = futures_util::future::join_all((0..20).map(|_| upgrade())).await.into_iter().map(Result::unwrap);
    let (sockets, mut refusals): (Vec<_>, Vec<_>) = answers.partition(|answer| answer.status() == 101);
    assert!(started_at.elapsed() >= Duration::from_millis(500) * sockets.len() as u32, "{} more are open", sockets.len());
    let answer = refusals.pop().expect("no socket is ever too many");
    assert_eq!(answer.status(), 503);
    let after: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=6).contains(&after), "{after}");
    assert_eq!(answer.json::<Value>().await.unwrap()["errors"][0]["extensions"]["code"], "UNAVAILABLE");
    client.execute("{ viewer { tenant { slug } } }", json!({})).await;
    sleep(Duration::from_secs(after)).await;
    open.push(Socket::open(&client).await);
});
