//! What stands on papers and how it is drawn: pure.

mod draw;
mod dress;
mod html;
mod invoice;
mod invoice_books;
mod invoice_due;
mod legal_entity;
mod look;
mod pdf;
mod placeholder;
mod sheet;
mod slips;
mod phrases;

use entity::prelude::*;
use platform::audit::Target;

pub use draw::{Frame, Goods, NotDrawn, Said, address_lines, contact_lines, invoice as invoice_sheet};
pub use dress::{Dressing, GoodsMark, sample};
pub use html::{page, style_source};
pub use invoice::{Facts, Invoice, InvoiceLine, RateTotals, Refusal, Scope, Totals, by_rate, credit, due, totals};
pub use invoice_books::InBooks;
pub use invoice_due::Invoiced;
pub use legal_entity::{CREDIT_NOTE_PREFIX, EntityFields, EntityProblem, LegalEntity, Numbers};
pub use look::{
    GoodsColumn, KindText, LogoFacts, Look, LookChanges, LookFault, LookField, LookProblem, MOST_DAYS, MOST_KIND_TEXT, MOST_LINE,
    MOST_SENDER_LINES, MOST_TEXT,
};
pub use pdf::{file, file_with};
pub use phrases::Phrases;
pub use placeholder::Placeholder;
pub use sheet::{Column, Fact, Logo, Party, Sheet, SheetStyle, Side, Table, left, right};
pub use slips::WaveGoods;

/// A paper that was drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    pub id: PaperId,
    pub kind: PaperKind,
    /// What it was drawn of.
    pub target: Target,
    /// The number that is printed on it.
    pub number: String,
    /// The order that it is about, where it is about one.
    pub order: Option<OrderId>,
    pub locale: PaperLocale,
    pub html: FileId,
    /// None where a text has a sign that the fonts of PDFs lack.
    pub pdf: Option<FileId>,
    /// SHA-256 of the page's bytes, and of the PDF's, in hexadecimal digits.
    pub html_sha256: String,
    pub pdf_sha256: Option<String>,
    pub actor: Actor,
    pub created_at: Timestamp,
}

/// The kinds of documents that a paper is drawn of, by the prefixes of their ids.
pub fn drawn_of(kind: PaperKind) -> Vec<&'static str> {
    use entity::id::{Kind, kind as ids};
    match kind {
        PaperKind::PickingList => vec![ids::FulfilmentWorkId::PREFIX, ids::FulfilmentWaveId::PREFIX],
        PaperKind::PackingSlip | PaperKind::CollectSlip => vec![ids::FulfilmentWorkId::PREFIX],
        PaperKind::DeliveryNote => vec![ids::FulfilmentId::PREFIX],
        PaperKind::OrderConfirmation => vec![ids::OrderId::PREFIX],
        PaperKind::PurchaseOrder => vec![ids::PurchaseOrderId::PREFIX],
        PaperKind::Invoice | PaperKind::CreditNote => vec![ids::InvoiceId::PREFIX],
        PaperKind::ReturnLabel => vec![ids::ReturnId::PREFIX],
    }
}

/// The nearest kind that every binary knows, and the kind itself where that is another one: an older binary takes a word that it does not know for a
/// corrupt row, and the rule of the column lists those words.
pub const fn kept_as(kind: PaperKind) -> (PaperKind, Option<PaperKind>) {
    match kind {
        PaperKind::ReturnLabel => (PaperKind::DeliveryNote, Some(kind)),
        PaperKind::CollectSlip => (PaperKind::PackingSlip, Some(kind)),
        PaperKind::PackingSlip
        | PaperKind::PickingList
        | PaperKind::DeliveryNote
        | PaperKind::OrderConfirmation
        | PaperKind::PurchaseOrder
        | PaperKind::Invoice
        | PaperKind::CreditNote => (kind, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_kept_as_one_that_every_binary_knows() {
        for kind in PaperKind::ALL {
            let (kept, later) = kept_as(*kind);
            assert_eq!(later.unwrap_or(kept), *kind);
            assert_eq!(kept_as(kept), (kept, None), "{kind}");
        }
    }
}
