//! Papers in GraphQL: documents as pages and PDFs, and the invoices among them.

pub use objects::papers::*;

mod drawing;
mod apply_design;
mod invoice_roots;
mod mutation;
mod query;
mod refusal;
mod request;
mod slips;
mod settings;
mod settings_roots;

pub use invoice_roots::{
    CreditNoteIssueInput, CreditNoteLineInput, InvoiceIssueInput, InvoiceMutation, InvoicePayload, InvoiceQuery,
    LegalEntityPayload,
};
pub use mutation::{PaperCreateInput, PaperMutation, PaperPayload};
pub use query::PaperQuery;
pub use settings::{
    PaperColumn, PaperLogo, PaperSettings, PaperSettingsPayload, PaperSettingsSetInput, PaperText, PaperTextInput,
};
pub use settings_roots::{PaperSettingsMutation, PaperSettingsQuery};
