//! Texts of PDFs: in Helvetica, which every reader has, or in the second font if Helvetica lacks a
//! character.

use std::fmt::Write;

use inventory::catalog::core::text::normalize_nfc;

use super::second_font::{self, UsedCharacters};

/// Widths of the characters from space to tilde in Helvetica, in thousandths of the font size.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556,
    556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778,
    722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222,
    500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// A text in one font.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRun {
    signs: Vec<char>,
    /// Whether it is in the second font.
    is_second: bool,
}

impl TextRun {
    /// Returns a text run: control characters other than line ends are removed; `None` if no font
    /// has all of its characters.
    pub fn of(text: &str) -> Option<Self> {
        let signs: Vec<char> = normalize_nfc(text).chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        if signs.iter().all(|c| byte_of(*c).is_some()) {
            return Some(Self { signs, is_second: false });
        }
        let signs: Vec<char> = signs.into_iter().map(second_font_match).collect();
        let has_all = signs.iter().all(|c| *c == '\n' || second_font::width(*c).is_some());
        has_all.then_some(Self { signs, is_second: true })
    }

    /// Returns a text of one line with a question mark for each character that no font has.
    pub fn with_replacements(text: &str) -> Self {
        let mark = |c: char| {
            let has_sign = byte_of(c).is_some() || second_font::width(second_font_match(c)).is_some();
            if has_sign && !c.is_control() { c } else { '?' }
        };
        let marked: String = normalize_nfc(text).chars().map(mark).collect();
        Self::of(&marked).unwrap_or(Self { signs: Vec::new(), is_second: false })
    }

    pub fn is_empty(&self) -> bool {
        self.signs.is_empty()
    }

    /// Returns the width of the text at a font size.
    pub fn width(&self, size: f64) -> f64 {
        points(self.units(&self.signs), size)
    }

    /// Returns lines no wider than the room: broken between words, and inside a word that is wider
    /// than a line.
    pub fn wrap_lines(&self, size: f64, room: f64) -> Vec<Self> {
        let mut lines = Vec::new();
        for paragraph in self.signs.split(|c| *c == '\n') {
            let (mut line, mut filled) = (Vec::new(), 0);
            for word in paragraph.split(|c| *c == ' ').filter(|word| !word.is_empty()) {
                let (space, word_width) = (self.units(&[' ']), self.units(word));
                if !line.is_empty() && points(filled, size) + points(space, size) + points(word_width, size) > room {
                    lines.push(self.line(std::mem::take(&mut line)));
                    filled = 0;
                }
                if !line.is_empty() {
                    line.push(' ');
                    filled += space;
                }
                for sign in word {
                    let word_width = self.units(&[*sign]);
                    if !line.is_empty() && points(filled, size) + points(word_width, size) > room {
                        lines.push(self.line(std::mem::take(&mut line)));
                        filled = 0;
                    }
                    line.push(*sign);
                    filled += word_width;
                }
            }
            lines.push(self.line(line));
        }
        lines
    }

    /// Returns the name of its font on pages, and the operand that prints it.
    pub fn font_and_operand(&self, used: &mut UsedCharacters) -> (&'static str, String) {
        if self.is_second { ("F2", used.operand(&self.signs)) } else { ("F1", literal(&self.signs)) }
    }

    fn line(&self, signs: Vec<char>) -> Self {
        Self { signs, is_second: self.is_second }
    }

    /// Returns the width of characters of this text in thousandths of the font size.
    fn units(&self, signs: &[char]) -> u32 {
        let first_font_width = |sign: char| byte_of(sign).map(|byte| u32::from(width(byte)));
        let sign_width = |sign: &char| if self.is_second { second_font::width(*sign) } else { first_font_width(*sign) };
        signs.iter().filter_map(sign_width).sum()
    }
}

fn points(units: u32, size: f64) -> f64 {
    f64::from(units) * size / 1000.0
}

/// Returns the character of the second font that looks the same as another one.
fn second_font_match(c: char) -> char {
    match c {
        // Spaces of typesetters.
        '\u{2009}' | '\u{202f}' => '\u{a0}',
        _ => c,
    }
}

/// Returns the width of a character of Helvetica's encoding.
fn width(byte: u8) -> u16 {
    match byte {
        b' '..=b'~' => WIDTHS[usize::from(byte - b' ')],
        0x85 | 0x97 | 0x99 | 0xc6 => 1000,
        0x91 | 0x92 => 222,
        0x93 | 0x94 | 0xba => 333,
        0xa0 | 0xa1 | 0xcc..=0xcf | 0xec..=0xef => 278,
        0xc0..=0xc5 | 0xc8..=0xcb | 0xdd | 0xde => 667,
        0xc7 | 0xd0 | 0xd1 | 0xd9..=0xdc => 722,
        0xd2..=0xd6 | 0xd8 => 778,
        0xdf | 0xf8 => 611,
        0xe6 => 889,
        0xe7 | 0xfd | 0xff => 500,
        _ => 556,
    }
}

/// Returns a character in the encoding of Helvetica (WinAnsiEncoding); `None` if the encoding lacks
/// it.
fn byte_of(c: char) -> Option<u8> {
    Some(match c {
        '\n' | ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(c)).ok()?,
        '€' => 0x80,
        '‚' => 0x82,
        'ƒ' => 0x83,
        '„' => 0x84,
        '…' => 0x85,
        'Š' => 0x8a,
        '‹' => 0x8b,
        'Œ' => 0x8c,
        'Ž' => 0x8e,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' => 0x96,
        '—' => 0x97,
        '™' => 0x99,
        'š' => 0x9a,
        '›' => 0x9b,
        'œ' => 0x9c,
        'ž' => 0x9e,
        'Ÿ' => 0x9f,
        // Spaces and hyphens of typesetters.
        '\u{2009}' | '\u{202f}' => 0xa0,
        '\u{2010}' | '\u{2011}' => b'-',
        _ => return None,
    })
}

/// Returns a string in PDF syntax, in ASCII, of characters that Helvetica has.
fn literal(signs: &[char]) -> String {
    let mut out = String::with_capacity(signs.len() + 2);
    out.push('(');
    for byte in signs.iter().filter_map(|sign| byte_of(*sign)) {
        match byte {
            b'(' | b')' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out.push(')');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: f64 = 9.0;

    #[test]
    fn lines_are_no_wider_than_their_room() {
        for (letter, long) in [("x", "and a few words more"), ("Ж", "и ещё слова")] {
            let text = format!("{} {long}\nend", letter.repeat(80));
            let lines = TextRun::of(&text).unwrap().wrap_lines(SIZE, 100.0);
            assert!(lines.len() > 4 && lines.iter().all(|line| line.width(SIZE) <= 100.0), "{lines:?}");
            assert_eq!(lines.last().unwrap().signs, ['e', 'n', 'd']);
            let letters = lines.iter().flat_map(|line| &line.signs).filter(|c| **c != ' ').count();
            assert_eq!(letters, 80 + long.replace(' ', "").chars().count() + 3, "no letter is lost");
        }
    }

    #[test]
    fn a_text_is_in_one_font_or_in_none() {
        let mut used = UsedCharacters::default();
        let mut shown = |text: &str| TextRun::of(text).map(|letters| letters.font_and_operand(&mut used));
        assert_eq!(shown("3 € – Größe (1)\u{2009}\t"), Some(("F1", "(3 \\200 \\226 Gr\\366\\337e \\(1\\)\\240)".to_owned())));
        assert_eq!(shown("Ło\u{301}\u{202f}"), Some(("F2", "<000100020003>".to_owned())));
        assert_eq!(shown("ó漢"), None);
        assert_eq!(used.objects(6).len(), 5);
    }

    #[test]
    fn what_no_font_has_is_marked() {
        let mut used = UsedCharacters::default();
        assert_eq!(TextRun::with_replacements("mug 漢\u{7}").font_and_operand(&mut used), ("F1", "(mug ??)".to_owned()));
        assert_eq!(TextRun::with_replacements("Ж漢"), TextRun::of("Ж?").unwrap());
    }
}
