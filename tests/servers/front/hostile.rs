//! Attacks of one client on the others: over the wire, with the limits as they are or shortened to
//! keep the tests quick.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{
    documents::bomb,
    server::FrontServer,
    wire::{JSON, NEW, OLD, PATIENCE, Socket, exchange, get, post, post_operation, reply},
};

const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn oversized_documents_answer_400_under_either_media_type_and_run_nothing() {
    let world = FrontServer::new().await;
    for query in [
        bomb(25, "ping"),
        bomb(25, "__typename"),
        format!("{{ {} }}", (0..1_000).map(|number| format!("a{number}: ping ")).collect::<String>()),
        format!("{{ {} }}", "ping ".repeat(10_000)),
        (0..1_000).map(|number| format!("query Q{number} {{ ping }} ")).collect::<String>(),
        format!("{{ echo(text: {}", "[".repeat(100_000)),
    ] {
        for accept in [NEW, OLD] {
            let started = Instant::now();
            let reply = post(world.address, &[JSON, accept], json!({ "query": query }).to_string().as_bytes()).await;
            assert_eq!((reply.status, reply.code().as_str()), (400, "QUERY_TOO_COMPLEX"), "{}", &query[..40]);
            assert!(started.elapsed() < Duration::from_millis(500));
            assert!(reply.body.len() < 16 << 10 && reply.json().get("data").is_none());
        }
    }
    let target = format!("/graphql?query={}", bomb(25, "ping").replace(' ', "+"));
    assert_eq!(get(world.address, &target, &[NEW]).await.code(), "QUERY_TOO_COMPLEX");
    let variables: serde_json::Map<_, _> = (0..10_000).map(|number| (format!("v{number}"), json!(1))).collect();
    let body = json!({ "query": "{ ping }", "variables": variables }).to_string();
    assert_eq!(post(world.address, &[JSON, NEW], body.as_bytes()).await.code(), "QUERY_TOO_COMPLEX");
    assert_eq!(world.ran(), 0);
}

#[tokio::test]
async fn what_is_refused_is_not_sent_back_whole() {
    let world = FrontServer::new().await;
    let long = "x".repeat(300_000);
    for query in [
        format!("{{ {long} }}"),
        format!("{{ echo({long}: 1) }}"),
        format!("{{ ping @{long} }}"),
        format!("{{ ...{long} }}"),
        format!("{{ ...{long} }} fragment {long} on Query {{ ...{long} }}"),
        format!("query(${long}: Int) {{ ping }}"),
        format!("query {{ echo(text: ${long}) }}"),
        format!("{{ echo(text: {long}) }}"),
        format!("{{ {long}: echo(text: 1) }}"),
        format!("mutation {{ {long}: capped(first: 9) }}"),
        format!("{{ {long}: busy }}"),
        format!("{{ ping {long}("),
    ] {
        let reply = post_operation(world.address, &query).await;
        assert!(reply.body.len() < 16 << 10, "{} bytes for {}…", reply.body.len(), &query[..30]);
        let errors = &reply.json()["errors"][0];
        assert!(errors["extensions"]["code"].is_string() && errors["message"] != "", "{errors}");
    }
}

#[tokio::test]
async fn nesting_in_json_is_bounded() {
    let world = FrontServer::new().await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let body = format!(r#"{{"query":"{{ ping }}","variables":{{"v":{deep}}}}}"#);
        let reply = post(world.address, &[JSON, NEW], body.as_bytes()).await;
        assert_eq!(reply.status, 400);
        assert!(reply.json()["errors"][0]["message"].as_str().unwrap().contains("nested too deeply"), "{}", reply.json());
    }
}

#[tokio::test]
async fn strange_text_comes_back_as_it_was_or_is_refused() {
    let world = FrontServer::new().await;
    for text in ["\u{0}", "\u{202e}rtl", "' OR 1=1 --", "${7*7} {{7*7}}", "\u{10ffff}"] {
        let body = json!({ "query": "query($t: String!) { echo(text: $t) }", "variables": { "t": text } }).to_string();
        assert_eq!(post(world.address, &[JSON], body.as_bytes()).await.json()["data"]["echo"], *text);
    }
    let surrogate = br#"{"query":"query($t: String!) { echo(text: $t) }","variables":{"t":"\ud800"}}"#;
    assert_eq!(post(world.address, &[JSON], surrogate).await.status, 400);
}

#[tokio::test]
async fn a_body_is_at_most_a_mebibyte_however_it_is_sent() {
    let world = FrontServer::new().await;
    let head = |length: &str| format!("POST /graphql HTTP/1.1\r\nhost: test\r\n{JSON}\r\n{length}\r\n\r\n");
    // Announced: refused without a byte of it.
    let refused = exchange(world.address, head("content-length: 62914560").as_bytes()).await;
    assert_eq!((refused.status, refused.code().as_str()), (413, "BAD_REQUEST"));
    // Sent all the same by a client that writes before it reads: it may finish, and the answer still arrives.
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(head("content-length: 62914560").as_bytes()).await.unwrap();
    let body = vec![b' '; 60 << 20];
    timeout(PATIENCE, stream.write_all(&body)).await.unwrap().unwrap();
    assert_eq!(reply(&mut stream).await.status, 413);
    // Chunked, with nothing announced.
    let mut chunked = head("transfer-encoding: chunked").into_bytes();
    for _ in 0..40 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&vec![b' '; 0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    assert_eq!(exchange(world.address, &chunked).await.status, 413);
    // The largest that is allowed is read.
    let mut largest = br#"{"query":"{ ping }"}"#.to_vec();
    largest.resize(1 << 20, b' ');
    assert_eq!(post(world.address, &[JSON], &largest).await.status, 200);
    largest.push(b' ');
    assert_eq!(post(world.address, &[JSON], &largest).await.status, 413);
}

#[tokio::test]
async fn a_slow_body_is_cut_off() {
    let world = FrontServer::limited(|limits| limits.body_time = SHORT).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let head = format!("POST /graphql HTTP/1.1\r\nhost: test\r\n{JSON}\r\ncontent-length: 1000\r\n\r\n{{");
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = reply(&mut stream).await;
    assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
    assert!(closes(&mut stream).await);
}

#[tokio::test]
async fn slow_heads_are_cut_off_and_disturb_nobody() {
    let world = FrontServer::limited(|limits| limits.header_time = SHORT).await;
    let mut slow = Vec::new();
    let starts: [&[u8]; 5] =
        [b"", b"P", b"PRI * HTTP/2.0\r\n", b"POST /graphql HTTP/1.1\r\n", b"POST /graphql HTTP/1.1\r\nhost: x\r\nx: "];
    for number in 0..200 {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        stream.write_all(starts[number % starts.len()]).await.unwrap();
        slow.push(stream);
    }
    let started = Instant::now();
    assert_eq!(post_operation(world.address, "{ ping }").await.status, 200);
    assert!(started.elapsed() < Duration::from_secs(1));
    for (number, stream) in slow.iter_mut().enumerate() {
        assert!(closes(stream).await, "{number}");
    }
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn odd_heads_are_refused() {
    let world = FrontServer::new().await;
    let body = r#"{"query":"{ ping }"}"#;
    let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nhost: test\r\n\r\n", body.len());
    let (length, chunked) = (format!("content-length: {}", body.len()), "transfer-encoding: chunked");
    // If a request has chunks and a length, the chunks win (RFC 9112, 6.3), and bytes after them
    // are not read as another request. Other transfer codings are refused.
    for (heads, status) in [
        (format!("{length}\r\n{chunked}"), 200),
        (format!("{chunked}\r\n{length}"), 200),
        (format!("{chunked}\r\ncontent-length: 3"), 200),
        ("transfer-encoding: gzip, chunked".to_owned(), 501),
        (format!("transfer-encoding: gzip\r\n{chunked}"), 501),
        (format!("{chunked}\r\n{chunked}"), 501),
        (format!("{chunked}\r\ntransfer-encoding: gzip"), 400),
    ] {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        let request = format!("POST /graphql HTTP/1.1\r\nhost: test\r\n{JSON}\r\n{heads}\r\n\r\n{chunks}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answers = Vec::new();
        // Bytes that were sent and not read may end the connection with a reset.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answers)).await.expect("the connection to be closed");
        let answers = String::from_utf8(answers).unwrap();
        let is_one = answers.starts_with(&format!("HTTP/1.1 {status} ")) && answers.matches("HTTP/1.1").count() == 1;
        assert!(is_one, "{heads}: {answers}");
    }
    let many: String = (0..500).map(|number| format!("x-{number}: 1\r\n")).collect();
    let many = format!("GET /livez HTTP/1.1\r\nhost: test\r\n{many}\r\n");
    assert_eq!(exchange(world.address, many.as_bytes()).await.status, 431);
    let large = format!("GET /livez HTTP/1.1\r\nhost: test\r\nx: {}\r\n\r\n", "y".repeat(200 << 10));
    assert_eq!(exchange(world.address, large.as_bytes()).await.status, 431);
    let heads = |bytes: usize| {
        let half = "y".repeat(bytes / 2);
        format!("GET /livez HTTP/1.1\r\nhost: test\r\nconnection: close\r\nx: {half}\r\nz: {half}\r\n\r\n")
    };
    for (bytes, status) in [(63 << 10, 200), (66 << 10, 431), (100_000, 431)] {
        assert_eq!(exchange(world.address, heads(bytes).as_bytes()).await.status, status, "{bytes} bytes of headers");
    }
}

#[tokio::test]
async fn a_client_that_does_not_listen_is_let_go() {
    let world = FrontServer::limited(|limits| {
        limits.stall_time = SHORT;
        limits.answer_bytes = 64 << 20;
    })
    .await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let body = r#"{"query":"{ large(bytes: 30000000) }"}"#;
    let head = format!("POST /graphql HTTP/1.1\r\nhost: test\r\n{JSON}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    // From the answer's first byte on it takes nothing, for longer than it may.
    timeout(PATIENCE, stream.readable()).await.expect("an answer that begins").unwrap();
    sleep(SHORT * 5).await;
    let mut left = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut left)).await.expect("the connection to have ended");
    assert!(left.len() < 30_000_000, "all {} bytes came", left.len());
}

/// Never waits for anything: four million objects.
const ENDLESS: &str = "{ things(first: 2000, found: 2000) { nodes { things(first: 2000, found: 2000) { nodes { name } } } } }";

#[tokio::test]
async fn work_that_never_waits_is_cut_at_its_deadline_and_disturbs_nobody() {
    let world = FrontServer::limited(|limits| {
        limits.request_time = Duration::from_secs(2);
        limits.points = u32::MAX;
        limits.answer_objects = u32::MAX;
    })
    .await;
    let start = Instant::now();
    let address = world.address;
    let endless = tokio::spawn(async move { post_operation(address, ENDLESS).await });
    sleep(Duration::from_millis(50)).await;
    // One thread serves all.
    for _ in 0..3 {
        assert_eq!(post_operation(world.address, "{ ping }").await.status, 200);
    }
    assert!(!endless.is_finished(), "three were answered beside the endless one: {:?}", start.elapsed());
    let answer = endless.await.unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (504, "TIMEOUT"));
    // Unoptimised code on a shared machine; all of it would take a minute.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_list_longer_than_its_price_is_bounded_all_the_same() {
    let world = FrontServer::limited(|limits| {
        limits.points = u32::MAX;
        limits.answer_objects = 1_000;
    })
    .await;
    let of = |each: u32| {
        format!("things(first: 30, found: 30) {{ nodes {{ things(first: {each}, found: {each}) {{ nodes {{ name }} }} }} }}")
    };
    let small = post_operation(world.address, &format!("{{ {} }}", of(20))).await;
    assert_eq!((small.status, small.json()["data"]["things"]["nodes"].as_array().unwrap().len()), (200, 30));
    let query = format!("{{ {} }}", of(50));
    let refused = post_operation(world.address, &query).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "LIMIT_EXCEEDED"));
    let mut socket = Socket::ready(world.address).await;
    socket.subscribe("1", &query).await;
    assert_eq!(socket.receive_message().await["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED");
    // Each event of a stream is an answer.
    socket.subscribe("2", "subscription { pages { nodes { things(first: 5, found: 5) { nodes { name } } } } }").await;
    for kind in ["next", "next", "complete"] {
        assert_eq!(socket.receive_message().await["type"], kind);
    }
    socket.subscribe("3", "subscription { pages { nodes { things(first: 50, found: 50) { nodes { name } } } } }").await;
    assert_eq!(socket.receive_message().await["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED");
    assert_eq!(post_operation(world.address, "{ ping }").await.status, 200);
}

#[tokio::test]
async fn no_answer_is_larger_than_it_may_be() {
    let world = FrontServer::limited(|limits| limits.answer_bytes = 10_000).await;
    let (fits, large) = (json!({ "query": "{ large(bytes: 9900) }" }), json!({ "query": "{ large(bytes: 20000) }" }));
    assert_eq!(post(world.address, &[JSON, NEW], fits.to_string().as_bytes()).await.status, 200);
    for accept in [NEW, OLD] {
        let refused = post(world.address, &[JSON, accept], large.to_string().as_bytes()).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "LIMIT_EXCEEDED"), "{accept}");
        assert!(refused.json().get("data").is_none() && refused.body.len() < 1_000);
    }
    let refused = get(world.address, "/graphql?query=%7Blarge(bytes:20000)%7D", &[NEW]).await;
    assert_eq!(refused.code(), "LIMIT_EXCEEDED");
    let change = post_operation(world.address, "mutation { large(bytes: 20000) }").await;
    assert!(change.json()["errors"][0]["message"].as_str().unwrap().contains("was executed"), "{}", change.json());
    let mut socket = Socket::ready(world.address).await;
    for (id, query) in [("1", "{ large(bytes: 20000) }"), ("2", "mutation { large(bytes: 20000) }")] {
        socket.subscribe(id, query).await;
        assert_eq!(socket.receive_message().await["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED", "{query}");
    }
    socket.subscribe("3", "subscription { large(bytes: 20000) }").await;
    assert_eq!(socket.receive_message().await["type"], "next");
    assert_eq!(socket.receive_message().await["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED");
}

/// Whether the server ends the connection, whatever it sends before.
async fn closes(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut rest)).await.is_ok()
}
