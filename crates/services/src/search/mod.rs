//! Search over all kinds of things by what names them: codes, numbers, references, words of names.

pub mod core;
pub mod rows;
