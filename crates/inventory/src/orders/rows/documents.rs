//! Filters and sorts that lists of documents of every kind share: by number, by times and by the
//! products of their lines.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::{
    paging::{Key, ListSource, PageRequest},
    storage::Backend,
};
use sea_orm::Value;
use uuid::Uuid;

use super::{
    clause::Clause,
    column_tests::{Span, TextTest},
    leaves::prefix_condition,
};
use crate::{
    catalog::{core::text, rows::conditions::never_null},
    numbering::core::{DigitPosition, MatchingNumbers},
};

/// A test of a document's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberTest {
    /// Is one of these; an empty list matches nothing.
    In(Vec<i64>),
    /// Begins with the digits of this number, which is above zero.
    StartsWith(i64),
    /// Is within the range of one of these, and has the digits at its position in the formatted
    /// number.
    Shows { digits: String, among: Vec<MatchingNumbers> },
}

impl NumberTest {
    /// True if a number passes.
    pub fn holds(&self, number: i64) -> bool {
        match self {
            Self::In(numbers) => numbers.contains(&number),
            Self::StartsWith(prefix) => prefix_ranges(*prefix).iter().any(|(from, to)| (*from..=*to).contains(&number)),
            Self::Shows { digits, among } => among.iter().any(|matching_numbers| has_digits(number, digits, *matching_numbers)),
        }
    }

    fn push_to(&self, clause: &mut Clause, column: &str) {
        match self {
            Self::In(numbers) => {
                let number = clause.bind(clause.backend().numbers(numbers.iter().copied()));
                clause.push(&clause.backend().in_numbers(column, number));
            }
            Self::StartsWith(prefix) => {
                let ranges = prefix_ranges(*prefix).into_iter().map(|(from, to)| {
                    let (from, to) = (clause.bind(from), clause.bind(to));
                    format!("{column} BETWEEN ${from} AND ${to}")
                });
                let any = ranges.collect::<Vec<_>>().join(" OR ");
                clause.push(&format!("({any})"));
            }
            Self::Shows { digits, among } => {
                let (position_function_name, mut bound) = (position_function_name(clause.backend()), None);
                let mut conditions = Vec::with_capacity(among.len());
                for MatchingNumbers { from, to, width, place } in among {
                    let range = format!("{column} BETWEEN {from} AND {to}");
                    let sign = match place {
                        DigitPosition::Letters => {
                            conditions.push(range);
                            continue;
                        }
                        DigitPosition::FirstDigits => "= 1",
                        DigitPosition::Digits => "> 0",
                    };
                    let part = *bound.get_or_insert_with(|| clause.bind(digits.as_str()));
                    let shown = pad_digits(column, *width);
                    conditions.push(format!("{range} AND {position_function_name}({shown}, ${part}) {sign}"));
                }
                let any = if conditions.is_empty() { "1 = 0".to_owned() } else { conditions.join(" OR ") };
                clause.push(&format!("({any})"));
            }
        }
    }
}

/// True if the formatted number has the digits at their position.
fn has_digits(number: i64, digits: &str, MatchingNumbers { from, to, width, place }: MatchingNumbers) -> bool {
    let padded = format!("{number:0width$}");
    (from..=to).contains(&number)
        && match place {
            DigitPosition::Letters => true,
            DigitPosition::FirstDigits => padded.starts_with(digits),
            DigitPosition::Digits => padded.contains(digits),
        }
}

/// The digits of a column, padded with zeros to a width: a power of ten is added to shorter
/// numbers, and its leading 1 is cut off.
fn pad_digits(column: &str, width: usize) -> String {
    let power_of_ten = format!("1{}", "0".repeat(width));
    format!(
        "CASE WHEN {column} < {power_of_ten} THEN substr(CAST({column} + {power_of_ten} AS text), 2) ELSE CAST({column} AS text) END"
    )
}

/// Returns the numbers that begin with these digits, as ranges that an index serves: the number
/// itself, then a range ten times as large for each further digit.
fn prefix_ranges(prefix: i64) -> Vec<(i64, i64)> {
    let (mut range, mut ranges) = ((prefix, prefix), Vec::new());
    loop {
        ranges.push(range);
        let Some(from) = range.0.checked_mul(10) else { return ranges };
        range = (from, range.1.saturating_mul(10).saturating_add(9));
    }
}

fn position_function_name(backend: Backend) -> &'static str {
    match backend {
        Backend::Postgres => "strpos",
        Backend::Sqlite => "instr",
    }
}

/// A test for documents of every kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentTest {
    Number(NumberTest),
    CreatedAt(Span),
    UpdatedAt(Span),
    /// Has a line of one of these products.
    Product(Vec<Uuid>),
    /// Has a line of a product whose SKU passes, without regard to case.
    Sku(TextTest),
    /// Is one of these; an empty list matches nothing.
    Ids(Vec<Uuid>),
    Search(DocumentSearch),
}

/// A search text: a document's number, or the beginning of its reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentSearch {
    /// An empty text finds nothing.
    pub text: String,
    /// The text as a number, if it is one.
    pub number: Option<i64>,
}

/// Tables of a kind of document and of its lines.
pub(crate) struct DocumentTable {
    /// The documents' table.
    pub name: &'static str,
    /// Alias of the documents' table.
    pub alias: &'static str,
    /// The table of the lines.
    pub lines: &'static str,
    /// Column of a line with the ID of its document.
    pub of: &'static str,
    /// Condition on the lines `l` that count, which begins with ` AND `, or an empty text.
    pub counts: &'static str,
}

/// Orders and their lines.
pub(super) const ORDERS: DocumentTable =
    DocumentTable { name: "sales_order", alias: "o", lines: "order_line", of: "order_id", counts: "" };

impl DocumentTest {
    /// Adds the condition on documents of this table.
    pub(crate) fn push_to(&self, clause: &mut Clause, table: &DocumentTable) {
        let alias = table.alias;
        match self {
            Self::Number(test) => test.push_to(clause, &format!("{alias}.number")),
            Self::CreatedAt(span) => push_rare_span(clause, &format!("{alias}.created_at"), *span),
            Self::UpdatedAt(span) => push_rare_span(clause, &format!("{alias}.updated_at"), *span),
            Self::Product(ids) => {
                open_lines(clause, table);
                clause.ids("l.product_id", ids);
                clause.push(")");
            }
            Self::Sku(TextTest::IsNull(is_null)) => clause.push(never_null(*is_null)),
            Self::Sku(test) => {
                open_lines(clause, table);
                clause.push("l.product_id IN (SELECT p.id FROM product p WHERE p.tenant_id = $1 AND ");
                sku(clause, test);
                clause.push("))");
            }
            Self::Ids(ids) => clause.ids(&format!("{alias}.id"), ids),
            Self::Search(search) => search.push_to(clause, table),
        }
    }

    /// Returns the condition that all of these tests hold: each begins with ` AND `. Parameters are
    /// numbered from `next_number`.
    pub(crate) fn all(tests: &[Self], table: &DocumentTable, backend: Backend, next_number: usize) -> (String, Vec<Value>) {
        let mut clause = Clause::new(backend, next_number);
        for test in tests {
            clause.push(" AND ");
            test.push_to(&mut clause, table);
        }
        (clause.sql, clause.values)
    }
}

impl DocumentSearch {
    /// Each alternative is a range of an index.
    fn push_to(&self, clause: &mut Clause, table: &DocumentTable) {
        let DocumentTable { name, alias, .. } = table;
        let trimmed = self.text.trim();
        if trimmed.is_empty() {
            clause.push("FALSE");
            return;
        }
        let mut selects = Vec::new();
        if let Some(number) = self.number {
            let number = clause.bind(number);
            selects.push(format!("SELECT x.id FROM {name} x WHERE x.tenant_id = $1 AND x.number = ${number}"));
        }
        // References are stored as received: with surrounding blanks, and in any Unicode normal
        // form.
        let texts = [self.text.clone(), trimmed.to_owned(), text::normal_form(trimmed)];
        let spellings: BTreeSet<String> = texts.iter().flat_map(|form| text::spellings(form)).collect();
        for spelling in &spellings {
            let reference_condition = prefix_condition(clause, "x.external_ref", spelling);
            selects.push(format!(
                "SELECT x.id FROM {name} x WHERE x.tenant_id = $1 AND x.external_ref IS NOT NULL AND {reference_condition}"
            ));
        }
        clause.push(&format!("{alias}.id IN ({})", selects.join(" UNION ALL ")));
    }
}

/// Begins the condition that a document has a line; the caller adds the line's conditions and the
/// closing bracket.
fn open_lines(clause: &mut Clause, table: &DocumentTable) {
    let DocumentTable { alias, lines, of: document_column, counts, .. } = table;
    clause.push(&format!("{alias}.id IN (SELECT l.{document_column} FROM {lines} l WHERE l.tenant_id = $1{counts} AND "));
}

/// Adds the condition that a SKU passes, on the table `product` as `p`.
pub(super) fn sku(clause: &mut Clause, test: &TextTest) {
    let backend = clause.backend();
    match test {
        TextTest::IsNull(is_null) => clause.push(never_null(*is_null)),
        TextTest::In(texts) => {
            let keys: Vec<String> = texts.iter().map(|name| text::fold(name.trim())).collect();
            let number = clause.bind(backend.texts(keys.iter().map(String::as_str)));
            clause.push(&backend.in_texts("p.sku_key", number));
        }
        TextTest::StartsWith(prefix) => {
            let prefix = text::fold(prefix);
            let from = clause.bind(prefix.as_str());
            clause.push(&format!("p.sku_key >= ${from}"));
            if let Some(after) = text::prefix_upper_bound(&prefix) {
                let to = clause.bind(after);
                clause.push(&format!(" AND p.sku_key < ${to}"));
            }
        }
        TextTest::Contains(part) => {
            let number = clause.bind(text::fold(part));
            clause.push(&format!("{}(p.sku_key, ${number}) > 0", position_function_name(backend)));
        }
    }
}

/// Adds the condition that a time is within a span that few rows are in.
fn push_rare_span(clause: &mut Clause, column: &str, span: Span) {
    let mut parts = vec!["TRUE".to_owned()];
    let backend = clause.backend();
    for (bound, operator) in [(span.from, ">="), (span.before, "<")] {
        parts.extend(bound.map(|at| backend.rarely_matches(&format!("{column} {operator} ${}", clause.bind(at.micros())))));
    }
    clause.push(&parts.join(" AND "));
}

/// Sort fields of documents of every kind; the ID breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentSort {
    Number,
    CreatedAt,
    UpdatedAt,
}

/// A sort of documents and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentSorted {
    pub by: DocumentSort,
    pub descending: bool,
}

impl DocumentSorted {
    /// Returns the descending sort.
    pub const fn last_first(sort: DocumentSort) -> Self {
        Self { by: sort, descending: true }
    }
    /// Returns the name of the sort of `list` in cursors: a cursor of another sort is rejected.
    pub fn kind(self, list: &str) -> String {
        let sort = match self.by {
            DocumentSort::Number => "NUMBER",
            DocumentSort::CreatedAt => "CREATED_AT",
            DocumentSort::UpdatedAt => "UPDATED_AT",
        };
        format!("{list}:{sort}:{}", if self.descending { "DESC" } else { "ASC" })
    }
    /// Returns the value that a document is sorted by.
    pub(crate) fn key(self, number: i64, created_at: Timestamp, updated_at: Timestamp) -> Key {
        Key::Int(match self.by {
            DocumentSort::Number => number,
            DocumentSort::CreatedAt => created_at.micros(),
            DocumentSort::UpdatedAt => updated_at.micros(),
        })
    }
    /// Returns the statement of a page in this order, of documents under this alias.
    pub(crate) fn page(self, source: ListSource, select: &str, alias: &str, request: &PageRequest) -> (String, Vec<Value>) {
        let column = match self.by {
            DocumentSort::Number => "number",
            DocumentSort::CreatedAt => "created_at",
            DocumentSort::UpdatedAt => "updated_at",
        };
        let (column, id) = (format!("{alias}.{column}"), format!("{alias}.id"));
        source.page(select, &[column.as_str(), id.as_str()], self.descending, request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_begins_with_digits_or_has_them() {
        let begins = NumberTest::StartsWith(12);
        for (number, good) in [(12, true), (120, true), (1_299, true), (1, false), (2, false), (130, false), (112, false)] {
            assert_eq!(begins.holds(number), good, "{number}");
        }
        assert!(NumberTest::StartsWith(9).holds(i64::MAX), "the last range ends with the numbers");
        let shows = |digits: &str, place| {
            let among = vec![MatchingNumbers { from: 1, to: 2_000, width: 6, place }];
            NumberTest::Shows { digits: digits.to_owned(), among }
        };
        for (digits, place, number, good) in [
            ("23", DigitPosition::Digits, 1_234, true),
            ("0012", DigitPosition::Digits, 1_234, true),
            ("32", DigitPosition::Digits, 1_234, false),
            ("23", DigitPosition::Digits, 2_300, false),
            ("001", DigitPosition::FirstDigits, 1_234, true),
            ("01", DigitPosition::FirstDigits, 1_234, false),
            ("", DigitPosition::Letters, 2_000, true),
            ("", DigitPosition::Letters, 2_001, false),
        ] {
            assert_eq!(shows(digits, place).holds(number), good, "{digits} {place:?} {number}");
        }
        assert!(!NumberTest::In(Vec::new()).holds(1));
    }

    #[test]
    fn the_ranges_of_a_prefix_end_where_numbers_do() {
        assert_eq!(prefix_ranges(7)[..3], [(7, 7), (70, 79), (700, 799)]);
        assert_eq!(prefix_ranges(7).len(), 19);
        assert_eq!(prefix_ranges(i64::MAX), [(i64::MAX, i64::MAX)]);
    }

    #[test]
    fn a_reference_is_looked_for_as_it_is_given_and_as_it_is_composed() {
        let bound = |text: &str| {
            let mut clause = Clause::new(Backend::Sqlite, 2);
            DocumentSearch { text: text.to_owned(), number: None }.push_to(&mut clause, &ORDERS);
            clause.values
        };
        let values = bound(" a\u{30a}ngstrom");
        for text in [" a\u{30a}ngstrom", "a\u{30a}ngstrom", "\u{e5}ngstrom"] {
            assert!(values.contains(&Value::from(text)), "{text}: {values:?}");
        }
        assert_eq!(bound("frame 1").len(), 6, "three spellings, each a range");
        assert!(bound(" ").is_empty());
    }

    #[test]
    fn values_are_parameters_and_follow_those_before() {
        let evil = TextTest::StartsWith("x' OR 1=1 --".to_owned());
        let among = vec![
            MatchingNumbers { from: 5, to: 9, width: 2, place: DigitPosition::Digits },
            MatchingNumbers { from: 1, to: 4, width: 3, place: DigitPosition::Letters },
            MatchingNumbers { from: 0, to: 0, width: 3, place: DigitPosition::FirstDigits },
        ];
        let shows = NumberTest::Shows { digits: "7".to_owned(), among };
        let tests = [DocumentTest::Number(shows), DocumentTest::Sku(evil)];
        let (sql, values) = DocumentTest::all(&tests, &ORDERS, Backend::Postgres, 4);
        assert_eq!(
            sql,
            " AND (o.number BETWEEN 5 AND 9 AND strpos(CASE WHEN o.number < 100 THEN substr(CAST(o.number + 100 AS text), 2) \
             ELSE CAST(o.number AS text) END, $4) > 0 OR o.number BETWEEN 1 AND 4 OR o.number BETWEEN 0 AND 0 AND \
             strpos(CASE WHEN o.number < 1000 THEN substr(CAST(o.number + 1000 AS text), 2) ELSE CAST(o.number AS text) END, $4) = 1) \
             AND o.id IN (SELECT l.order_id FROM order_line l WHERE l.tenant_id = $1 AND \
             l.product_id IN (SELECT p.id FROM product p WHERE p.tenant_id = $1 AND p.sku_key >= $5 AND p.sku_key < $6))"
        );
        assert_eq!(values.len(), 3);
    }
}
