//! Papers in GraphQL: documents as pages and PDFs.

mod drawing;
mod mutation;
mod paper;
mod query;

pub use mutation::{PaperCreateInput, PaperMutation, PaperPayload};
pub use paper::{Paper, PaperConnection, PaperEdge, PaperKind, PaperLocale, find_paper};
pub use query::PaperQuery;
