//! A deprecation, and its notice: the day since which it holds, its replacements, and its last day.

use platform::clock;

/// A field, an argument, an input field or an enum value that is deprecated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deprecation {
    /// In the notation of the GraphQL specification: `Query.scan`, `Query.orders(old:)`,
    /// `OrderInput.old`, `OrderStatus.OLD`.
    pub coordinate: String,
    pub reason: String,
}

/// Parsed reason of a deprecation: `2026-11-23: use salesSummary, which returns all rows in pages.
/// Removed after 2027-11-23.`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeprecationNotice<'a> {
    /// The day of the notice, in days since 1970-01-01.
    pub since: i32,
    /// Replacements: names of the same parent, or coordinates.
    pub replacements: Vec<&'a str>,
    /// The last day on which it is certain to exist.
    pub removed_after: i32,
}

impl<'a> DeprecationNotice<'a> {
    /// `None` if the reason has another form.
    pub fn read(reason: &'a str) -> Option<Self> {
        let (since, rest) = reason.split_once(": use ")?;
        let (instead, end) = rest.rsplit_once(". Removed after ")?;
        let names = instead.split_once(", ").map_or(instead, |(names, _remark)| names);
        let replacements: Vec<&str> = names.split(" or ").collect();
        let is_named = replacements.iter().all(|name| is_coordinate(name));
        let (since, removed_after) = (day(since)?, day(end.strip_suffix('.')?)?);
        is_named.then_some(Self { since, replacements, removed_after })
    }

    /// Whether clients have twelve months from the notice on.
    pub fn gives_a_year_of_notice(&self) -> bool {
        let (since, removed_after) = (clock::day_text(self.since), clock::day_text(self.removed_after));
        // A year after 29 February is 1 March.
        since
            .split_once('-')
            .is_some_and(|(year, rest)| year.parse::<i32>().is_ok_and(|year| removed_after >= format!("{:04}-{rest}", year + 1)))
    }
}

fn is_coordinate(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '.' | '(' | ')' | ':'))
}

/// Parses a day that is written as in notices; `None` for any other notation.
fn day(text: &str) -> Option<i32> {
    clock::parse_day(text).filter(|day| clock::day_text(*day) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_has_a_day_a_replacement_and_an_end() {
        let notice =
            DeprecationNotice::read("2026-11-23: use salesSummary, which has all rows, in pages. Removed after 2027-11-23.")
                .unwrap();
        assert_eq!(notice.replacements, ["salesSummary"]);
        assert_eq!(
            (clock::day_text(notice.since), clock::day_text(notice.removed_after)),
            ("2026-11-23".into(), "2027-11-23".into())
        );
        let two = DeprecationNotice::read("2026-11-23: use closedAt or Order.lines(first:). Removed after 2028-01-01.").unwrap();
        assert_eq!(two.replacements, ["closedAt", "Order.lines(first:)"]);
        for reason in [
            "No longer supported",
            "2026-11-23: use salesSummary.",
            "2026-11-23: use salesSummary. Removed after 2027-11-23",
            "2026-11-23: use the other one. Removed after 2027-11-23.",
            "2026-11-23: use . Removed after 2027-11-23.",
            "2026-11-31: use salesSummary. Removed after 2027-11-23.",
            "20261123: use salesSummary. Removed after 2027-11-23.",
            "Since 0.2, 2026-11-23: use salesSummary. Removed after 2027-11-23.",
            "2026-11-23: salesSummary. Removed after 2027-11-23.",
        ] {
            assert_eq!(DeprecationNotice::read(reason), None, "{reason}");
        }
    }

    #[test]
    fn a_year_is_counted_by_the_calendar() {
        let leaves = |since: &str, end: &str| {
            DeprecationNotice::read(&format!("{since}: use x. Removed after {end}.")).unwrap().gives_a_year_of_notice()
        };
        assert!(leaves("2026-11-23", "2027-11-23") && leaves("2026-11-23", "2028-01-01"));
        assert!(!leaves("2026-11-23", "2027-11-22") && !leaves("2026-11-23", "2026-11-23"));
        assert!(leaves("2028-02-29", "2029-03-01") && !leaves("2028-02-29", "2029-02-28"));
        assert!(leaves("2027-02-28", "2028-02-28"));
    }
}
