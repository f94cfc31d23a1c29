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
pub fn glance(text: &str, most: TokenCounts) -> TokenCounts {
    let bytes = text.as_bytes();
    let mut seen = TokenCounts::default();
    let mut open = 0usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at)
        && seen.tokens <= most.tokens
        && seen.brackets <= most.brackets
    {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' | 0xEF | 0xBB | 0xBF => {
                at += 1;
                continue;
            }
            b'#' => {
                at = end_of_line(bytes, at);
                continue;
            }
            b'{' | b'(' | b'[' => {
                open += 1;
                seen.brackets = seen.brackets.max(open);
                at += 1;
            }
            b'}' | b')' | b']' => {
                open = open.saturating_sub(1);
                at += 1;
            }
            b'"' => at = end_of_string(bytes, at),
            b'.' if bytes[at..].starts_with(b"...") => at += 3,
            byte if is_word(byte) => at = end_of_word(bytes, at),
            _ => at += 1,
        }
        seen.tokens += 1;
    }
    seen
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

fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let block = bytes[from..].starts_with(b"\"\"\"");
    let mut at = from + if block { 3 } else { 1 };
    while let Some(&byte) = bytes.get(at) {
        match byte {
            // A block string has one escape, of its own delimiter; a plain string escapes any
            // single character.
            b'\\' if block && bytes[at..].starts_with(b"\\\"\"\"") => at += 4,
            b'\\' if !block => at += 2,
            b'"' if !block => return at + 1,
            b'"' if bytes[at..].starts_with(b"\"\"\"") => return at + 3,
            b'\n' | b'\r' if !block => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> (usize, usize) {
        let glance = glance(text, TokenCounts { tokens: 100, brackets: 100 });
        (glance.tokens, glance.brackets)
    }

    #[test]
    fn tokens_and_brackets_are_counted_as_the_specification_has_them() {
        assert_eq!(seen("{ a, b }"), (4, 1));
        assert_eq!(seen("query Q($x: [Int!]! = -1.5e3) { a(x: $x) @skip(if: true) { ...F } }"), (34, 2));
        assert_eq!(seen("# only { a } comment"), (0, 0));
        assert_eq!(seen("\u{feff}{ a }"), (3, 1));
    }

    #[test]
    fn what_comes_after_too_much_is_not_looked_at() {
        let most = TokenCounts { tokens: 3, brackets: 2 };
        assert_eq!(glance("a b c d e f", most).tokens, 4);
        assert_eq!(glance("[[[[[[", TokenCounts { tokens: 100, ..most }).brackets, 3);
    }

    #[test]
    fn strings_hide_what_is_in_them() {
        assert_eq!(seen(r#"{ a(x: "{ \" { ") }"#), (8, 2));
        assert_eq!(seen("{ a(x: \"\"\"{ \\\"\"\" \" [[[ \"\"\") }"), (8, 2));
        assert_eq!(seen("\"never ended"), (1, 0));
        assert_eq!(seen("\"\"\"never ended"), (1, 0));
        assert_eq!(seen("\"ends in an escape \\"), (1, 0));
    }
}
