//! Content of papers and their drawing: pure.

mod draw;
mod apply_design;
mod html;
mod invoice;
mod invoice_books;
mod invoice_due;
mod invoice_totals;
mod legal_entity;
mod design;
mod pdf;
mod placeholder;
mod sheet;
mod slips;
mod phrases;

use entity::prelude::*;
use platform::audit::Target;

pub use apply_design::{GoodsDetails, PaperDesign, sample};
pub use design::{
    DesignChanges, DesignField, DesignFieldError, DesignProblem, DesignSettings, GoodsColumn, KindText, LogoFacts, MAX_DAYS,
    MAX_KIND_TEXT, MAX_LINE, MAX_SENDER_LINES, MAX_TEXT,
};
pub use draw::{DrawError, Frame, Goods, OrderTexts, address_lines, contact_lines, invoice as invoice_sheet};
pub use html::{page, style_source};
pub use invoice::{Facts, Invoice, InvoiceLine, Refusal, Scope, by_rate, credit, due_lines, totals};
pub use invoice_books::BooksTotals;
pub use invoice_due::InvoicedAmounts;
pub use invoice_totals::{RateTotals, Totals};
pub use legal_entity::{CREDIT_NOTE_PREFIX, EntityFields, EntityProblem, LegalEntity, Numbers};
pub use pdf::{file, file_with_drawing};
pub use phrases::Phrases;
pub use placeholder::Placeholder;
pub use sheet::{Column, Fact, Logo, Party, Sheet, SheetStyle, Side, Table, figure_column, text_column};
pub use slips::WaveGoods;

/// A paper that was drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    pub id: PaperId,
    pub kind: PaperKind,
    /// Document that it was drawn from.
    pub target: Target,
    /// The printed number.
    pub number: String,
    /// The order of the document, if it has one.
    pub order: Option<OrderId>,
    pub locale: PaperLocale,
    pub html: FileId,
    /// `None` if a text has a character that the fonts of PDFs lack.
    pub pdf: Option<FileId>,
    /// SHA-256 of the page's bytes, and of the PDF's, in hexadecimal digits.
    pub html_sha256: String,
    pub pdf_sha256: Option<String>,
    pub actor: Actor,
    pub created_at: Timestamp,
}

/// Returns the kinds of documents that a paper can be drawn from, by the prefixes of their IDs.
pub fn source_kinds(kind: PaperKind) -> Vec<&'static str> {
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

/// Returns the nearest kind that every version knows, and the kind itself if it differs: an older
/// version takes an unknown word for a corrupt row, and the column's check constraint lists the
/// known words.
pub const fn stored_kinds(kind: PaperKind) -> (PaperKind, Option<PaperKind>) {
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
            let (kept, later) = stored_kinds(*kind);
            assert_eq!(later.unwrap_or(kept), *kind);
            assert_eq!(stored_kinds(kept), (kept, None), "{kind}");
        }
    }
}
