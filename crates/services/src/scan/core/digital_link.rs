//! GS1 Digital Links: a URL whose path has a key and its qualifiers, and whose query has
//! attributes.

use super::{
    identifier::{Identifier, Length},
    reading::{
        Builder, Format,
        ProblemKind::{Misplaced, TooLong, Truncated, UnknownIdentifier},
        ScannedCode,
    },
};

/// The primary keys, and the qualifiers of an item in the order in which they follow its GTIN.
const KEYS: [&str; 3] = ["01", "00", "414"];
const QUALIFIERS: [&str; 3] = ["22", "10", "21"];
/// Attributes of the query whose name is reported if the link ends within it.
const ATTRIBUTES: [&str; 5] = ["17", "11", "15", "30", "37"];

/// A part of a link, with its offset in bytes.
type Part<'a> = (usize, &'a str);

/// Returns `None` for an address without a key.
pub fn read(code: &str, year: i32) -> Option<ScannedCode> {
    let host = code.find("://")? + 3;
    let path = host + code[host..].find('/')?;
    let fragment = code[path..].find('#').map_or(code.len(), |at| path + at);
    let query = code[path..fragment].find('?').map_or(fragment, |at| path + at);
    let segments: Vec<Part<'_>> = parts(&code[path..query], '/', path).collect();
    // The first part of the path is the domain owner's and may contain keys: the last one counts. A
    // serial number that looks like a key is not followed by the value of a key.
    let keys = || (0..segments.len()).rev().filter(|at| begins_key(&segments[*at..]));
    let key = keys().find(|at| segments.get(at + 1).is_some_and(|value| is_key_value(value.1))).or_else(|| keys().next())?;
    let mut builder = Builder::default();
    for pair in segments[key..].chunks(2) {
        let [(at, identifier), value @ ..] = pair else { continue };
        match value.first() {
            None if is_prefix_of_any(identifier, &QUALIFIERS) => builder.record_problem(Truncated, *at),
            value => add_encoded_value(&mut builder, identifier, (*at, value.map_or("", |value| value.1)), year),
        }
    }
    for (at, pair) in parts(code.get(query + 1..fragment).unwrap_or_default(), '&', query + 1) {
        match pair.split_once('=') {
            Some((name, value)) => take_attribute(&mut builder, segments[key].1, name, (at, value), year),
            None if is_prefix_of_any(pair, &ATTRIBUTES) => builder.record_problem(Truncated, at),
            _ => {}
        }
    }
    Some(builder.finish(Format::DigitalLink))
}

fn parts(text: &str, separator: char, from: usize) -> impl Iterator<Item = Part<'_>> {
    let mut at = from;
    text.split(separator).map(move |part| {
        let begin = at;
        at += part.len() + separator.len_utf8();
        (begin, part)
    })
}

/// Whether this is one of the names, or the beginning of one.
fn is_prefix_of_any(name: &str, names: &[&str]) -> bool {
    !name.is_empty() && names.iter().any(|full_name| full_name.starts_with(name))
}

/// Whether the segments are a key with its value, followed only by qualifiers in their order, the
/// last of which may be cut off. A slash may end them.
fn begins_key(segments: &[Part<'_>]) -> bool {
    let Some((_, key)) = segments.first() else { return false };
    let qualifier_parts = segments.get(2..).unwrap_or_default();
    let qualifier_parts = match qualifier_parts {
        [rest @ .., (_, "")] => rest,
        all => all,
    };
    let has_value = segments.get(1).is_some_and(|value| is_key_value(value.1));
    let qualifier_index = |pair: &[Part<'_>]| match pair {
        [(_, abbreviation)] if has_value && !abbreviation.is_empty() => {
            QUALIFIERS.iter().rposition(|qualifier| qualifier.starts_with(abbreviation))
        }
        pair => QUALIFIERS.iter().position(|qualifier| Some(*qualifier) == pair.first().map(|part| part.1)),
    };
    let indexes: Vec<Option<usize>> = qualifier_parts.chunks(2).map(qualifier_index).collect();
    KEYS.contains(key) && indexes.iter().all(Option::is_some) && indexes.is_sorted()
}

/// Whether a key may have this value: a GTIN, a location or a shipping unit.
fn is_key_value(value: &str) -> bool {
    matches!(value.len(), 8 | 12 | 13 | 14 | 18) && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Takes a parameter of the query. A key, and a qualifier of the link's own key, belong in the path of a link, where
/// they say what it identifies. Names with other characters than digits are not GS1's.
fn take_attribute(builder: &mut Builder, key: &str, name: &str, value: Part<'_>, year: i32) {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }
    if KEYS.contains(&name) || (key == "01" && QUALIFIERS.contains(&name)) {
        builder.record_problem(Misplaced, value.0);
    } else if Identifier::at(name).is_some_and(|identifier| identifier.digits == name) {
        add_encoded_value(builder, name, value, year);
    } else {
        builder.record_problem(UnknownIdentifier, value.0);
    }
}

/// Takes a percent-encoded value.
fn add_encoded_value(builder: &mut Builder, name: &str, (at, text): Part<'_>, year: i32) {
    let Some(identifier) = Identifier::at(name).filter(|identifier| identifier.digits == name) else { return };
    if ends_in_escape(text) {
        builder.record_problem(Truncated, at);
        return;
    }
    let mut value = percent_decode(text);
    // A GTIN with fewer digits is padded with leading zeros.
    if name == "01" && matches!(value.len(), 8 | 12 | 13) && value.bytes().all(|byte| byte.is_ascii_digit()) {
        value = format!("{value:0>14}");
    }
    let is_digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let problem = match identifier.length {
        Length::Fixed(size) if value.len() > size => Some(TooLong),
        Length::Fixed(size) if value.len() < size || !is_digits => Some(Truncated),
        Length::UpTo(limit) | Length::DigitsUpTo(limit) if value.chars().count() > limit => Some(TooLong),
        Length::DigitsUpTo(_) if !is_digits => Some(Truncated),
        _ if value.is_empty() => Some(Truncated),
        _ => None,
    };
    match problem {
        Some(kind) => builder.record_problem(kind, at),
        None => builder.add_value(&identifier, &value, at, year),
    }
}

/// Whether a text ends between a percent sign and the second of its digits.
fn ends_in_escape(text: &str) -> bool {
    matches!(text.as_bytes(), [.., b'%'] | [.., b'%', _])
}

/// Decodes percent-encoded bytes; a value that is not UTF-8 afterwards stays encoded.
fn percent_decode(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, following @ ..] = rest {
        let digit = |at: usize| following.get(at).and_then(|byte| (*byte as char).to_digit(16));
        // Two digits of sixteen make a byte.
        if let (b'%', Some(high), Some(low)) = (first, digit(0), digit(1)) {
            bytes.push((high * 16 + low) as u8);
            rest = &following[2..];
        } else {
            bytes.push(*first);
            rest = following;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
