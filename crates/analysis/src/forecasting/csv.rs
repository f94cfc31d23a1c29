//! Days and values as lines of text.

use platform::clock::parse_day;

/// The days and values of lines such as `2026-11-30,4.5`. A first line without a day is a heading; empty lines are passed over. The error is the number of
/// the line that is neither, from 1 on.
pub fn parse_csv_values(text: &str) -> Result<Vec<(i32, f64)>, usize> {
    let mut values = Vec::new();
    for (nth, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let cells = line.split_once([',', ';', '\t']).map(|(day, value)| (parse_day(plain(day)), plain(value)));
        let read = cells.and_then(|(day, value)| day.zip(value.parse::<f64>().ok()));
        match read {
            Some(value) => values.push(value),
            None if nth == 0 && cells.is_some_and(|(day, _)| day.is_none()) => {}
            None => return Err(nth + 1),
        }
    }
    Ok(values)
}

/// A cell without the marks around it.
fn plain(cell: &str) -> &str {
    cell.trim_start_matches('\u{feff}').trim().trim_matches('"')
}
