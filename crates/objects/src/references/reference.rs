//! A reference of an input, beside the field with the ID, and the ID that it resolves to.

use async_graphql::{ID, MaybeUndefined};

use super::names::Name;
use crate::graphql::refusal::{ErrorCode, Path, UserError};

/// The field with the ID.
pub(super) enum IdSlot<'a> {
    /// An element of a list that was created for the references.
    Listed(&'a mut ID),
    Option(&'a mut Option<ID>),
    Patch(&'a mut MaybeUndefined<ID>),
}

impl IdSlot<'_> {
    pub(super) fn id(&self) -> Option<&ID> {
        match self {
            Self::Option(id) => id.as_ref(),
            Self::Patch(MaybeUndefined::Value(id)) => Some(id),
            Self::Patch(_) | Self::Listed(_) => None,
        }
    }
    pub(super) fn set(self, id: ID) {
        match self {
            Self::Listed(slot) => *slot = id,
            Self::Option(slot) => *slot = Some(id),
            Self::Patch(slot) => *slot = MaybeUndefined::Value(id),
        }
    }
}

/// A given reference, and the field with the ID beside it.
pub struct NamedReference<'a> {
    pub(super) name: Name,
    pub(super) id: IdSlot<'a>,
    /// Paths of the field with the ID and of the reference.
    pub(super) id_at: Path,
    pub(super) at: Path,
}

/// ID that a reference resolves to.
pub struct ResolvedReference {
    pub(super) id: ID,
    /// The fields of the reference that name it.
    pub(super) last: Path,
    /// Message for a reference that several things have.
    pub(super) shared: Option<String>,
}

pub(super) fn conflicting_id(at: Path, id_at: &[String]) -> UserError {
    let id = id_at.last().map_or("id", String::as_str);
    UserError::new(ErrorCode::Invalid, format!("it names another one than {id}: leave one of the two out"), at)
}
