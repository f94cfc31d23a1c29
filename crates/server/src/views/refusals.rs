//! Responses in place of a view that is unknown or refused.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};

use crate::{negotiate::Media, reply};
use graphql::{answer::Errors, code::Code};

pub(super) fn view_not_found(id: &str) -> Response<Body> {
    let message =
        "there is no such saved view: an address is /views/, its slug, and .json, .jsonl, .csv, .xlsx, .pdf or .parquet";
    reply::fault_response(StatusCode::NOT_FOUND, message, Media::Json, id)
}

pub(super) fn error_reply(errors: &Errors, id: &str) -> Response<Body> {
    let mut response = reply::errors_response(errors, Media::Json, id);
    *response.status_mut() = StatusCode::from_u16(errors.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

pub(super) fn refusal_response(errors: &Errors, id: &str) -> Response<Body> {
    let mut response = error_reply(errors, id);
    if errors.code == Code::Unauthenticated {
        response.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"views\""));
    }
    response
}
