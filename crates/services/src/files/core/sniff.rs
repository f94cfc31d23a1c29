//! Media type of a file by its bytes. The type that a client states is ignored.

/// Media type that the bytes of a file show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    Text,
    /// An XLSX workbook, or another document in a ZIP archive.
    Workbook,
    Png,
    Jpeg,
    Webp,
    Gif,
    Pdf,
    /// HTML, SVG or XML: text that a browser might run.
    Markup,
    Other,
}

impl MediaType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Workbook => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Pdf => "application/pdf",
            Self::Markup | Self::Other => "application/octet-stream",
        }
    }
}

/// Bytes that are read.
pub const SNIFF_BYTES: usize = 1_024;

/// Returns the media type of a file that begins with these bytes.
pub fn sniff(start: &[u8]) -> MediaType {
    match start {
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => MediaType::Png,
        [0xFF, 0xD8, 0xFF, ..] => MediaType::Jpeg,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => MediaType::Webp,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => MediaType::Gif,
        [b'%', b'P', b'D', b'F', b'-', ..] => MediaType::Pdf,
        [b'P', b'K', 3, 4, ..] => MediaType::Workbook,
        // UTF-16 has a NUL beside each Latin letter; with a byte order mark before them, that is
        // text.
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => MediaType::Text,
        _ => text_or_other(start),
    }
}

fn text_or_other(start: &[u8]) -> MediaType {
    let sample = &start[..start.len().min(SNIFF_BYTES)];
    let is_control = |byte: &&u8| **byte < 32 && !matches!(**byte, b'\t' | b'\n' | b'\r' | 12);
    let (nuls, controls) = (sample.split(|byte| *byte == 0).count() - 1, sample.iter().filter(is_control).count());
    // UTF-16 without a mark: every other byte of a Latin text is NUL, and no other control character occurs.
    let is_wide = nuls * 3 >= sample.len() && nuls == controls && nuls * 3 <= sample.len() * 2;
    if controls > 0 && !is_wide {
        return MediaType::Other;
    }
    let text = String::from_utf8_lossy(sample);
    let begin = text.trim_start_matches('\u{feff}').trim_start().to_lowercase();
    let is_markup = begin.starts_with('<') || begin.contains("<svg") || begin.contains("<script") || begin.contains("<html");
    if is_markup { MediaType::Markup } else { MediaType::Text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_what_they_look_like() {
        let wide: Vec<u8> = "sku;name\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, expected) in [
            (b"\x89PNG\r\n\x1a\n\0\0".as_slice(), MediaType::Png),
            (b"\xff\xd8\xff\xe0", MediaType::Jpeg),
            (b"RIFF\x01\x02\x03\x04WEBPVP8 ", MediaType::Webp),
            (b"%PDF-1.7", MediaType::Pdf),
            (b"PK\x03\x04rest", MediaType::Workbook),
            (b"sku,name\r\nmug,\"Mug\"\r\n", MediaType::Text),
            (b"caf\xe9;1\n", MediaType::Text),
            (&wide, MediaType::Text),
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", MediaType::Markup),
            (b"\xef\xbb\xbf  <!DOCTYPE html>", MediaType::Markup),
            (b"GIF89a\0\0", MediaType::Gif),
            (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", MediaType::Other),
        ] {
            assert_eq!(sniff(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
