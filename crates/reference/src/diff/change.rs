//! Changes have a kind and a place, and each kind an impact.

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
    pub(super) changes: Vec<Change>,
}

impl Diff {
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns the changes of one impact, by place.
    pub fn of(&self, impact: Impact) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.kind.impact() == impact)
    }
}
