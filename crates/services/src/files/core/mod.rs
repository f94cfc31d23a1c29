//! What a file may be, and how it is named: pure.

pub mod limits;
pub mod link;
pub mod pace;
mod picture;
mod sniff;

use entity::prelude::{Actor, ApiKeyId, FileId, TenantId, Timestamp};

pub use picture::{Area, area};
pub use sniff::{MediaType, sniff};

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Rows of an import.
    Import,
    Image,
    Document,
    /// What an import or an export came to, or sheets to be printed. Only we make these.
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
    /// The most bytes that a file of this purpose may have.
    pub fn most_bytes(self) -> u64 {
        match self {
            Self::Import => limits::IMPORT_BYTES,
            Self::Image => limits::IMAGE_BYTES,
            Self::Document => limits::DOCUMENT_BYTES,
            Self::Result => limits::RESULT_BYTES,
        }
    }
    /// What files of this purpose have to be, in words.
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
    /// Whether what the bytes show themselves to be is what this purpose takes. Pages and drawings can hold programs: they are nobody's document.
    pub fn takes(self, media: MediaType) -> bool {
        match self {
            Self::Import => matches!(media, MediaType::Text | MediaType::Workbook),
            Self::Image => matches!(media, MediaType::Png | MediaType::Jpeg | MediaType::Webp | MediaType::Gif),
            Self::Document => !matches!(media, MediaType::Markup | MediaType::Other),
            Self::Result => true,
        }
    }
}

/// Where a file stands.
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

/// What is known of a picture's small versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thumbnails {
    Made,
    /// It cannot be drawn again: of a kind that is not read, or broken behind its head.
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

/// A file as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub tenant: TenantId,
    pub id: FileId,
    pub purpose: Purpose,
    /// As its maker calls it, without any path.
    pub name: String,
    /// What its bytes show it to be; empty before they have come.
    pub media_type: String,
    pub size: i64,
    pub sha256: Option<Vec<u8>>,
    /// Where its bytes lie, of a file that is ready.
    pub blob: Option<String>,
    pub state: State,
    pub maker: Actor,
    /// The key that a program made it with.
    pub key: Option<ApiKeyId>,
    pub created_at: Timestamp,
    pub ready_at: Option<Timestamp>,
    /// When it is gone; None stays.
    pub expires_at: Option<Timestamp>,
    /// Of a picture, as its head says.
    pub area: Option<Area>,
    /// None: nobody has tried to make them yet.
    pub thumbnails: Option<Thumbnails>,
}

/// The name alone, as a file system or a header can carry it: what stands before the last slash or backslash is a path, and nobody's business.
/// None when nothing is left.
pub fn safe_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String =
        last.chars().filter(|c| !c.is_control() && !"<>:\"|?*\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".contains(*c)).collect();
    let plain = plain.trim().trim_start_matches('.').trim_end_matches(['.', ' ']);
    let plain: String = plain.chars().take(limits::NAME_CHARACTERS).collect();
    (!plain.is_empty()).then_some(plain)
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
