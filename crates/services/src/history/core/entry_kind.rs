//! Kind of an audit log entry in a history: by its action, its object, and whether it names fields.
//! The same rules exist in SQL, for filters.

use entity::id::{Kind, kind};
use platform::audit::Entry;
use uuid::Uuid;

/// Mutations that record payments.
const PAYMENT_MUTATIONS: [&str; 3] = ["paymentRecord", "paymentsRecord", "paymentReverse"];
/// Mutations that issue invoices or draw papers.
const PAPER_MUTATIONS: [&str; 3] = ["paperCreate", "invoiceIssue", "creditNoteIssue"];
/// Text that an entry has if it names changed fields: quotation marks inside texts are escaped, so
/// that it occurs nowhere else.
const CHANGED_FIELDS_MARK: &str = "\"fields\":[";

/// Kind of an entry in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Fields of the object itself were changed.
    Change,
    /// Another action on the object itself.
    Plain,
    /// An action on a document that belongs to it.
    Document,
    Payment,
    Paper,
}

impl EntryKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Change => "CHANGE",
            Self::Plain => "PLAIN",
            Self::Document => "DOCUMENT",
            Self::Payment => "PAYMENT",
            Self::Paper => "PAPER",
        }
    }
}

/// Returns the kind of an entry in the history of this object.
pub fn entry_kind(object: Uuid, entry: &Entry) -> EntryKind {
    let action = entry.action.as_str();
    let related = entry.target.as_ref().filter(|target| target.id != object).map(|target| target.kind.as_str());
    if PAPER_MUTATIONS.contains(&action) || related == Some(kind::InvoiceId::PREFIX) {
        EntryKind::Paper
    } else if PAYMENT_MUTATIONS.contains(&action) || related == Some(kind::PaymentId::PREFIX) {
        EntryKind::Payment
    } else if related.is_some() {
        EntryKind::Document
    } else if entry.changes.contains(CHANGED_FIELDS_MARK) {
        EntryKind::Change
    } else {
        EntryKind::Plain
    }
}

/// Returns the condition on entries of these kinds of the object itself.
pub fn own_kind_condition(kinds: &[EntryKind]) -> String {
    let (papers, payments) = (quote_words(PAPER_MUTATIONS), quote_words(PAYMENT_MUTATIONS));
    let case = format!(
        "WHEN action IN ({papers}) THEN 'PAPER' WHEN action IN ({payments}) THEN 'PAYMENT' WHEN changes LIKE '%{CHANGED_FIELDS_MARK}%' THEN 'CHANGE' ELSE 'PLAIN'"
    );
    kind_condition(&case, kinds)
}

/// Returns the condition on entries of these kinds of related objects.
pub fn related_kind_condition(kinds: &[EntryKind]) -> String {
    let (papers, payments) = (quote_words(PAPER_MUTATIONS), quote_words(PAYMENT_MUTATIONS));
    let (invoice, payment) = (kind::InvoiceId::PREFIX, kind::PaymentId::PREFIX);
    let case = format!(
        "WHEN action IN ({papers}) OR target_kind = '{invoice}' THEN 'PAPER'
         WHEN action IN ({payments}) OR target_kind = '{payment}' THEN 'PAYMENT' ELSE 'DOCUMENT'"
    );
    kind_condition(&case, kinds)
}

fn kind_condition(case: &str, kinds: &[EntryKind]) -> String {
    format!(" AND CASE {case} END IN ({})", quote_words(kinds.iter().map(|kind| kind.word())))
}

fn quote_words(words: impl IntoIterator<Item = &'static str>) -> String {
    words.into_iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}
