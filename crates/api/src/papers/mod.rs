//! Papers in GraphQL: documents as pages and PDFs, and the invoices among them.

mod document;
mod drawing;
mod dressing;
mod invoice;
mod invoice_list;
mod invoice_roots;
mod legal_entity;
mod loaders;
mod mutation;
mod paper;
mod query;
mod refusal;
mod slips;
mod settings;
mod settings_roots;

pub use invoice::{Invoice, InvoiceConnection, InvoiceEdge, InvoiceKind, InvoiceLine, InvoiceScope, InvoiceTax, find_invoice};
pub use invoice_list::{
    InvoiceAsk, InvoiceFilter, InvoiceRef, InvoiceSort, InvoiceSortField, InvoicesOf, invoices as invoices_page,
    numbered as invoices_numbered,
};
pub use invoice_roots::{
    CreditNoteIssueInput, CreditNoteLineInput, InvoiceIssueInput, InvoiceMutation, InvoicePayload, InvoiceQuery,
    LegalEntityPayload,
};
pub use legal_entity::{LegalEntity, LegalEntityArchiveInput, LegalEntityRestoreInput, LegalEntityUpsertInput, find_entity};
pub use loaders::{Rows, has_more_papers, has_more_papers_of_order, invoices_of_order, papers_of, papers_of_order};
pub use mutation::{PaperCreateInput, PaperMutation, PaperPayload};
pub use paper::{Paper, PaperConnection, PaperEdge, PaperKind, PaperLocale, find_paper};
pub use query::PaperQuery;
pub use settings::{
    PaperColumn, PaperLogo, PaperSettings, PaperSettingsPayload, PaperSettingsSetInput, PaperText, PaperTextInput,
};
pub use settings_roots::{PaperSettingsMutation, PaperSettingsQuery};
