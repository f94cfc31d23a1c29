//! Papers: pages and PDFs that are drawn from documents, to be printed or sent.
//!
//! A paper is drawn with the rights of the caller, into files that only the caller gets links to
//! and that expire after seven days: it is drawn again whenever it is needed. Invoices and credit
//! notes are numbered and frozen in rows of their own, and drawn only from these rows.
//! `docs/papers.md` describes them, `docs/decisions/0147-papers.md` has the reasons.

pub mod core;
pub mod events;
pub mod rows;
pub mod shell;

pub use shell::Papers;
