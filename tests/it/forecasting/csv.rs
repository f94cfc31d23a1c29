//! Files of days and values.

use api::forecasting::csv::parse_csv_values;
use entrepot::clock::parse_day;

#[test]
fn a_file_is_read_line_by_line() {
    let read = parse_csv_values("\u{feff}date;value\r\n2026-11-30;4.5\r\n\r\n\"2026-12-01\";-2\n").unwrap();
    let day = parse_day("2026-11-30").unwrap();
    assert_eq!(read, [(day, 4.5), (day + 1, -2.0)]);
    assert_eq!(parse_csv_values("2026-11-30,4.5\n2026-11-31,1").unwrap_err(), 2);
    assert_eq!(parse_csv_values("date,value\n2026-11-30,warm").unwrap_err(), 2);
    assert_eq!(parse_csv_values("2026-11-30,warm").unwrap_err(), 1, "that is no heading");
}
