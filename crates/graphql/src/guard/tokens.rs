//! Counts a document's tokens without parsing it, so that the parser (microseconds a token, and recursive) never meets a
//! document that is too large for it.

/// Counts of a scan of the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenCounts {
    pub tokens: usize,
    /// The most brackets of any kind that are open at once.
    pub brackets: usize,
}

/// Scans the text once, up to the first token beyond the limit. Malformed text gives an arbitrary
/// count: the parser refuses it.
pub fn count_tokens(text: &str, max_counts: TokenCounts) -> TokenCounts {
    let bytes = text.as_bytes();
    let mut counts = TokenCounts::default();
    let mut open_brackets = 0usize;
    let mut index = 0;
    while let Some(&byte) = bytes.get(index)
        && counts.tokens <= max_counts.tokens
        && counts.brackets <= max_counts.brackets
    {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' | 0xEF | 0xBB | 0xBF => {
                index += 1;
                continue;
            }
            b'#' => {
                index = end_of_line(bytes, index);
                continue;
            }
            b'{' | b'(' | b'[' => {
                open_brackets += 1;
                counts.brackets = counts.brackets.max(open_brackets);
                index += 1;
            }
            b'}' | b')' | b']' => {
                open_brackets = open_brackets.saturating_sub(1);
                index += 1;
            }
            b'"' => index = end_of_string(bytes, index),
            b'.' if bytes[index..].starts_with(b"...") => index += 3,
            byte if is_word(byte) => index = end_of_word(bytes, index),
            _ => index += 1,
        }
        counts.tokens += 1;
    }
    counts
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'.')
}

fn end_of_word(bytes: &[u8], from: usize) -> usize {
    let length = bytes[from..].iter().position(|&byte| !is_word(byte));
    from + length.unwrap_or(bytes.len() - from)
}

fn end_of_line(bytes: &[u8], from: usize) -> usize {
    let length = bytes[from..].iter().position(|&byte| byte == b'\n' || byte == b'\r');
    from + length.unwrap_or(bytes.len() - from)
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let block = bytes[start..].starts_with(b"\"\"\"");
    let mut index = start + if block { 3 } else { 1 };
    while let Some(&byte) = bytes.get(index) {
        match byte {
            // A block string has one escape, of its own delimiter; a plain string escapes any
            // single character.
            b'\\' if block && bytes[index..].starts_with(b"\\\"\"\"") => index += 4,
            b'\\' if !block => index += 2,
            b'"' if !block => return index + 1,
            b'"' if bytes[index..].starts_with(b"\"\"\"") => return index + 3,
            b'\n' | b'\r' if !block => return index,
            _ => index += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan_counts(text: &str) -> (usize, usize) {
        let glance = count_tokens(text, TokenCounts { tokens: 100, brackets: 100 });
        (glance.tokens, glance.brackets)
    }

    #[test]
    fn tokens_and_brackets_are_counted_as_the_specification_has_them() {
        assert_eq!(scan_counts("{ a, b }"), (4, 1));
        assert_eq!(scan_counts("query Q($x: [Int!]! = -1.5e3) { a(x: $x) @skip(if: true) { ...F } }"), (34, 2));
        assert_eq!(scan_counts("# only { a } comment"), (0, 0));
        assert_eq!(scan_counts("\u{feff}{ a }"), (3, 1));
    }

    #[test]
    fn what_comes_after_too_much_is_not_looked_at() {
        let most = TokenCounts { tokens: 3, brackets: 2 };
        assert_eq!(count_tokens("a b c d e f", most).tokens, 4);
        assert_eq!(count_tokens("[[[[[[", TokenCounts { tokens: 100, ..most }).brackets, 3);
    }

    #[test]
    fn strings_hide_what_is_in_them() {
        assert_eq!(scan_counts(r#"{ a(x: "{ \" { ") }"#), (8, 2));
        assert_eq!(scan_counts("{ a(x: \"\"\"{ \\\"\"\" \" [[[ \"\"\") }"), (8, 2));
        assert_eq!(scan_counts("\"never ended"), (1, 0));
        assert_eq!(scan_counts("\"\"\"never ended"), (1, 0));
        assert_eq!(scan_counts("\"ends in an escape \\"), (1, 0));
    }
}
