//! Media type of a response, and whether it is sent whole or as events; the check that a request's
//! media type is supported.

use axum::http::{HeaderMap, header};

use super::headers::list;

/// The two media types of GraphQL over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `application/graphql-response+json`: the status speaks about the operation.
    Response,
    /// `application/json`: an operation that did not validate still has status 200.
    Json,
}

impl Media {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Response => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// The answer's media type for an `Accept` header; `None` when the client takes neither.
///
/// No header and wildcards mean `application/json`, as clients that send no preference expect. The
/// first named of two types with equal quality wins.
pub fn answer_media(accept: Option<&str>) -> Option<Media> {
    let accept = match accept {
        None | Some("*/*" | "application/json") => return Some(Media::Json),
        Some(accept) => accept,
    };
    let ranges: Vec<Range<'_>> = parse_ranges(accept).collect();
    let position_of = |name: &str| ranges.iter().position(|range| range.name.eq_ignore_ascii_case(name));
    let response = position_of("application/graphql-response+json").filter(|&index| ranges[index].quality > 0);
    let json = match position_of("application/json") {
        Some(index) => Some(index).filter(|&index| ranges[index].quality > 0),
        None => position_of("application/*").or_else(|| position_of("*/*")).filter(|&index| ranges[index].quality > 0),
    };
    match (response, json) {
        (Some(response), Some(json)) => {
            let (response_quality, json_quality) = (ranges[response].quality, ranges[json].quality);
            let is_response_preferred = response_quality > json_quality || (response_quality == json_quality && response < json);
            Some(if is_response_preferred { Media::Response } else { Media::Json })
        }
        (Some(_), None) => Some(Media::Response),
        (None, Some(_)) => Some(Media::Json),
        (None, None) => None,
    }
}

/// Whether the client prefers a stream of events: of types with equal quality, the one named first
/// wins.
pub fn prefers_events(accept: Option<&str>) -> bool {
    let Some(accept) = accept else { return false };
    let best_range =
        parse_ranges(accept).reduce(|best_range, range| if range.quality > best_range.quality { range } else { best_range });
    best_range.is_some_and(|range| range.quality > 0 && range.name.eq_ignore_ascii_case(EVENTS))
}

const EVENTS: &str = "text/event-stream";

/// Whether the client prefers HTML, as a browser does when it opens a page.
pub fn prefers_html(accept: Option<&str>) -> bool {
    let Some(accept) = accept else { return false };
    let best_range =
        parse_ranges(accept).reduce(|best_range, range| if range.quality > best_range.quality { range } else { best_range });
    best_range.is_some_and(|range| range.quality > 0 && range.name.eq_ignore_ascii_case("text/html"))
}

/// Form in which a response is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseMode {
    Whole(Media),
    AsEvents,
}

/// Returns the form of response that a client accepts, and the media type of errors before the
/// operation runs.
pub fn negotiate_response(accept: Option<&str>) -> Option<(ResponseMode, Media)> {
    if prefers_events(accept) {
        return Some((ResponseMode::AsEvents, Media::Response));
    }
    answer_media(accept).map(|media| (ResponseMode::Whole(media), media))
}

/// Returns the media type of an answer to these headers, ignoring the types that it cannot have.
pub fn media(headers: &HeaderMap) -> Media {
    negotiate_response(list(headers, &header::ACCEPT).as_deref()).map_or(Media::Json, |(_, media)| media)
}

impl ResponseMode {
    /// Returns the media type of errors that precede the operation's response.
    pub fn media(self) -> Media {
        match self {
            Self::Whole(media) => media,
            Self::AsEvents => Media::Response,
        }
    }
}

/// Whether OpenMetrics text is preferred at least as much as Prometheus' own format. Other types
/// are ignored: we serve only these two.
pub fn prefers_open_metrics(accept: Option<&str>) -> bool {
    let quality_of = |name: &str| {
        let matching_ranges = parse_ranges(accept.unwrap_or_default()).filter(|range| range.name.eq_ignore_ascii_case(name));
        matching_ranges.map(|range| range.quality).max().unwrap_or_default()
    };
    let open_metrics = quality_of("application/openmetrics-text");
    open_metrics > 0 && open_metrics >= quality_of("text/plain")
}

/// Whether a request's body is JSON in UTF-8. Other types are refused rather than guessed at: a page of another site can send
/// `text/plain` or a form without asking, but not this.
pub fn is_json(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else { return false };
    let mut parts = content_type.split(';').map(str::trim);
    if !parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json")) {
        return false;
    }
    parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
        let value = value.trim().trim_matches('"');
        !name.trim().eq_ignore_ascii_case("charset") || value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8")
    })
}

/// An item of an `Accept` header, or of one like it.
pub struct Range<'a> {
    pub name: &'a str,
    /// Thousandths.
    pub quality: u16,
}

pub fn parse_ranges(accept: &str) -> impl Iterator<Item = Range<'_>> {
    accept.split(',').map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let quality = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
        let quality = quality.map_or(1_000, |(_, value)| thousandths(value.trim()));
        Range { name, quality }
    })
}

/// An unreadable weight counts as none given.
fn thousandths(value: &str) -> u16 {
    value.parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight)).map_or(1_000, |weight| (weight * 1_000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_as_their_reader_wants_them() {
        let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;q=0.5,*/*;q=0.1";
        let with_protobuf = "application/vnd.google.protobuf;q=0.9,application/openmetrics-text;q=0.6,text/plain;q=0.4";
        for accept in [prometheus, with_protobuf, "application/openmetrics-text"] {
            assert!(prefers_open_metrics(Some(accept)), "{accept}");
        }
        for accept in
            ["*/*", "text/plain", "", "text/plain,application/openmetrics-text;q=0.9", "application/openmetrics-text;q=0"]
        {
            assert!(!prefers_open_metrics(Some(accept)), "{accept}");
        }
        assert!(!prefers_open_metrics(None));
    }

    #[test]
    fn the_answer_has_the_type_that_the_client_likes_best() {
        let cases = [
            ("application/graphql-response+json", Some(Media::Response)),
            ("application/graphql-response+json, application/json", Some(Media::Response)),
            ("application/json, application/graphql-response+json", Some(Media::Json)),
            ("application/json;q=0.5, application/graphql-response+json", Some(Media::Response)),
            ("application/graphql-response+json;q=0, */*", Some(Media::Json)),
            ("application/graphql-response+json, application/json, text/event-stream, multipart/mixed", Some(Media::Response)),
            ("application/*;q=0.1", Some(Media::Json)),
            ("text/html", None),
            ("application/json;q=0, */*", None),
            ("text/event-stream", None),
            ("", None),
        ];
        for (accept, expected) in cases {
            assert_eq!(answer_media(Some(accept)), expected, "{accept}");
        }
        assert_eq!(answer_media(None), Some(Media::Json));
    }

    #[test]
    fn only_json_in_utf8_is_read() {
        for good in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""] {
            assert!(is_json(Some(good)), "{good}");
        }
        for bad in ["text/plain", "application/jsonp", "application/json; charset=latin1", "multipart/form-data", ""] {
            assert!(!is_json(Some(bad)), "{bad}");
        }
        assert!(!is_json(None));
    }

    #[test]
    fn events_are_for_those_who_like_them_best() {
        for good in
            ["text/event-stream", "text/event-stream, */*", "application/json;q=0.5, text/event-stream", "Text/Event-Stream"]
        {
            assert!(prefers_events(Some(good)), "{good}");
        }
        let no = [
            "*/*",
            "application/json, text/event-stream",
            "text/event-stream;q=0",
            "text/event-stream;q=0.5, application/json",
            "",
        ];
        for bad in no {
            assert!(!prefers_events(Some(bad)), "{bad}");
        }
        assert!(!prefers_events(None));
    }

    #[test]
    fn a_browser_gets_a_page() {
        assert!(prefers_html(Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")));
        assert!(!prefers_html(Some("application/json, text/html;q=0.9")));
        assert!(!prefers_html(Some("*/*")));
    }
}
