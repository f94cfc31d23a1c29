//! Operations and runs of jobs that failed or were slow, in traces that are not recorded.

use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use reqwest::header::HeaderMap;
use sea_orm::ConnectionTrait;

use super::{
    Collector, PARENT, Server, Shop, Site, Span, TRACE, Value, attribute, endpoint, free_address, json, named, send_adjustment,
    told_to_stop,
};
use crate::{
    databases::connect,
    process::client::Client,
    support::receiver::{Receiver, status},
    world::on_both,
};

/// Returns true if the collector shows that a span failed.
fn has_failed(span: &Span) -> bool {
    span.status.as_ref().is_some_and(|status| status.code == SpanStatus::Error as i32)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_slow_is_told_though_its_trace_is_not_recorded() {
    let (site, collector) = (Site::sqlite().await, Collector::start().await);
    let url = collector.url();
    let traced = ["--otlp-endpoint", &url, "--trace-sample", "0", "--slow-milliseconds", "1"];
    let server = Server::start_with(&site, free_address(), &traced).await;
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", format!("00-{TRACE}-{PARENT}-01").parse().unwrap());
    let http = reqwest::Client::builder().default_headers(headers).build().unwrap();
    // It hashes a password: that takes a millisecond on any machine.
    Client::register_by(http, &server.url(), "slow-shop").await;
    let spans = collector.spans_with(&["request", "graphql.operation"]).await;
    let (request, operation) = (named(&spans, "request"), named(&spans, "graphql.operation"));
    assert_eq!(hex::encode(&request.parent_span_id), PARENT, "it is in the client's trace");
    assert_eq!(operation.parent_span_id, request.span_id);
    for span in [request, operation] {
        assert_eq!(attribute(span, "entrepot.kept").as_deref(), Some("slow"), "{span:#?}");
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano + 1_000_000, "{span:#?}");
        assert!(!has_failed(span) && span.flags & 1 == 0, "{span:#?}");
    }
    assert_eq!(attribute(operation, "graphql.operation.type").as_deref(), Some("mutation"));
    assert_eq!(attribute(operation, "entrepot.outcome").as_deref(), Some("OK"));
    told_to_stop(server).await;
    let all = collector.spans();
    for part in all.iter().filter(|span| !["request", "graphql.operation"].contains(&span.name.as_str())) {
        assert_eq!((part.name.as_str(), &part.parent_span_id), ("db.statement", &operation.span_id), "{part:#?}");
        assert!(part.end_time_unix_nano >= part.start_time_unix_nano + 1_000_000, "what was short is left out: {part:#?}");
        assert!(attribute(part, "db.query.summary").is_some() && part.flags & 1 == 0, "{part:#?}");
    }
}

on_both!(what_failed_is_told_though_its_trace_is_not_recorded, site: Site => {
    let collector = Collector::start().await;
    let url = collector.url();
    // By its time nothing is.
    let traced = ["--otlp-endpoint", &url, "--trace-sample", "0", "--slow-milliseconds", "0"];
    let server = Server::start_with(site, free_address(), &traced).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 10).await;
    let is_file = site.url.starts_with("sqlite");
    let lock_sql = if is_file { "BEGIN IMMEDIATE" } else { "BEGIN; LOCK TABLE movement IN SHARE ROW EXCLUSIVE MODE" };
    let holder = connect(&site.url).await;
    holder.execute_unprepared(lock_sql).await.unwrap();
    // The error of a resolver, which leaves the answer's status unchanged, or of the whole
    // operation, depending on which limit is reached first.
    let answer: Value = send_adjustment(&shop, "a write that waits").await;
    let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{answer:#}"));
    assert!(["UNAVAILABLE", "TIMEOUT"].contains(&code), "{answer:#}");
    holder.execute_unprepared("ROLLBACK").await.unwrap();
    holder.close().await.unwrap();
    let spans = collector.spans_with(&["request", "graphql.operation", "ledger.wait", "ledger.batch"]).await;
    let (request, operation) = (named(&spans, "request"), named(&spans, "graphql.operation"));
    assert_eq!((hex::encode(&request.parent_span_id).as_str(), &operation.parent_span_id), (PARENT, &request.span_id));
    assert_eq!(attribute(operation, "graphql.operation.name").as_deref(), Some("Adjust"));
    assert_eq!(attribute(operation, "error.type").as_deref(), Some(code));
    assert_eq!(attribute(operation, "entrepot.kept").as_deref(), Some("error"));
    assert!(has_failed(operation), "{operation:#?}");
    let reason = attribute(request, "entrepot.kept");
    assert!(["error", "operation"].map(Some).contains(&reason.as_deref()), "{request:#?}");
    // Spans that it waited for, finished or not.
    let (wait, batch) = (named(&spans, "ledger.wait"), named(&spans, "ledger.batch"));
    for part in [wait, batch] {
        assert_eq!(part.parent_span_id, operation.span_id, "{part:#?}");
        assert!(part.start_time_unix_nano >= operation.start_time_unix_nano.saturating_sub(1_000_000), "{part:#?}");
    }
    assert_eq!(attribute(batch, "entrepot.batch.commands").as_deref(), Some("1"));
    let of_these = |span: &Span| span.parent_span_id == operation.span_id || span.parent_span_id == batch.span_id;
    told_to_stop(server).await;
    let all = collector.spans();
    let others: Vec<_> = all.iter().filter(|span| !["request", "graphql.operation"].contains(&span.name.as_str())).collect();
    assert!(others.len() >= 2 && others.into_iter().all(of_these), "{all:#?}");
});

/// Requests an export, as a client whose trace is not recorded.
async fn asks_for_an_export(shop: &Shop) {
    let query = "mutation($input: ExportCreateInput!) { result: exportCreate(input: $input) { userErrors { code message } } }";
    let body = json!({ "query": query, "variables": { "input": { "idempotencyKey": "all", "entity": "CATEGORIES" } } });
    let request = reqwest::Client::new().post(format!("{}/graphql", shop.client.url)).bearer_auth(&shop.client.token);
    let request = request.header("traceparent", format!("00-{TRACE}-{PARENT}-01")).json(&body);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["data"]["result"]["userErrors"], json!([]), "{answer:#}");
}

on_both!(a_job_that_failed_is_told_in_the_trace_of_what_asked_for_it, site: Site => {
    let collector = Collector::start().await;
    let url = collector.url();
    let traced = ["--otlp-endpoint", &url, "--trace-sample", "0", "--slow-milliseconds", "0"];
    let idle = Server::start_with(site, free_address(), &[&traced[..], &["--jobs", "off"]].concat()).await;
    let shop = Shop::open(idle.tenant().await, 1, 1, 10).await;
    asks_for_an_export(&shop).await;
    told_to_stop(idle).await;
    assert!(collector.spans().is_empty(), "nothing has failed");
    // The job's payload becomes unreadable.
    site.run_sql("UPDATE job SET payload = replace(payload, '\"id\"', '\"odd\"') WHERE kind = 'exchange.run'").await;
    let server = Server::start_with(site, free_address(), &traced).await;
    let spans = collector.spans_with(&["job", "job.claim"]).await;
    let (job, claim) = (named(&spans, "job"), named(&spans, "job.claim"));
    assert_eq!((attribute(job, "entrepot.job.kind").as_deref(), attribute(job, "entrepot.kept").as_deref()), (Some("exchange.run"), Some("error")));
    assert_eq!(attribute(job, "entrepot.job.failures").as_deref(), Some("0"));
    assert!(has_failed(job) && job.flags & 1 == 0 && !job.parent_span_id.is_empty(), "{job:#?}");
    assert_eq!(claim.parent_span_id, job.span_id);
    assert!(claim.start_time_unix_nano <= job.start_time_unix_nano + 1_000_000, "it was taken before it ran");
    told_to_stop(server).await;
});

on_both!(a_job_that_was_slow_is_told_with_what_it_delivered, site: Site => {
    let (collector, receiver) = (Collector::start().await, Receiver::new(|_, _| {
        // Longer than any other job of a small shop.
        std::thread::sleep(std::time::Duration::from_millis(1_500));
        status(204)
    }).await);
    let url = collector.url();
    let traced =
        ["--otlp-endpoint", &url, "--trace-sample", "0", "--slow-milliseconds", "1000", "--webhooks-allow", "127.0.0.0/8"];
    let server = Server::start_with(site, free_address(), &traced).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 10).await;
    endpoint(&shop, &receiver.url()).await;
    shop.adjust("one more", 0, 0, 1).await;
    let spans = collector.any_with("webhook").await;
    let attempt = named(&spans, "webhook");
    let job = spans.iter().find(|span| span.span_id == attempt.parent_span_id).unwrap_or_else(|| panic!("{spans:#?}"));
    let kind = attribute(job, "entrepot.job.kind").unwrap();
    assert!(job.name == "job" && kind.starts_with("webhook.deliver."), "{job:#?}");
    assert_eq!((attribute(job, "entrepot.kept").as_deref(), job.trace_id == attempt.trace_id), (Some("slow"), true));
    assert_eq!(attribute(attempt, "entrepot.webhook.attempt").as_deref(), Some("1"));
    assert_eq!(attribute(attempt, "http.response.status_code").as_deref(), Some("204"));
    assert!(attempt.links.is_empty() && attempt.flags & 1 == 0, "its event was made in no recorded trace: {attempt:#?}");
    assert_eq!(receiver.got()[0].header("traceparent"), "", "the receiver decides by itself");
    told_to_stop(server).await;
});
