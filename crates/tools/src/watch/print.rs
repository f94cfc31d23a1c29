//! Output of the updates as lines: one for each level and change, flushed with each message, so
//! that the cursor matches the printed lines.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::{
    args::Format,
    wire::{Change, Level, Update},
};

pub struct Printer {
    format: Format,
    out: io::Stdout,
}

/// A line of JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    phase: &'a str,
    seq: i64,
    in_filter: bool,
    store: &'a str,
    product: &'a str,
    store_id: &'a str,
    product_id: &'a str,
    on_hand: i64,
    reserved: i64,
    available: i64,
    version: i64,
}

/// Line that ends the changes of a message.
#[derive(Serialize)]
struct MessageEnd<'a> {
    phase: &'a str,
    cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reset: Option<&'a str>,
}

impl Printer {
    pub fn new(format: Format) -> Self {
        Self { format, out: io::stdout() }
    }

    pub fn print(&mut self, update: &Update) -> io::Result<()> {
        let mut out = self.out.lock();
        match self.format {
            Format::Json => write_json(&mut out, update)?,
            Format::Text => write_text(&mut out, update)?,
        }
        out.flush()
    }
}

fn write_json(out: &mut impl Write, update: &Update) -> io::Result<()> {
    for Change { seq, in_filter, level } in &update.changes {
        let Level { on_hand, reserved, available, version, .. } = *level;
        let line = Line {
            phase: &update.phase,
            seq: *seq,
            in_filter: *in_filter,
            store: &level.store.code,
            product: &level.product.sku,
            store_id: &level.store.id,
            product_id: &level.product.id,
            on_hand,
            reserved,
            available,
            version,
        };
        writeln!(out, "{}", serde_json::to_string(&line)?)?;
    }
    let mark = MessageEnd { phase: &update.phase, cursor: update.cursor.as_deref(), reset: update.reset.as_deref() };
    writeln!(out, "{}", serde_json::to_string(&mark)?)
}

fn write_text(out: &mut impl Write, update: &Update) -> io::Result<()> {
    for Change { seq, in_filter, level } in &update.changes {
        let Level { on_hand, reserved, available, .. } = *level;
        let (store, product) = (replace_controls(&level.store.code), replace_controls(&level.product.sku));
        let left = if *in_filter { "" } else { "  no longer in the filter" };
        writeln!(
            out,
            "{seq:>8}  {store:<12} {product:<20} on hand {on_hand:>7}  reserved {reserved:>6}  available {available:>7}{left}"
        )?;
    }
    match (update.phase.as_str(), &update.cursor) {
        ("READY", Some(cursor)) => writeln!(out, "-- end of the snapshot; now live, after {cursor}"),
        ("LIVE", Some(cursor)) => writeln!(out, "-- {cursor}"),
        _ => Ok(()),
    }
}

/// Replaces control characters: names come from users, and a terminal must not obey them.
fn replace_controls(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// The errors of an answer, as a sentence: code and message of the first.
pub fn first_error(errors: &Value) -> (String, String) {
    let first = &errors[0];
    let code = first["extensions"]["code"].as_str().unwrap_or("ERROR").to_owned();
    (code, replace_controls(first["message"].as_str().unwrap_or("the operation failed")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn update() -> Update {
        serde_json::from_value(
            json!({ "phase": "LIVE", "cursor": "abc", "reset": null, "changes": [{ "seq": 7, "inFilter": true, "level": {
            "onHand": 5, "reserved": 2, "available": 3, "version": 9,
            "store": { "id": "sto_1", "code": "S\u{1b}[2J1" }, "product": { "id": "prd_1", "sku": "MUG" } } }] }),
        )
        .unwrap()
    }

    fn print_to_text(write: impl FnOnce(&mut Vec<u8>, &Update) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out, &update()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_change_is_a_line_and_its_cursor_follows() {
        let lines = print_to_text(write_json);
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["seq"], &lines[0]["product"], &lines[0]["onHand"]), (&json!(7), &json!("MUG"), &json!(5)));
        assert_eq!(lines[1], json!({ "phase": "LIVE", "cursor": "abc" }));
    }

    #[test]
    fn a_name_gives_a_terminal_no_orders() {
        let lines = print_to_text(write_text);
        assert!(!lines.contains('\u{1b}') && lines.contains("MUG") && lines.ends_with("-- abc\n"), "{lines}");
    }
}
