//! Papers in GraphQL: documents as pages and PDFs, and the invoices among them.

pub mod document;
pub mod invoice;
pub mod invoice_list;
pub mod legal_entity;
pub mod loaders;
pub mod paper;

pub use invoice::{Invoice, InvoiceConnection, InvoiceEdge, InvoiceKind, InvoiceLine, InvoiceScope, InvoiceTax, find_invoice};
pub use invoice_list::{
    InvoiceFilter, InvoiceListArgs, InvoiceOwner, InvoiceRef, InvoiceSort, InvoiceSortField, invoices as invoices_page,
    load_invoices_by_number,
};
pub use legal_entity::{LegalEntity, LegalEntityArchiveInput, LegalEntityRestoreInput, LegalEntityUpsertInput, find_entity};
pub use loaders::{Rows, has_more_papers, has_more_papers_of_order, invoices_of_order, papers_of, papers_of_order};
pub use paper::{Paper, PaperConnection, PaperEdge, PaperKind, PaperLocale, find_paper};
