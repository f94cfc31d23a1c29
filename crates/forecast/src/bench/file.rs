//! A file of weekly demand: a head line of weeks, then a SKU and its units a line, separated by commas.

use crate::{
    bench::BenchError,
    panel::{Panel, Traits},
};

/// Reads a panel; quotes are not expected. An empty field is an unknown week.
pub fn parse_panel(text: &str) -> Result<Panel, BenchError> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let Some((_, head)) = lines.next() else { return Panel::new(0).map_err(BenchError::Panel) };
    let expected = head.split(',').count();
    let mut panel = Panel::new(expected - 1).map_err(BenchError::Panel)?;
    let mut values = Vec::new();
    for (index, line) in lines {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        if fields.len() != expected {
            return Err(BenchError::Fields { line: index + 1, expected, found: fields.len() });
        }
        values.clear();
        for text in &fields[1..] {
            let value = if text.is_empty() { Ok(f32::NAN) } else { text.parse() };
            values.push(value.map_err(|_| BenchError::Number { line: index + 1, text: (*text).to_owned() })?);
        }
        panel.push(&values, Traits::default()).map_err(BenchError::Panel)?;
    }
    Ok(panel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_the_weeks_of_the_head() {
        let panel = parse_panel("sku,2024-01-01,2024-01-08\nA,1,2.5\r\nB,,4\n\n").unwrap();
        assert_eq!((panel.len(), panel.weeks(), panel.values(0)), (2, 2, &[1.0, 2.5][..]));
        assert!(panel.values(1)[0].is_nan());
        assert_eq!(parse_panel("sku,w\nA,1,2"), Err(BenchError::Fields { line: 2, expected: 2, found: 3 }));
        assert_eq!(parse_panel("sku,w\nA,many"), Err(BenchError::Number { line: 2, text: "many".into() }));
        assert_eq!(parse_panel("").map(|panel| panel.len()), Ok(0));
    }
}
