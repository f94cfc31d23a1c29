//! The reference of the API, for people: `/docs`.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    routing::get,
};
use bytes::Bytes;
use reference::{Reference, ReferenceError};

use super::{compress, etag, reply};

/// Pages of the reference, generated from the schema and the guides on the first request.
#[derive(Clone)]
pub struct Docs {
    render: fn() -> Result<Reference, ReferenceError>,
    rendered: Arc<OnceLock<Option<Reference>>>,
}

impl fmt::Debug for Docs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Docs").finish_non_exhaustive()
    }
}

impl Docs {
    pub fn new(renderer: fn() -> Result<Reference, ReferenceError>) -> Self {
        Self { render: renderer, rendered: Arc::default() }
    }

    fn content(&self, path: &str) -> Option<Content> {
        let reference = self.rendered.get_or_init(|| {
            let reference = (self.render)();
            reference.inspect_err(|error| tracing::error!(%error, "the reference could not be rendered")).ok()
        });
        let page = reference.as_ref()?.page(path)?;
        let kind = page.content_type;
        let bytes = page.body.into_owned().into_bytes();
        Some(Content { kind, tag: etag::of(&bytes), bytes })
    }
}

/// Page, style sheet, script or index, in the form that is sent.
struct Content {
    kind: &'static str,
    bytes: Vec<u8>,
    tag: String,
}

impl Content {
    /// In the coding that the reader likes best, or without its bytes if the reader has them.
    async fn response(self, request_headers: &HeaderMap) -> Response<Body> {
        let is_known = etag::matches_etag(request_headers, &self.tag);
        let accepted = request_headers.get(header::ACCEPT_ENCODING).and_then(|line| line.to_str().ok());
        let (bytes, coding) = match compress::negotiate_coding(accepted) {
            _ if is_known => (Vec::new(), None),
            Some(coding) if self.bytes.len() > compress::MIN_COMPRESSED_BYTES => {
                match compress::compress(self.bytes, coding).await {
                    Ok(compressed) => (compressed, Some(coding)),
                    Err(bytes) => (bytes, None),
                }
            }
            _ => (self.bytes, None),
        };
        let status = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        let mut response = answer(status, self.kind, bytes.into());
        let headers = response.headers_mut();
        // Weak: the same tag is that of each coding.
        if let Ok(tag) = HeaderValue::from_str(&format!("W/{}", self.tag)) {
            headers.insert(header::ETAG, tag);
        }
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, coding.name());
        }
        response
    }
}

/// `/docs` and everything below it.
pub fn routes<S: Clone + Send + Sync + 'static>(docs: &Docs) -> Router<S> {
    let (index, slash, pages) = (docs.clone(), docs.clone(), docs.clone());
    Router::new()
        .route("/docs", get(move |headers: HeaderMap| serve_page(index, headers, String::new())))
        .route("/docs/", get(move |headers: HeaderMap| serve_page(slash, headers, String::new())))
        .route("/docs/{*path}", get(move |Path(path): Path<String>, headers: HeaderMap| serve_page(pages, headers, path)))
}

const TEXT: &str = "text/plain; charset=utf-8";

/// Outside the async workers: the first page takes a moment to make.
async fn serve_page(docs: Docs, headers: HeaderMap, path: String) -> Response<Body> {
    match tokio::task::spawn_blocking(move || docs.content(&path)).await {
        Ok(Some(content)) => content.response(&headers).await,
        Ok(None) => answer(StatusCode::NOT_FOUND, TEXT, "There is no such page. Begin at /docs.\n".into()),
        Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, Bytes::new()),
    }
}

fn answer(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    let policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    reply::set_common_headers(headers, "");
    response
}
