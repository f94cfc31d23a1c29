//! Days and values as lines of text.

use platform::clock::parse_day;

/// The days and values of lines such as `2026-11-30,4.5`. A first line without a day is a heading; empty lines are passed over. The error is the number of
/// the line that is neither, from 1 on.
pub fn parse_csv_values(text: &str) -> Result<Vec<(i32, f64)>, usize> {
    let mut values = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let cells = line.split_once([',', ';', '\t']).map(|(day, value)| (parse_day(unquote_cell(day)), unquote_cell(value)));
        let day_and_value = cells.and_then(|(day, value)| day.zip(value.parse::<f64>().ok()));
        match day_and_value {
            Some(value) => values.push(value),
            None if index == 0 && cells.is_some_and(|(day, _)| day.is_none()) => {}
            None => return Err(index + 1),
        }
    }
    Ok(values)
}

/// A cell without the marks around it.
fn unquote_cell(cell: &str) -> &str {
    cell.trim_start_matches('\u{feff}').trim().trim_matches('"')
}
