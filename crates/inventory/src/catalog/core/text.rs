//! Keys of texts and codes of countries: the common form of different spellings.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Returns the stored form of a text (Unicode's NFC): Å is the same letter whether it was typed as
/// one character or as an A and its ring.
pub fn normalize_nfc(text: &str) -> Cow<'_, str> {
    if is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// Returns the stored form of a name that is unique by its exact spelling.
pub fn normal_form(text: &str) -> String {
    normalize_nfc(text).into_owned()
}

/// Returns the case-folded key of a text, which is unique and sorted. Characters are folded one by
/// one, so that a word has the same key at any place (Unicode's lower case of a final sigma depends
/// on its neighbours), and ß equals ss.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    normalize_nfc(text).chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// Returns the folded runs of letters and digits of a text, which search compares.
pub fn words(text: &str) -> Vec<String> {
    fold(text).split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Returns the smallest text that sorts, by bytes of UTF-8, after every text that begins with
/// `prefix`. None if no such text exists.
pub fn prefix_upper_bound(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last_char) = chars.pop() {
        let next_char = match last_char {
            '\u{d7ff}' => Some('\u{e000}'),
            other => char::from_u32(other as u32 + 1),
        };
        if let Some(next_char) = next_char {
            chars.push(next_char);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

/// Returns a word unchanged, in small letters, in capitals, and with a capital first: references
/// are stored as sent, and no index folds them.
pub fn spellings(word: &str) -> Vec<String> {
    let lowercase = word.to_ascii_lowercase();
    let mut capitalized = lowercase.clone();
    if let Some(letter) = capitalized.get_mut(..1) {
        letter.make_ascii_uppercase();
    }
    let mut word_forms = vec![word.to_owned(), word.to_ascii_uppercase(), lowercase, capitalized];
    word_forms.sort_unstable();
    word_forms.dedup();
    word_forms
}

/// Returns a slug for a name: letters and digits of ASCII, all other runs become one hyphen.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in fold(name).chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(MAX_SLUG_LENGTH);
    slug.trim_end_matches('-').to_owned()
}

/// The longest slug, in bytes.
pub const MAX_SLUG_LENGTH: usize = 100;

/// Lower-case letters and digits of ASCII, and single hyphens between them.
pub fn is_slug(text: &str) -> bool {
    let is_valid_part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.split('-').all(is_valid_part)
}

/// Writes codes of ISO 3166 in capitals; any other text is kept unchanged.
pub fn country_code(text: String) -> String {
    let (country, rest) = text.split_once('-').unwrap_or((&text, "A"));
    let is_code = country.len() == 2
        && country.bytes().all(|b| b.is_ascii_alphabetic())
        && (1..=3).contains(&rest.len())
        && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_code { text.to_ascii_uppercase() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn country_codes_are_capitals_and_names_stay() {
        for (given, normal_form) in
            [("gb", "GB"), ("gb-cha", "GB-CHA"), ("United Kingdom", "United Kingdom"), ("Vy-dehrad", "Vy-dehrad")]
        {
            assert_eq!(country_code(given.to_owned()), normal_form);
        }
    }

    #[test]
    fn spellings_share_a_key() {
        assert_eq!(fold("Mug-ÄÖ"), fold("mUG-äö"));
        assert_eq!(fold("STRASSE"), fold("straße"));
        assert_eq!(fold("ΟΔΟΣ"), fold("οδος"));
        assert_eq!(fold("A\u{30a}ngstro\u{308}m"), fold("Ångström"));
        assert_eq!(words("A\u{30a}ngstro\u{308}m 2"), ["ångström", "2"]);
    }

    #[test]
    fn a_prefix_ends_where_the_next_begins() {
        assert_eq!(prefix_upper_bound("mug").as_deref(), Some("muh"));
        assert_eq!(prefix_upper_bound("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(prefix_upper_bound("\u{10ffff}"), None);
        assert_eq!(prefix_upper_bound("\u{d7ff}").as_deref(), Some("\u{e000}"));
    }

    #[test]
    fn a_word_is_looked_for_in_its_usual_spellings() {
        assert_eq!(spellings("wEB-1"), ["WEB-1", "Web-1", "wEB-1", "web-1"]);
        assert_eq!(spellings("1001"), ["1001"]);
        assert_eq!(spellings("été"), ["éTé", "été"]);
        assert_eq!(spellings(""), [""]);
    }

    #[test]
    fn slugs_are_plain() {
        assert_eq!(slug_of("Candles & T-Lights"), "candles-t-lights");
        assert!(is_slug("a-1") && !is_slug("") && !is_slug("a--b") && !is_slug("-a") && !is_slug("A"));
    }
}
