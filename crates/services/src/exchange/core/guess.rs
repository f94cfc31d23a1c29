//! Encoding and delimiter of a text, guessed from its beginning. Guesses are reported, and the
//! caller may set both instead.

use super::options::Format;

/// Bytes that are examined.
pub const SAMPLE_BYTES: usize = 64 << 10;

/// Label of an encoding: by a byte order mark; UTF-16 if there are NULs between Latin letters;
/// UTF-8 if all bytes are valid; otherwise Windows-1252, as old spreadsheets write.
pub fn encoding(start: &[u8]) -> &'static str {
    match start {
        [0xEF, 0xBB, 0xBF, ..] => return "utf-8",
        [0xFF, 0xFE, ..] => return "utf-16le",
        [0xFE, 0xFF, ..] => return "utf-16be",
        _ => {}
    }
    let nuls = |from: usize| start.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let half_length = start.len() / 2;
    if half_length > 0 && nuls(1) * 3 > half_length * 2 {
        return "utf-16le";
    }
    if half_length > 0 && nuls(0) * 3 > half_length * 2 {
        return "utf-16be";
    }
    match std::str::from_utf8(start) {
        Ok(_) => "utf-8",
        // A character that is cut off at the end of the examined bytes is no error.
        Err(error) if error.error_len().is_none() && start.len() >= SAMPLE_BYTES => "utf-8",
        Err(_) => "windows-1252",
    }
}

/// Whether these bytes contain non-ASCII characters in valid UTF-8. In a text that is not valid
/// throughout, one of them shows that UTF-8 is meant and that the invalid bytes are errors: as
/// Windows-1252 the text would be read, but wrongly.
pub fn has_non_ascii_utf8(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}

/// The form of a text: lines of JSON begin with a brace.
pub fn format(text: &str) -> Format {
    if text.trim_start_matches('\u{feff}').trim_start().starts_with('{') { Format::Jsonl } else { Format::Csv }
}

/// Returns the delimiter of cells: the known one that is most frequent in the first line, outside
/// quotes.
pub fn delimiter(text: &str) -> char {
    const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut is_quoted = false;
    for c in text.trim_start_matches(['\u{feff}', '\r', '\n']).chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            '\n' | '\r' if !is_quoted => break,
            _ if is_quoted => {}
            _ => {
                if let Some(at) = DELIMITERS.iter().position(|candidate| *candidate == c) {
                    counts[at] += 1;
                }
            }
        }
    }
    let max_count = counts.iter().max().copied().unwrap_or_default();
    DELIMITERS.iter().zip(counts).find(|(_, count)| *count == max_count).map_or(',', |(candidate, _)| *candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_from_bytes() {
        let wide = |text: &str, turn: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(turn).collect::<Vec<u8>>();
        assert_eq!(encoding(b"\xef\xbb\xbfsku"), "utf-8");
        assert_eq!(encoding("sku;näme".as_bytes()), "utf-8");
        assert_eq!(encoding(b"sku;n\xe4me\n"), "windows-1252");
        assert_eq!(encoding(&wide("\u{feff}sku", u16::to_le_bytes)), "utf-16le");
        assert_eq!(encoding(&wide("sku;name", u16::to_le_bytes)), "utf-16le");
        assert_eq!(encoding(&wide("sku;name", u16::to_be_bytes)), "utf-16be");
        assert_eq!(encoding(b""), "utf-8");
        assert!(has_non_ascii_utf8("a\u{e4}".as_bytes()) && has_non_ascii_utf8(b"\xe9 \xc3\xa4 \xe9"));
        assert!(!has_non_ascii_utf8(b"caf\xe9 \xc3") && !has_non_ascii_utf8(b"plain"));
    }

    #[test]
    fn delimiters_are_told_from_the_header() {
        for (text, expected) in [
            ("sku,name\n", ','),
            ("sku;name;price\r\n1;2,5;3", ';'),
            ("\u{feff}sku\tname\n", '\t'),
            ("\"a,b,c\"|x\n", '|'),
            ("sku\n", ','),
            ("", ','),
        ] {
            assert_eq!(delimiter(text), expected, "{text:?}");
        }
    }
}
