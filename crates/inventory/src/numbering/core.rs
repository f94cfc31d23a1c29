//! Patterns of document numbers: formatting numbers, and parsing texts as numbers.

use entity::prelude::*;
use platform::stages::{Stage, Staged};

/// The kinds of documents whose numbers have patterns, with their default letters.
pub const KINDS: [(Numbered, &str); 7] = [
    (Numbered::Order, "SO"),
    (Numbered::PurchaseOrder, "PO"),
    (Numbered::Transfer, "TR"),
    (Numbered::Count, "CN"),
    (Numbered::Return, "RT"),
    (Numbered::SupplierReturn, "SR"),
    (Numbered::BlanketOrder, "BPO"),
];
/// Default digits of a number.
const DEFAULT_DIGITS: usize = 6;
/// The most digits that a pattern may have.
const MAX_WIDTH: usize = 12;
/// Characters of a pattern.
const MAX_CHARACTERS: usize = 32;
/// The most patterns that a kind has had.
pub const MAX_VERSIONS: usize = 50;
/// The most digits of a parsed number.
const MAX_DIGITS: usize = 18;
/// Placeholder for each digit of a number that is not assigned: a dry run assigns none.
pub const DIGIT_PLACEHOLDER: &str = "·";

/// Format of document numbers: letters, then the number with zeros up to a width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    letters: String,
    width: usize,
}

/// Reason to refuse a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    Missing,
    TooLong,
    /// The pattern does not end with `{n:1}` to `{n:12}`, or has another token.
    Token,
    /// The text before the token is not two capital letters followed by capitals, digits and hyphens, or a digit is next to
    /// the token.
    Letters,
    /// Another kind of document uses the letters, or used them before.
    Taken(Numbered),
    /// The kind has had the most patterns that are stored.
    TooMany,
}

impl Staged for Problem {
    fn stage(&self) -> Stage {
        match self {
            Self::Missing | Self::TooLong | Self::Token | Self::Letters => Stage::Shape,
            Self::Taken(_) | Self::TooMany => Stage::State,
        }
    }
}

impl Pattern {
    /// The default pattern of a kind.
    fn default_of(kind: Numbered) -> Self {
        Self { letters: default_letters(kind), width: DEFAULT_DIGITS }
    }

    /// Reads a pattern as a client writes it.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Problem::Missing);
        }
        if text.chars().count() > MAX_CHARACTERS {
            return Err(Problem::TooLong);
        }
        let pattern = Self::parse_stored(text).ok_or(Problem::Token)?;
        let prefix = pattern.letters.as_bytes();
        let starts_with_capitals = prefix.len() >= 2 && prefix[..2].iter().all(u8::is_ascii_uppercase);
        let is_plain = prefix.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'-');
        // A digit next to the number could not be distinguished from it.
        let ends_apart = !prefix.last().is_some_and(u8::is_ascii_digit);
        if starts_with_capitals && is_plain && ends_apart { Ok(pattern) } else { Err(Problem::Letters) }
    }

    /// Parses a stored pattern: also the one without letters that numbers had before there were patterns.
    pub fn parse_stored(text: &str) -> Option<Self> {
        let (prefix, token) = text.split_once('{')?;
        let width: usize = token.strip_prefix("n:")?.strip_suffix('}')?.parse().ok()?;
        (1..=MAX_WIDTH).contains(&width).then(|| Self { letters: prefix.to_owned(), width })
    }

    /// Returns the pattern in the clients' notation.
    pub fn to_notation(&self) -> String {
        format!("{}{{n:{}}}", self.letters, self.width)
    }

    /// Formats a number; one with more digits than the width has all of them.
    pub fn text(&self, number: i64) -> String {
        let width = self.width;
        format!("{}{number:0width$}", self.letters)
    }

    /// Returns the place at which formatted numbers contain a text that ends with these digits,
    /// preceded by `head`. Both are in capitals.
    fn find_digits(&self, head: &str, digits: &str) -> Option<DigitPosition> {
        let own_letters = self.letters.to_ascii_uppercase();
        if own_letters.contains(&format!("{head}{digits}")) {
            Some(DigitPosition::Letters)
        } else if head.is_empty() {
            Some(DigitPosition::Digits)
        } else {
            own_letters.ends_with(head).then_some(DigitPosition::FirstDigits)
        }
    }

    /// The pattern without a number: a dot for each digit.
    fn without_number(&self) -> String {
        format!("{}{}", self.letters, DIGIT_PLACEHOLDER.repeat(self.width))
    }
}

/// Formats a number of a kind without patterns: its digits; for zero, which a dry run has instead of a number, a dot.
pub fn digits_of(number: i64) -> String {
    if number > 0 { number.to_string() } else { DIGIT_PLACEHOLDER.to_owned() }
}

fn default_letters(kind: Numbered) -> String {
    KINDS.iter().find(|(numbered, _)| *numbered == kind).map(|(_, letters)| format!("{letters}-")).unwrap_or_default()
}

/// A pattern, and the first number of its kind that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub kind: Numbered,
    pub from: i64,
    pub pattern: Pattern,
}

/// Position of a text in formatted numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigitPosition {
    /// In the letters: each number has it.
    Letters,
    /// Its digits are the first ones of the number.
    FirstDigits,
    /// Its digits are anywhere in the number.
    Digits,
}

impl DigitPosition {
    /// Returns its name, which must not change, since cursors contain it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Letters => "LETTERS",
            Self::FirstDigits => "FIRST_DIGITS",
            Self::Digits => "DIGITS",
        }
    }
}

/// Numbers of one pattern whose formatted form may have a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchingNumbers {
    pub from: i64,
    /// The last number.
    pub to: i64,
    /// Minimum digits of each number.
    pub width: usize,
    pub place: DigitPosition,
}

/// The patterns of a tenant, with the last assigned numbers of its counter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patterns {
    /// Patterns that were chosen.
    versions: Vec<Version>,
    /// The last number of each kind.
    last: Vec<(Numbered, i64)>,
}

impl Patterns {
    pub fn new(mut versions: Vec<Version>, last: Vec<(Numbered, i64)>) -> Self {
        versions.sort_by_key(|version| version.from);
        Self { versions, last }
    }

    fn last(&self, kind: Numbered) -> i64 {
        self.last.iter().find(|(numbered, _)| *numbered == kind).map_or(0, |(_, last)| *last)
    }

    /// Whether these patterns are known to hold for a number: it had been given out when they were read.
    pub fn covers_number(&self, kind: Numbered, number: i64) -> bool {
        number <= self.last(kind)
    }

    fn of(&self, kind: Numbered) -> impl DoubleEndedIterator<Item = &Version> {
        self.versions.iter().filter(move |version| version.kind == kind)
    }

    /// The pattern of a number.
    pub fn at(&self, kind: Numbered, number: i64) -> Pattern {
        let version = self.of(kind).rfind(|version| version.from <= number);
        version.map_or_else(|| Pattern::default_of(kind), |version| version.pattern.clone())
    }

    /// Formats a number. Zero, which a dry run has instead of a number, is the pattern of the next number with dots for
    /// digits.
    pub fn text(&self, kind: Numbered, number: i64) -> String {
        if default_letters(kind).is_empty() {
            digits_of(number)
        } else if number > 0 {
            self.at(kind, number).text(number)
        } else {
            self.at(kind, self.last(kind) + 1).without_number()
        }
    }

    /// The pattern of the next number, and the number in it.
    pub fn next(&self, kind: Numbered) -> (Pattern, String) {
        let number = self.last(kind) + 1;
        let pattern = self.at(kind, number);
        let text = pattern.text(number);
        (pattern, text)
    }

    /// True if numbers of a kind have these letters, had them, or have them by default. Case is ignored.
    fn has_letters(&self, kind: Numbered, prefix: &str) -> bool {
        default_letters(kind).eq_ignore_ascii_case(prefix)
            || self.of(kind).any(|version| version.pattern.letters.eq_ignore_ascii_case(prefix))
    }

    /// True if the letters of a kind's numbers begin with this text. Case is ignored.
    pub fn is_letter_prefix(&self, kind: Numbered, text: &str) -> bool {
        let has_prefix = |prefix: &str| prefix.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text));
        has_prefix(&default_letters(kind)) || self.of(kind).any(|version| has_prefix(&version.pattern.letters))
    }

    /// Returns the digits of a text that may be a number of a kind, with or without its letters, and without leading zeros;
    /// None for any other text. A text of letters alone has no digits.
    pub fn digits<'a>(&self, kind: Numbered, text: &'a str) -> Option<&'a str> {
        let text = text.trim();
        let prefix = text.trim_end_matches(|character: char| character.is_ascii_digit());
        let is_own = prefix.is_empty() || self.has_letters(kind, prefix);
        is_own.then(|| text[prefix.len()..].trim_start_matches('0'))
    }

    /// Returns the number of a kind that a text is. Case and leading zeros are ignored.
    pub fn number(&self, kind: Numbered, text: &str) -> Option<i64> {
        let digits = self.digits(kind, text)?;
        if digits.len() > MAX_DIGITS { None } else { digits.parse().ok() }
    }

    /// Returns the digits that a text ends with, and the numbers of a kind whose formatted form, with zeros and letters, may
    /// have the text. Case is ignored.
    pub fn find_matching(&self, kind: Numbered, text: &str) -> (String, Vec<MatchingNumbers>) {
        let text = text.to_ascii_uppercase();
        let head = text.trim_end_matches(|sign: char| sign.is_ascii_digit());
        let digits = &text[head.len()..];
        let has_letters = !default_letters(kind).is_empty();
        let default_version = if has_letters { Pattern::default_of(kind) } else { Pattern { letters: String::new(), width: 1 } };
        let default_version = Version { kind, from: 1, pattern: default_version };
        let (mut to, mut matching) = (i64::MAX, Vec::new());
        for version in self.of(kind).rev().chain([&default_version]) {
            let from = version.from;
            if let Some(digit_position) = version.pattern.find_digits(head, digits).filter(|_| from <= to) {
                matching.push(MatchingNumbers { from, to, width: version.pattern.width, place: digit_position });
            }
            to = to.min(from - 1);
        }
        (digits.to_owned(), matching)
    }

    /// Returns the version that a kind gets with a pattern; None if its next number has the pattern
    /// already.
    ///
    /// # Errors
    /// All conflicts with the existing patterns.
    pub fn change(&self, kind: Numbered, pattern: Pattern) -> Result<Option<Version>, Vec<Problem>> {
        let from = self.last(kind) + 1;
        if self.at(kind, from) == pattern {
            return Ok(None);
        }
        let prefix_owner = KINDS.iter().find(|(numbered, _)| *numbered != kind && self.has_letters(*numbered, &pattern.letters));
        // A pattern without any number is replaced by the new one.
        let is_full = self.of(kind).filter(|version| version.from != from).count() >= MAX_VERSIONS;
        let taken_problem = prefix_owner.map(|(numbered, _)| Problem::Taken(*numbered));
        let problems: Vec<Problem> = taken_problem.into_iter().chain(is_full.then_some(Problem::TooMany)).collect();
        if problems.is_empty() { Ok(Some(Version { kind, from, pattern })) } else { Err(problems) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    /// Orders 1 to 9 are digits, 10 to 19 have the default pattern, and from 20 on a chosen one; 25 numbers were assigned.
    fn patterns() -> Patterns {
        let version = |from, text| Version { kind: Numbered::Order, from, pattern: Pattern::parse_stored(text).unwrap() };
        let versions = vec![version(20, "WEB-{n:3}"), version(1, "{n:1}"), version(10, "SO-{n:6}")];
        Patterns::new(versions, vec![(Numbered::Order, 25)])
    }

    #[test]
    fn a_number_is_written_in_the_pattern_of_its_time() {
        let patterns = patterns();
        for (number, text) in
            [(0, "WEB-···"), (9, "9"), (10, "SO-000010"), (19, "SO-000019"), (20, "WEB-020"), (1_234, "WEB-1234")]
        {
            assert_eq!(patterns.text(Numbered::Order, number), text);
        }
        assert_eq!(Patterns::default().text(Numbered::PurchaseOrder, 7), "PO-000007");
        assert_eq!(Patterns::default().text(Numbered::PurchaseOrder, 0), "PO-······");
        assert_eq!([7, 0].map(|number| Patterns::default().text(Numbered::Reversal, number)), ["7", "·"]);
        assert_eq!(patterns.next(Numbered::Order), (pattern("WEB-{n:3}"), "WEB-026".to_owned()));
        assert!(patterns.covers_number(Numbered::Order, 25) && !patterns.covers_number(Numbered::Order, 26));
    }

    #[test]
    fn a_number_is_read_with_the_letters_that_its_kind_has_or_had_and_without() {
        let patterns = patterns();
        for text in ["7", "007", "SO-7", "so-000007", " Web-07 "] {
            assert_eq!(patterns.number(Numbered::Order, text), Some(7), "{text}");
        }
        for text in ["", "SO-", "PO-7", "-7", "SO7", "SO-7-7", "7a", "0", "WEB-···", "99999999999999999999"] {
            assert_eq!(patterns.number(Numbered::Order, text), None, "{text}");
        }
        assert_eq!(patterns.digits(Numbered::Order, "web-"), Some(""));
        for (text, is_letter_prefix) in
            [("S", true), ("so", true), ("we", true), ("SO-", true), ("O", false), ("SO-1", false), ("PO", false)]
        {
            assert_eq!(patterns.is_letter_prefix(Numbered::Order, text), is_letter_prefix, "{text}");
        }
        assert_eq!(patterns.number(Numbered::Transfer, "WEB-7"), None);
    }

    #[test]
    fn a_text_is_looked_for_in_numbers_as_they_are_shown() {
        let patterns = patterns();
        let showing = |from, to, width, place| MatchingNumbers { from, to, width, place };
        let all =
            [(20, i64::MAX, 3), (10, 19, 6), (1, 9, 1)].map(|(from, to, width)| showing(from, to, width, DigitPosition::Digits));
        assert_eq!(patterns.find_matching(Numbered::Order, "0010"), ("0010".to_owned(), all.to_vec()));
        let so_ten = vec![showing(10, 19, 6, DigitPosition::FirstDigits)];
        assert_eq!(patterns.find_matching(Numbered::Order, "o-00001"), ("00001".to_owned(), so_ten));
        let web_all = vec![showing(20, i64::MAX, 3, DigitPosition::Letters)];
        assert_eq!(patterns.find_matching(Numbered::Order, "eb"), (String::new(), web_all));
        for none in ["%", "PO-1", "1-", "SO-1x"] {
            assert!(patterns.find_matching(Numbered::Order, none).1.is_empty(), "{none}");
        }
        let one = MatchingNumbers { from: 1, to: i64::MAX, width: 1, place: DigitPosition::Digits };
        assert_eq!(Patterns::default().find_matching(Numbered::Revaluation, "0").1, [one], "no zeros are shown before them");
    }

    #[test]
    fn a_pattern_is_letters_and_the_number() {
        for text in ["SO-{n:6}", "PO{n:1}", "AB2-{n:12}"] {
            assert_eq!(pattern(text).to_notation(), text);
        }
        for (text, problem) in [
            (" ", Problem::Missing),
            ("SO-", Problem::Token),
            ("SO-{n}", Problem::Token),
            ("SO-{n:0}", Problem::Token),
            ("SO-{n:13}", Problem::Token),
            ("SO-{n:6}-A", Problem::Token),
            ("SO-{n:6}{n:6}", Problem::Token),
            ("{n:6}", Problem::Letters),
            ("S-{n:6}", Problem::Letters),
            ("so-{n:6}", Problem::Letters),
            ("SO 1-{n:6}", Problem::Letters),
            ("SO-1{n:6}", Problem::Letters),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZABCD-{n:6}", Problem::TooLong),
        ] {
            assert_eq!(Pattern::parse(text), Err(problem), "{text}");
        }
    }

    #[test]
    fn a_change_begins_with_the_next_number_and_takes_no_letters_of_another_kind() {
        let patterns = patterns();
        assert_eq!(patterns.change(Numbered::Order, pattern("WEB-{n:3}")), Ok(None));
        let wider = Version { kind: Numbered::Order, from: 26, pattern: pattern("WEB-{n:6}") };
        assert_eq!(patterns.change(Numbered::Order, pattern("WEB-{n:6}")), Ok(Some(wider)));
        assert_eq!(patterns.change(Numbered::Transfer, pattern("WEB-{n:6}")), Err(vec![Problem::Taken(Numbered::Order)]));
        assert_eq!(patterns.change(Numbered::Order, pattern("PO-{n:4}")), Err(vec![Problem::Taken(Numbered::PurchaseOrder)]));
        assert_eq!(Patterns::default().change(Numbered::Count, pattern("CN-{n:6}")), Ok(None), "as nobody chose");
        let many = (1..=50).map(|from| Version { kind: Numbered::Count, from, pattern: pattern("CN-{n:6}") }).collect();
        let full = Patterns::new(many, vec![(Numbered::Count, 60)]);
        assert_eq!(full.change(Numbered::Count, pattern("CN-{n:4}")), Err(vec![Problem::TooMany]));
        let both = vec![Problem::Taken(Numbered::PurchaseOrder), Problem::TooMany];
        assert_eq!(full.change(Numbered::Count, pattern("PO-{n:4}")), Err(both));
    }
}
