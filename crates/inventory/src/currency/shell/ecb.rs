//! Reference rates of the European Central Bank, as its CSV files have them: a column a currency, a row a day, one euro each.
//!
//! <https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/>: the daily file writes its day as `20 November 2026`, the history as
//! `2026-11-20`; a currency that was not quoted is `N/A` or empty.

use entity::prelude::*;
use platform::clock;

use crate::currency::core::{NewRate, PIVOT};

/// The rates of a file, and the number of cells without one, or of a discontinued currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parsed {
    pub rates: Vec<NewRate>,
    pub skipped: usize,
}

/// Reason why a file cannot be parsed. Rows count from 1, the header being the first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("row {0} is no CSV")]
    Csv(u64),
    #[error("the header is Date and then a currency a column")]
    Header,
    #[error("{0} is no currency of ISO 4217 in use")]
    Currency(String),
    #[error("row {0} begins with no day, as in 2026-11-20 or 20 November 2026")]
    Day(u64),
    #[error("more than {0} rates")]
    TooMany(usize),
    #[error("the file is no XML: {0}")]
    Xml(String),
    #[error("the file ends in the middle: nothing of it is entered")]
    Cut,
    #[error("the file has a document type or an entity, which files of the European Central Bank have not")]
    Entity,
    #[error(
        "the file is a gesmes:Envelope with a Cube a day, each with a time and with a Cube a currency, which has a currency and a rate"
    )]
    Envelope,
    #[error("time {0} is no day, as in 2026-11-20")]
    Time(String),
}

/// Currencies in files of earlier days that have been discontinued: most became the euro. No amount
/// here can have them.
const DISCONTINUED_CURRENCIES: [&str; 11] = ["BGN", "CYP", "EEK", "HRK", "LTL", "LVL", "MTL", "ROL", "SIT", "SKK", "TRL"];

/// Returns the currency of a rate; None for a discontinued one.
pub(super) fn quote_currency(code: &str) -> Result<Option<Currency>, ParseError> {
    match Currency::parse(code) {
        None if DISCONTINUED_CURRENCIES.contains(&code) => Ok(None),
        None => Err(ParseError::Currency(code.chars().take(MAX_QUOTED_CHARS).collect())),
        found => Ok(found),
    }
}

/// Characters of the file that a refusal quotes.
const MAX_QUOTED_CHARS: usize = 20;

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// Reads a file; at most `max_rates` rates. Currencies that have ended are skipped.
///
/// # Errors
/// It is not such a file.
pub(super) fn parse_csv(text: &str, source: &str, max_rates: usize) -> Result<Parsed, ParseError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| ParseError::Csv(1))?.clone();
    if !header.get(0).is_some_and(|first| first.trim_start_matches('\u{feff}').eq_ignore_ascii_case("date")) || header.len() < 2 {
        return Err(ParseError::Header);
    }
    let base = Currency::parse(PIVOT).ok_or(ParseError::Header)?;
    let mut parsed = Parsed::default();
    for (row, record) in (2..).zip(reader.records()) {
        let record = record.map_err(|_| ParseError::Csv(row))?;
        let day = record.get(0).and_then(parse_day).ok_or(ParseError::Day(row))?;
        for (name, cell) in header.iter().zip(record.iter()).skip(1) {
            if cell.is_empty() || cell == "N/A" {
                parsed.skipped += usize::from(!name.is_empty());
                continue;
            }
            let Some(quote) = quote_currency(name)? else {
                parsed.skipped += 1;
                continue;
            };
            if parsed.rates.len() == max_rates {
                return Err(ParseError::TooMany(max_rates));
            }
            parsed.rates.push(NewRate { base, quote, rate: cell.to_owned(), day, source: source.to_owned() });
        }
    }
    Ok(parsed)
}

/// Days since 1970-01-01.
fn parse_day(text: &str) -> Option<i32> {
    let mut words = text.split_whitespace();
    let (Some(day), Some(month), Some(year), None) = (words.next(), words.next(), words.next(), words.next()) else {
        return clock::parse_day(text);
    };
    let month = 1 + MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    clock::parse_day(&format!("{year}-{month:02}-{day:0>2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_and_the_daily_file_are_read() {
        let history = "Date,USD,JPY,CYP,\n2026-11-20,1.0842,163.55,N/A,\n2026-11-19,1.0830,,N/A,\n";
        let parsed = parse_csv(history, "ECB", 100).unwrap();
        let rows: Vec<_> = parsed.rates.iter().map(|one| (one.quote.to_string(), one.rate.as_str(), one.day)).collect();
        assert_eq!(rows, [("USD".into(), "1.0842", 20_777), ("JPY".into(), "163.55", 20_777), ("USD".into(), "1.0830", 20_776)]);
        assert_eq!(parsed.skipped, 3);
        let croatian = parse_csv("Date,HRK,USD,\n2022-07-08,7.519,1.0163,\n", "ECB", 1).unwrap();
        assert_eq!((croatian.rates.len(), croatian.skipped), (1, 1), "the kuna ended");
        let daily = "Date, USD, GBP, \n20 November 2026, 1.0842, 0.8425, \n";
        let parsed = parse_csv(daily, "ECB", 100).unwrap();
        assert_eq!(parsed.rates.iter().map(|one| one.day).collect::<Vec<_>>(), [20_777, 20_777]);
        assert!(parsed.rates.iter().all(|one| one.base.as_str() == "EUR" && one.source == "ECB"));
    }

    #[test]
    fn a_file_of_another_kind_is_refused_where_it_differs() {
        let refused = |text: &str| parse_csv(text, "ECB", 2).unwrap_err();
        assert_eq!(refused("Currency,Rate\nUSD,1.1\n"), ParseError::Header);
        assert_eq!(refused(""), ParseError::Header);
        assert_eq!(refused("Date,USD\nyesterday,1.1\n"), ParseError::Day(2));
        assert_eq!(refused("Date,QQQ\n2026-11-20,1.1\n"), ParseError::Currency("QQQ".into()));
        assert_eq!(refused("Date,USD,JPY,GBP\n2026-11-20,1,2,3\n"), ParseError::TooMany(2));
    }
}
