//! What stock is worth and what goods cost, in the words of whoever keeps the books.

mod ageing;
mod back;
mod books;
pub mod world;
mod documents;
mod rights;
mod summaries;
mod undo;
