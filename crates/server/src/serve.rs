//! The accept loop: HTTP/1 and HTTP/2, within TLS if configured, with two limits that axum's own
//! loop lacks: time limits on heads, a cap on connections.

use std::{convert::Infallible, future::Future, io, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Version, header},
};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::{HttpService, Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::{
    connections::{Connections, Peer},
    health, reply,
    stall::{HeadTimer, Stall},
    tls::TlsServer,
    transport::{Listener, Transport},
};
use graphql::{limits::Limits, live::drain::Drain};
use platform::metrics;

/// The first bytes of HTTP/2 without TLS (RFC 9113, 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Time between two reads of an incomplete preface.
const PEEK_INTERVAL: Duration = Duration::from_millis(20);

/// After an accept that failed, most likely for want of file descriptors.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// Time that a connection is kept beyond its announced keep-alive time: a request sent just before
/// the end is still served.
const KEEP_ALIVE_LEEWAY: Duration = Duration::from_secs(5);

/// Requests that one HTTP/2 connection may have open.
const MAX_HTTP2_STREAMS: u32 = 128;

/// Accepts connections until `shutdown` is done. Then `/readyz` reports it and sockets begin to
/// close; a little later no more connections are accepted, running requests are finished, and this
/// returns when all connections are closed or have had their time.
///
/// # Errors
/// The listener has no address: it was never one.
pub async fn serve<F>(
    listener: impl Into<Listener> + Send,
    router: Router,
    limits: Limits,
    drain: Drain,
    shutdown: F,
) -> io::Result<()>
where
    F: Future<Output = ()> + Send,
{
    let Listener { tcp: listener, tls } = listener.into();
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    let connections = Connections::new(limits.connections, limits.connections_per_address);
    let (closing, closed) = watch::channel(false);
    let shared = Arc::new(Shared { router, limits, closed, tls });
    let last_call = async {
        shutdown.await;
        drain.start();
        tokio::time::sleep(shared.limits.drain_delay).await;
    };
    let renewing = async {
        match shared.tls.clone() {
            Some(tls) => tls.watch().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = accept(&listener, &connections, &shared) => {}
        () = renewing => {}
        () = last_call => {}
    }
    drop(listener);
    closing.send_replace(true);
    let limits = &shared.limits;
    connections.wait_until_idle(limits.request_time + limits.body_time + limits.socket_drain_time).await;
    Ok(())
}

/// State that all connections share.
struct Shared {
    router: Router,
    limits: Limits,
    /// True when no connection should take a further request.
    closed: watch::Receiver<bool>,
    tls: Option<TlsServer>,
}

impl Shared {
    /// Returns when connections should close.
    async fn close(&self) {
        // An error means that `serve` itself has ended, which has the same effect.
        let _ = self.closed.clone().wait_for(|closed| *closed).await;
    }
}

async fn accept(listener: &TcpListener, connections: &Connections, shared: &Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                if let Some(mut peer) = connections.admit(from.ip()) {
                    peer.by_tls = shared.tls.is_some();
                    tokio::spawn(connection(stream, peer, shared.clone()));
                } else {
                    tracing::debug!(%from, "a connection was refused: the limit is reached");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, peer: Peer, shared: Arc<Shared>) {
    let limits = &shared.limits;
    // Answers are written whole; waiting for more would only add Nagle's delay.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let handshake = tokio::time::timeout(limits.header_time, open_transport(stream, shared.tls.as_ref()));
    let Ok(Ok((transport, protocol))) = handshake.await else { return };
    let router = TowerToHyperService::new(shared.router.clone());
    let max_header_bytes = limits.header_bytes;
    let heads = HeadTimer::begin(limits.header_time);
    let keep_alive = KeepAlive { seconds: limits.idle_time.as_secs(), closed: shared.closed.clone() };
    let (answering, keep_alive) = (heads.clone(), Arc::new(keep_alive));
    let service = service_fn(move |mut request: Request<Incoming>| {
        answering.head_received();
        let activity = (!health::is_probe(request.uri().path())).then(metrics::ActivityGuard::begin);
        // HTTP/2 frames have no fixed order: its pings show whether the client is alive.
        let has_heads = request.version() <= Version::HTTP_11;
        set_host_header(&mut request);
        let (heads, keep_alive) = (answering.clone(), keep_alive.clone().filter(&request));
        request.extensions_mut().insert(peer.clone());
        let answer = match early_response(&request, max_header_bytes) {
            Some(refusal) => Err(refusal),
            None => Ok(router.call(request)),
        };
        async move {
            let mut response = match answer {
                Ok(answer) => answer.await?,
                Err(refusal) => refusal,
            };
            // Responses that no handler of ours sent: a method that a route does not serve, a
            // probe.
            if !response.headers().contains_key(header::X_FRAME_OPTIONS) {
                reply::set_common_headers(response.headers_mut(), "");
            }
            if has_heads && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                heads.mark_answered();
                if let Some(keep_alive) = keep_alive {
                    keep_alive.announce_timeout(response.headers_mut());
                }
            }
            drop(activity);
            Ok::<_, Infallible>(response)
        }
    });
    if matches!(protocol, Protocol::Http2) {
        heads.head_received();
    }
    let io = TokioIo::new(Stall::new(transport, limits.stall_time, heads));
    // A connection's failure is its client's; it is not logged.
    match protocol {
        Protocol::Http1 => http1(io, service, &shared).await,
        Protocol::Http2 => http2(io, service, &shared).await,
    }
}

/// Keep-alive time of a connection, as its responses announce it.
struct KeepAlive {
    seconds: u64,
    closed: watch::Receiver<bool>,
}

impl KeepAlive {
    /// `None` for a request after which its connection is not kept.
    fn filter<B>(self: Arc<Self>, request: &Request<B>) -> Option<Arc<Self>> {
        let mut connection = request.headers().get_all(header::CONNECTION).iter();
        let is_last = connection.any(|value| value.to_str().is_ok_and(|value| value.to_ascii_lowercase().contains("close")));
        (request.version() == Version::HTTP_11 && !is_last).then_some(self)
    }

    fn announce_timeout(&self, headers: &mut HeaderMap) {
        if *self.closed.borrow() || headers.contains_key(header::CONNECTION) {
            return;
        }
        headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
        if let Ok(value) = HeaderValue::from_str(&format!("timeout={}", self.seconds)) {
            headers.insert(KEEP_ALIVE, value);
        }
    }
}

/// HTTP/2 names the host in its target alone, and an Origin is compared with the header.
fn set_host_header<B>(request: &mut Request<B>) {
    let authority = request.uri().authority().filter(|_| request.version() == Version::HTTP_2);
    if let Some(host) = authority.and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// The answer to a request that is not read any further.
fn early_response(request: &Request<Incoming>, most_header_bytes: usize) -> Option<Response<Body>> {
    if head_bytes(request) > most_header_bytes {
        return Some(closing_response(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too large\n"));
    }
    has_transfer_coding(request.headers())
        .then(|| closing_response(StatusCode::NOT_IMPLEMENTED, "only the transfer coding chunked is supported\n"))
}

/// Returns the bytes of a request's line and headers. hyper checks its limit between two reads, and
/// each may add as much again.
fn head_bytes<B>(request: &Request<B>) -> usize {
    // ": " and the end of the line.
    const HEADER_OVERHEAD_BYTES: usize = 4;
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + HEADER_OVERHEAD_BYTES);
    target + headers.sum::<usize>()
}

/// Whether a body has a transfer coding other than chunked. hyper decodes the chunks of such a body
/// and leaves the other coding to us, who support none. From a request with chunks and a length it
/// removes the length, and closes the connection after the answer.
fn has_transfer_coding(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_plain = codings.next().is_none_or(|coding| coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"));
    !is_plain || codings.next().is_some()
}

/// An answer behind which the connection is closed.
fn closing_response(status: StatusCode, message: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(message));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

type Io = TokioIo<Stall<Transport>>;

async fn http1<S>(io: Io, service: S, shared: &Shared)
where
    S: HttpService<Incoming, ResBody = Body, Error = Infallible> + Send,
    S::Future: Send + 'static,
{
    let limits = &shared.limits;
    let mut builder = http1::Builder::new();
    // hyper's time runs while nothing comes, too; a head that has begun has `header_time`, by `Stall`.
    builder.timer(TokioTimer::new()).header_read_timeout(limits.idle_time + KEEP_ALIVE_LEEWAY).max_headers(limits.headers);
    builder.max_buf_size(limits.header_bytes.max(8 << 10));
    let mut connection = std::pin::pin!(builder.serve_connection(io, service).with_upgrades());
    tokio::select! {
        _ = connection.as_mut() => return,
        () = shared.close() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn http2<S>(io: Io, service: S, shared: &Shared)
where
    S: HttpService<Incoming, ResBody = Body, Error = Infallible> + Send,
    S::Future: Send + 'static,
{
    let limits = &shared.limits;
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new()).keep_alive_interval(limits.socket_ping).keep_alive_timeout(limits.header_time);
    builder
        .max_concurrent_streams(MAX_HTTP2_STREAMS)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
    let mut connection = std::pin::pin!(builder.serve_connection(io, service));
    tokio::select! {
        _ = connection.as_mut() => return,
        () = shared.close() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

enum Protocol {
    Http1,
    Http2,
}

/// Returns the connection's transport and the protocol of its client.
async fn open_transport(stream: TcpStream, tls: Option<&TlsServer>) -> io::Result<(Transport, Protocol)> {
    let Some(tls) = tls else {
        let protocol = detect(&stream).await?;
        return Ok((Transport::Plain(stream), protocol));
    };
    let transport = Transport::handshake_tls(stream, tls).await?;
    let protocol = if transport.has_negotiated_http2() { Protocol::Http2 } else { Protocol::Http1 };
    Ok((transport, protocol))
}

/// Peeks at the first bytes without consuming them. hyper-util's own detection has no time limit: a
/// client that sends half the preface would be waited for forever.
async fn detect(stream: &TcpStream) -> io::Result<Protocol> {
    let mut buffer = [0; PREFACE.len()];
    loop {
        let length = stream.peek(&mut buffer).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !PREFACE.starts_with(&buffer[..length]) {
            return Ok(Protocol::Http1);
        }
        if length == PREFACE.len() {
            return Ok(Protocol::Http2);
        }
        tokio::time::sleep(PEEK_INTERVAL).await;
    }
}
