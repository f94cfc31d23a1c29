//! Rows as text: of a CSV, and lines of JSON.

use platform::{clock, storage::Fault};
use serde_json::{Map, Number, Value as Json};

use super::halt::Halt;
use crate::exchange::core::{
    Format,
    cells::{Item, escape_text},
};

pub(super) fn internal_halt(error: impl std::fmt::Display) -> Halt {
    Fault::Broken(format!("a row could not be written: {error}")).into()
}

/// Writes a row of a CSV.
pub(super) fn csv_row(rows: &mut csv::Writer<Vec<u8>>, values: &[Item]) -> Result<(), Halt> {
    let mut digits = digit_buffer();
    for value in values {
        match value {
            Item::None | Item::Hidden => rows.write_field([]).map_err(internal_halt)?,
            Item::Text(text) => rows.write_field(escape_text(text, Format::Csv).as_bytes()).map_err(internal_halt)?,
            Item::Number(number) => rows.write_field(write_digits(*number, &mut digits)).map_err(internal_halt)?,
            // A number needs no mark before its sign: spreadsheets do not evaluate it.
            other => rows.write_field(value_text(other)).map_err(internal_halt)?,
        }
    }
    rows.write_record(None::<&[u8]>).map_err(internal_halt)
}

/// Writes a row as a line of JSON.
pub(super) fn json_line(buffer: &mut Vec<u8>, names: &[String], values: &[Item]) -> Result<(), Halt> {
    let fields = names.iter().zip(values).filter_map(|(name, value)| {
        let value = match value {
            Item::Hidden => return None,
            Item::None => Json::Null,
            Item::Text(text) => Json::from(text.as_str()),
            Item::Number(number) => Json::Number(Number::from(*number)),
            other => Json::from(value_text(other)),
        };
        Some((name.clone(), value))
    });
    serde_json::to_writer(&mut *buffer, &fields.collect::<Map<_, _>>()).map_err(internal_halt)?;
    buffer.push(b'\n');
    Ok(())
}

/// A CSV writer with the line ends of RFC 4180.
pub(super) fn empty_csv() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new())
}

/// An amount, a day or a moment as a text.
pub(super) fn value_text(item: &Item) -> String {
    match item {
        Item::Amount(amount) => amount.amount(),
        Item::Day(day) => clock::day_text(*day),
        Item::Moment(at) => clock::rfc3339(*at),
        Item::Text(text) => text.clone(),
        Item::Number(number) => number.to_string(),
        Item::None | Item::Hidden => String::new(),
    }
}

/// Room for the digits of any number.
fn digit_buffer() -> [u8; 20] {
    [0; 20]
}

/// Digits of a number, written into `buffer` without an allocation.
fn write_digits(number: i64, buffer: &mut [u8; 20]) -> &[u8] {
    let (mut remaining, mut start) = (number.unsigned_abs(), buffer.len());
    loop {
        start -= 1;
        buffer[start] = b'0' + (remaining % 10) as u8;
        remaining /= 10;
        if remaining == 0 {
            break;
        }
    }
    if number < 0 {
        start -= 1;
        buffer[start] = b'-';
    }
    &buffer[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_digits() {
        for number in [0, 7, -7, 1_000_000, i64::MAX, i64::MIN] {
            assert_eq!(write_digits(number, &mut digit_buffer()), number.to_string().as_bytes());
        }
    }
}
