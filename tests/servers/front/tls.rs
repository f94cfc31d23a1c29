//! TLS of the listener itself.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::Bytes,
    http::{Request, Version},
};
use entrepot::{
    graphql::limits::Limits,
    http::{TlsFiles, TlsServer},
};
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use super::{server::FrontServer, wire::PATIENCE};
use crate::certificates::Papers;

fn opened(papers: &Papers) -> TlsServer {
    TlsServer::open(TlsFiles { certificate: papers.path("server.pem").into(), key: papers.path("server.key").into() }).unwrap()
}

/// A client's connection that requests this protocol.
async fn connected(world: &FrontServer, papers: &Papers, protocol: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(Path::new(&papers.path("ca.pem"))).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let stream = TcpStream::connect(world.address).await.unwrap();
    let connecting = TlsConnector::from(Arc::new(config)).connect(world.address.ip().into(), stream);
    let stream = timeout(PATIENCE, connecting).await.unwrap().unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
    stream
}

#[tokio::test]
async fn both_versions_of_http_and_sockets_are_spoken_within_tls() {
    let folder = tempfile::tempdir().unwrap();
    let Some(papers) = Papers::make(folder.path(), "papers") else { return };
    let world = FrontServer::secured(Limits::default(), opened(&papers)).await;
    let stream = TokioIo::new(connected(&world, &papers, "h2").await);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let origin = format!("https://{}", world.address);
    let request = Request::get(format!("{origin}/graphql?query=%7Bping%7D"))
        .header("accept", "application/json")
        .header("origin", &origin)
        .body(Full::new(Bytes::new()))
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (Version::HTTP_2, 200), "a page of ours, by the host in its target");
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), r#"{"data":{"ping":"pong"}}"#);

    let stream = connected(&world, &papers, "http/1.1").await;
    let mut request = format!("wss://{}/graphql", world.address).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    socket.send(Message::text(r#"{"type":"connection_init"}"#)).await.unwrap();
    let message = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
    assert!(message.to_text().unwrap().contains("connection_ack"), "{message}");
}

#[tokio::test]
async fn clients_that_do_not_begin_tls_are_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let Some(papers) = Papers::make(folder.path(), "papers") else { return };
    let limits = Limits { header_time: Duration::from_millis(300), ..Limits::default() };
    let world = FrontServer::secured(limits, opened(&papers)).await;
    // Nothing, and an incomplete TLS record.
    for sent in [&[][..], &[22, 3, 1, 2, 0, 1][..]] {
        let started_at = Instant::now();
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        assert_eq!(timeout(PATIENCE, stream.read(&mut [0])).await.unwrap().unwrap_or(0), 0);
        assert!(started_at.elapsed() > Duration::from_millis(200), "it had its time: {:?}", started_at.elapsed());
    }
    let mut plain = TcpStream::connect(world.address).await.unwrap();
    plain.write_all(b"GET /livez HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
    let mut text = String::new();
    timeout(PATIENCE, plain.read_to_string(&mut text)).await.unwrap().unwrap();
    assert!(text.starts_with("HTTP/1.1 400 ") && text.contains("use https://"), "{text}");
}
