//! Notes, and the rules of their texts: pure.

use entity::prelude::*;
use platform::audit::Target;

/// Maximum characters of a note.
pub const MAX_TEXT: usize = 4_000;
/// Maximum members that a note mentions.
pub const MAX_MENTIONS: usize = 20;

/// Current version of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub id: NoteId,
    /// The object of the note.
    pub target: Target,
    pub audience: NoteAudience,
    pub body: String,
    pub author: Actor,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An earlier text of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub version: i64,
    pub body: String,
    pub written_at: Timestamp,
}

/// Reason to refuse a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    NoText,
    TooLong,
    /// The text has a NUL character.
    NotPlain,
    TooManyMentions,
    NotFound,
    NotAuthor,
    Stale {
        actual: i64,
    },
    KeyReused,
}

/// Returns the stored form of a text: trimmed.
pub fn text(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::NoText);
    }
    if text.contains('\0') {
        return Err(Refusal::NotPlain);
    }
    if text.chars().nth(MAX_TEXT).is_some() {
        return Err(Refusal::TooLong);
    }
    Ok(text.to_owned())
}

/// Returns the members, each once, in order.
pub fn mentions(mut members: Vec<MemberId>) -> Result<Vec<MemberId>, Refusal> {
    members.sort_unstable();
    members.dedup();
    if members.len() > MAX_MENTIONS { Err(Refusal::TooManyMentions) } else { Ok(members) }
}

/// Checks that an actor may change the note in the version that they read: only its author changes
/// a note.
pub fn may_change(note: &Note, actor: Actor, expected_version: i64) -> Result<(), Refusal> {
    if note.author != actor {
        return Err(Refusal::NotAuthor);
    }
    if note.version != expected_version {
        return Err(Refusal::Stale { actual: note.version });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_note_says_something_and_not_too_much() {
        assert_eq!(text("  Call back  "), Ok("Call back".to_owned()));
        assert_eq!([text(" "), text("a\0b")], [Err(Refusal::NoText), Err(Refusal::NotPlain)]);
        let long = "ü".repeat(MAX_TEXT);
        assert_eq!((text(&long), text(&format!("{long}x"))), (Ok(long.clone()), Err(Refusal::TooLong)));
    }

    #[test]
    fn a_member_is_mentioned_once() {
        let member = |n| MemberId::from_uuid(Uuid::from_u128(n));
        assert_eq!(mentions(vec![member(2), member(1), member(2)]), Ok(vec![member(1), member(2)]));
        let many = (0..=MAX_MENTIONS as u128).map(member).collect();
        assert_eq!(mentions(many), Err(Refusal::TooManyMentions));
    }

    #[test]
    fn only_the_author_changes_a_note_and_as_it_was_read() {
        let author = Actor::member(MemberId::from_uuid(Uuid::from_u128(1)));
        let note = Note {
            id: NoteId::NIL,
            target: Target::of(ProductId::NIL),
            audience: NoteAudience::Staff,
            body: "x".to_owned(),
            author,
            version: 3,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        assert_eq!(may_change(&note, author, 3), Ok(()));
        assert_eq!(may_change(&note, author, 2), Err(Refusal::Stale { actual: 3 }));
        assert_eq!(may_change(&note, Actor::SYSTEM, 3), Err(Refusal::NotAuthor));
    }
}
