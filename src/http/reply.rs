//! Responses, with the headers that all of them carry.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};

use super::negotiate::Media;
use crate::graphql::{
    answer::{Answer, Errors},
    code::Code,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// An answer as a response.
pub fn of_answer(answer: Answer, media: Media, request_id: &str) -> Response<Body> {
    match answer {
        Answer::Ran { json } => json_response(StatusCode::OK, media, json, request_id),
        Answer::Refused(errors) => of_errors(&errors, media, request_id),
    }
}

/// Errors of an operation that did not run, with the status that their code has under this media type.
pub fn of_errors(errors: &Errors, media: Media, request_id: &str) -> Response<Body> {
    let status = match media {
        Media::Json if errors.code.is_about_the_operation() => 200,
        _ => errors.code.status(),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(status, media, errors.body(), request_id);
    if errors.code == Code::Unauthenticated {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(wait) = errors.retry_after_ms {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.div_ceil(1_000)));
    }
    response
}

/// A request that failed as HTTP, before there was an operation: same shape of body, the status given.
pub fn of_fault(status: StatusCode, message: impl Into<String>, media: Media, request_id: &str) -> Response<Body> {
    json_response(status, media, Errors::one(Code::BadRequest, message, request_id).body(), request_id)
}

fn json_response(status: StatusCode, media: Media, body: Vec<u8>, request_id: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    seal(response.headers_mut(), request_id);
    response
}

/// The headers that every response has.
pub fn seal(headers: &mut HeaderMap, request_id: &str) {
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
}
