//! The accept loop: HTTP/1 and HTTP/2, within TLS where it is asked for, with what axum's own lacks: time limits on heads, a cap on connections.

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
    stall::{Heads, Stall},
    tls::TlsServer,
    transport::{Listener, Transport},
};
use graphql::{limits::Limits, live::drain::Drain};
use platform::metrics;

/// The first bytes of HTTP/2 without TLS (RFC 9113, 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Between two looks at a preface that has come in part.
const GLANCE: Duration = Duration::from_millis(20);

/// After an accept that failed, most likely for want of file descriptors.
const BREATH: Duration = Duration::from_millis(50);

/// How much longer a connection is kept than its client is told: whoever sends on it just before the time is up is still heard.
const LEEWAY: Duration = Duration::from_secs(5);

/// Requests that one HTTP/2 connection may have open.
const STREAMS: u32 = 128;

/// Accepts until `shutdown` is done. Then `/readyz` says so and sockets begin to close; a little later nothing more is accepted,
/// requests that run are finished, and this returns when all connections are gone or have had their time.
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
    connections.all_gone(limits.request_time + limits.body_time + limits.socket_drain_time).await;
    Ok(())
}

/// What all connections need.
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
        // An error means that `serve` itself is gone, which comes to the same.
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
                    tracing::debug!(%from, "a connection too many");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
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
    let opening = tokio::time::timeout(limits.header_time, opened(stream, shared.tls.as_ref()));
    let Ok(Ok((transport, protocol))) = opening.await else { return };
    let router = TowerToHyperService::new(shared.router.clone());
    let most = limits.header_bytes;
    let heads = Heads::begin(limits.header_time);
    let kept = Kept { seconds: limits.idle_time.as_secs(), closed: shared.closed.clone() };
    let (answering, kept) = (heads.clone(), Arc::new(kept));
    let service = service_fn(move |mut request: Request<Incoming>| {
        answering.come();
        let working = (!health::is_probe(request.uri().path())).then(metrics::Working::begin);
        // Frames of HTTP/2 come as they like: its pings show who is there.
        let has_heads = request.version() <= Version::HTTP_11;
        name_host(&mut request);
        let (heads, kept) = (answering.clone(), kept.clone().filter(&request));
        request.extensions_mut().insert(peer.clone());
        let answer = match refused(&request, most) {
            Some(refused) => Err(refused),
            None => Ok(router.call(request)),
        };
        async move {
            let mut response = match answer {
                Ok(answer) => answer.await?,
                Err(refused) => refused,
            };
            // What no handler of ours has answered: a method that a route does not serve, a probe.
            if !response.headers().contains_key(header::X_FRAME_OPTIONS) {
                reply::seal(response.headers_mut(), "");
            }
            if has_heads && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                heads.answered();
                if let Some(kept) = kept {
                    kept.tell(response.headers_mut());
                }
            }
            drop(working);
            Ok::<_, Infallible>(response)
        }
    });
    if matches!(protocol, Protocol::Http2) {
        heads.come();
    }
    let io = TokioIo::new(Stall::new(transport, limits.stall_time, heads));
    // A connection's failure is its client's; there is nobody to tell.
    match protocol {
        Protocol::Http1 => http1(io, service, &shared).await,
        Protocol::Http2 => http2(io, service, &shared).await,
    }
}

/// How long a connection is kept, as its answers tell it.
struct Kept {
    seconds: u64,
    closed: watch::Receiver<bool>,
}

impl Kept {
    /// `None` for a request after which its connection is not kept.
    fn filter<B>(self: Arc<Self>, request: &Request<B>) -> Option<Arc<Self>> {
        let mut connection = request.headers().get_all(header::CONNECTION).iter();
        let is_last = connection.any(|value| value.to_str().is_ok_and(|value| value.to_ascii_lowercase().contains("close")));
        (request.version() == Version::HTTP_11 && !is_last).then_some(self)
    }

    fn tell(&self, headers: &mut HeaderMap) {
        if *self.closed.borrow() || headers.contains_key(header::CONNECTION) {
            return;
        }
        headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
        if let Ok(told) = HeaderValue::from_str(&format!("timeout={}", self.seconds)) {
            headers.insert(KEEP_ALIVE, told);
        }
    }
}

/// HTTP/2 names the host in its target alone, and an Origin is compared with the header.
fn name_host<B>(request: &mut Request<B>) {
    let authority = request.uri().authority().filter(|_| request.version() == Version::HTTP_2);
    if let Some(host) = authority.and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// The answer to a request that is not read any further.
fn refused(request: &Request<Incoming>, most_header_bytes: usize) -> Option<Response<Body>> {
    if head_bytes(request) > most_header_bytes {
        return Some(cut(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are larger than is read here\n"));
    }
    is_coded(request.headers()).then(|| cut(StatusCode::NOT_IMPLEMENTED, "no transfer coding but chunked is known here\n"))
}

/// What a request's line and headers take. hyper looks at its limit between two reads, and each may bring as much again.
fn head_bytes<B>(request: &Request<B>) -> usize {
    // ": " and the end of the line.
    const AROUND: usize = 4;
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + AROUND);
    target + headers.sum::<usize>()
}

/// Whether a body is coded for its transfer other than in chunks. hyper reads the chunks of such a body and leaves the rest to us, who know no other
/// coding. Of a request with chunks and a length it takes the chunks, takes the length away and closes the connection behind the answer.
fn is_coded(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_plain = codings.next().is_none_or(|coding| coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"));
    !is_plain || codings.next().is_some()
}

/// An answer behind which the connection is closed.
fn cut(status: StatusCode, why: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(why));
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
    builder.timer(TokioTimer::new()).header_read_timeout(limits.idle_time + LEEWAY).max_headers(limits.headers);
    builder.max_buf_size(limits.header_bytes.max(8 << 10));
    let mut serving = std::pin::pin!(builder.serve_connection(io, service).with_upgrades());
    tokio::select! {
        _ = serving.as_mut() => return,
        () = shared.close() => {}
    }
    serving.as_mut().graceful_shutdown();
    let _ = serving.await;
}

async fn http2<S>(io: Io, service: S, shared: &Shared)
where
    S: HttpService<Incoming, ResBody = Body, Error = Infallible> + Send,
    S::Future: Send + 'static,
{
    let limits = &shared.limits;
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new()).keep_alive_interval(limits.socket_ping).keep_alive_timeout(limits.header_time);
    builder.max_concurrent_streams(STREAMS).max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
    let mut serving = std::pin::pin!(builder.serve_connection(io, service));
    tokio::select! {
        _ = serving.as_mut() => return,
        () = shared.close() => {}
    }
    serving.as_mut().graceful_shutdown();
    let _ = serving.await;
}

enum Protocol {
    Http1,
    Http2,
}

/// The connection as it is read from, and what is spoken on it.
async fn opened(stream: TcpStream, tls: Option<&TlsServer>) -> io::Result<(Transport, Protocol)> {
    let Some(tls) = tls else {
        let protocol = detect(&stream).await?;
        return Ok((Transport::Plain(stream), protocol));
    };
    let transport = Transport::secured(stream, tls).await?;
    let protocol = if transport.has_agreed_on_http2() { Protocol::Http2 } else { Protocol::Http1 };
    Ok((transport, protocol))
}

/// Looks at the first bytes without taking them. hyper-util's own detection has no time limit: a client that sends half the
/// preface would be waited for without end.
async fn detect(stream: &TcpStream) -> io::Result<Protocol> {
    let mut seen = [0; PREFACE.len()];
    loop {
        let length = stream.peek(&mut seen).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !PREFACE.starts_with(&seen[..length]) {
            return Ok(Protocol::Http1);
        }
        if length == PREFACE.len() {
            return Ok(Protocol::Http2);
        }
        tokio::time::sleep(GLANCE).await;
    }
}
