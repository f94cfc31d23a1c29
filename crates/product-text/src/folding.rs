//! Text of any script in a form for comparisons: compatibility forms and case are folded, marks on
//! letters dropped, invisible characters removed. Both input and output are bounded, so that a
//! hostile text costs no more than a long one.

use unicode_normalization::UnicodeNormalization;

/// Characters that are read for each character that may be returned: enough for marks and invisible characters between letters.
const READ_PER_OUTPUT_CHAR: usize = 4;
/// The most characters of a word; the rest of a longer run belongs to the next word.
pub const WORD_CHARS: usize = 40;

/// Whether a character has no width and no meaning in a name: controls, joiners, directions, byte order marks, variation selectors, tags.
pub fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        || (character.is_control() && !character.is_whitespace())
}

/// Spelling of letters without a decomposition, in plain letters.
fn transliterate(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

/// Marks that are dropped: those of Latin, Greek and Cyrillic. Marks of other scripts are letters of their own and stay.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{0300}'..='\u{036f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}')
}

/// The folded text: at most `max_chars` characters, punctuation kept, apostrophes dropped, white space as single spaces.
pub fn fold(text: &str, max_chars: usize) -> String {
    let mut folded = String::new();
    let mut count = 0;
    // Invisible characters count as read, too.
    let read = text.chars().take(max_chars.saturating_mul(READ_PER_OUTPUT_CHAR));
    let visible = read.filter(|character| character.is_whitespace() || !is_invisible(*character));
    for character in visible.nfkd().filter(|character| !is_mark(*character)).flat_map(char::to_lowercase) {
        if count >= max_chars {
            break;
        }
        match character {
            '\'' | '’' | '‘' | '`' | '´' | 'ʼ' => {}
            _ if is_mark(character) || is_invisible(character) && !character.is_whitespace() => {}
            _ if character.is_whitespace() => {
                if !folded.is_empty() && !folded.ends_with(' ') {
                    folded.push(' ');
                    count += 1;
                }
            }
            _ => {
                match transliterate(character) {
                    Some(letters) => folded.push_str(letters),
                    None => folded.push(character),
                }
                count += 1;
            }
        }
    }
    // Hangul and the like are put together again, so that a syllable is one character.
    folded.trim_end().nfc().collect()
}

/// Whether each character is a word: scripts that put no spaces between words.
fn is_single_word(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether a character belongs to words: letters, digits, and the marks of scripts that need them.
fn is_word_char(character: char) -> bool {
    character.is_alphanumeric()
        || matches!(character, '\u{0900}'..='\u{0dff}' | '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}')
}

/// The words of a folded text: runs of letters and digits, or single characters in scripts without spaces.
pub fn split_words(folded: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut length) = (None, 0);
    for (index, character) in folded.char_indices() {
        let ends = !is_word_char(character) || is_single_word(character) || length >= WORD_CHARS;
        if let Some(from) = start.filter(|_| ends) {
            words.extend(folded.get(from..index));
            (start, length) = (None, 0);
        }
        if is_single_word(character) {
            words.extend(folded.get(index..index + character.len_utf8()));
        } else if is_word_char(character) {
            start = start.or(Some(index));
            length += 1;
        }
    }
    words.extend(start.and_then(|from| folded.get(from..)));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_in_many_spellings_is_one_text() {
        for (written, folded) in [
            ("  Café\tCRÈME  ", "cafe creme"),
            ("Straße", "strasse"),
            ("ＭＵＧ　１２ｃｍ", "mug 12cm"),
            ("M\u{200b}U\u{feff}G", "mug"),
            ("ΚΑΦΈΣ", "καφεσ"),
            ("Чёрный", "черныи"),
            ("Łódź Æble", "lodz aeble"),
            ("50's", "50s"),
            ("한글", "한글"),
            ("", ""),
        ] {
            assert_eq!(fold(written, 100), folded, "{written:?}");
        }
    }

    #[test]
    fn words_are_found_in_every_script() {
        assert_eq!(split_words("set/6 t-light, 12.5cm"), ["set", "6", "t", "light", "12", "5cm"]);
        assert_eq!(split_words("赤いカップ mug"), ["赤", "い", "カ", "ッ", "プ", "mug"]);
        assert_eq!(split_words("красная кружка"), ["красная", "кружка"]);
        assert_eq!(split_words("कप लाल"), ["कप", "लाल"]);
        assert_eq!(split_words(&"a".repeat(90)).iter().map(|word| word.len()).collect::<Vec<_>>(), [40, 40, 10]);
    }

    #[test]
    fn a_hostile_text_is_cut() {
        for unit in ["a", "\u{200b}", "\u{0301}", "\u{fdfa}", " ", "💥", "İ"] {
            let text = unit.repeat(1_000_000 / unit.len());
            let folded = fold(&text, 256);
            assert!(folded.chars().count() <= 256 * 2, "{unit:?} {}", folded.len());
        }
    }
}
