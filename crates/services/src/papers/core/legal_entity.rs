//! Companies that issue invoices.

use entity::prelude::*;
use platform::{
    path,
    stages::{Stage, Staged},
};
use serde::Serialize;

const MAX_CODE: usize = 64;
const MAX_TEXT: usize = 200;
const MAX_PREFIX: usize = 16;
pub const MAX_LINES: usize = 6;
/// The prefix of a new company's credit notes. `CN-` is that of stock counts.
pub const CREDIT_NOTE_PREFIX: &str = "CR-";
/// Maximum stores of a company.
pub const MAX_STORES: usize = 250;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalEntity {
    pub id: LegalEntityId,
    pub fields: EntityFields,
    pub numbers: Numbers,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub archived_at: Option<Timestamp>,
}

/// Input fields of a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntityFields {
    pub code: String,
    pub name: String,
    pub address: Vec<String>,
    pub tax_id: Option<String>,
    pub invoice_prefix: String,
    pub credit_note_prefix: String,
    /// The stores of the company.
    pub stores: Vec<StoreId>,
}

/// The last numbers that the company assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbers {
    pub invoices: i64,
    pub credit_notes: i64,
}

impl Numbers {
    pub const fn last_number(self, kind: InvoiceKind) -> i64 {
        match kind {
            InvoiceKind::Invoice => self.invoices,
            InvoiceKind::CreditNote => self.credit_notes,
        }
    }
}

/// Problem of a company's field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntityProblem {
    Missing {
        field: Vec<String>,
    },
    /// The field has a wrong form.
    Malformed {
        field: Vec<String>,
    },
    /// In characters, lines or stores.
    TooLong {
        most: usize,
        field: Vec<String>,
    },
    /// Invoices and credit notes have the same prefix.
    SamePrefix,
}

impl Staged for EntityProblem {
    fn stage(&self) -> Stage {
        match self {
            Self::Missing { .. } | Self::Malformed { .. } | Self::TooLong { .. } => Stage::Shape,
            Self::SamePrefix => Stage::Value,
        }
    }
}

/// Rule for the content of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    /// Required, not empty.
    Needed,
    /// Optional, not empty.
    Given,
    MayBeEmpty,
}

fn text_problem(text: &str, limit: usize, requirement: Text, field: Vec<String>) -> Option<EntityProblem> {
    let is_empty = text.trim().is_empty();
    if is_empty && requirement == Text::Needed {
        return Some(EntityProblem::Missing { field });
    }
    if text.chars().nth(limit).is_some() {
        return Some(EntityProblem::TooLong { most: limit, field });
    }
    let is_odd = (is_empty && requirement == Text::Given) || text.chars().any(char::is_control);
    is_odd.then_some(EntityProblem::Malformed { field })
}

impl EntityFields {
    /// Returns all faults of the fields.
    pub fn problems(&self) -> Vec<EntityProblem> {
        let mut entity_problems = Vec::new();
        for (text, limit, name) in [(&self.code, MAX_CODE, "code"), (&self.name, MAX_TEXT, "name")] {
            entity_problems.extend(text_problem(text, limit, Text::Needed, path!["input", name]));
        }
        for (count, limit, name) in [(self.address.len(), MAX_LINES, "address"), (self.stores.len(), MAX_STORES, "storeIds")] {
            if count > limit {
                entity_problems.push(EntityProblem::TooLong { most: limit, field: path!["input", name] });
            }
        }
        for (index, line) in self.address.iter().enumerate().take(MAX_LINES) {
            entity_problems.extend(text_problem(line, MAX_TEXT, Text::Given, path!["input", "address", index]));
        }
        if let Some(tax_id) = &self.tax_id {
            entity_problems.extend(text_problem(tax_id, MAX_CODE, Text::Given, path!["input", "taxId"]));
        }
        for (prefix, name) in [(&self.invoice_prefix, "invoicePrefix"), (&self.credit_note_prefix, "creditNotePrefix")] {
            entity_problems.extend(text_problem(prefix, MAX_PREFIX, Text::MayBeEmpty, path!["input", name]));
        }
        if self.invoice_prefix == self.credit_note_prefix {
            entity_problems.push(EntityProblem::SamePrefix);
        }
        entity_problems
    }

    /// Returns the printed form of a number.
    pub fn format_number(&self, kind: InvoiceKind, number: i64) -> String {
        let prefix = match kind {
            InvoiceKind::Invoice => &self.invoice_prefix,
            InvoiceKind::CreditNote => &self.credit_note_prefix,
        };
        format!("{prefix}{number}")
    }

    /// Returns the company's name and address, by lines, for its papers.
    pub fn lines(&self) -> Vec<String> {
        std::iter::once(&self.name).chain(&self.address).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> EntityFields {
        EntityFields {
            code: "UK".to_owned(),
            name: "Mugs Ltd".to_owned(),
            address: vec!["1 Mill Lane".to_owned()],
            tax_id: Some("GB123".to_owned()),
            invoice_prefix: "INV-".to_owned(),
            credit_note_prefix: CREDIT_NOTE_PREFIX.to_owned(),
            stores: Vec::new(),
        }
    }

    #[test]
    fn a_company_has_a_name_and_two_prefixes() {
        assert!(fields().problems().is_empty());
        let same = EntityFields { credit_note_prefix: "INV-".to_owned(), ..fields() };
        assert_eq!(same.problems(), [EntityProblem::SamePrefix]);
        let plain = EntityFields { invoice_prefix: String::new(), ..fields() };
        assert_eq!((plain.problems(), plain.format_number(InvoiceKind::Invoice, 7)), (Vec::new(), "7".to_owned()));
        let wrong = EntityFields {
            name: " ".to_owned(),
            address: vec!["1 Mill Lane".to_owned(), "\u{7}".to_owned()],
            tax_id: Some(String::new()),
            ..fields()
        };
        assert_eq!(
            wrong.problems(),
            [
                EntityProblem::Missing { field: path!["input", "name"] },
                EntityProblem::Malformed { field: path!["input", "address", 1] },
                EntityProblem::Malformed { field: path!["input", "taxId"] },
            ]
        );
        let long = EntityFields { address: vec!["x".to_owned(); 7], ..fields() };
        assert_eq!(long.problems(), [EntityProblem::TooLong { most: 6, field: path!["input", "address"] }]);
        assert_eq!(fields().format_number(InvoiceKind::CreditNote, 12), "CR-12");
    }
}
