pub mod country;
pub mod error;
pub mod expect;
pub mod figures;
pub mod intake;
pub mod plan;
pub mod reader;
pub mod rule;
pub mod section;

mod assemble;
mod matching;
