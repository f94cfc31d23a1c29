//! A refusal says why a document is not run, with its code and its place.

use async_graphql::Pos;

use crate::code::Code;

/// Reason to refuse a document; nothing of it ran.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub code: Code,
    pub message: String,
    pub locations: Vec<Pos>,
    /// The place in the arguments, where it is known: `filter`, `and`, `0`.
    pub field: Vec<String>,
}

impl Refusal {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), locations: Vec::new(), field: Vec::new() }
    }
}

pub(super) fn check_max(unit: &str, count: usize, limit: usize) -> Result<(), Refusal> {
    if count <= limit {
        return Ok(());
    }
    Err(Refusal::new(Code::QueryTooComplex, format!("the operation has too many {unit}: at most {limit} are allowed")))
}
