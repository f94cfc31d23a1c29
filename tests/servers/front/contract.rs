//! GraphQL over HTTP: envelopes, media types, statuses, and what a web page may do.

use serde_json::json;

use super::{
    server::FrontServer,
    wire::{JSON, NEW, OLD, exchange, get, post, post_operation},
};

#[tokio::test]
async fn an_answer_has_the_promised_headers_and_media_type() {
    let world = FrontServer::new().await;
    let body = br#"{"query":"{ ping }"}"#;
    for (accept, expected) in [
        (NEW, "application/graphql-response+json; charset=utf-8"),
        (OLD, "application/json; charset=utf-8"),
        ("accept: */*", "application/json; charset=utf-8"),
        ("x-nothing: 1", "application/json; charset=utf-8"),
    ] {
        let reply = post(world.address, &[JSON, accept], body).await;
        assert_eq!(reply.status, 200, "{accept}");
        assert_eq!(reply.header("content-type"), Some(expected), "{accept}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert!(reply.header("x-request-id").is_some_and(|id| id.starts_with("req_")));
        assert_eq!(reply.body, br#"{"data":{"ping":"pong"}}"#);
    }
    assert_eq!(post(world.address, &[JSON, "accept: text/html"], body).await.status, 406);
}

#[tokio::test]
async fn a_failure_before_execution_has_a_status_a_code_and_no_data() {
    let world = FrontServer::new().await;
    let cases = [
        ("{ ping", "GRAPHQL_PARSE_FAILED"),
        ("{ pong }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ page(first: \"one\") }", "BAD_USER_INPUT"),
        ("{ page(first: 251) }", "BAD_USER_INPUT"),
        ("{ page(first: -1) }", "BAD_USER_INPUT"),
        ("{ page(first: 99999999999) }", "BAD_USER_INPUT"),
        ("query($n: Int!) { page(first: $n) }", "BAD_USER_INPUT"),
        ("query A { ping } query B { ping }", "BAD_REQUEST"),
        ("subscription { silent }", "BAD_REQUEST"),
    ];
    for (query, code) in cases {
        let reply = post_operation(world.address, query).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{query}");
        assert!(reply.json().get("data").is_none(), "{query}");
        let extensions = reply.json()["errors"][0]["extensions"].take();
        assert_eq!(extensions["requestId"].as_str(), reply.header("x-request-id"), "{query}");
        assert_eq!(extensions["docs"], format!("/docs/errors#{code}"), "{query}");
        let reply = post(world.address, &[JSON, OLD], json!({ "query": query }).to_string().as_bytes()).await;
        let expected = if code == "BAD_REQUEST" { 400 } else { 200 };
        assert_eq!((reply.status, reply.code().as_str()), (expected, code), "{query}");
        assert!(reply.json().get("data").is_none(), "{query}");
    }
    assert_eq!(world.ran(), 0, "nothing of these may run");
}

#[tokio::test]
async fn variables_are_checked_before_anything_runs() {
    let world = FrontServer::new().await;
    let query = "query($n: Int!) { page(first: $n) }";
    for variables in [json!({}), json!({ "n": null }), json!({ "n": "one" }), json!({ "n": 251 }), json!({ "n": 1e300 })] {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let reply = post(world.address, &[JSON, NEW], body.as_bytes()).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "BAD_USER_INPUT"), "{body}");
        assert!(reply.json().get("data").is_none(), "{body}");
    }
    let body = json!({ "query": query, "variables": { "n": 250 } }).to_string();
    assert_eq!(post(world.address, &[JSON, NEW], body.as_bytes()).await.json(), json!({ "data": { "page": 250 } }));
    assert_eq!(world.ran(), 1);
}

#[tokio::test]
async fn malformed_envelopes_are_refused_as_json() {
    let world = FrontServer::new().await;
    let cases: [&[u8]; 22] = [
        b"",
        b"[]",
        br#"[{"query":"{ ping }"}]"#,
        b"null",
        b"1",
        b"\"{ ping }\"",
        b"{",
        b"{}",
        br#"{"query":null}"#,
        br#"{"query":""}"#,
        br#"{"query":" "}"#,
        br#"{"query":1}"#,
        br#"{"query":{}}"#,
        br#"{"query":["{ ping }"]}"#,
        br#"{"query":"{ ping }","operationName":1}"#,
        br#"{"query":"{ ping }","variables":"{}"}"#,
        br#"{"query":"{ ping }","variables":[]}"#,
        br#"{"query":"{ ping }","variables":1}"#,
        br#"{"query":"{ ping }","extensions":[]}"#,
        br#"{"query":"{ ping }","extensions":"x"}"#,
        br#"{"query":"{ ping }","query":"{ ping }"}"#,
        b"{\"query\":\"{ p\xff }\"}",
    ];
    for body in cases {
        for accept in [NEW, OLD] {
            let reply = post(world.address, &[JSON, accept], body).await;
            let text = String::from_utf8_lossy(body);
            assert_eq!((reply.status, reply.code().as_str()), (400, "BAD_REQUEST"), "{text}");
            assert!(reply.json().get("data").is_none(), "{text}");
            assert!(!String::from_utf8_lossy(&reply.body).contains("Error("), "no Rust in {text}");
        }
    }
    for body in [
        r#"{"query":"{ ping }","variables":null,"operationName":null,"extensions":null}"#,
        r#"{"query":"{ ping }","operationName":"","unknown":1}"#,
        r#"{"query":"query A { ping } query B { caller }","operationName":"A"}"#,
    ] {
        assert_eq!(post(world.address, &[JSON], body.as_bytes()).await.body, br#"{"data":{"ping":"pong"}}"#, "{body}");
    }
    assert_eq!(world.ran(), 3);
}

#[tokio::test]
async fn only_json_may_be_posted() {
    let world = FrontServer::new().await;
    let body = br#"{"query":"mutation { bump }"}"#;
    for kind in [
        "content-type: text/plain",
        "content-type: multipart/form-data; boundary=x",
        "content-type: application/x-www-form-urlencoded",
        "content-type: application/jsonp",
        "content-type: application/json; charset=iso-8859-1",
        "x-nothing: 1",
    ] {
        assert_eq!(post(world.address, &[kind], body).await.status, 415, "{kind}");
    }
    for encoding in ["gzip", "deflate", "br"] {
        let encoding = format!("content-encoding: {encoding}");
        assert_eq!(post(world.address, &[JSON, &encoding], body).await.status, 415, "{encoding}");
    }
    assert_eq!(world.ran(), 0);
    assert_eq!(post(world.address, &[JSON], body).await.status, 200);
}

#[tokio::test]
async fn get_serves_queries_and_nothing_else() {
    let world = FrontServer::new().await;
    let reply = get(world.address, "/graphql?query=%7B+ping+%7D", &[]).await;
    assert_eq!((reply.status, reply.body.as_slice()), (200, br#"{"data":{"ping":"pong"}}"#.as_slice()));
    let target = "/graphql?query=query($t:String!)%7Becho(text:$t)%7D&variables=%7B%22t%22:%22%C3%BC%22%7D";
    assert_eq!(get(world.address, target, &[]).await.json(), json!({ "data": { "echo": "ü" } }));
    let reply = get(world.address, "/graphql?query=mutation%7Bbump%7D", &[NEW]).await;
    assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")));
    for target in ["/graphql", "/graphql?query=", "/graphql?query=%7", "/graphql?query=%ff", "/graphql?query={ping}&variables=[]"]
    {
        assert_eq!(get(world.address, target, &[NEW]).await.status, 400, "{target}");
    }
    for method in ["PUT", "DELETE", "PATCH", "HEAD"] {
        let request = format!("{method} /graphql HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        let reply = if method == "HEAD" { continue } else { exchange(world.address, request.as_bytes()).await };
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, POST, OPTIONS")), "{method}");
    }
    assert_eq!(world.ran(), 2);
}

#[tokio::test]
async fn errors_of_resolvers_keep_their_code_and_faults_their_secret() {
    let world = FrontServer::new().await;
    let reply = post_operation(world.address, "{ ping forbidden database bareError misleading fault }").await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    assert_eq!(
        body["data"],
        json!({ "ping": "pong", "forbidden": null, "database": null, "bareError": null, "misleading": null, "fault": null })
    );
    let mut codes: Vec<_> = body["errors"].as_array().unwrap().iter().map(|error| &error["extensions"]["code"]).collect();
    codes.sort_by_key(ToString::to_string);
    assert_eq!(codes, ["FORBIDDEN", "INTERNAL", "INTERNAL", "INTERNAL", "INTERNAL"]);
    let text = String::from_utf8_lossy(&reply.body);
    assert!(text.contains("not yours"));
    assert!(!text.contains("10.0.0.3") && !text.contains("secret_things"), "{text}");

    // It ran and has nothing to show: that is `data: null`, not a request error.
    let reply = post_operation(world.address, "{ thing { failing } }").await;
    assert_eq!((reply.status, &reply.json()["data"]), (200, &serde_json::Value::Null));
    assert!(reply.json().as_object().unwrap().contains_key("data"));
    // The first of two mutations ran, so the answer may not deny it.
    let reply = post_operation(world.address, "mutation { bump capped(first: 6) }").await;
    assert_eq!((reply.status, reply.code().as_str()), (200, "BAD_USER_INPUT"));
    assert!(reply.json().as_object().unwrap().contains_key("data"));
}

#[tokio::test]
async fn panics_deadlines_and_bad_tokens_have_their_answers() {
    let world = FrontServer::limited(|limits| limits.request_time = std::time::Duration::from_millis(1_200)).await;
    let reply = post_operation(world.address, "{ panics }").await;
    assert_eq!((reply.status, reply.code().as_str()), (500, "INTERNAL"));
    assert!(!String::from_utf8_lossy(&reply.body).contains("ParseIntError"));
    let reply = post_operation(world.address, "{ slow(seconds: 60) }").await;
    assert_eq!((reply.status, reply.code().as_str()), (504, "TIMEOUT"));
    let body = br#"{"query":"{ caller }"}"#;
    for accept in [NEW, OLD] {
        let reply = post(world.address, &[JSON, accept, "authorization: Bearer bad"], body).await;
        assert_eq!((reply.status, reply.code().as_str()), (401, "UNAUTHENTICATED"));
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        assert!(reply.json().get("data").is_none());
    }
    assert_eq!(post(world.address, &[JSON, "authorization: Bearer stuck"], body).await.code(), "TIMEOUT");
    assert_eq!(post(world.address, &[JSON, "authorization: Bearer panic"], body).await.code(), "INTERNAL");
    for (header, caller) in [
        ("authorization: Bearer ann", "ann"),
        ("authorization: bearer ann", "ann"),
        ("authorization: Basic ann", "anonymous"),
        ("x-nothing: 1", "anonymous"),
    ] {
        assert_eq!(post(world.address, &[JSON, header], body).await.json()["data"]["caller"], caller, "{header}");
    }
    let reply = get(world.address, "/graphql?query=%7Bcaller%7D&access_token=ann&authorization=Bearer+ann", &[]).await;
    assert_eq!(reply.json()["data"]["caller"], "anonymous");
}

#[tokio::test]
async fn what_took_too_long_is_told_by_what_may_have_become_of_it() {
    let world = FrontServer::limited(|limits| limits.request_time = std::time::Duration::from_millis(300)).await;
    let first_error = async |document: &str| {
        let reply = post_operation(world.address, document).await;
        assert_eq!((reply.status, reply.code().as_str()), (504, "TIMEOUT"));
        reply.json()["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    let change = first_error("mutation { dawdle(seconds: 60) }").await;
    assert!(change.contains("may have been executed") && change.contains("the same idempotencyKey"), "{change}");
    let small = first_error("{ slow(seconds: 60) }").await;
    assert!(small.contains("try again") && !small.contains("ask for less"), "{small}");
    let things: String =
        ('a'..='h').map(|name| format!(" {name}: thing {{ name late failingOrNone thing {{ name late }} }}")).collect();
    let large = first_error(&format!("{{ slow(seconds: 60){things} }}")).await;
    assert!(large.contains("nodes: ask for less"), "{large}");
}

#[tokio::test]
async fn payloads_with_refusals_are_counted() {
    let world = FrontServer::new().await;
    let reply = post_operation(world.address, "mutation { refuse { userErrors } again: refuse { userErrors } }").await;
    assert_eq!(reply.json()["extensions"], json!({ "entrepot": { "userErrorCount": 4 } }));
    assert!(post_operation(world.address, "mutation { bump }").await.json().get("extensions").is_none());
}

#[tokio::test]
async fn whoever_is_turned_away_learns_from_the_headers_too_when_to_come_again() {
    let world = FrontServer::new().await;
    let reply = post_operation(world.address, "mutation { throttled bump }").await;
    assert_eq!((reply.status, reply.header("retry-after")), (200, Some("8")));
    let answer = reply.json();
    assert_eq!((&answer["errors"][0]["extensions"]["retryAfterMs"], &answer["data"]["bump"]), (&json!(7_400), &json!(1)));
    assert_eq!(post_operation(world.address, "mutation { bump }").await.header("retry-after"), None);
}

#[tokio::test]
async fn a_list_may_stand_in_several_lines() {
    let world = FrontServer::new().await;
    let body = br#"{"query":"{ ping }"}"#;
    let reply = post(world.address, &[JSON, "accept: text/html", "accept: application/json"], body).await;
    assert_eq!((reply.status, &reply.json()["data"]["ping"]), (200, &json!("pong")));
    let twice = post(world.address, &[JSON, NEW], br#"{"query":"{ ping }","query":"{ ping }"}"#).await;
    assert_eq!(twice.status, 400);
    assert!(twice.json()["errors"][0]["message"].as_str().unwrap().starts_with("`query` is given twice"), "{}", twice.json());
}

#[tokio::test]
async fn at_most_ten_errors_are_reported() {
    let world = FrontServer::new().await;
    let fields: String = (0..900).map(|number| format!("nothing{number} ")).collect();
    let reply = post_operation(world.address, &format!("{{ thing {{ {fields} }} }}")).await;
    assert_eq!(reply.json()["errors"].as_array().unwrap().len(), 10);
    assert!(reply.body.len() < 16 << 10);
    assert!(!String::from_utf8_lossy(&reply.body).contains("Did you mean"));
}

#[tokio::test]
async fn only_listed_pages_may_read_answers() {
    let world = FrontServer::set(|settings| settings.origins = vec!["https://shop.example".into()]).await;
    let body = br#"{"query":"{ ping }"}"#;
    let evil = post(world.address, &[JSON, "origin: https://evil.example"], body).await;
    assert_eq!(evil.header("access-control-allow-origin"), None);
    assert_eq!(evil.header("vary"), Some("origin"));
    let ours = post(world.address, &[JSON, "origin: https://shop.example"], body).await;
    assert_eq!(ours.header("access-control-allow-origin"), Some("https://shop.example"));
    let preflight = b"OPTIONS /graphql HTTP/1.1\r\nhost: test\r\norigin: https://shop.example\r\n\r\n";
    let reply = exchange(world.address, preflight).await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (204, Some("https://shop.example")));
    let closed = FrontServer::new().await;
    let reply = post(closed.address, &[JSON, "origin: https://shop.example"], body).await;
    assert_eq!(reply.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn who_must_wait_is_told_how_long() {
    let world = FrontServer::new().await;
    for accept in [NEW, OLD] {
        let reply = post(world.address, &[JSON, accept, "authorization: Bearer wait"], br#"{"query":"{ ping }"}"#).await;
        assert_eq!((reply.status, reply.code().as_str(), reply.header("retry-after")), (429, "RATE_LIMITED", Some("2")));
        assert_eq!(reply.json()["errors"][0]["extensions"]["retryAfterMs"], 1_500);
    }
}

#[tokio::test]
async fn an_address_is_the_peers_unless_a_trusted_proxy_says_otherwise() {
    let body = br#"{"query":"{ caller }"}"#;
    let headers = [JSON, "authorization: Bearer where", "x-forwarded-for: 10.9.9.9, 192.0.2.7"];
    let world = FrontServer::new().await;
    assert_eq!(post(world.address, &headers, body).await.json()["data"]["caller"], "Some(127.0.0.1)");
    let world = FrontServer::set(|settings| settings.proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    assert_eq!(post(world.address, &headers, body).await.json()["data"]["caller"], "Some(192.0.2.7)");
    assert_eq!(post(world.address, &headers[..2], body).await.json()["data"]["caller"], "Some(127.0.0.1)");
}

#[tokio::test]
async fn a_page_of_another_site_has_nothing_carried_out_by_get() {
    let world = FrontServer::set(|settings| settings.origins = vec!["https://shop.example".into()]).await;
    let query = "/graphql?query=%7Bping%7D";
    let same = format!("origin: http://{}", world.address);
    let host = format!("host: {}", world.address);
    for headers in [
        vec!["origin: https://evil.example"],
        vec!["origin: https://evil.example", "accept: */*"],
        vec!["origin: null"],
        vec!["origin: https://shop.example.evil.example"],
        // An image or a script of another site: no origin, but the browser's headers mark it as
        // cross-site.
        vec!["sec-fetch-site: cross-site", "sec-fetch-mode: no-cors", "accept: */*"],
        vec!["sec-fetch-site: same-site", "sec-fetch-mode: no-cors"],
        vec!["sec-fetch-site: cross-site", "sec-fetch-mode: navigate", NEW],
        vec!["origin: https://evil.example", "accept: text/event-stream"],
        vec!["origin: https://evil.example", "authorization: Bearer ann"],
    ] {
        let reply = get(world.address, query, &headers).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "FORBIDDEN"), "{headers:?}");
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
    let evil = get(
        world.address,
        "/graphql?query=subscription%7Bsilent%7D",
        &["origin: https://evil.example", "accept: text/event-stream"],
    )
    .await;
    assert_eq!(evil.status, 403);
    assert_eq!(world.ran(), 0, "nothing of these may run");
    for headers in [
        vec![],
        vec!["accept: */*"],
        vec!["origin: https://shop.example", "sec-fetch-site: cross-site"],
        vec!["sec-fetch-site: same-origin"],
        vec!["sec-fetch-site: none", "sec-fetch-mode: navigate"],
    ] {
        assert_eq!(get(world.address, query, &headers).await.status, 200, "{headers:?}");
    }
    let request = format!("GET {query} HTTP/1.1\r\n{host}\r\n{same}\r\n\r\n");
    assert_eq!(exchange(world.address, request.as_bytes()).await.status, 200, "a page of ours");
}

#[tokio::test]
async fn a_token_that_is_no_good_hinders_nobody_from_what_is_open_to_anybody() {
    let world = FrontServer::new().await;
    let send = async |query: &str, token: &str| {
        let token = format!("authorization: Bearer {token}");
        post(world.address, &[JSON, NEW, &token], json!({ "query": query }).to_string().as_bytes()).await
    };
    for query in
        ["mutation { enter }", "mutation { again: enter __typename }", "mutation { ...E } fragment E on Mutation { enter }"]
    {
        assert_eq!(send(query, "bad").await.status, 200, "{query}");
    }
    let ignored = send("mutation { enter }", "bad").await.json();
    assert_eq!(
        (&ignored["data"]["enter"], &ignored["extensions"]),
        (&json!("anonymous"), &json!({ "entrepot": { "tokenIgnored": true } }))
    );
    assert!(send("mutation { enter }", "ann").await.json().get("extensions").is_none());
    assert_eq!(send("mutation { enter }", "ann").await.json()["data"]["enter"], "ann", "a good one still says who it is");
    for query in [
        "{ ping }",
        "mutation { bump }",
        "mutation { enter bump }",
        "mutation { ...E bump } fragment E on Mutation { enter }",
        "{ __typename ping }",
        "query A { __typename }",
    ] {
        let reply = send(query, "bad").await;
        assert_eq!((reply.status, reply.code().as_str()), (401, "UNAUTHENTICATED"), "{query}");
    }
    // A text that is no document is refused for its token first.
    assert_eq!(send("mutation { enter", "bad").await.status, 401);
    assert_eq!(send("mutation { enter }", "wait").await.status, 429, "whoever has to wait waits");
    assert_eq!(world.ran(), 0);
}
