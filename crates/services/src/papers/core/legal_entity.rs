//! Companies that issue invoices.

use entity::prelude::*;
use serde::Serialize;

const MOST_CODE: usize = 64;
const MOST_TEXT: usize = 200;
const MOST_PREFIX: usize = 16;
pub const MOST_LINES: usize = 6;
/// The prefix of a new company's credit notes. `CN-` is that of counts.
pub const CREDIT_NOTE_PREFIX: &str = "CR-";
/// Stores of a company at most.
pub const MOST_STORES: usize = 250;

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

/// What people say of a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntityFields {
    pub code: String,
    pub name: String,
    pub address: Vec<String>,
    pub tax_id: Option<String>,
    pub invoice_prefix: String,
    pub credit_note_prefix: String,
    /// The stores that sell for it.
    pub stores: Vec<StoreId>,
}

/// The last numbers that it gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbers {
    pub invoices: i64,
    pub credit_notes: i64,
}

impl Numbers {
    pub const fn last(self, kind: InvoiceKind) -> i64 {
        match kind {
            InvoiceKind::Invoice => self.invoices,
            InvoiceKind::CreditNote => self.credit_notes,
        }
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityProblem {
    Missing {
        name: &'static str,
    },
    Invalid {
        message: &'static str,
        name: &'static str,
    },
    /// In characters, lines or stores.
    TooLong {
        most: usize,
        name: &'static str,
    },
}

impl EntityFields {
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn check(&self) -> Result<(), EntityProblem> {
        let texts = [
            (&self.code, MOST_CODE, "code"),
            (&self.name, MOST_TEXT, "name"),
            (&self.invoice_prefix, MOST_PREFIX, "invoicePrefix"),
            (&self.credit_note_prefix, MOST_PREFIX, "creditNotePrefix"),
        ];
        let lines = self.address.iter().map(|line| (line, MOST_TEXT, "address"));
        let tax_id = self.tax_id.iter().map(|text| (text, MOST_CODE, "taxId"));
        for (text, most, name) in texts.into_iter().chain(lines).chain(tax_id) {
            if text.chars().nth(most).is_some() {
                return Err(EntityProblem::TooLong { most, name });
            }
            if text.trim().is_empty() && ["code", "name"].contains(&name) {
                return Err(EntityProblem::Missing { name });
            }
            let may_be_empty = name.ends_with("Prefix");
            if (text.trim().is_empty() && !may_be_empty) || text.chars().any(char::is_control) {
                return Err(EntityProblem::Invalid { message: "a text without control characters is expected", name });
            }
        }
        if self.address.len() > MOST_LINES {
            return Err(EntityProblem::TooLong { most: MOST_LINES, name: "address" });
        }
        if self.stores.len() > MOST_STORES {
            return Err(EntityProblem::TooLong { most: MOST_STORES, name: "storeIds" });
        }
        if self.invoice_prefix == self.credit_note_prefix {
            let message = "another prefix than that of invoices is expected: numbers of both run from 1";
            return Err(EntityProblem::Invalid { message, name: "creditNotePrefix" });
        }
        Ok(())
    }

    /// A number as it is printed.
    pub fn label(&self, kind: InvoiceKind, number: i64) -> String {
        let prefix = match kind {
            InvoiceKind::Invoice => &self.invoice_prefix,
            InvoiceKind::CreditNote => &self.credit_note_prefix,
        };
        format!("{prefix}{number}")
    }

    /// The company by lines, as it stands on its papers.
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
        assert_eq!(fields().check(), Ok(()));
        let same = EntityFields { credit_note_prefix: "INV-".to_owned(), ..fields() };
        assert!(matches!(same.check(), Err(EntityProblem::Invalid { name: "creditNotePrefix", .. })));
        let plain = EntityFields { invoice_prefix: String::new(), ..fields() };
        assert_eq!((plain.check(), plain.label(InvoiceKind::Invoice, 7)), (Ok(()), "7".to_owned()));
        let nameless = EntityFields { name: " ".to_owned(), ..fields() };
        assert!(matches!(nameless.check(), Err(EntityProblem::Missing { name: "name" })));
        let long = EntityFields { address: vec!["x".to_owned(); 7], ..fields() };
        assert_eq!(long.check(), Err(EntityProblem::TooLong { most: 6, name: "address" }));
        assert_eq!(fields().label(InvoiceKind::CreditNote, 12), "CR-12");
    }
}
