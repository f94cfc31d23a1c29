//! GraphiQL: a page with examples to run, served from the binary, asking nothing of any other host.

use std::borrow::Cow;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Path,
    http::{HeaderValue, Response, StatusCode, header},
    routing::get,
};
use rust_embed::RustEmbed;

use super::reply;

#[derive(RustEmbed)]
#[folder = "../../assets/graphiql/dist"]
struct Assets;

/// The page. Its nonce is fresh each time, so nothing that finds its way into the page may run as a script.
pub fn page(id: &str, nonce: &str) -> Response<Body> {
    let Some(file) = Assets::get("index.html") else { return asset_not_found(id) };
    let text = String::from_utf8_lossy(&file.data).replace("NONCE", nonce);
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // The editor sets style attributes on what it draws; elements and scripts need the nonce.
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src-elem 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; \
         img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    reply::set_common_headers(headers, id);
    response
}

/// `/`, which redirects to the page, and the page's assets.
pub fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(|| async { redirect_to_page() }))
        .route("/graphiql/{file}", get(|Path(name): Path<String>| async move { asset(&name) }))
}

fn redirect_to_page() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_static("/graphql"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply::set_common_headers(headers, "");
    response
}

fn asset(name: &str) -> Response<Body> {
    let kind = match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        _ => return asset_not_found(""),
    };
    let Some(file) = Assets::get(name) else { return asset_not_found("") };
    let data = match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => data.into(),
    };
    let mut response = Response::new(Body::from(data));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    reply::set_common_headers(headers, "");
    response
}

fn asset_not_found(id: &str) -> Response<Body> {
    let mut response = Response::new(Body::from("there is no such file\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    reply::set_common_headers(response.headers_mut(), id);
    response
}
