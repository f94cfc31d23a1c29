//! Filters of products, compiled to conditions with parameters. Every condition is true or false,
//! never unknown, so that `not` is its exact opposite.

use std::collections::HashMap;

use entity::prelude::{CategoryId, ProductId, ProductStatus, StoreId, Timestamp, Tracking};
use platform::storage::Backend;
use uuid::Uuid;

use super::{
    clause::Clause,
    conditions::never_null,
    leaves::{self, MetadataTest, PriceTest},
    search::RankedProducts,
    stock_filter::StockTest,
    word_index::in_search_index,
};
pub use super::{
    text_filter::{TextTest, begins_with},
    word_index::{TermMatch, word_query},
};
use crate::catalog::core::text;

/// A condition on products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// True of everything when the list is empty.
    All(Vec<Self>),
    /// True of nothing when the list is empty.
    Any(Vec<Self>),
    Not(Box<Self>),
    Ids(IdColumn, Vec<Uuid>),
    /// The column has no ID, or has one.
    IsNull(IdColumn, bool),
    Text(TextColumn, TextTest),
    Status(Vec<ProductStatus>),
    Tracking(Vec<Tracking>),
    UpdatedAt {
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    },
    CreatedAt {
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    },
    /// Has a barcode that passes.
    Barcode(TextTest),
    Price(PriceTest),
    Metadata(MetadataTest),
    Stock(StockTest),
    Search(String),
}

impl Default for Filter {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdColumn {
    Product,
    Category,
    /// The category or one below it.
    CategoryTree,
    Supplier,
    Family,
}

impl IdColumn {
    /// Whether a product may be without such an id. A tree of categories begins with one.
    pub const fn may_be_null(self) -> bool {
        matches!(self, Self::Category | Self::Supplier | Self::Family)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextColumn {
    Sku,
    Name,
}

impl Filter {
    /// Removes and returns a search that all other conditions only narrow: it determines relevance.
    pub fn take_search(&mut self) -> Option<String> {
        let Self::All(parts) = self else {
            let Self::Search(text) = self else { return None };
            let text = std::mem::take(text);
            *self = Self::default();
            return Some(text);
        };
        let search_text = parts.iter_mut().find_map(Self::take_search);
        parts.retain(|part| *part != Self::default());
        search_text
    }

    /// Collects the remaining searches, such as those inside `or` and `not`.
    pub fn searches<'a>(&'a self, texts: &mut Vec<&'a str>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.searches(texts)),
            Self::Not(part) => part.searches(texts),
            Self::Search(text) => texts.push(text),
            Self::Ids(..)
            | Self::IsNull(..)
            | Self::Text(..)
            | Self::Status(_)
            | Self::Tracking(_)
            | Self::UpdatedAt { .. }
            | Self::CreatedAt { .. }
            | Self::Barcode(_)
            | Self::Price(_)
            | Self::Metadata(_)
            | Self::Stock(_) => {}
        }
    }

    /// Whether it tests stock, anywhere within.
    pub fn tests_stock(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::tests_stock),
            Self::Not(part) => part.tests_stock(),
            Self::Stock(_) => true,
            _ => false,
        }
    }

    /// Restricts the tests of stock to the levels of these stores.
    pub fn restrict_to_stores(&mut self, stores: &[StoreId]) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter_mut().for_each(|part| part.restrict_to_stores(stores)),
            Self::Not(part) => part.restrict_to_stores(stores),
            Self::Stock(test) => test.seen = Some(stores.to_vec()),
            _ => {}
        }
    }

    /// Appends the condition, on alias `p`. `rankings` has the answers to the searches inside.
    pub fn compile(&self, clause: &mut Clause, rankings: &HashMap<String, RankedProducts>) {
        match self {
            Self::All(parts) => join(parts, "TRUE", " AND ", clause, rankings),
            Self::Any(parts) => join(parts, "FALSE", " OR ", clause, rankings),
            Self::Not(part) => {
                clause.push("NOT (");
                part.compile(clause, rankings);
                clause.push(")");
            }
            Self::Ids(column, ids) => push_id_test(clause, *column, ids),
            Self::IsNull(column, is_null) => {
                let (name, _) = id_column(*column);
                clause.push(&format!("{name} {}", if *is_null { "IS NULL" } else { "IS NOT NULL" }));
            }
            Self::Text(column, test) => push_text_test(clause, *column, test),
            Self::Status(list) => {
                let texts = clause.backend().texts(list.iter().map(|status| status.as_str()));
                let number = clause.number(texts);
                clause.push(&clause.backend().in_texts("p.status", number));
            }
            Self::Tracking(list) => {
                let texts = clause.backend().texts(list.iter().map(|tracking| tracking.as_str()));
                let number = clause.number(texts);
                clause.push(&clause.backend().in_texts("p.tracking", number));
            }
            Self::UpdatedAt { from, before } => push_time_span(clause, "p.updated_at", *from, *before),
            Self::CreatedAt { from, before } => push_time_span(clause, "p.created_at", *from, *before),
            Self::Barcode(test) => leaves::push_barcode_test(test, clause),
            Self::Price(test) => test.compile(clause),
            Self::Metadata(test) => test.compile(clause),
            Self::Stock(test) => test.compile(clause),
            Self::Search(text) => match rankings.get(text) {
                Some(ranked) => ranked.compile(clause),
                None => clause.push("FALSE"),
            },
        }
    }
}

/// A span of moments, expected of few rows.
fn push_time_span(clause: &mut Clause, column: &str, from: Option<Timestamp>, before: Option<Timestamp>) {
    let mut parts = vec!["TRUE".to_owned()];
    let backend = clause.backend();
    parts.extend(from.map(|at| backend.rarely_matches(&format!("{column} >= {}", clause.bind(at.micros())))));
    parts.extend(before.map(|at| backend.rarely_matches(&format!("{column} < {}", clause.bind(at.micros())))));
    clause.push(&parts.join(" AND "));
}

fn join(parts: &[Filter], empty: &str, separator: &str, clause: &mut Clause, rankings: &HashMap<String, RankedProducts>) {
    if parts.is_empty() {
        clause.push(empty);
    }
    for (index, part) in parts.iter().enumerate() {
        clause.push(if index == 0 { "(" } else { separator });
        clause.push("(");
        part.compile(clause, rankings);
        clause.push(")");
    }
    if !parts.is_empty() {
        clause.push(")");
    }
}

/// The name of a column, and whether it may be null.
const fn id_column(column: IdColumn) -> (&'static str, bool) {
    match column {
        IdColumn::Product => ("p.id", false),
        IdColumn::Category | IdColumn::CategoryTree => ("p.category_id", true),
        IdColumn::Supplier => ("p.supplier_id", true),
        IdColumn::Family => ("p.family_id", true),
    }
}

fn push_id_test(clause: &mut Clause, column: IdColumn, ids: &[Uuid]) {
    let (name, may_be_null) = id_column(column);
    if may_be_null {
        clause.push(&format!("{name} IS NOT NULL AND "));
    }
    if column == IdColumn::CategoryTree {
        let value = clause.backend().ids(ids.iter().map(|id| CategoryId::from_uuid(*id)));
        let number = clause.number(value);
        clause.push(&format!(
            "{name} IN (WITH RECURSIVE below (id) AS (SELECT g.id FROM category g WHERE g.tenant_id = $1 AND {roots}
             UNION SELECT g.id FROM below b JOIN category g ON g.tenant_id = $1 AND g.parent_id = b.id) SELECT id FROM below)",
            roots = clause.backend().in_ids("g.id", number)
        ));
        return;
    }
    // One ID is by far the most frequent case, and with equality the sort can use the index.
    if let [id] = ids {
        let mark = clause.bind(*id);
        clause.push(&format!("{name} = {mark}"));
        return;
    }
    let value = clause.backend().ids(ids.iter().map(|id| ProductId::from_uuid(*id)));
    let number = clause.number(value);
    clause.push(&clause.backend().in_ids(name, number));
}

fn push_text_test(clause: &mut Clause, column: TextColumn, test: &TextTest) {
    let name = match column {
        TextColumn::Sku => "p.sku_key",
        TextColumn::Name => "p.name_key",
    };
    match test {
        TextTest::IsNull(is_null) => clause.push(never_null(*is_null)),
        TextTest::In(texts) => {
            let keys: Vec<String> = texts.iter().map(|text| text::fold(text.trim())).collect();
            let value = clause.backend().texts(keys.iter().map(String::as_str));
            let number = clause.number(value);
            clause.push(&clause.backend().in_texts(name, number));
        }
        TextTest::StartsWith(prefix) => begins_with(clause, name, &text::fold(prefix)),
        TextTest::Contains(part) => push_contains_test(clause, name, &text::fold(part)),
    }
}

/// Adds the exact test, after one that the trigram index serves: each whole run of letters and
/// digits is also in the search text.
fn push_contains_test(clause: &mut Clause, name: &str, part: &str) {
    let runs: Vec<String> = text::words(part).into_iter().filter(|word| word.chars().nth(2).is_some()).collect();
    match clause.backend() {
        Backend::Postgres => {
            for word in &runs {
                let mark = clause.bind(format!("%{word}%"));
                clause.push(&format!("p.search_text LIKE {mark} AND "));
            }
            let mark = clause.bind(part);
            clause.push(&format!("strpos({name}, {mark}) > 0"));
        }
        Backend::Sqlite => {
            if !runs.is_empty() {
                let phrases: Vec<String> = runs.iter().map(|word| format!("\"{word}\"")).collect();
                let mark = clause.bind(phrases.join(" "));
                clause.push(&in_search_index(&mark));
                clause.push(" AND ");
            }
            let mark = clause.bind(part);
            clause.push(&format!("instr({name}, {mark}) > 0"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_narrows_everything_is_taken_out() {
        let mut filter =
            Filter::All(vec![Filter::Status(vec![ProductStatus::Active]), Filter::All(vec![Filter::Search("mug".to_owned())])]);
        assert_eq!(filter.take_search().as_deref(), Some("mug"));
        assert_eq!(filter, Filter::All(vec![Filter::Status(vec![ProductStatus::Active])]));
        let mut inside = Filter::Any(vec![Filter::Search("mug".to_owned())]);
        assert_eq!(inside.take_search(), None);
    }

    #[test]
    fn values_are_parameters() {
        let mut clause = Clause::new(Backend::Postgres);
        let evil = "x' OR 1=1 --".to_owned();
        Filter::Text(TextColumn::Name, TextTest::StartsWith(evil)).compile(&mut clause, &HashMap::new());
        assert_eq!(clause.sql, "p.name_key >= $2 AND p.name_key < $3");
    }
}
