//! What stands on papers and how it is drawn: pure.

mod draw;
mod dress;
mod html;
mod invoice;
mod legal_entity;
mod look;
mod pdf;
mod placeholder;
mod sheet;
mod phrases;

use entity::prelude::*;
use platform::audit::Target;

pub use draw::{Frame, Goods, NotDrawn, Said, address_lines, contact_lines, invoice as invoice_sheet};
pub use dress::{Dressing, GoodsMark, sample};
pub use html::{page, style_source};
pub use invoice::{Facts, Invoice, InvoiceLine, Refusal, Scope, Totals, credit, due, totals};
pub use legal_entity::{CREDIT_NOTE_PREFIX, EntityFields, EntityProblem, LegalEntity, Numbers};
pub use look::{
    GoodsColumn, KindText, LogoFacts, Look, LookChanges, LookFault, LookField, LookProblem, MOST_DAYS, MOST_KIND_TEXT, MOST_LINE,
    MOST_SENDER_LINES, MOST_TEXT,
};
pub use pdf::{file, file_with};
pub use placeholder::Placeholder;
pub use phrases::Phrases;
pub use sheet::{Column, Fact, Logo, Party, Sheet, SheetStyle, Side, Table, left, right};

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
    /// None where a text has a sign that the font of PDFs lacks.
    pub pdf: Option<FileId>,
    /// SHA-256 of the page's bytes, and of the PDF's, in hexadecimal digits.
    pub html_sha256: String,
    pub pdf_sha256: Option<String>,
    pub actor: Actor,
    pub created_at: Timestamp,
}

/// The kind of document that a paper is drawn of, by the prefix of its ids.
pub const fn drawn_of(kind: PaperKind) -> &'static str {
    use entity::id::{Kind, kind as ids};
    match kind {
        PaperKind::PackingSlip | PaperKind::PickingList => ids::FulfilmentWorkId::PREFIX,
        PaperKind::DeliveryNote => ids::FulfilmentId::PREFIX,
        PaperKind::OrderConfirmation => ids::OrderId::PREFIX,
        PaperKind::PurchaseOrder => ids::PurchaseOrderId::PREFIX,
        PaperKind::Invoice | PaperKind::CreditNote => ids::InvoiceId::PREFIX,
    }
}
