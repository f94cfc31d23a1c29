//! Lines of JSON: an object each.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
};

use serde_json::{Map, Value, value::RawValue};

use super::{
    chunks::{Chunks, ReadPlan, Sender},
    unreadable::{Stop, Unreadable},
};
use crate::{
    exchange::core::{
        FileReading, Format, Noun,
        cells::{Cell, INVALID_ENCODING, cell_of_exact_json, cell_of_json, has_many_values},
        columns::{exported_columns, fields_of},
        numbers,
    },
    files::core::limits::{LINE_VALUES, ROW_BYTES},
};

/// The next line without its end; false at the end of the file. One that is too long ends the reading.
pub(super) fn line(text: &mut impl BufRead, buffer: &mut Vec<u8>) -> Result<bool, Stop> {
    buffer.clear();
    let count = text.take(ROW_BYTES as u64 + 1).read_until(b'\n', buffer)?;
    if buffer.len() > ROW_BYTES {
        return Err(Unreadable::LongRow(ROW_BYTES).into());
    }
    while buffer.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        buffer.pop();
    }
    Ok(count > 0)
}

/// The replacement character in UTF-8.
const REPLACEMENT_CHARACTER: &[u8] = "\u{fffd}".as_bytes();

pub(super) fn read(text: impl Read, encoding: &str, plan: ReadPlan, sender: &Sender) -> Result<(), Stop> {
    let mut text = BufReader::with_capacity(64 << 10, text);
    let names = fields_of(plan.noun);
    let mut chunks = Chunks::new(sender, &plan);
    chunks.send_reading(FileReading {
        format: Some(Format::Jsonl),
        encoding: Some(encoding.to_owned()),
        ..FileReading::default()
    })?;
    let mut bytes = Vec::new();
    while line(&mut text, &mut bytes)? {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        chunks.add(|| cells(&bytes, plan.noun, &plan.options.mapping, names))?;
    }
    chunks.flush()
}

fn cells(line: &[u8], noun: Noun, mapping: &[(String, String)], names: &[&str]) -> Result<Vec<Option<Cell>>, String> {
    // The decoder writes `REPLACEMENT_CHARACTER` for bytes that are invalid in the encoding.
    if line.contains(&REPLACEMENT_CHARACTER[0])
        && line.windows(REPLACEMENT_CHARACTER.len()).any(|window| window == REPLACEMENT_CHARACTER)
    {
        return Err(INVALID_ENCODING.to_owned());
    }
    if has_many_values(line) {
        return Err(format!("the line has more than {LINE_VALUES} values"));
    }
    let json_error = |error: serde_json::Error| format!("the line is no JSON object: {error}");
    let object: Map<String, Value> = serde_json::from_slice(line).map_err(json_error)?;
    let exact_values: BTreeMap<String, &RawValue> =
        if numbers::has_long_number(line) { serde_json::from_slice(line).map_err(json_error)? } else { BTreeMap::new() };
    let mut row_cells = vec![None; names.len()];
    for (name, value) in &object {
        let field_name =
            mapping.iter().find(|(candidate, _)| candidate == name).map_or(name.as_str(), |(_, field)| field.as_str());
        if field_name.is_empty() {
            continue;
        }
        match names.iter().position(|candidate| *candidate == field_name) {
            Some(at) => {
                row_cells[at] = Some(
                    exact_values.get(name).map_or_else(|| cell_of_json(value), |text| cell_of_exact_json(value, text.get())),
                );
            }
            // Fields that only exports have are ignored.
            None if exported_columns(noun).contains(&field_name) => {}
            // Unknown columns are reported with the header; JSON lines have no header, so an
            // unknown field is reported with its line.
            None => return Err(format!("{} have no field {field_name:?}", noun.as_str().to_lowercase().replace('_', " "))),
        }
    }
    Ok(row_cells)
}
