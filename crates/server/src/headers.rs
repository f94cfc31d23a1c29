//! Values of a request's headers, as a text, a list or a length.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderName, header};

/// Returns the value of a header that was sent once and is text.
pub fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Returns the value of a list header, whose items may be spread over several lines (RFC 9110,
/// 5.3).
pub fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, str>> {
    let mut lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    let first_line = lines.next()?;
    Some(lines.fold(first_line.into(), |joined, line| format!("{joined}, {line}").into()))
}

/// The length of a body, where it is declared.
pub fn declared_length(headers: &HeaderMap) -> Option<u64> {
    text(headers, &header::CONTENT_LENGTH).and_then(|length| length.parse().ok())
}
