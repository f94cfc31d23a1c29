//! Search over records of all kinds by their codes, numbers, references and words of names.

pub mod core;
pub mod rows;
