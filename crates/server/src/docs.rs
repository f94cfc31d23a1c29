//! The reference of the API, for people: `/docs`.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
};

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderValue, Response, StatusCode, header},
    routing::get,
};
use bytes::Bytes;
use reference::{Reference, ReferenceError};

use super::reply;

/// Pages that are made of the schema and the guides when the first is asked for.
#[derive(Clone)]
pub struct Docs {
    make: fn() -> Result<Reference, ReferenceError>,
    made: Arc<OnceLock<Option<Reference>>>,
}

impl fmt::Debug for Docs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Docs").finish_non_exhaustive()
    }
}

impl Docs {
    pub fn new(make: fn() -> Result<Reference, ReferenceError>) -> Self {
        Self { make, made: Arc::default() }
    }

    fn page(&self, path: &str) -> Response<Body> {
        let made = self.made.get_or_init(|| {
            let made = (self.make)();
            made.inspect_err(|error| tracing::error!(%error, "the reference could not be made")).ok()
        });
        match made.as_ref().and_then(|reference| reference.page(path)) {
            Some(page) => {
                let body = match page.body {
                    Cow::Borrowed(text) => Bytes::copy_from_slice(text.as_bytes()),
                    Cow::Owned(text) => text.into(),
                };
                answer(StatusCode::OK, page.content_type, body)
            }
            None => answer(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "There is no such page. Begin at /docs.\n".into()),
        }
    }
}

/// `/docs` and everything below it.
pub fn routes<S: Clone + Send + Sync + 'static>(docs: &Docs) -> Router<S> {
    let (index, slash, below) = (docs.clone(), docs.clone(), docs.clone());
    Router::new()
        .route("/docs", get(move || at(index, String::new())))
        .route("/docs/", get(move || at(slash, String::new())))
        .route("/docs/{*path}", get(move |Path(path): Path<String>| at(below, path)))
}

/// Beside the threads that answer requests: the first page takes a moment.
async fn at(docs: Docs, path: String) -> Response<Body> {
    let page = tokio::task::spawn_blocking(move || docs.page(&path)).await;
    page.unwrap_or_else(|_| answer(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", Bytes::new()))
}

fn answer(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    let policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    reply::seal(headers, "");
    response
}
