//! `PUT /files/{link}` takes the bytes of a file, `GET /files/{link}` gives them. The link is signed, short-lived, and all the permission there is.
//! Pages of other sites that the operator lists may use it as they use `/graphql`.

use std::{sync::Arc, time::Duration};

use async_graphql::Executor;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderValue, Request, Response, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    routing::get,
};
use futures_util::{Stream, TryStreamExt, stream};
use http_body_util::BodyExt;
use platform::audit::Origin;
use services::{
    files::{
        FileError, Files, OpenedFile,
        core::{
            File, Purpose,
            limits::{UPLOAD_IDLE_TIMEOUT_SECONDS, UPLOAD_RATE, UPLOAD_WINDOW_SECONDS},
        },
    },
    papers::core::style_source,
};

use super::{
    body::discard,
    client::address,
    front::Front,
    headers::declared_length,
    negotiate::Media,
    origin::{self, Methods},
    reply,
};
use graphql::{answer::Errors, code::Code, quota::QuotaSubject, session::SUSPENDED};

struct FilesState<E> {
    front: Arc<Front<E>>,
    files: Files,
}
impl<E> Clone for FilesState<E> {
    fn clone(&self) -> Self {
        Self { front: self.front.clone(), files: self.files.clone() }
    }
}

pub fn routes<E: Executor>(front: Arc<Front<E>>, files: Files) -> Router {
    let methods = get(fetch::<E>).put(send::<E>).options(preflight::<E>);
    let pages = from_fn_with_state(front.clone(), add_cors_headers::<E>);
    Router::new().route("/files/{link}", methods.layer(pages)).with_state(FilesState { front, files })
}

/// Adds the CORS headers that let listed pages read any response of these routes.
pub async fn add_cors_headers<E: Executor>(
    State(front): State<Arc<Front<E>>>,
    request: Request<Body>,
    next: Next,
) -> Response<Body> {
    let page = request.headers().get(header::ORIGIN).cloned();
    let mut response = next.run(request).await;
    origin::permit(page.as_ref(), response.headers_mut(), &front.settings.origins);
    response
}

/// Answers the preflight that a browser sends before a page of another site uploads a file.
async fn preflight<E: Executor>(State(state): State<FilesState<E>>) -> Response<Body> {
    let mut response = origin::preflight(Methods { all: "GET, PUT, OPTIONS", of_pages: "GET, PUT" });
    reply::set_common_headers(response.headers_mut(), &(state.front.service.new_id)());
    response
}

async fn send<E: Executor>(
    State(state): State<FilesState<E>>,
    Path(link): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let id = (state.front.service.new_id)();
    let (parts, body) = request.into_parts();
    let client_address = address(&state.front, &parts);
    let content_length = declared_length(&parts.headers);
    let origin = Origin { request_id: id.clone(), ip: client_address.map(|address| address.to_string()), session: None };
    match Box::pin(state.files.receive(&link, content_length, origin, body_chunks(body))).await {
        Ok(file) => {
            let description = serde_json::json!({ "id": file.id, "size": file.size, "mediaType": file.media_type });
            let mut response = Response::new(Body::from(description.to_string()));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let position = state.front.service.record_external_write(file.maker.id).await;
            reply::set_position_header(response.headers_mut(), position.as_deref());
            reply::set_common_headers(response.headers_mut(), &id);
            response
        }
        Err(error) => refusal_response(&state, error, &parts, &id).await,
    }
}

/// The body part by part. One that stays silent for too long has broken off.
fn body_chunks(body: Body) -> impl Stream<Item = Result<Bytes, ()>> + Send {
    stream::try_unfold(UnreadBody(Some(body)), |mut rest| async move {
        // Gone where it ends or breaks off: then nothing is left to take off the wire.
        let Some(mut body) = rest.0.take() else { return Ok(None) };
        loop {
            let frame =
                tokio::time::timeout(Duration::from_secs(UPLOAD_IDLE_TIMEOUT_SECONDS), body.frame()).await.map_err(|_late| ())?;
            let Some(frame) = frame else { return Ok(None) };
            match frame.map_err(|_broken| ())?.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => return Ok(Some((data, UnreadBody(Some(body))))),
                Err(_trailers) => {}
            }
        }
    })
}

/// Unread rest of an upload. After a refusal in the middle of a file it is read for a while, so
/// that the sender sees the response.
struct UnreadBody(Option<Body>);

impl Drop for UnreadBody {
    fn drop(&mut self) {
        if let Some(body) = self.0.take() {
            discard(body);
        }
    }
}

async fn fetch<E: Executor>(
    State(state): State<FilesState<E>>,
    Path(link): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let id = (state.front.service.new_id)();
    let (parts, _) = request.into_parts();
    match state.files.fetch(&link).await {
        Ok(OpenedFile { file, bytes }) => {
            let mut response = Response::new(Body::from_stream(bytes.map_err(std::io::Error::other)));
            let is_inline = parts.uri.query().is_some_and(|query| query.split('&').any(|part| part == "inline=1"));
            set_file_headers(&mut response, &file, Disposition::of(&file, is_inline));
            reply::set_common_headers(response.headers_mut(), &id);
            response
        }
        Err(error) => refusal_response(&state, error, &parts, &id).await,
    }
}

/// Form in which a browser gets a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disposition {
    Saved,
    Picture,
    /// HTML page that we generated, shown inline on request.
    Page,
    /// PDF that we generated, shown inline on request.
    Pdf,
}

impl Disposition {
    /// Only generated files are shown inline on request: uploads are downloaded, unless they are
    /// pictures.
    fn of(file: &File, is_inline: bool) -> Self {
        let is_ours = is_inline && file.purpose == Purpose::Result;
        match file.media_type.as_str() {
            _ if file.purpose == Purpose::Image => Self::Picture,
            "text/html; charset=utf-8" if is_ours => Self::Page,
            "application/pdf" if is_ours => Self::Pdf,
            _ => Self::Saved,
        }
    }

    fn policy(self) -> HeaderValue {
        let closed_policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");
        match self {
            Self::Saved | Self::Picture => closed_policy,
            // Its own style, the logo inside it, no script, no form and no address of ours.
            Self::Page => {
                let style = style_source();
                let policy = format!(
                    "default-src 'none'; style-src {style}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
                );
                HeaderValue::from_str(&policy).unwrap_or(closed_policy)
            }
            // Browsers show no PDF in a sandbox, and render it by a viewer page that has styles of
            // its own.
            Self::Pdf => HeaderValue::from_static(
                "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            ),
        }
    }
}

/// Sets headers that keep a browser from running anything in the file: it is saved, not shown,
/// unless it is a picture, or a paper of ours that is to be shown; its media type is not sniffed;
/// and a sandbox limits all that is shown.
fn set_file_headers(response: &mut Response<Body>, file: &File, disposition: Disposition) {
    let headers = response.headers_mut();
    let media = HeaderValue::from_str(&file.media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, media);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(file.size));
    let disposition_type = if disposition == Disposition::Saved { "attachment" } else { "inline" };
    // RFC 6266: the name in full for all that read UTF-8, which is everybody.
    let disposition_header = format!("{disposition_type}; filename*=UTF-8''{}", percent_encode(&file.name));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_str(&disposition_header).unwrap_or(HeaderValue::from_static("attachment")),
    );
    headers.insert(header::CONTENT_SECURITY_POLICY, disposition.policy());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
}

/// Temporary refusal: a retry after a few seconds may succeed.
fn retry_later(code: Code, message: String, id: &str) -> Response<Body> {
    let errors = Errors { retry_after_ms: Some(5_000), ..Errors::one(code, message, id) };
    reply::errors_response(&errors, Media::Json, id)
}

fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte.into());
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

async fn refusal_response<E: Executor>(
    state: &FilesState<E>,
    error: FileError,
    parts: &axum::http::request::Parts,
    id: &str,
) -> Response<Body> {
    let (status, message) = match &error {
        FileError::NotFound => {
            // A caller who tries links is anonymous, and its address pays.
            let quota_subject = QuotaSubject::Address(address(&state.front, parts));
            if let Err(unpaid) = state.front.service.cost_limiter.charge(&quota_subject, 1).await {
                let mut response = reply::errors_response(&Errors::from_unpaid(*unpaid, id), Media::Json, id);
                *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                return response;
            }
            (StatusCode::NOT_FOUND, "this link is not valid: it has expired, or was never issued".to_owned())
        }
        FileError::Suspended => (StatusCode::FORBIDDEN, SUSPENDED.to_owned()),
        FileError::NotAwaited | FileError::Held => (StatusCode::CONFLICT, "this file has been uploaded already".to_owned()),
        FileError::NotReady => (StatusCode::GONE, "the bytes of this file no longer exist".to_owned()),
        FileError::NoName | FileError::OddName | FileError::NoBytes => {
            (StatusCode::BAD_REQUEST, "a file has at least one byte".to_owned())
        }
        FileError::TooLarge { most } => (StatusCode::PAYLOAD_TOO_LARGE, format!("at most {most} bytes are taken")),
        FileError::Quota { most } => {
            (StatusCode::INSUFFICIENT_STORAGE, format!("all files of the tenant together may have {most} bytes"))
        }
        FileError::WrongKind(purpose) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, purpose.expected().to_owned()),
        FileError::TooManyPixels(area) => (StatusCode::PAYLOAD_TOO_LARGE, area.too_large()),
        FileError::Broken => (StatusCode::BAD_REQUEST, "the upload is incomplete".to_owned()),
        FileError::TooSlow => (
            StatusCode::REQUEST_TIMEOUT,
            format!(
                "fewer than {UPLOAD_RATE} bytes a second were received over {UPLOAD_WINDOW_SECONDS} seconds: send them faster"
            ),
        ),
        FileError::Crowded { whose, most } => {
            (StatusCode::TOO_MANY_REQUESTS, format!("{most} of {whose} uploads run here already: wait for one of them"))
        }
        FileError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too many uploads run here just now, try again".to_owned()),
        FileError::Full => (StatusCode::INSUFFICIENT_STORAGE, "there is no room for files just now".to_owned()),
        FileError::Away => (StatusCode::SERVICE_UNAVAILABLE, "files cannot be reached just now, try again".to_owned()),
        FileError::Fault(fault) if fault.is_transient() => {
            tracing::warn!(error = %fault, "transient fault");
            (StatusCode::SERVICE_UNAVAILABLE, "the database cannot be reached or takes no writes, try again".to_owned())
        }
        FileError::Fault(fault) => {
            tracing::error!(error = %fault, "a file could not be sent or fetched");
            (StatusCode::INTERNAL_SERVER_ERROR, "internal error; the log has the details under the request ID".to_owned())
        }
    };
    let mut response = match error {
        // Both have the status of a full store; only `Full` may pass without action by the tenant.
        FileError::Quota { .. } => reply::errors_response(&Errors::one(Code::LimitExceeded, message, id), Media::Json, id),
        FileError::Full => reply::errors_response(&Errors::one(Code::Unavailable, message, id), Media::Json, id),
        FileError::Suspended => reply::errors_response(&Errors::one(Code::TenantSuspended, message, id), Media::Json, id),
        FileError::TooSlow => reply::errors_response(&Errors::one(Code::Timeout, message, id), Media::Json, id),
        FileError::Crowded { .. } => retry_later(Code::RateLimited, message, id),
        FileError::Busy => retry_later(Code::Overloaded, message, id),
        _ => reply::fault_response(status, message, Media::Json, id),
    };
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
