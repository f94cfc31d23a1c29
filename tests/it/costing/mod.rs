//! Stock value and cost of goods, in accounting terms.

mod ageing;
mod back;
mod books;
pub mod world;
mod documents;
mod rights;
mod summaries;
mod undo;
