//! Tests that orders alone take: of the total, of the stores that their stock is in, of what names
//! them, and of their notes.

use entity::prelude::*;
use platform::storage::Backend;
use uuid::Uuid;

use super::{clause::Clause, column_tests::TextTest};
use crate::catalog::{
    core::text,
    rows::{Clause as CatalogClause, conditions::null_test, leaves::MetadataTest},
};

/// A test of a total in one currency; None for no bound. Totals in other currencies do not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotalTest {
    pub currency: Currency,
    /// In minor units.
    pub least: Option<i64>,
    pub most: Option<i64>,
}

impl TotalTest {
    pub(super) fn holds(&self, total: Money) -> bool {
        total.currency == self.currency
            && self.least.is_none_or(|min| total.minor >= min)
            && self.most.is_none_or(|max| total.minor <= max)
    }

    pub(super) fn push_to(&self, clause: &mut Clause) {
        let currency = clause.bind(self.currency.as_str());
        clause.push(&format!("o.currency = ${currency}"));
        for (bound, operator) in [(self.least, ">="), (self.most, "<=")] {
            if let Some(minor) = bound {
                let test = format!("o.total_minor {operator} ${}", clause.bind(minor));
                let test = clause.backend().rarely_matches(&test);
                clause.push(&format!(" AND {test}"));
            }
        }
    }
}

/// Stores with reservations of an order, or that it was shipped from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllocatedTest {
    Ids(Vec<Uuid>),
    /// Codes of stores, folded.
    Codes(Vec<String>),
}

impl AllocatedTest {
    pub(super) fn push_to(&self, clause: &mut Clause) {
        clause.push(
            "o.id IN (SELECT a.order_id FROM reservation a WHERE a.tenant_id = $1 AND a.status = 'ACTIVE' AND a.order_id IS NOT NULL AND ",
        );
        self.push_store_test(clause, "a.store_id");
        clause.push(" UNION ALL SELECT f.order_id FROM fulfilment f WHERE f.tenant_id = $1 AND f.status <> 'CANCELLED' AND ");
        self.push_store_test(clause, "f.store_id");
        clause.push(")");
    }

    fn push_store_test(&self, clause: &mut Clause, column: &str) {
        match self {
            Self::Ids(ids) => clause.ids(column, ids),
            Self::Codes(codes) => {
                let number = clause.bind(clause.backend().texts(codes.iter().map(String::as_str)));
                let codes = clause.backend().in_texts("s.code_key", number);
                clause.push(&format!("{column} IN (SELECT s.id FROM store s WHERE s.tenant_id = $1 AND {codes})"));
            }
        }
    }
}

/// Words of a search; each matches the order's number, the beginning of its reference or of its
/// customer's, or the e-mail address of its customer. Each alternative is a range of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchTest {
    /// A search without words finds nothing.
    pub words: Vec<SearchWord>,
    /// True if references of customers are searched.
    pub sees_customers: bool,
}

/// A word of a search, and its value if it is a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchWord {
    pub text: String,
    pub number: Option<i64>,
    /// Blind index (`email_blind`) of a customer with this address.
    pub blind: Option<Vec<u8>>,
}

/// Minimum length of a prefix search; shorter words must match whole, since they would be the
/// beginning of most values.
const MIN_PREFIX_LENGTH: usize = 3;

impl SearchTest {
    pub(super) fn push_to(&self, clause: &mut Clause) {
        if self.words.is_empty() {
            clause.push("FALSE");
        }
        for (index, word) in self.words.iter().enumerate() {
            let selects = self.push_word_selects(clause, word).join(" UNION ALL ");
            let and = if index == 0 { "" } else { " AND " };
            clause.push(&format!("{and}o.id IN ({selects})"));
        }
    }

    /// Returns statements for the orders that each word finds, for lists of rows that belong to
    /// orders.
    pub fn orders(&self, clause: &mut Clause) -> Vec<String> {
        self.words.iter().flat_map(|word| self.push_word_selects(clause, word)).collect()
    }

    /// Adds the orders that a word finds, a statement for each alternative. CROSS JOIN determines
    /// the table that SQLite begins with.
    fn push_word_selects(&self, clause: &mut Clause, word: &SearchWord) -> Vec<String> {
        let mut selects = Vec::new();
        if let Some(number) = word.number {
            let number = clause.bind(number);
            selects.push(format!("SELECT x.id FROM sales_order x WHERE x.tenant_id = $1 AND x.number = ${number}"));
        }
        for spelling in text::spellings(&word.text) {
            // A reference is unique within a channel, which leads its index.
            let order_condition = prefix_condition(clause, "x.external_ref", &spelling);
            selects.push(format!(
                "SELECT x.id FROM channel c CROSS JOIN sales_order x WHERE c.tenant_id = $1 AND x.tenant_id = $1 AND x.channel_id = c.id
                 AND x.external_ref IS NOT NULL AND {order_condition}"
            ));
            if self.sees_customers {
                let customer_condition = prefix_condition(clause, "k.external_ref", &spelling);
                selects.push(customer_orders_condition(&format!("k.external_ref IS NOT NULL AND {customer_condition}")));
            }
        }
        if let Some(blind) = word.blind.as_ref().filter(|_| self.sees_customers) {
            let blind = clause.bind(blind.clone());
            selects.push(customer_orders_condition(&format!("k.email_blind IS NOT NULL AND k.email_blind = ${blind}")));
        }
        selects
    }
}

fn customer_orders_condition(condition: &str) -> String {
    format!(
        "SELECT x.id FROM customer k CROSS JOIN sales_order x WHERE k.tenant_id = $1 AND x.tenant_id = $1 AND x.customer_id IS NOT NULL
         AND x.customer_id = k.id AND {condition}"
    )
}

/// Returns the condition that a reference begins with a text, or equals it if the text is short.
pub fn prefix_condition(clause: &mut Clause, column: &str, word: &str) -> String {
    let from = clause.bind(word);
    if word.chars().nth(MIN_PREFIX_LENGTH - 1).is_none() {
        return format!("{column} = ${from}");
    }
    let before = text::prefix_upper_bound(word).map(|after| format!(" AND {column} < ${}", clause.bind(after)));
    format!("{column} >= ${from}{}", before.unwrap_or_default())
}

/// A test of an order's two notes. Notes have no index: the test is for the few orders that other
/// tests leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteTest(pub TextTest);

impl NoteTest {
    pub(super) fn push_to(&self, clause: &mut Clause) {
        // An order is without a note if it has neither.
        let (not, test) = present(&self.0);
        clause.push(not);
        clause.push("EXISTS (SELECT 1 FROM order_detail d WHERE d.tenant_id = $1 AND d.order_id = o.id AND (");
        for (index, column) in ["d.note_for_customer", "d.note_for_staff"].into_iter().enumerate() {
            clause.push(if index == 0 { "(" } else { " OR (" });
            clause.push(column);
            clause.push(" IS NOT NULL AND ");
            push_folded_test(&test, clause, column);
            clause.push(")");
        }
        clause.push("))");
    }
}

/// Returns a test of an order's further rows, with NOT if there must be none: an order without a
/// text is one without a row that has a text.
fn present(test: &TextTest) -> (&'static str, TextTest) {
    if *test == TextTest::IsNull(true) { ("NOT ", TextTest::IsNull(false)) } else { ("", test.clone()) }
}

/// Has a tag that passes. Tags have no index: the test is for the few orders that other tests
/// leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagTest(pub TextTest);

impl TagTest {
    pub(super) fn push_to(&self, clause: &mut Clause) {
        let condition = match clause.backend() {
            Backend::Postgres => "jsonb_array_elements_text(d.tags::jsonb) AS t(value)",
            Backend::Sqlite => "json_each(d.tags) AS t",
        };
        let (not, test) = present(&self.0);
        clause.push(not);
        clause.push("EXISTS (SELECT 1 FROM order_detail d CROSS JOIN ");
        clause.push(condition);
        clause.push(" WHERE d.tenant_id = $1 AND d.order_id = o.id AND ");
        push_folded_test(&test, clause, "t.value");
        clause.push(")");
    }
}

/// The case of the letters A to Z is ignored, which both databases do alike.
fn push_folded_test(test: &TextTest, clause: &mut Clause, column: &str) {
    let backend = clause.backend();
    let lower = match backend {
        Backend::Postgres => format!("lower({column} COLLATE \"C\")"),
        Backend::Sqlite => format!("lower({column})"),
    };
    match test {
        TextTest::IsNull(is_null) => clause.push(&null_test(column, *is_null)),
        TextTest::In(texts) => {
            let texts: Vec<String> = texts.iter().map(|value| value.to_ascii_lowercase()).collect();
            let number = clause.bind(backend.texts(texts.iter().map(String::as_str)));
            clause.push(&backend.in_texts(&lower, number));
        }
        TextTest::StartsWith(prefix) => {
            let number = clause.bind(prefix.to_ascii_lowercase());
            clause.push(&format!("substr({lower}, 1, {}) = ${number}", prefix.chars().count()));
        }
        TextTest::Contains(part) => {
            let number = clause.bind(part.to_ascii_lowercase());
            let finder = match backend {
                Backend::Postgres => "strpos",
                Backend::Sqlite => "instr",
            };
            clause.push(&format!("{finder}({lower}, ${number}) > 0"));
        }
    }
}

/// A test of a key of an order's metadata, as for products. Metadata have no index: the test is for
/// the few orders that other tests leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderMetadataTest(pub MetadataTest);

impl OrderMetadataTest {
    pub(super) fn push_to(&self, clause: &mut Clause) {
        let (not, present) = self.0.present();
        let mut test = CatalogClause::numbered_from(clause.backend(), clause.next());
        present.compile_on("d.metadata", &mut test);
        clause.push(not);
        clause.push("EXISTS (SELECT 1 FROM order_detail d WHERE d.tenant_id = $1 AND d.order_id = o.id AND ");
        clause.push(&test.sql);
        clause.push(")");
        clause.values.extend(test.values);
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::Value;

    use super::*;

    #[test]
    fn a_short_word_is_compared_whole() {
        let mut clause = Clause::new(Backend::Sqlite, 2);
        assert_eq!(prefix_condition(&mut clause, "x.external_ref", "ab"), "x.external_ref = $2");
        assert_eq!(prefix_condition(&mut clause, "x.external_ref", "abc"), "x.external_ref >= $3 AND x.external_ref < $4");
        assert_eq!(clause.values, [Value::from("ab"), Value::from("abc"), Value::from("abd")]);
    }
}
