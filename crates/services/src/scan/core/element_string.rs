//! Element strings: identifiers followed by their values, with a separator after those of variable
//! length, or with the identifiers in brackets.

use super::{
    check_digit::checks,
    identifier::{Identifier, Length},
    reading::{
        Builder, Format,
        ProblemKind::{TooLong, Truncated, UnknownIdentifier},
        ScannedCode,
    },
};

/// Symbology identifiers that scanners send before a GS1 code: of GS1-128, GS1 DataMatrix, GS1 QR
/// code, GS1 DataBar and GS1 DotCode.
const SYMBOLOGIES: [&str; 5] = ["]C1", "]d2", "]Q3", "]e0", "]J1"];

/// The separator, and the ways in which keyboards type it.
const SEPARATORS: [&str; 4] = ["\u{1d}", "<GS>", "{GS}", "\\x1d"];

/// Returns the length in bytes of the separator that a text begins with; 0 if it begins with none.
fn separator_length(text: &str) -> usize {
    let separator_text = SEPARATORS.iter().find(|separator| text.starts_with(**separator));
    separator_text.map_or(0, |separator| separator.len())
}

/// Returns `None` for a code that is no element string.
pub fn read(code: &str, year: i32) -> Option<ScannedCode> {
    let mark_length = SYMBOLOGIES.iter().find(|mark| code.starts_with(**mark)).map_or(0, |mark| mark.len());
    let body = &code[mark_length..];
    if bracketed_identifier(body).is_some() {
        return Some(read_brackets(code, mark_length, year));
    }
    let begins_with_separator = separator_length(body) > 0;
    let has_separator = body.char_indices().any(|(at, _)| separator_length(&body[at..]) > 0);
    if mark_length > 0 || begins_with_separator {
        return Some(read_elements(code, mark_length, year));
    }
    // An unmarked code must begin with a number that has a valid check digit, and continue after
    // it.
    let reading = read_elements(code, 0, year);
    let first = reading.elements.first()?;
    let checks = matches!(first.identifier.as_str(), "00" | "01" | "02") && checks(&first.value);
    let is_continued = reading.elements.len() > 1 || reading.problem.is_some() || code.len() == first.value.len() + 2;
    (checks && is_continued || has_separator && reading.problem.is_none()).then_some(reading)
}

/// Reads consecutive elements, from `from` on.
fn read_elements(code: &str, from: usize, year: i32) -> ScannedCode {
    let (mut builder, mut at) = (Builder::default(), from);
    while at < code.len() {
        let skipped = separator_length(&code[at..]);
        if skipped > 0 {
            at += skipped;
            continue;
        }
        let Some(identifier) = Identifier::at(&code[at..]) else {
            // A truncated identifier, or an unknown one.
            let rest = &code[at..];
            let is_cut = rest.len() < 4
                && rest.bytes().all(|byte| byte.is_ascii_digit())
                && (rest.len() < 2 || Identifier::is_long_prefix(rest));
            builder.record_problem(if is_cut { Truncated } else { UnknownIdentifier }, at);
            break;
        };
        let text = &code[at + identifier.digits.len()..];
        let Some(length) = value_length(&mut builder, identifier.length, text, at) else { break };
        builder.add_value(&identifier, &text[..length], at, year);
        at += identifier.digits.len() + length;
    }
    builder.finish(Format::ElementString)
}

/// Returns the length in bytes of the value at the beginning of a text. For a truncated value it
/// records the problem and returns `None`.
fn value_length(builder: &mut Builder, length: Length, text: &str, at: usize) -> Option<usize> {
    let end = text.char_indices().map(|(at, _)| at).find(|at| separator_length(&text[*at..]) > 0).unwrap_or(text.len());
    match length {
        Length::Fixed(size) => {
            let value = text.get(..size).filter(|value| end >= size && value.bytes().all(|byte| byte.is_ascii_digit()));
            if value.is_none() {
                builder.record_problem(Truncated, at);
            }
            value.map(str::len)
        }
        Length::UpTo(limit) | Length::DigitsUpTo(limit) => {
            let value = &text[..end];
            let is_whole =
                !value.is_empty() && (matches!(length, Length::UpTo(_)) || value.bytes().all(|byte| byte.is_ascii_digit()));
            if !is_whole {
                builder.record_problem(Truncated, at);
                return None;
            }
            if value.chars().count() > limit {
                builder.record_problem(TooLong, at);
                return None;
            }
            Some(end)
        }
    }
}

/// Returns the identifier in brackets at the start of a text.
fn bracketed_identifier(text: &str) -> Option<Identifier<'_>> {
    let inside = text.strip_prefix('(')?;
    let identifier = Identifier::at(inside)?;
    inside[identifier.digits.len()..].starts_with(')').then_some(identifier)
}

/// Returns the position of the bracket at the end of a text in which an identifier was truncated.
fn truncated_bracket(text: &str) -> Option<usize> {
    let open = text.rfind('(')?;
    let digits = &text[open + 1..];
    (digits.len() <= 4 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(open)
}

/// Reads elements with their identifiers in brackets. A bracket that is not followed by a known
/// identifier belongs to the value.
fn read_brackets(code: &str, from: usize, year: i32) -> ScannedCode {
    let (mut builder, mut at) = (Builder::default(), from);
    while at < code.len() {
        let skipped = separator_length(&code[at..]);
        if skipped > 0 {
            at += skipped;
            continue;
        }
        let Some(identifier) = bracketed_identifier(&code[at..]) else {
            let is_cut = code[at..].starts_with('(') && !code[at..].contains(')');
            builder.record_problem(if is_cut { Truncated } else { UnknownIdentifier }, at);
            break;
        };
        let begin = at + identifier.digits.len() + 2;
        let text = &code[begin..];
        let is_value_end = |at: &usize| bracketed_identifier(&text[*at..]).is_some() || separator_length(&text[*at..]) > 0;
        let mut end = text.char_indices().map(|(at, _)| at).find(is_value_end).unwrap_or(text.len());
        if end == text.len() {
            end = truncated_bracket(text).unwrap_or(end);
        }
        if let Length::Fixed(size) = identifier.length
            && end > size
        {
            if !text.get(size..end).unwrap_or_default().starts_with('(') {
                builder.record_problem(TooLong, at);
                break;
            }
            // The next identifier is truncated in its brackets, or unknown.
            end = size;
        }
        let value = &text[..end];
        if value_length(&mut builder, identifier.length, value, at).is_none() {
            break;
        }
        builder.add_value(&identifier, value, at, year);
        at = begin + end;
    }
    builder.finish(Format::ElementString)
}
