//! Patterns of numbers: how a number is written, and which number a text is.

use entity::prelude::*;
use platform::stages::{Stage, Staged};

/// The kinds of documents whose numbers have patterns, with the letters of those that nobody has chosen.
pub const KINDS: [(Numbered, &str); 7] = [
    (Numbered::Order, "SO"),
    (Numbered::PurchaseOrder, "PO"),
    (Numbered::Transfer, "TR"),
    (Numbered::Count, "CN"),
    (Numbered::Return, "RT"),
    (Numbered::SupplierReturn, "SR"),
    (Numbered::BlanketOrder, "BPO"),
];
/// Digits of a number that nobody has chosen.
const WIDTH: usize = 6;
/// The most digits that a pattern asks for.
const MOST_WIDTH: usize = 12;
/// Characters of a pattern.
const MOST_CHARACTERS: usize = 32;
/// The most patterns that a kind has had.
pub const MOST_VERSIONS: usize = 50;
/// Digits of a number that is read.
const MOST_DIGITS: usize = 18;
/// Shown for each digit of a number that is not given: a dry run takes none.
pub const NO_DIGIT: &str = "·";

/// How numbers are written: letters, and behind them the number with zeros up to a width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    letters: String,
    width: usize,
}

/// Why a pattern is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    Missing,
    TooLong,
    /// It does not end with `{n:1}` to `{n:12}`, or has another token.
    Token,
    /// Before the token stands something else than two capital letters and then capitals, digits and hyphens, or a digit stands next to it.
    Letters,
    /// Another kind of document has the letters, or had them.
    Taken(Numbered),
    /// The kind has had as many patterns as are kept.
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
    /// The pattern of a kind that nobody has chosen one for.
    fn usual(kind: Numbered) -> Self {
        Self { letters: usual_letters(kind), width: WIDTH }
    }

    /// Reads a pattern as a client writes it.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Problem::Missing);
        }
        if text.chars().count() > MOST_CHARACTERS {
            return Err(Problem::TooLong);
        }
        let pattern = Self::kept(text).ok_or(Problem::Token)?;
        let letters = pattern.letters.as_bytes();
        let begins = letters.len() >= 2 && letters[..2].iter().all(u8::is_ascii_uppercase);
        let is_plain = letters.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'-');
        // A digit beside the number could not be told from it.
        let is_apart = !letters.last().is_some_and(u8::is_ascii_digit);
        if begins && is_plain && is_apart { Ok(pattern) } else { Err(Problem::Letters) }
    }

    /// Reads a pattern as it is kept: also the one without letters that numbers had before there were patterns.
    pub fn kept(text: &str) -> Option<Self> {
        let (letters, token) = text.split_once('{')?;
        let width: usize = token.strip_prefix("n:")?.strip_suffix('}')?.parse().ok()?;
        (1..=MOST_WIDTH).contains(&width).then(|| Self { letters: letters.to_owned(), width })
    }

    /// As clients write it.
    pub fn written(&self) -> String {
        format!("{}{{n:{}}}", self.letters, self.width)
    }

    /// A number in this pattern; one of more digits has all of them.
    pub fn text(&self, number: i64) -> String {
        let width = self.width;
        format!("{}{number:0width$}", self.letters)
    }

    /// Which of its numbers have a text in them as they are shown: one that ends with these digits, and has this before them. Both are in capitals.
    fn place(&self, head: &str, digits: &str) -> Option<DigitPosition> {
        let letters = self.letters.to_ascii_uppercase();
        if letters.contains(&format!("{head}{digits}")) {
            Some(DigitPosition::Letters)
        } else if head.is_empty() {
            Some(DigitPosition::Digits)
        } else {
            letters.ends_with(head).then_some(DigitPosition::FirstDigits)
        }
    }

    /// The pattern without a number: a dot for each digit.
    fn without_number(&self) -> String {
        format!("{}{}", self.letters, NO_DIGIT.repeat(self.width))
    }
}

/// A number of a kind without patterns as it is shown: its digits; for zero, which a dry run has instead of a number, a dot.
pub fn digits_of(number: i64) -> String {
    if number > 0 { number.to_string() } else { NO_DIGIT.to_owned() }
}

fn usual_letters(kind: Numbered) -> String {
    KINDS.iter().find(|(of, _)| *of == kind).map(|(_, letters)| format!("{letters}-")).unwrap_or_default()
}

/// A pattern, and the first number of its kind that is written so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub kind: Numbered,
    pub from: i64,
    pub pattern: Pattern,
}

/// Where numbers have a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigitPosition {
    /// In their letters: each of them has it.
    Letters,
    /// Its digits are their first ones.
    FirstDigits,
    /// Its digits are anywhere in theirs.
    Digits,
}

impl DigitPosition {
    /// Name of it, which stays in cursors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Letters => "LETTERS",
            Self::FirstDigits => "FIRST_DIGITS",
            Self::Digits => "DIGITS",
        }
    }
}

/// Numbers of one pattern that may have a text as they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Showing {
    pub from: i64,
    /// The last one.
    pub to: i64,
    /// Digits that each of them has at least.
    pub width: usize,
    pub place: DigitPosition,
}

/// The patterns of a tenant as they were when the last numbers of its counter were given out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patterns {
    /// Those that were chosen.
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
        self.last.iter().find(|(of, _)| *of == kind).map_or(0, |(_, last)| *last)
    }

    /// Whether these patterns are known to hold for a number: it had been given out when they were read.
    pub fn reach(&self, kind: Numbered, number: i64) -> bool {
        number <= self.last(kind)
    }

    fn of(&self, kind: Numbered) -> impl DoubleEndedIterator<Item = &Version> {
        self.versions.iter().filter(move |version| version.kind == kind)
    }

    /// The pattern of a number.
    pub fn at(&self, kind: Numbered, number: i64) -> Pattern {
        let version = self.of(kind).rfind(|version| version.from <= number);
        version.map_or_else(|| Pattern::usual(kind), |version| version.pattern.clone())
    }

    /// A number as it is shown. Zero, which a dry run has instead of one, is the pattern of the next number with dots for digits.
    pub fn text(&self, kind: Numbered, number: i64) -> String {
        if usual_letters(kind).is_empty() {
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

    /// Whether numbers of a kind are, were or would by themselves be written with these letters. Capitals do not count.
    fn has_letters(&self, kind: Numbered, letters: &str) -> bool {
        usual_letters(kind).eq_ignore_ascii_case(letters)
            || self.of(kind).any(|version| version.pattern.letters.eq_ignore_ascii_case(letters))
    }

    /// Whether the letters of a kind's numbers begin with this text. Capitals do not count.
    pub fn is_beginning(&self, kind: Numbered, text: &str) -> bool {
        let begins = |letters: &str| letters.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text));
        begins(&usual_letters(kind)) || self.of(kind).any(|version| begins(&version.pattern.letters))
    }

    /// The digits of a text that may be a number of a kind, with or without its letters, and without the zeros before them; none of any other text. A text of
    /// letters alone has no digits.
    pub fn digits<'a>(&self, kind: Numbered, text: &'a str) -> Option<&'a str> {
        let text = text.trim();
        let letters = text.trim_end_matches(|sign: char| sign.is_ascii_digit());
        let is_own = letters.is_empty() || self.has_letters(kind, letters);
        is_own.then(|| text[letters.len()..].trim_start_matches('0'))
    }

    /// The number of a kind that a text is. Capitals and zeros before it do not count.
    pub fn number(&self, kind: Numbered, text: &str) -> Option<i64> {
        let digits = self.digits(kind, text)?;
        if digits.len() > MOST_DIGITS { None } else { digits.parse().ok() }
    }

    /// The digits that a text ends with, and the numbers of a kind that may have the text as they are shown, with their zeros and letters. Capitals do not
    /// count.
    pub fn showing(&self, kind: Numbered, text: &str) -> (String, Vec<Showing>) {
        let text = text.to_ascii_uppercase();
        let head = text.trim_end_matches(|sign: char| sign.is_ascii_digit());
        let digits = &text[head.len()..];
        let has_letters = !usual_letters(kind).is_empty();
        let usual = if has_letters { Pattern::usual(kind) } else { Pattern { letters: String::new(), width: 1 } };
        let usual = Version { kind, from: 1, pattern: usual };
        let (mut to, mut found) = (i64::MAX, Vec::new());
        for version in self.of(kind).rev().chain([&usual]) {
            let from = version.from;
            if let Some(place) = version.pattern.place(head, digits).filter(|_| from <= to) {
                found.push(Showing { from, to, width: version.pattern.width, place });
            }
            to = to.min(from - 1);
        }
        (digits.to_owned(), found)
    }

    /// The version that a kind gets with a pattern; none where its next number is written so already.
    ///
    /// # Errors
    /// All that the patterns of now have against it.
    pub fn change(&self, kind: Numbered, pattern: Pattern) -> Result<Option<Version>, Vec<Problem>> {
        let from = self.last(kind) + 1;
        if self.at(kind, from) == pattern {
            return Ok(None);
        }
        let owner = KINDS.iter().find(|(other, _)| *other != kind && self.has_letters(*other, &pattern.letters));
        // One that no number has been written in gives way to the new one.
        let is_full = self.of(kind).filter(|version| version.from != from).count() >= MOST_VERSIONS;
        let taken = owner.map(|(other, _)| Problem::Taken(*other));
        let problems: Vec<Problem> = taken.into_iter().chain(is_full.then_some(Problem::TooMany)).collect();
        if problems.is_empty() { Ok(Some(Version { kind, from, pattern })) } else { Err(problems) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    /// Orders 1 to 9 are digits, 10 to 19 as nobody chose, and from 20 on a shop's own; 25 were given out.
    fn patterns() -> Patterns {
        let version = |from, text| Version { kind: Numbered::Order, from, pattern: Pattern::kept(text).unwrap() };
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
        assert!(patterns.reach(Numbered::Order, 25) && !patterns.reach(Numbered::Order, 26));
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
        for (text, is_beginning) in
            [("S", true), ("so", true), ("we", true), ("SO-", true), ("O", false), ("SO-1", false), ("PO", false)]
        {
            assert_eq!(patterns.is_beginning(Numbered::Order, text), is_beginning, "{text}");
        }
        assert_eq!(patterns.number(Numbered::Transfer, "WEB-7"), None);
    }

    #[test]
    fn a_text_is_looked_for_in_numbers_as_they_are_shown() {
        let patterns = patterns();
        let showing = |from, to, width, place| Showing { from, to, width, place };
        let all =
            [(20, i64::MAX, 3), (10, 19, 6), (1, 9, 1)].map(|(from, to, width)| showing(from, to, width, DigitPosition::Digits));
        assert_eq!(patterns.showing(Numbered::Order, "0010"), ("0010".to_owned(), all.to_vec()));
        let so_ten = vec![showing(10, 19, 6, DigitPosition::FirstDigits)];
        assert_eq!(patterns.showing(Numbered::Order, "o-00001"), ("00001".to_owned(), so_ten));
        let web_all = vec![showing(20, i64::MAX, 3, DigitPosition::Letters)];
        assert_eq!(patterns.showing(Numbered::Order, "eb"), (String::new(), web_all));
        for none in ["%", "PO-1", "1-", "SO-1x"] {
            assert!(patterns.showing(Numbered::Order, none).1.is_empty(), "{none}");
        }
        let one = Showing { from: 1, to: i64::MAX, width: 1, place: DigitPosition::Digits };
        assert_eq!(Patterns::default().showing(Numbered::Revaluation, "0").1, [one], "no zeros are shown before them");
    }

    #[test]
    fn a_pattern_is_letters_and_the_number() {
        for text in ["SO-{n:6}", "PO{n:1}", "AB2-{n:12}"] {
            assert_eq!(pattern(text).written(), text);
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
