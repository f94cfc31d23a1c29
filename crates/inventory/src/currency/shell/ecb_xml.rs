//! Reference rates of the European Central Bank, as its XML files have them: an envelope, in it a `Cube`, in that a `Cube` a day, in each a `Cube` a currency.
//!
//! The three files, of one day, of 90 days and of all, differ in the number of days alone. A document type and entities, which none of them has, are refused
//! unread; so is a file that ends before its envelope does.

use entity::prelude::*;
use platform::clock;
use quick_xml::{
    Error, Reader,
    events::{BytesStart, Event},
};

use super::ecb::{ParseError, Parsed, quote_currency};
use crate::currency::core::{NewRate, PIVOT};

/// Depth of nested elements: the files have four levels.
const MAX_ELEMENT_DEPTH: usize = 8;
/// Open elements around a `Cube` of a day, and around one of a currency.
const DAY_DEPTH: usize = 2;
const CELL_DEPTH: usize = 3;
/// Characters of the file that a refusal quotes.
const MAX_QUOTED_CHARS: usize = 20;
/// The most characters of the reader's message about a file that is no XML: it quotes names of any
/// length.
const MAX_MESSAGE_CHARS: usize = 200;
/// Attributes of an element that are read: the files have two.
const MAX_ATTRIBUTES: usize = 8;

/// Reads a file; at most `max_rates` rates.
///
/// # Errors
/// It is not such a file, or not all of it.
pub(super) fn parse_xml(text: &str, source: &str, max_rates: usize) -> Result<Parsed, ParseError> {
    let base = Currency::parse(PIVOT).ok_or(ParseError::Envelope)?;
    let mut file = File { base, source, rate_limit: max_rates, has_root: false, depth: 0, day: None, parsed: Parsed::default() };
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().expand_empty_elements = true;
    loop {
        match reader.read_event().map_err(|error| map_xml_error(&error))? {
            Event::Start(start) => file.open(&start)?,
            Event::End(_) => file.depth = file.depth.saturating_sub(1),
            Event::DocType(_) | Event::GeneralRef(_) => return Err(ParseError::Entity),
            Event::Eof if file.depth > 0 => return Err(ParseError::Cut),
            Event::Eof if !file.has_root || file.is_empty() => return Err(ParseError::Envelope),
            Event::Eof => return Ok(file.parsed),
            _ => {}
        }
    }
}

/// State of the parser.
struct File<'a> {
    base: Currency,
    source: &'a str,
    rate_limit: usize,
    has_root: bool,
    /// Number of open elements.
    depth: usize,
    /// Day of the open day `Cube`, in days since 1970-01-01.
    day: Option<i32>,
    parsed: Parsed,
}

impl File<'_> {
    /// Whether it had no `Cube` of a currency, as envelopes of other kinds have none.
    fn is_empty(&self) -> bool {
        self.parsed.rates.is_empty() && self.parsed.skipped == 0
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), ParseError> {
        let name = start.local_name();
        let name: &str = name.as_ref();
        match (self.depth, name) {
            (0, "Envelope") if !self.has_root => self.has_root = true,
            (0 | MAX_ELEMENT_DEPTH.., _) => return Err(ParseError::Envelope),
            (DAY_DEPTH, "Cube") => self.day = Some(read_day(start)?),
            (DAY_DEPTH, _) => self.day = None,
            (CELL_DEPTH, "Cube") => self.rate(start)?,
            _ => {}
        }
        self.depth += 1;
        Ok(())
    }

    fn rate(&mut self, start: &BytesStart<'_>) -> Result<(), ParseError> {
        let (quote, rate) = (read_attribute(start, "currency")?, read_attribute(start, "rate")?);
        let (Some(quote), Some(rate), Some(day)) = (quote, rate, self.day) else { return Err(ParseError::Envelope) };
        let (quote, rate) = (quote.trim(), rate.trim());
        if rate.is_empty() || rate == "N/A" {
            self.parsed.skipped += 1;
            return Ok(());
        }
        let Some(quote) = quote_currency(quote)? else {
            self.parsed.skipped += 1;
            return Ok(());
        };
        if self.parsed.rates.len() == self.rate_limit {
            return Err(ParseError::TooMany(self.rate_limit));
        }
        self.parsed.rates.push(NewRate { base: self.base, quote, rate: rate.to_owned(), day, source: self.source.to_owned() });
        Ok(())
    }
}

fn read_day(start: &BytesStart<'_>) -> Result<i32, ParseError> {
    let time = read_attribute(start, "time")?.ok_or(ParseError::Envelope)?;
    clock::parse_day(time.trim()).ok_or_else(|| ParseError::Time(quote_excerpt(&time)))
}

/// Returns an attribute by its name; all attributes are checked.
fn read_attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, ParseError> {
    let mut value = None;
    for (index, xml_attribute) in start.attributes().enumerate() {
        let xml_attribute = xml_attribute.map_err(|error| ParseError::Xml(error_excerpt(&error)))?;
        if index == MAX_ATTRIBUTES {
            return Err(ParseError::Envelope);
        }
        if xml_attribute.value.contains('&') {
            return Err(ParseError::Entity);
        }
        if xml_attribute.key.local_name().as_ref() == name {
            value = Some(xml_attribute.value.into_owned());
        }
    }
    Ok(value)
}

/// Converts an error; errors of syntax are those of a file that ends inside a tag, a comment or a
/// declaration.
fn map_xml_error(error: &Error) -> ParseError {
    match error {
        Error::Syntax(_) => ParseError::Cut,
        other => ParseError::Xml(error_excerpt(other)),
    }
}

fn error_excerpt(error: &impl ToString) -> String {
    error.to_string().chars().take(MAX_MESSAGE_CHARS).collect()
}

fn quote_excerpt(text: &str) -> String {
    text.chars().take(MAX_QUOTED_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAYS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<gesmes:Envelope xmlns:gesmes=\"http://www.gesmes.org/xml/2002-08-01\" xmlns=\"http://www.ecb.int/vocabulary/2002-08-01/eurofxref\">
\t<gesmes:subject>Reference rates</gesmes:subject>
\t<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
\t<Cube>
\t\t<Cube time='2026-11-20'><Cube currency='USD' rate='1.0842'/><Cube currency='JPY' rate='163.55'/><Cube currency='CYP' rate='N/A'/></Cube>
\t\t<Cube time=\"2026-11-19\"><Cube currency=\"USD\" rate=\"1.0830\"></Cube></Cube>
\t</Cube>
</gesmes:Envelope>
";

    fn refused(text: &str) -> ParseError {
        parse_xml(text, "ECB", 3).unwrap_err()
    }

    #[test]
    fn the_days_of_an_envelope_are_read() {
        let parsed = parse_xml(DAYS, "ECB", 3).unwrap();
        let rows: Vec<_> = parsed.rates.iter().map(|one| (one.quote.to_string(), one.rate.as_str(), one.day)).collect();
        assert_eq!(rows, [("USD".into(), "1.0842", 20_777), ("JPY".into(), "163.55", 20_777), ("USD".into(), "1.0830", 20_776)]);
        assert!(parsed.rates.iter().all(|one| one.base.as_str() == "EUR" && one.source == "ECB"));
        assert_eq!(parsed.skipped, 1);
        assert_eq!(parse_xml(DAYS, "ECB", 2), Err(ParseError::TooMany(2)));
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_refused_whole() {
        let whole = DAYS.trim_end().len();
        for end in DAYS.char_indices().map(|(at, _)| at).filter(|at| *at < whole) {
            let error = refused(&DAYS[..end]);
            assert!(matches!(error, ParseError::Cut | ParseError::Envelope | ParseError::Xml(_)), "{end}: {error}");
        }
        assert_eq!(refused(&DAYS[..DAYS.find("<Cube time=\"").unwrap()]), ParseError::Cut);
        assert_eq!(refused(&DAYS[..DAYS.find("0842").unwrap()]), ParseError::Cut);
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;\">]>\n<gesmes:Envelope><Cube><Cube time='&c;'/></Cube></gesmes:Envelope>";
        assert_eq!(refused(bomb), ParseError::Entity);
        let replaced = |from: &str, to: &str| refused(&DAYS.replacen(from, to, 1));
        assert_eq!(replaced("'163.55'", "'&rate;'"), ParseError::Entity);
        assert_eq!(replaced("Reference rates", "&lt;"), ParseError::Entity);
        assert_eq!(replaced("'JPY'", "'QQQ'"), ParseError::Currency("QQQ".into()));
        assert_eq!(replaced("2026-11-20", "yesterday"), ParseError::Time("yesterday".into()));
        assert_eq!(replaced(" rate='1.0842'", ""), ParseError::Envelope);
        assert_eq!(replaced("\n</gesmes:Envelope>\n", "</gesmes:Envelope><a/>"), ParseError::Envelope);
        assert_eq!(refused("<rates/>"), ParseError::Envelope);
        assert_eq!(refused("Date,USD\n2026-11-20,1.1\n"), ParseError::Envelope);
        assert_eq!(refused("<Envelope><Cube/></Envelope>"), ParseError::Envelope, "without a rate");
        let day = "<Cube time=\"2026-11-19\"><Cube currency=\"USD\" rate=\"1.0830\"></Cube></Cube>";
        let moved = replaced(day, "<a><Cube currency='USD' rate='1.0830'/></a>");
        assert_eq!(moved, ParseError::Envelope, "a rate within no day");
        let long = format!("<Envelope></{}>", "a".repeat(100_000));
        assert!(matches!(refused(&long), ParseError::Xml(text) if text.chars().count() == MAX_MESSAGE_CHARS));
        let many = " a='' b='' c='' d='' e='' f='' g='' h='' time='2026-11-20'";
        assert_eq!(replaced(" time='2026-11-20'", many), ParseError::Envelope);
        let deep = format!("<Envelope>{}", "<a>".repeat(MAX_ELEMENT_DEPTH));
        assert_eq!(refused(&deep), ParseError::Envelope);
    }
}
