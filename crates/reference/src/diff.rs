//! Changes between two schemas, and the impact of each on clients that were written for the older
//! one.

mod compare;
mod exceptions;
mod written;

use std::fmt;

use crate::{ReferenceError, schema::Schema};

pub use exceptions::{ExceptionError, Exceptions};

/// Impact of a change on a client that was written for the older schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Impact {
    /// A document, a variable or a reader of answers that was right may be wrong now.
    Breaking,
    /// Documents stay right, but an answer may hold values that the client has not seen before, or
    /// be refused.
    Dangerous,
    /// Something will go, or is to stay after all.
    Deprecation,
    /// Something is new.
    Addition,
}

impl Impact {
    pub const ALL: [Self; 4] = [Self::Breaking, Self::Dangerous, Self::Deprecation, Self::Addition];

    /// Name of the impact in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Breaking => "BREAKING",
            Self::Dangerous => "DANGEROUS",
            Self::Deprecation => "DEPRECATION",
            Self::Addition => "ADDITION",
        }
    }

    /// A heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Breaking => "Breaking",
            Self::Dangerous => "Dangerous",
            Self::Deprecation => "Deprecations",
            Self::Addition => "Additions",
        }
    }
}

/// Kinds of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    TypeRemoved,
    /// An object became an interface, an enum a scalar.
    TypeKindChanged,
    FieldRemoved,
    /// To another type, or to a list.
    FieldTypeChanged,
    FieldMadeNullable,
    ArgumentRemoved,
    InputFieldRemoved,
    EnumValueRemoved,
    /// An object or interface does not implement it any more.
    InterfaceRemoved,
    UnionMemberRemoved,
    /// A new argument or input field that must be given.
    RequiredInputAdded,
    /// An argument or input field that might be left out, or be null, must be given.
    InputMadeRequired,
    /// An argument or input field has another type.
    InputTypeChanged,
    /// The default differs, or there is none any more.
    DefaultChanged,
    /// Exactly one field of an input must be given.
    OneOfAdded,
    EnumValueAdded,
    UnionMemberAdded,
    InterfaceAdded,
    /// An argument or input field that was null when left out has a default.
    DefaultAdded,
    PermissionChanged,
    Deprecated,
    /// In other words or with other dates.
    DeprecationChanged,
    DeprecationWithdrawn,
    TypeAdded,
    FieldAdded,
    /// A field that could be null is never null.
    FieldMadeNonNull,
    ArgumentAdded,
    InputFieldAdded,
    /// An argument or input field that had to be given may be left out, or be null.
    InputRelaxed,
}

impl ChangeKind {
    pub fn impact(self) -> Impact {
        match self {
            Self::TypeRemoved
            | Self::TypeKindChanged
            | Self::FieldRemoved
            | Self::FieldTypeChanged
            | Self::FieldMadeNullable
            | Self::ArgumentRemoved
            | Self::InputFieldRemoved
            | Self::EnumValueRemoved
            | Self::InterfaceRemoved
            | Self::UnionMemberRemoved
            | Self::RequiredInputAdded
            | Self::InputMadeRequired
            | Self::InputTypeChanged
            | Self::DefaultChanged
            | Self::OneOfAdded => Impact::Breaking,
            Self::EnumValueAdded
            | Self::UnionMemberAdded
            | Self::InterfaceAdded
            | Self::DefaultAdded
            | Self::PermissionChanged => Impact::Dangerous,
            Self::Deprecated | Self::DeprecationChanged | Self::DeprecationWithdrawn => Impact::Deprecation,
            Self::TypeAdded
            | Self::FieldAdded
            | Self::FieldMadeNonNull
            | Self::ArgumentAdded
            | Self::InputFieldAdded
            | Self::InputRelaxed => Impact::Addition,
        }
    }

    /// Name of the kind in JSON and in the list of exceptions.
    pub fn code(self) -> &'static str {
        match self {
            Self::TypeRemoved => "TYPE_REMOVED",
            Self::TypeKindChanged => "TYPE_KIND_CHANGED",
            Self::FieldRemoved => "FIELD_REMOVED",
            Self::FieldTypeChanged => "FIELD_TYPE_CHANGED",
            Self::FieldMadeNullable => "FIELD_MADE_NULLABLE",
            Self::ArgumentRemoved => "ARGUMENT_REMOVED",
            Self::InputFieldRemoved => "INPUT_FIELD_REMOVED",
            Self::EnumValueRemoved => "ENUM_VALUE_REMOVED",
            Self::InterfaceRemoved => "INTERFACE_REMOVED",
            Self::UnionMemberRemoved => "UNION_MEMBER_REMOVED",
            Self::RequiredInputAdded => "REQUIRED_INPUT_ADDED",
            Self::InputMadeRequired => "INPUT_MADE_REQUIRED",
            Self::InputTypeChanged => "INPUT_TYPE_CHANGED",
            Self::DefaultChanged => "DEFAULT_CHANGED",
            Self::OneOfAdded => "ONE_OF_ADDED",
            Self::EnumValueAdded => "ENUM_VALUE_ADDED",
            Self::UnionMemberAdded => "UNION_MEMBER_ADDED",
            Self::InterfaceAdded => "INTERFACE_ADDED",
            Self::DefaultAdded => "DEFAULT_ADDED",
            Self::PermissionChanged => "PERMISSION_CHANGED",
            Self::Deprecated => "DEPRECATED",
            Self::DeprecationChanged => "DEPRECATION_CHANGED",
            Self::DeprecationWithdrawn => "DEPRECATION_WITHDRAWN",
            Self::TypeAdded => "TYPE_ADDED",
            Self::FieldAdded => "FIELD_ADDED",
            Self::FieldMadeNonNull => "FIELD_MADE_NON_NULL",
            Self::ArgumentAdded => "ARGUMENT_ADDED",
            Self::InputFieldAdded => "INPUT_FIELD_ADDED",
            Self::InputRelaxed => "INPUT_RELAXED",
        }
    }
}

/// A single change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub kind: ChangeKind,
    /// Schema coordinate, as the GraphQL specification writes it: `Order`, `Order.lines`,
    /// `Query.orders(first:)`, `OrderStatus.OPEN`.
    pub coordinate: String,
    /// Description of the change, without a full stop.
    pub text: String,
}

/// All changes from one schema to another, those that break clients first, then by place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    changes: Vec<Change>,
}

/// A schema that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffError {
    Old(ReferenceError),
    New(ReferenceError),
}

impl fmt::Display for DiffError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Old(error) => write!(f, "Old schema: {error}"),
            Self::New(error) => write!(f, "New schema: {error}"),
        }
    }
}

impl std::error::Error for DiffError {}

impl Diff {
    /// Compares two schemas, each as SDL.
    pub fn between(old: &str, new: &str) -> Result<Self, DiffError> {
        let (old, new) = (Schema::parse(old).map_err(DiffError::Old)?, Schema::parse(new).map_err(DiffError::New)?);
        let mut changes = compare::compare_schemas(&old, &new);
        changes.sort_by(|one, other| {
            (one.kind.impact(), &one.coordinate, one.kind).cmp(&(other.kind.impact(), &other.coordinate, other.kind))
        });
        Ok(Self { changes })
    }

    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns the changes of one impact, by place.
    pub fn of(&self, impact: Impact) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.kind.impact() == impact)
    }

    /// A line for each change below a heading for each impact.
    pub fn text(&self) -> String {
        written::text(self)
    }

    /// The changes as Markdown, with headings of the third level.
    pub fn markdown(&self) -> String {
        written::markdown(self)
    }

    /// `{"isBreaking": …, "changes": [{"impact", "kind", "coordinate", "text"}]}`
    pub fn json(&self) -> String {
        written::json(self)
    }
}
