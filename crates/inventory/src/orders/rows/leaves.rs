//! Tests that orders alone take: of the total, of the stores that their stock is in, and of their texts.

use entity::prelude::*;
use platform::storage::Backend;
use uuid::Uuid;

use super::filter::Clause;

/// A total in one currency; what is None has no bound. Totals in other currencies do not pass.
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
            && self.least.is_none_or(|least| total.minor >= least)
            && self.most.is_none_or(|most| total.minor <= most)
    }

    pub(super) fn push_to(&self, clause: &mut Clause) {
        let currency = clause.bind(self.currency.as_str());
        clause.push(&format!("o.currency = ${currency}"));
        for (bound, operator) in [(self.least, ">="), (self.most, "<=")] {
            if let Some(minor) = bound {
                let test = format!("o.total_minor {operator} ${}", clause.bind(minor));
                let test = clause.backend().rarely(&test);
                clause.push(&format!(" AND {test}"));
            }
        }
    }
}

/// Stores that hold stock for an order, or that it went out from.
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
        self.store(clause, "a.store_id");
        clause.push(" UNION ALL SELECT f.order_id FROM fulfilment f WHERE f.tenant_id = $1 AND f.status <> 'CANCELLED' AND ");
        self.store(clause, "f.store_id");
        clause.push(")");
    }

    fn store(&self, clause: &mut Clause, column: &str) {
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

/// Words, each of which is the order's number or is contained in one of its texts: its reference, its notes, and the reference of its customer.
/// The letters A to Z are compared without their case, which both databases do alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchTest {
    /// None of no words: such a search finds nothing.
    pub words: Vec<SearchWord>,
    /// Whether references of customers are looked at.
    pub sees_customers: bool,
}

/// A word of a search, and the number that it is read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchWord {
    pub text: String,
    pub number: Option<i64>,
}

impl SearchTest {
    pub(super) fn push_to(&self, clause: &mut Clause) {
        if self.words.is_empty() {
            clause.push("FALSE");
        }
        for (index, word) in self.words.iter().enumerate() {
            clause.push(if index == 0 { "(" } else { " AND (" });
            self.word(clause, word);
            clause.push(")");
        }
    }

    fn word(&self, clause: &mut Clause, word: &SearchWord) {
        if let Some(number) = word.number {
            let number = clause.bind(number);
            clause.push(&format!("o.number = ${number} OR "));
        }
        let (backend, number) = (clause.backend(), clause.bind(word.text.to_ascii_lowercase()));
        let has = |column: &str| match backend {
            Backend::Postgres => format!("strpos(lower(coalesce({column}, '') COLLATE \"C\"), ${number}) > 0"),
            Backend::Sqlite => format!("instr(lower(coalesce({column}, '')), ${number}) > 0"),
        };
        clause.push(&format!(
            "{} OR EXISTS (SELECT 1 FROM order_detail d WHERE d.tenant_id = $1 AND d.order_id = o.id AND ({} OR {}))",
            has("o.external_ref"),
            has("d.note_for_customer"),
            has("d.note_for_staff")
        ));
        if self.sees_customers {
            clause.push(&format!(
                " OR (o.customer_id IS NOT NULL AND EXISTS (SELECT 1 FROM customer k WHERE k.tenant_id = $1 AND k.id = o.customer_id AND {}))",
                has("k.external_ref")
            ));
        }
    }
}
