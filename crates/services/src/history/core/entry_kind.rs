//! What an entry of the audit log is in a history: by its action, by what it is about, and by whether it names fields. Once in SQL, to filter by.

use entity::id::{Kind, kind};
use platform::audit::Entry;
use uuid::Uuid;

/// Mutations that record payments.
const PAYMENTS: [&str; 3] = ["paymentRecord", "paymentsRecord", "paymentReverse"];
/// Mutations that issue invoices or draw papers.
const PAPERS: [&str; 3] = ["paperCreate", "invoiceIssue", "creditNoteIssue"];
/// What entries have that say which fields differ: inside texts quotation marks are escaped, so that this stands nowhere else.
const FIELDS: &str = "\"fields\":[";

/// What an entry is in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Fields of the object itself were changed.
    Change,
    /// Something else was done to the object itself.
    Plain,
    /// Something was done to a document that belongs to it.
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

/// What an entry is in the history of this object.
pub fn entry_kind(object: Uuid, entry: &Entry) -> EntryKind {
    let action = entry.action.as_str();
    let related = entry.target.as_ref().filter(|target| target.id != object).map(|target| target.kind.as_str());
    if PAPERS.contains(&action) || related == Some(kind::InvoiceId::PREFIX) {
        EntryKind::Paper
    } else if PAYMENTS.contains(&action) || related == Some(kind::PaymentId::PREFIX) {
        EntryKind::Payment
    } else if related.is_some() {
        EntryKind::Document
    } else if entry.changes.contains(FIELDS) {
        EntryKind::Change
    } else {
        EntryKind::Plain
    }
}

/// The condition of entries of the object itself that are of these kinds.
pub fn of_itself(kinds: &[EntryKind]) -> String {
    let (papers, payments) = (quoted(PAPERS), quoted(PAYMENTS));
    let case = format!(
        "WHEN action IN ({papers}) THEN 'PAPER' WHEN action IN ({payments}) THEN 'PAYMENT' WHEN changes LIKE '%{FIELDS}%' THEN 'CHANGE' ELSE 'PLAIN'"
    );
    among(&case, kinds)
}

/// The condition of entries of what belongs to it that are of these kinds.
pub fn of_related(kinds: &[EntryKind]) -> String {
    let (papers, payments) = (quoted(PAPERS), quoted(PAYMENTS));
    let (invoice, payment) = (kind::InvoiceId::PREFIX, kind::PaymentId::PREFIX);
    let case = format!(
        "WHEN action IN ({papers}) OR target_kind = '{invoice}' THEN 'PAPER'
         WHEN action IN ({payments}) OR target_kind = '{payment}' THEN 'PAYMENT' ELSE 'DOCUMENT'"
    );
    among(&case, kinds)
}

fn among(case: &str, kinds: &[EntryKind]) -> String {
    format!(" AND CASE {case} END IN ({})", quoted(kinds.iter().map(|kind| kind.word())))
}

fn quoted(words: impl IntoIterator<Item = &'static str>) -> String {
    words.into_iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}
