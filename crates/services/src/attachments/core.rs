//! Attachments and the rules of their names: pure.

use entity::prelude::*;
use platform::audit::Target;

/// Maximum attachments of an object.
pub const MAX_ATTACHMENTS: i64 = 50;
/// Maximum characters of a name.
pub const MAX_NAME: usize = 200;
/// Maximum characters of a description.
pub const MAX_DESCRIPTION: usize = 1_000;

/// A file that is attached to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub id: AttachmentId,
    /// The object with the attachment.
    pub target: Target,
    pub file: FileId,
    pub name: String,
    /// Empty if the attachment has none.
    pub description: String,
    pub author: Actor,
    pub created_at: Timestamp,
}

/// Reason to refuse an attachment or its removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    NoName,
    TooLong {
        field: &'static str,
        most: usize,
    },
    /// The field has a NUL character.
    NotPlain {
        field: &'static str,
    },
    TooMany,
    /// The customer is erased: the erasure would not remove a new attachment.
    Erased,
    NotFound,
    KeyReused,
}

/// Returns the stored form of a name: trimmed.
pub fn parse_name(name: &str) -> Result<String, Refusal> {
    let name = trimmed_text(name, "name", MAX_NAME)?;
    if name.is_empty() { Err(Refusal::NoName) } else { Ok(name) }
}

/// Returns the stored form of a description: trimmed.
pub fn parse_description(description: &str) -> Result<String, Refusal> {
    trimmed_text(description, "description", MAX_DESCRIPTION)
}

fn trimmed_text(text: &str, field: &'static str, max_chars: usize) -> Result<String, Refusal> {
    let text = text.trim();
    if text.contains('\0') {
        return Err(Refusal::NotPlain { field });
    }
    if text.chars().nth(max_chars).is_some() {
        return Err(Refusal::TooLong { field, most: max_chars });
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_something_and_a_description_need_not() {
        assert_eq!(parse_name("  Delivery note "), Ok("Delivery note".to_owned()));
        assert_eq!(parse_name(" "), Err(Refusal::NoName));
        assert_eq!(parse_description(" "), Ok(String::new()));
        assert_eq!(parse_name("a\0b"), Err(Refusal::NotPlain { field: "name" }));
        assert!(parse_name(&"ü".repeat(MAX_NAME)).is_ok());
        assert_eq!(parse_name(&"ü".repeat(MAX_NAME + 1)), Err(Refusal::TooLong { field: "name", most: MAX_NAME }));
        let long = parse_description(&"x".repeat(MAX_DESCRIPTION + 1));
        assert_eq!(long, Err(Refusal::TooLong { field: "description", most: MAX_DESCRIPTION }));
    }
}
