//! Papers: pages and PDFs that are drawn of documents, to be printed or sent.
//!
//! A paper is drawn with the rights of whoever asks for it, into files that only they are given links to and that go after seven days: it is drawn anew
//! whenever it is needed. Invoices and credit notes are numbered and frozen in rows of their own, and drawn of nothing else. `docs/papers.md` has it in plain words, `docs/decisions/0147-papers.md` the reasons.

pub mod core;
pub mod events;
pub mod rows;
pub mod shell;

pub use shell::Papers;
