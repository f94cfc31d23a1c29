//! White space, punctuation, abbreviations and units.

use super::style::Style;
use crate::folding::is_invisible;

/// Units that cannot be confused with a product code, in lower case, each with its usual spelling.
const UNITS: &[(&str, &str)] = &[
    ("mm", "mm"),
    ("cm", "cm"),
    ("cms", "cm"),
    ("ml", "ml"),
    ("cl", "cl"),
    ("ltr", "l"),
    ("litre", "l"),
    ("kg", "kg"),
    ("kgs", "kg"),
    ("gr", "g"),
    ("mg", "mg"),
    ("oz", "oz"),
    ("lb", "lb"),
    ("lbs", "lb"),
    ("watt", "W"),
    ("w", "W"),
];

/// Words behind which a number is a count: `S/4`, `SET/6`.
const COUNT_WORDS: &[(&str, &str)] = &[("s", "Set of "), ("set", "Set of "), ("pack", "Pack of "), ("box", "Box of ")];

pub(super) fn normalize_whitespace(name: &str) -> String {
    let visible: String = name.chars().filter(|character| character.is_whitespace() || !is_invisible(*character)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn normalize_punctuation(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut result = String::new();
    for (index, character) in characters.iter().enumerate() {
        let next = characters.get(index + 1).copied();
        match character {
            ',' | ';' => {
                let is_repeated = next == Some(*character);
                if is_repeated {
                    continue;
                }
                while result.ends_with(' ') {
                    result.pop();
                }
                result.push(*character);
                let is_number = result.chars().rev().nth(1).is_some_and(char::is_numeric) && next.is_some_and(char::is_numeric);
                if !is_number && next.is_some_and(|next| !next.is_whitespace() && next.is_alphanumeric()) {
                    result.push(' ');
                }
            }
            '!' | '?' if next == Some(*character) => {}
            _ => result.push(*character),
        }
    }
    result.trim_matches(|end: char| end.is_whitespace() || matches!(end, ',' | ';' | '*')).to_owned()
}

pub(super) fn expand_abbreviations(name: &str, style: &Style) -> String {
    let mut runs: Vec<String> = Vec::new();
    for (index, run) in name.split(' ').enumerate() {
        let lower = run.to_lowercase();
        let (bare, end) = lower.strip_suffix(',').map_or((lower.as_str(), ""), |bare| (bare, ","));
        let counted = COUNT_WORDS.iter().find_map(|(short, long)| {
            let number = bare.strip_prefix(short)?.strip_prefix('/')?;
            let is_count = !number.is_empty() && number.len() <= 3 && number.chars().all(|digit| digit.is_ascii_digit());
            is_count.then(|| format!("{}{number}{end}", if index == 0 { (*long).to_owned() } else { long.to_lowercase() }))
        });
        let spelled = || style.abbreviations.get(bare).map(|long| format!("{}{end}", match_case(run, long, index == 0)));
        runs.push(counted.or_else(spelled).unwrap_or_else(|| run.to_owned()));
    }
    runs.join(" ")
}

/// The long form in capitals if the short one is, with one at the start of the name.
fn match_case(short: &str, long: &str, is_first: bool) -> String {
    let letter_count = short.chars().filter(|character| character.is_alphabetic()).count();
    let capital_count = short.chars().filter(|character| character.is_uppercase()).count();
    if letter_count > 0 && letter_count == capital_count {
        long.to_uppercase()
    } else if is_first {
        let mut rest = long.chars();
        rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
    } else {
        long.to_owned()
    }
}

pub(super) fn normalize_units(name: &str) -> String {
    let mut runs: Vec<String> = Vec::new();
    for run in name.split(' ') {
        let bare = run.trim_end_matches([',', ';', ')']);
        let end = run.get(bare.len()..).unwrap_or_default();
        let follows_number = runs.last().is_some_and(|before| is_number(before));
        runs.push(match split_measure(bare) {
            Some((number, unit)) => format!("{number} {unit}{end}"),
            None if follows_number => spelled_unit(bare).map_or_else(|| run.to_owned(), |unit| format!("{unit}{end}")),
            None => run.to_owned(),
        });
    }
    runs.join(" ")
}

fn spelled_unit(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    UNITS.iter().find(|(unit, _)| *unit == lower).map(|(_, spelling)| *spelling)
}

/// Digits, perhaps with a point, a comma or an `x` between them: `25x24x12`, `1,5`.
fn is_number(text: &str) -> bool {
    let digits = text.starts_with(|first: char| first.is_ascii_digit()) && text.ends_with(|last: char| last.is_ascii_digit());
    digits && text.chars().all(|character| character.is_ascii_digit() || matches!(character, '.' | ',' | 'x' | 'X' | '×'))
}

/// `12CM` as its number and its unit.
fn split_measure(run: &str) -> Option<(&str, &'static str)> {
    let unit_start = run.find(|character: char| character.is_alphabetic() && !matches!(character, 'x' | 'X'))?;
    let (number, text) = run.split_at(unit_start);
    is_number(number).then(|| spelled_unit(text)).flatten().map(|unit| (number, unit))
}

/// Whether a run is a measure or a correctly spelled unit: its case is already right.
pub(super) fn is_unit(run: &str) -> bool {
    let bare = run.trim_end_matches([',', ';', ')']);
    split_measure(bare).is_some() || UNITS.iter().any(|(_, spelling)| *spelling == bare)
}

/// Whether a run is a code: letters and digits in one, and neither a measure nor a count such as `S/4`, a decade such as `50'S`, or an ordinal.
pub(super) fn is_code(run: &str) -> bool {
    let bare = run.trim_matches([',', ';', '!', '(', ')', '"']);
    let has = |is: fn(char) -> bool| bare.chars().any(is);
    let lower = bare.to_lowercase();
    let is_count = COUNT_WORDS.iter().any(|(short, _)| lower.strip_prefix(short).is_some_and(|rest| rest.starts_with('/')));
    let (digits, rest) = lower.split_at(lower.find(|character: char| !character.is_ascii_digit()).unwrap_or(lower.len()));
    let is_decade = !digits.is_empty() && matches!(rest, "'s" | "’s" | "st" | "nd" | "rd" | "th" | "x");
    has(char::is_numeric) && has(char::is_alphabetic) && split_measure(bare).is_none() && !is_count && !is_decade
}
