//! Limits of lists and texts in filters.

use crate::graphql::{
    fault::{Answer, TopError},
    refusal::Path,
};

/// The longest list, and the longest text, in a filter.
const MAX_LIST: usize = 250;
const MAX_TEXT: usize = 255;

fn refuse_invalid<T>(message: impl Into<String>, at: &Path) -> Answer<T> {
    Err(TopError::bad_input(message, at.clone()))
}

pub(super) fn refuse_too_many<T>(message: impl Into<String>, at: &Path) -> Answer<T> {
    Err(TopError::limit_exceeded(message, at.clone()))
}

pub fn check_list_length(length: usize, at: &Path) -> Answer<()> {
    if length <= MAX_LIST { Ok(()) } else { refuse_too_many(format!("at most {MAX_LIST} values are taken"), at) }
}

/// No text that is kept has a NUL, and Postgres takes none.
pub fn check_text(text: String, at: &Path) -> Answer<String> {
    if text.chars().count() > MAX_TEXT {
        return refuse_invalid(format!("at most {MAX_TEXT} characters are taken"), at);
    }
    if text.contains('\0') { refuse_invalid("a text without control characters is expected", at) } else { Ok(text) }
}
