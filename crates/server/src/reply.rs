//! Responses, with the headers that all of them carry.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};

use super::{
    compress::{self, Coding},
    negotiate::Media,
};
use graphql::{
    answer::{Answer, Errors},
    code::Code,
    cost_limiter::Charge,
};

const LIMIT_HEADER: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING_HEADER: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET_HEADER: HeaderName = HeaderName::from_static("ratelimit-reset");
/// The position of a write. A client sends it back as it came with a query that has to see the write.
pub const POSITION_HEADER: HeaderName = HeaderName::from_static("entrepot-position");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Form of a response that a client accepts.
#[derive(Debug, Clone, Copy)]
pub struct ResponseFormat {
    pub media: Media,
    /// `None`: not compressed.
    pub coding: Option<Coding>,
}

/// An answer as a response.
pub async fn answer_response(answer: Answer, form: ResponseFormat, request_id: &str) -> Response<Body> {
    let media = form.media;
    match answer {
        Answer::Ran { json, charge, retry_after_ms, position, .. } => {
            let mut response = match form.coding {
                Some(coding) if json.len() > compress::MIN_COMPRESSED_BYTES => {
                    coded_response(media, json, coding, request_id).await
                }
                _ => json_response(StatusCode::OK, media, json, request_id),
            };
            rate_limit_headers(response.headers_mut(), charge);
            set_retry_after(response.headers_mut(), retry_after_ms);
            set_position_header(response.headers_mut(), position.as_deref());
            response
        }
        Answer::Refused(errors) => errors_response(&errors, media, request_id),
    }
}

/// Errors of an operation that did not run, with the status that their code has under this media type.
pub fn errors_response(errors: &Errors, media: Media, request_id: &str) -> Response<Body> {
    let status = match media {
        Media::Json if errors.code.is_about_the_operation() => 200,
        _ => errors.code.status(),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(status, media, errors.body(), request_id);
    if errors.code == Code::Unauthenticated {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(charge) = errors.charge {
        rate_limit_headers(response.headers_mut(), charge);
    }
    set_retry_after(response.headers_mut(), errors.retry_after_ms);
    response
}

/// Sets the header with the position of a write, if reads go to replicas.
pub fn set_position_header(headers: &mut HeaderMap, position: Option<&str>) {
    if let Some(position) = position.and_then(|position| HeaderValue::from_str(position).ok()) {
        headers.insert(POSITION_HEADER, position);
    }
}

fn set_retry_after(headers: &mut HeaderMap, retry_after_ms: Option<u64>) {
    if let Some(wait) = retry_after_ms {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.div_ceil(1_000)));
    }
}

async fn coded_response(media: Media, json: Vec<u8>, coding: Coding, request_id: &str) -> Response<Body> {
    let (body, is_coded) = match compress::compress(json, coding).await {
        Ok(compressed) => (compressed, true),
        Err(json) => (json, false),
    };
    let mut response = json_response(StatusCode::OK, media, body, request_id);
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_coded {
        headers.insert(header::CONTENT_ENCODING, coding.name());
    }
    response
}

/// Sets the headers of the budget that paid: its points, those left, and the seconds until it is
/// full.
fn rate_limit_headers(headers: &mut HeaderMap, charge: Charge) {
    let Some(level) = charge.level else { return };
    headers.insert(LIMIT_HEADER, HeaderValue::from(level.allowance.most));
    headers.insert(REMAINING_HEADER, HeaderValue::from(level.left));
    headers.insert(RESET_HEADER, HeaderValue::from(level.full_in_seconds()));
}

/// A request that failed as HTTP, before there was an operation: same shape of body, the status given, and the code that goes with it.
pub fn fault_response(status: StatusCode, message: impl Into<String>, media: Media, request_id: &str) -> Response<Body> {
    let code = match status {
        StatusCode::INTERNAL_SERVER_ERROR => Code::Internal,
        StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        _ => Code::BadRequest,
    };
    json_response(status, media, Errors::one(code, message, request_id).body(), request_id)
}

fn json_response(status: StatusCode, media: Media, body: Vec<u8>, request_id: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    set_common_headers(response.headers_mut(), request_id);
    response
}

/// The headers that every response has; the id where one was given.
pub fn set_common_headers(headers: &mut HeaderMap, request_id: &str) {
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Responses other than our pages may load nothing and be framed nowhere.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    if let (false, Ok(id)) = (request_id.is_empty(), HeaderValue::from_str(request_id)) {
        headers.insert(REQUEST_ID, id);
    }
}
