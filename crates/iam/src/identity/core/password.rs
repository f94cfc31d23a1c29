//! Rules of passwords. Pure.
//!
//! The length counts, the composition does not (OWASP ASVS 5.0, 6.2). Refused are the passwords
//! that attackers guess first: well-known ones, also with digits and symbols added, runs of
//! keyboard keys, and words that belong to the person or the tenant.

use super::refusal::Weakness;

/// Characters.
pub const LENGTH_RANGE: std::ops::RangeInclusive<usize> = 12..=256;

/// Minimum letters or symbols of a password that remain after its well-known parts are removed.
const MIN_OWN_CHARS: usize = 4;
/// Minimum number of different characters.
const MIN_DISTINCT_CHARS: usize = 5;

/// Common words of passwords, in lower case. A word precedes the shorter words that it contains.
const COMMON_WORDS: &[&str] = &[
    "administrator",
    "contraseña",
    "motdepasse",
    "passphrase",
    "chocolate",
    "liverpool",
    "manchester",
    "password",
    "passwort",
    "passw",
    "iloveyou",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "basketball",
    "superman",
    "spiderman",
    "starwars",
    "pokemon",
    "whatever",
    "trustno",
    "letmein",
    "welcome",
    "charlie",
    "michael",
    "jessica",
    "ashley",
    "daniel",
    "jordan",
    "andrew",
    "joshua",
    "thomas",
    "robert",
    "matthew",
    "nicole",
    "amanda",
    "hunter",
    "monkey",
    "dragon",
    "master",
    "shadow",
    "killer",
    "batman",
    "cookie",
    "summer",
    "winter",
    "spring",
    "autumn",
    "freedom",
    "flower",
    "computer",
    "internet",
    "samsung",
    "google",
    "facebook",
    "access",
    "secret",
    "change",
    "default",
    "manager",
    "service",
    "server",
    "system",
    "qwerty",
    "qwertz",
    "azerty",
    "admin",
    "login",
    "guest",
    "hello",
    "test",
    "user",
    "root",
    "temp",
    "love",
    "abc",
    "changeme",
    "letme",
    "pass",
    "demo",
    "sample",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "friday",
    "inventory",
    "warehouse",
    "entrepot",
    "company",
    "please",
    "enter",
    "open",
    "sesame",
    "god",
    "sex",
    "money",
    "angel",
    "lovely",
    "babygirl",
    "soccer",
    "hockey",
    "yankees",
    "ferrari",
    "mustang",
    "porsche",
    "corvette",
    "harley",
    "arsenal",
    "chelsea",
    "barcelona",
    "juventus",
];

/// Rows of keyboards, and the alphabet.
const KEYBOARD_ROWS: &[&str] =
    &["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "abcdefghijklmnopqrstuvwxyz"];
/// Minimum length of a run.
const MIN_RUN_LENGTH: usize = 4;

/// Returns the reason to refuse a password. `context` are words of the person and the tenant;
/// `is_denied` is true of leaked passwords, given in lowercase.
pub fn find_weakness(password: &str, context: &[&str], is_denied: impl Fn(&str) -> bool) -> Option<Weakness> {
    let length = password.chars().count();
    if !LENGTH_RANGE.contains(&length) {
        return Some(Weakness::Length { least: *LENGTH_RANGE.start(), most: *LENGTH_RANGE.end() });
    }
    let lowercase = password.to_lowercase();
    let distinct_chars: std::collections::BTreeSet<char> = lowercase.chars().collect();
    let rest = without_runs(&lowercase);
    let context: Vec<String> = context.iter().flat_map(|text| words(text)).filter(|word| word.chars().count() >= 3).collect();
    let without_context = |text: String| context.iter().fold(text, |text, word| text.replace(word, " "));
    let without_known = |text: &str| COMMON_WORDS.iter().fold(undo_substitutions(text), |text, word| text.replace(word, " "));
    // A short word of the person's data may be part of a known word, or the other way round: the
    // order of removal that leaves less counts.
    let remainders = [without_known(&without_context(rest.clone())), without_context(without_known(&rest))];
    let own_length = |text: &String| text.chars().filter(|c| !c.is_whitespace() && !c.is_ascii_digit()).count();
    let own_length = remainders.iter().map(own_length).min().unwrap_or_default();
    let is_common = distinct_chars.len() < MIN_DISTINCT_CHARS || own_length < MIN_OWN_CHARS || is_denied(&lowercase);
    is_common.then_some(Weakness::Common)
}

/// Step between the minimum lengths that a tenant may require, which are 12 to 64.
pub const LENGTH_STEP: i64 = 4;
pub const LENGTHS: std::ops::RangeInclusive<i64> = 12..=64;

/// Returns the lower bound of a password's length that may be stored: coarse, so that it reveals
/// little to a reader of the database.
pub fn length_class(password: &str) -> i64 {
    let length = i64::try_from(password.chars().count()).unwrap_or(i64::MAX).min(*LENGTHS.end());
    length / LENGTH_STEP * LENGTH_STEP
}

/// The words of a name, an address or a slug: the whole text first.
fn words(text: &str) -> Vec<String> {
    let lowercase = text.trim().to_lowercase();
    let parts = lowercase.split(|c: char| !c.is_alphanumeric()).map(ToOwned::to_owned).filter(|part| !part.is_empty());
    let mut longest_first: Vec<String> = parts.collect();
    longest_first.sort_by_key(|word| std::cmp::Reverse(word.len()));
    longest_first.insert(0, lowercase);
    longest_first.retain(|word| !word.is_empty());
    longest_first
}

/// Replaces digits and signs by the letters that they imitate.
fn undo_substitutions(text: &str) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    // Digits without an adjacent letter are a number, and are not replaced.
    let chars: Vec<char> = text.chars().collect();
    let has_adjacent_letter = |index: usize| {
        let before = index.checked_sub(1).and_then(|before| chars.get(before));
        [before, chars.get(index + 1)].into_iter().flatten().any(|c| c.is_alphabetic())
    };
    chars.iter().enumerate().map(|(index, c)| if has_adjacent_letter(index) { letter(*c) } else { *c }).collect()
}

/// The text without runs over rows, in either direction.
fn without_runs(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let distance = |a: char, b: char, row: &str| {
        let column = |c| row.chars().position(|candidate| candidate == c);
        match (column(a), column(b)) {
            (Some(a), Some(b)) => i64::try_from(b).unwrap_or_default() - i64::try_from(a).unwrap_or_default(),
            _ => 0,
        }
    };
    let mut keep = vec![true; chars.len()];
    for row in KEYBOARD_ROWS {
        for step in [1, -1] {
            let mut start = 0;
            for index in 1..=chars.len() {
                if index < chars.len() && distance(chars[index - 1], chars[index], row) == step {
                    continue;
                }
                if index - start >= MIN_RUN_LENGTH {
                    keep[start..index].fill(false);
                }
                start = index;
            }
        }
    }
    chars.iter().zip(keep).map(|(c, keep)| if keep { *c } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_weak(password: &str) -> bool {
        let context = ["ada.lovelace@example.com", "Ada Lovelace", "Analytical Mugs", "analytical-mugs"];
        find_weakness(password, &context, |small| small == "a stolen passphrase of somebody").is_some()
    }

    #[test]
    fn takes_what_nobody_would_guess() {
        for password in [
            "correct horse battery staple",
            "four mugs on a shelf",
            "a warehouse full of mugs",
            "zR8#kqvT2mLp",
            "Пароль от сейфа в подвале",
            "x9-tulip-forty-gravel",
            "jW3kLm0pQx7v2nB8sT4yHg6d",
        ] {
            assert!(!is_weak(password), "{password}");
        }
    }

    #[test]
    fn lengths_are_kept_in_steps() {
        for (length, class) in [(0, 0), (11, 8), (12, 12), (15, 12), (16, 16), (64, 64), (256, 64)] {
            assert_eq!(length_class(&"ü".repeat(length)), class, "{length}");
        }
    }

    #[test]
    fn refuses_what_is_tried_first() {
        for password in [
            "elevenchars",
            "password1234",
            "P@ssw0rd2024!!",
            "passwordpassword",
            "Welcome12345!",
            "qwertyuiop12",
            "123456789012",
            "aaaaaaaaaaaa",
            "abababababab",
            "abcdefghijklm",
            "letmein123456",
            "Dragon-Monkey-99",
            "adalovelace1815",
            "Lovelace2024!",
            "analytical-mugs1",
            "ada.lovelace@example.com",
            "Entrepot2024!",
            "A stolen passphrase of somebody",
        ] {
            assert!(is_weak(password), "{password}");
        }
        assert!(is_weak(&"long and fine ".repeat(19)), "257 characters and more");
    }
}
