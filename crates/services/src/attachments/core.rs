//! What an attachment is, and what it may be called: pure.

use entity::prelude::*;
use platform::audit::Target;

/// Attachments of an object at most.
pub const MOST: i64 = 50;
/// Characters of a name at most.
pub const MAX_NAME: usize = 200;
/// Characters of a description at most.
pub const MAX_DESCRIPTION: usize = 1_000;

/// A file that is attached to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub id: AttachmentId,
    /// The object that it is attached to.
    pub target: Target,
    pub file: FileId,
    pub name: String,
    /// Empty where there is none.
    pub description: String,
    pub author: Actor,
    pub created_at: Timestamp,
}

/// Why nothing is attached or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    NoName,
    TooLong {
        field: &'static str,
        most: usize,
    },
    /// It has a NUL character.
    NotPlain {
        field: &'static str,
    },
    TooMany,
    /// The customer is erased: what is attached now would stay.
    Erased,
    NotFound,
    KeyReused,
}

/// The name as it is kept, without space around it.
pub fn name_of(name: &str) -> Result<String, Refusal> {
    let name = kept(name, "name", MAX_NAME)?;
    if name.is_empty() { Err(Refusal::NoName) } else { Ok(name) }
}

/// The description as it is kept, without space around it.
pub fn description_of(description: &str) -> Result<String, Refusal> {
    kept(description, "description", MAX_DESCRIPTION)
}

fn kept(text: &str, field: &'static str, most: usize) -> Result<String, Refusal> {
    let text = text.trim();
    if text.contains('\0') {
        return Err(Refusal::NotPlain { field });
    }
    if text.chars().nth(most).is_some() {
        return Err(Refusal::TooLong { field, most });
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_something_and_a_description_need_not() {
        assert_eq!(name_of("  Delivery note "), Ok("Delivery note".to_owned()));
        assert_eq!(name_of(" "), Err(Refusal::NoName));
        assert_eq!(description_of(" "), Ok(String::new()));
        assert_eq!(name_of("a\0b"), Err(Refusal::NotPlain { field: "name" }));
        assert!(name_of(&"ü".repeat(MAX_NAME)).is_ok());
        assert_eq!(name_of(&"ü".repeat(MAX_NAME + 1)), Err(Refusal::TooLong { field: "name", most: MAX_NAME }));
        let long = description_of(&"x".repeat(MAX_DESCRIPTION + 1));
        assert_eq!(long, Err(Refusal::TooLong { field: "description", most: MAX_DESCRIPTION }));
    }
}
