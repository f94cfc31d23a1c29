//! What stock is worth and what goods cost, in the words of whoever keeps the books.

mod back;
mod books;
mod world;
mod documents;
mod rights;
mod summaries;
