//! Files that a view is sent as: their names, formats and HTTP headers.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use entity::prelude::TableFormat;
use serde_json::Value;
use services::saved_views::core::media_type;

use crate::{etag, reply};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    /// Formats that schedules send, too.
    Table(TableFormat),
}

impl Format {
    fn media(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::Table(format) => media_type(format),
        }
    }
}

/// Returns the slug and the format of a file name.
pub(super) fn parse_file_name(file: &str) -> Option<(&str, Format)> {
    let (slug, ending) = file.rsplit_once('.')?;
    let format = match ending {
        "json" => Format::Json,
        "jsonl" => Format::Table(TableFormat::Jsonl),
        "csv" => Format::Table(TableFormat::Csv),
        "xlsx" => Format::Table(TableFormat::Xlsx),
        "pdf" => Format::Table(TableFormat::Pdf),
        "parquet" => Format::Table(TableFormat::Parquet),
        _ => return None,
    };
    Some((slug, format))
}

/// File of a view.
pub(super) struct Sheet {
    pub format: Format,
    pub bytes: Vec<u8>,
    /// Rows of a table, without its head.
    pub rows: usize,
    /// The first of these rows, as many as an event has.
    pub first_rows: Vec<Value>,
    /// The SVG beside a table; None of pages, which it is drawn on.
    pub chart: Option<String>,
}

impl Sheet {
    pub(super) fn response(self, request_headers: &HeaderMap, id: &str) -> Response<Body> {
        let tag = etag::of(&self.bytes);
        let is_known = etag::matches_etag(request_headers, &tag);
        let mut response = Response::new(if is_known { Body::empty() } else { Body::from(self.bytes) });
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.format.media()));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        // Cached by the reader only, and revalidated each time.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("authorization"));
        reply::set_common_headers(headers, id);
        response
    }
}
