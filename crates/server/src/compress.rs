//! Compressed answers, for clients that accept them. Only answers of queries, and pages of the
//! reference: the answer of a mutation may be a secret that is shown once, and a secret next to
//! text of the caller's choosing should not be compressed with it (BREACH).

use std::{cell::RefCell, io::Write, sync::Arc};

use axum::http::HeaderValue;
use flate2::{Compression, write::GzEncoder};

use super::negotiate::parse_ranges;

/// Minimum bytes of an answer that is compressed: a smaller one fits into one packet.
pub const MIN_COMPRESSED_BYTES: usize = 1 << 10;

/// A larger one is compressed beside the workers that answer requests.
const OFFLOAD_BYTES: usize = 256 << 10;

/// Content coding of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Zstd,
    Gzip,
}

impl Coding {
    pub fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        })
    }
}

/// The coding that the client likes best of ours; of two that it likes equally, zstd, which takes a third of the time.
pub fn negotiate_coding(accept_encoding: Option<&str>) -> Option<Coding> {
    let accepted = accept_encoding?;
    let quality_of = |name: &str| {
        let matching_range = parse_ranges(accepted).find(|range| range.name.eq_ignore_ascii_case(name));
        matching_range.or_else(|| parse_ranges(accepted).find(|range| range.name == "*")).map_or(0, |range| range.quality)
    };
    match (quality_of("zstd"), quality_of("gzip")) {
        (0, 0) => None,
        (zstd, gzip) if zstd >= gzip => Some(Coding::Zstd),
        _ => Some(Coding::Gzip),
    }
}

/// The bytes in this coding.
///
/// # Errors
/// The bytes as they were, where that failed or did not make them fewer.
pub async fn compress(bytes: Vec<u8>, coding: Coding) -> Result<Vec<u8>, Vec<u8>> {
    if bytes.len() < OFFLOAD_BYTES {
        return compress_bytes(&bytes, coding).ok_or(bytes);
    }
    let bytes = Arc::new(bytes);
    let shared = bytes.clone();
    // If the blocking task panicked or never ran, the answer is sent uncompressed.
    let fewer = tokio::task::spawn_blocking(move || compress_bytes(&shared, coding)).await.ok().flatten();
    fewer.ok_or_else(|| Arc::unwrap_or_clone(bytes))
}

thread_local! {
    /// Setting one up costs more than compressing a page with it.
    static ZSTD: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
}

fn compress_bytes(bytes: &[u8], coding: Coding) -> Option<Vec<u8>> {
    let compressed = match coding {
        Coding::Zstd => ZSTD.with_borrow_mut(|compressor| {
            if compressor.is_none() {
                *compressor = zstd::bulk::Compressor::new(1).ok();
            }
            compressor.as_mut()?.compress(bytes).ok()
        }),
        Coding::Gzip => {
            let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
            encoder.write_all(bytes).and_then(|()| encoder.finish()).ok()
        }
    };
    compressed.filter(|compressed| compressed.len() < bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_says_what_it_can_read() {
        let cases = [
            (None, None),
            (Some(""), None),
            (Some("identity"), None),
            (Some("br"), None),
            (Some("gzip"), Some(Coding::Gzip)),
            (Some("gzip, deflate, br, zstd"), Some(Coding::Zstd)),
            (Some("gzip;q=1.0, zstd;q=0.5"), Some(Coding::Gzip)),
            (Some("zstd;q=0, gzip"), Some(Coding::Gzip)),
            (Some("gzip;q=0"), None),
            (Some("*"), Some(Coding::Zstd)),
            (Some("*;q=0"), None),
        ];
        for (accepted, expected) in cases {
            assert_eq!(negotiate_coding(accepted), expected, "{accepted:?}");
        }
    }
}
