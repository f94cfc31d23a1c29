//! Inputs of fields in a change: left out, null, or a value.

use serde::Serialize;

/// Input of a field: left out, null, or a value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub enum Patch<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<T> Patch<T> {
    pub fn set(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            _ => None,
        }
    }
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
    /// Converts the value, if one is set; a None drops the field, as for an invalid value.
    pub fn check<U>(&self, conversion: impl FnOnce(&T) -> Option<U>) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => conversion(value).map_or(Patch::Keep, Patch::Set),
        }
    }
    /// Writes the patch into a field that may be empty.
    pub fn apply(&self, field: &mut Option<T>)
    where
        T: Clone,
    {
        match self {
            Self::Keep => {}
            Self::Clear => *field = None,
            Self::Set(value) => *field = Some(value.clone()),
        }
    }
    /// Writes the patch into a field that always has a value; clearing it was refused before.
    pub fn apply_value(&self, field: &mut T)
    where
        T: Clone,
    {
        if let Self::Set(value) = self {
            *field = value.clone();
        }
    }
}

impl<T> From<Option<T>> for Patch<T> {
    /// A field of a new row: without a value it has its default.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}
