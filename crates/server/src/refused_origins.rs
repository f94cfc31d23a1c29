//! Origins of web pages whose sockets are refused: the reason with which such a socket is closed, and one
//! log line an origin and minute.
//!
//! The caller writes the origin: it is escaped and cut before it is kept, logged or sent, and at most
//! fifty are kept.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use axum::http::HeaderValue;

/// Microseconds in which an origin has one line.
const MINUTE_MICROS: i64 = 60_000_000;
/// Origins that have lines of their own in a minute; others share one.
const MAX_ORIGINS: usize = 50;
/// Bytes of an origin that are read. Escaped, each is four at most.
const MAX_READ: usize = 120;
/// Bytes of the reason in a close frame (RFC 6455, 5.5).
const MAX_REASON: usize = 123;

/// Refused origins that the log has named, with the moment of each line by the rate limits' clock.
#[derive(Debug, Default)]
pub struct RefusedOrigins(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    by_origin: HashMap<String, i64>,
    /// The last line that names none.
    unnamed: Option<i64>,
}

/// A line of the log.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// Names the origin.
    Named,
    /// Line that reports more origins than are named.
    Unnamed,
}

impl RefusedOrigins {
    /// Logs that a page's socket was refused, unless it was logged within the last minute. `origin`
    /// is as [`escape_origin`] returns it; `now` is in microseconds.
    pub fn log(&self, origin: &str, now: i64) {
        match self.line(origin, now) {
            Some(Line::Named) => {
                tracing::warn!(
                    origin,
                    "a web page's socket was refused, as its origin is not listed: if it is yours, add it to --origin"
                );
            }
            Some(Line::Unnamed) => {
                tracing::warn!(
                    most = MAX_ORIGINS,
                    "sockets of web pages were refused for more origins than are logged in a minute"
                );
            }
            None => {}
        }
    }

    fn line(&self, origin: &str, now: i64) -> Option<Line> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |logged_at: i64| now.saturating_sub(logged_at) < MINUTE_MICROS;
        if lines.by_origin.get(origin).is_some_and(|logged_at| is_recent(*logged_at)) {
            return None;
        }
        if lines.by_origin.len() >= MAX_ORIGINS {
            lines.by_origin.retain(|_, logged_at| is_recent(*logged_at));
        }
        if lines.by_origin.len() < MAX_ORIGINS {
            lines.by_origin.insert(origin.to_owned(), now);
            return Some(Line::Named);
        }
        if lines.unnamed.is_some_and(is_recent) {
            return None;
        }
        lines.unnamed = Some(now);
        Some(Line::Unnamed)
    }
}

/// The origin of a request in printable ASCII and of a bounded length.
pub fn escape_origin(origin: Option<&HeaderValue>) -> String {
    let bytes = origin.map_or(&b""[..], HeaderValue::as_bytes);
    match bytes.get(..MAX_READ) {
        Some(start) if bytes.len() > MAX_READ => format!("{}…", start.escape_ascii()),
        _ => bytes.escape_ascii().to_string(),
    }
}

/// The reason with which the socket is closed, of at most 123 bytes. `origin` is as [`escape_origin`] returns it.
pub fn reason(origin: &str) -> String {
    const START: &str = "origin ";
    const END: &str = " is not allowed; see docs/realtime.md#from-a-web-page";
    const MAX: usize = MAX_REASON - START.len() - END.len();
    if origin.len() <= MAX {
        return format!("{START}{origin}{END}");
    }
    let start = &origin[..origin.floor_char_boundary(MAX - '…'.len_utf8())];
    format!("{START}{start}…{END}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_one_line_a_minute() {
        let origins = RefusedOrigins::default();
        let line = |origin: &str, second: i64| origins.line(origin, second * 1_000_000);
        assert_eq!(line("https://a.example", 30), Some(Line::Named));
        assert_eq!(line("https://b.example", 40), Some(Line::Named));
        assert_eq!(line("https://a.example", 89), None);
        assert_eq!(line("https://a.example", 90), Some(Line::Named));
        assert_eq!(line("https://b.example", 90), None);
    }

    #[test]
    fn of_many_origins_a_few_are_kept_and_the_others_share_a_line() {
        let origins = RefusedOrigins::default();
        let line = |number: usize, second: i64| origins.line(&format!("https://{number}.example"), second * 1_000_000);
        let named = (0..1_000).filter(|number| line(*number, 0) == Some(Line::Named)).count();
        assert_eq!((named, origins.0.lock().unwrap().by_origin.len()), (MAX_ORIGINS, MAX_ORIGINS));
        assert_eq!(line(1_001, 59), None, "the line of those without a name was written at the first of them");
        assert_eq!(line(1_001, 60), Some(Line::Named), "the minute of the first ones is over");
        assert_eq!(origins.0.lock().unwrap().by_origin.len(), 1);
    }

    #[test]
    fn an_origin_is_escaped_and_cut_before_it_is_shown() {
        let shown_of = |bytes: &[u8]| escape_origin(Some(&HeaderValue::from_bytes(bytes).unwrap()));
        assert_eq!(shown_of(b"https://evil.example"), "https://evil.example");
        assert_eq!(shown_of(b"\xff\"\t\x80"), "\\xff\\\"\\t\\x80");
        assert_eq!(shown_of(&[b'a'; MAX_READ]), "a".repeat(MAX_READ));
        assert_eq!(shown_of(&[b'a'; 5_000]), format!("{}…", "a".repeat(MAX_READ)));
        assert_eq!(escape_origin(None), "");
    }

    #[test]
    fn a_reason_fits_into_a_close_frame() {
        let expected = "origin https://x is not allowed; see docs/realtime.md#from-a-web-page";
        assert_eq!(reason("https://x"), expected);
        for length in 1..200 {
            let (letters, signs) = (reason(&"a".repeat(length)), reason(&"…".repeat(length)));
            for reason in [letters, signs] {
                assert!(reason.len() <= MAX_REASON && reason.ends_with("#from-a-web-page"), "{reason}");
            }
        }
        let longest = reason(&"a".repeat(64));
        assert!(longest.contains("a… is not") && longest.len() == MAX_REASON, "{longest}");
    }
}
