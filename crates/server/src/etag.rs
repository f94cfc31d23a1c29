//! Entity tags: bytes that a client has are not sent again (RFC 9110, 8.8.3 and 13.1.2).

use axum::http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};

/// The tag of these bytes: their SHA-256 in quotes.
pub fn of(bytes: &[u8]) -> String {
    format!("\"{}\"", hex::encode(Sha256::digest(bytes)))
}

/// Whether `If-None-Match` has the tag. Weak tags match strong ones.
pub fn matches_etag(headers: &HeaderMap, tag: &str) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == tag)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn what_a_reader_has_is_not_sent_again() {
        let mut asked = HeaderMap::new();
        assert!(!matches_etag(&asked, "\"a\""));
        asked.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"b\", W/\"a\""));
        assert!(matches_etag(&asked, "\"a\""));
        assert!(!matches_etag(&asked, "\"c\""));
    }
}
