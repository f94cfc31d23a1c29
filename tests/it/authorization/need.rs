//! What root fields ask of their callers.

/// What a root field asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    SignIn,
    May(&'static str),
}
