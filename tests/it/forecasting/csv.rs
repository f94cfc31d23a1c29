//! Files of days and values.

use api::forecasting::csv::values_of_text;
use entrepot::clock::parse_day;

#[test]
fn a_file_is_read_line_by_line() {
    let read = values_of_text("\u{feff}date;value\r\n2026-11-30;4.5\r\n\r\n\"2026-12-01\";-2\n").unwrap();
    let day = parse_day("2026-11-30").unwrap();
    assert_eq!(read, [(day, 4.5), (day + 1, -2.0)]);
    assert_eq!(values_of_text("2026-11-30,4.5\n2026-11-31,1").unwrap_err(), 2);
    assert_eq!(values_of_text("date,value\n2026-11-30,warm").unwrap_err(), 2);
    assert_eq!(values_of_text("2026-11-30,warm").unwrap_err(), 1, "that is no heading");
}
