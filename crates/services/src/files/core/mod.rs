//! Purposes, limits and names of files: pure.

pub mod limits;
pub mod link;
pub mod min_speed;
mod picture;
mod sniff;

use entity::prelude::{Actor, ApiKeyId, FileId, TenantId, Timestamp};

pub use picture::{Dimensions, picture_dimensions};
pub use sniff::{MediaType, sniff};

/// Purpose of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Rows of an import.
    Import,
    Image,
    Document,
    /// The result of an import or an export, or sheets to be printed. Only the server creates
    /// these.
    Result,
}

impl Purpose {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Import => "IMPORT",
            Self::Image => "IMAGE",
            Self::Document => "DOCUMENT",
            Self::Result => "RESULT",
        }
    }
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Import, Self::Image, Self::Document, Self::Result].into_iter().find(|one| one.as_str() == word)
    }
    /// Maximum bytes of a file of this purpose.
    pub fn max_bytes(self) -> u64 {
        match self {
            Self::Import => limits::IMPORT_BYTES,
            Self::Image => limits::IMAGE_BYTES,
            Self::Document => limits::DOCUMENT_BYTES,
            Self::Result => limits::RESULT_BYTES,
        }
    }
    /// Returns the expected content of files of this purpose, in words.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Import => "a text (CSV, JSON lines) or an XLSX workbook is expected, and the bytes are neither",
            Self::Image => {
                "a PNG, JPEG, WebP or GIF picture is expected, and the bytes are none: drawings such as SVG are not taken"
            }
            Self::Document => {
                "a PDF, a text, a picture or an office document is expected: pages and drawings that can hold programs are not taken"
            }
            Self::Result => "a result is expected",
        }
    }
    /// Whether this purpose accepts the detected media type. Markup (HTML, SVG) can contain
    /// scripts, so no purpose accepts it as a document.
    pub fn accepts(self, media: MediaType) -> bool {
        match self {
            Self::Import => matches!(media, MediaType::Text | MediaType::Workbook),
            Self::Image => matches!(media, MediaType::Png | MediaType::Jpeg | MediaType::Webp | MediaType::Gif),
            Self::Document => !matches!(media, MediaType::Markup | MediaType::Other),
            Self::Result => true,
        }
    }
}

/// State of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Awaited,
    Ready,
    Gone,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Awaited => "AWAITED",
            Self::Ready => "READY",
            Self::Gone => "GONE",
        }
    }
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Awaited, Self::Ready, Self::Gone].into_iter().find(|one| one.as_str() == word)
    }
}

/// State of a picture's small versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thumbnails {
    Made,
    /// The picture cannot be decoded: an unsupported format, or broken after its header.
    None,
}

impl Thumbnails {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Made => "MADE",
            Self::None => "NONE",
        }
    }
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Made, Self::None].into_iter().find(|one| one.as_str() == word)
    }
}

/// Stored file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub tenant: TenantId,
    pub id: FileId,
    pub purpose: Purpose,
    /// Name given by its maker, without any path.
    pub name: String,
    /// Media type detected from its bytes; empty before the upload.
    pub media_type: String,
    pub size: i64,
    pub sha256: Option<Vec<u8>>,
    /// Location of its bytes in the store, if the file is ready.
    pub blob: Option<String>,
    pub state: State,
    pub maker: Actor,
    /// API key with which a program created it.
    pub key: Option<ApiKeyId>,
    pub created_at: Timestamp,
    pub ready_at: Option<Timestamp>,
    /// Time of its expiry; `None` if it does not expire.
    pub expires_at: Option<Timestamp>,
    /// Size of a picture in pixels, by its header.
    pub area: Option<Dimensions>,
    /// `None` before the first try to draw them.
    pub thumbnails: Option<Thumbnails>,
}

/// Returns the name alone, as a file system or a header can carry it: the path up to the last slash
/// or backslash is removed. `None` if nothing is left.
pub fn safe_name(name: &str) -> Option<String> {
    let base_name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let cleaned: String = base_name
        .chars()
        .filter(|c| !c.is_control() && !"<>:\"|?*\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".contains(*c))
        .collect();
    let cleaned = cleaned.trim().trim_start_matches('.').trim_end_matches(['.', ' ']);
    let cleaned: String = cleaned.chars().take(limits::NAME_CHARACTERS).collect();
    (!cleaned.is_empty()).then_some(cleaned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_path() {
        for (given, kept) in [
            ("prices.csv", Some("prices.csv")),
            ("../../etc/passwd", Some("passwd")),
            ("\\\\server\\me\\stock.xlsx", Some("stock.xlsx")),
            (" été 2026.csv ", Some("été 2026.csv")),
            ("a\u{0}b\r\nc.csv", Some("abc.csv")),
            ("gpj.\u{202e}exe", Some("gpj.exe")),
            (".htaccess", Some("htaccess")),
            ("..", None),
            ("folder/", None),
            ("", None),
        ] {
            assert_eq!(safe_name(given).as_deref(), kept, "{given:?}");
        }
        assert_eq!(safe_name(&"x".repeat(1_000)).map(|name| name.len()), Some(limits::NAME_CHARACTERS));
    }
}
