//! Requirements of root fields for their callers.

/// Requirement of a root field for its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    SignIn,
    May(&'static str),
}
