//! Errors of reading a file or an example.

use std::fmt;

/// Reason for which a file was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BenchError {
    /// A line has another number of fields than the first one.
    Fields { line: usize, expected: usize, found: usize },
    /// A field is not a number.
    Number { line: usize, text: String },
    /// Fewer weeks than a choice and eight held-out weeks need.
    TooShort { weeks: usize, least: usize },
    /// The panel did not take it.
    Panel(crate::panel::PanelError),
    /// A line of an explained example lacks a name, or has an unknown one.
    Example { line: usize },
    /// An explained example lacks this.
    Lacks(&'static str),
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields { line, expected, found } => {
                write!(f, "Line {line} has {found} fields instead of {expected}. Give every line a SKU and the same weeks.")
            }
            Self::Number { line, text } => write!(f, "Line {line} has {text:?} where a number is expected. Correct the line."),
            Self::TooShort { weeks, least } => write!(f, "The file has {weeks} weeks. Give it at least {least}."),
            Self::Panel(error) => error.fmt(f),
            Self::Example { line } => write!(f, "Line {line} of the example is not known. Write it as `name: numbers`."),
            Self::Lacks(name) => write!(f, "The example lacks `{name}`. Add a line with it."),
        }
    }
}

impl std::error::Error for BenchError {}
