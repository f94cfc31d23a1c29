//! Reasons to refuse a change of rights, and their places in the input. `api/src/access/refusal.rs`
//! gives each reason its code and text, each place its path.

use entity::prelude::Timestamp;

/// A refusal: nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rejection {
    pub why: Refusal,
    pub at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// A required text is empty.
    Required,
    Invalid(Invalid),
    NotFound(Noun),
    /// The row's version is not the one expected.
    Stale {
        actual: i64,
    },
    /// The change would leave the tenant without an owner.
    LastOwner,
    TooMany {
        what: LimitedObject,
        most: usize,
    },

    NameTooLong {
        most: usize,
    },
    GrantTwice,

    // Roles and groups.
    RoleKeyTaken,
    GroupCodeTaken,
    /// Another role inherits it.
    Inherited {
        by: String,
    },
    HeldBy {
        members: i64,
    },
    /// Rights are given by the group.
    GroupInUse {
        members: i64,
        integrations: usize,
    },
    /// The group is archived: stores cannot be added to it, and grants cannot name it.
    GroupArchived {
        since: Timestamp,
    },
    BuiltIn {
        key: &'static str,
    },

    // Integrations and their keys.
    IntegrationDisabled,
    KeyEnded,

    /// The person is a member, or invited.
    MemberAlready,
    /// The inviter's session has ended since the request was admitted.
    SessionEnded,
}

/// Input that is invalid regardless of the stored state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Invalid {
    Name,
    Key,
    Code,
    Network,
    /// Points of a key's budget: 1 to `most` are.
    Points {
        most: u32,
    },
    /// A time in the future is expected.
    Past,
    /// The old key would live for too long.
    RollTooLong,
    /// A scope without stores or groups grants nothing.
    NoPlace,
    InheritsItself,
    /// The change would give or take a permission that the caller does not hold in these stores for
    /// this long.
    NotHeld {
        permission: &'static str,
    },
    /// The giver's own rights end earlier.
    Outlives(GrantingChange),
    /// The integration itself lacks the permission.
    BeyondIntegration {
        permission: &'static str,
    },
    /// The integration itself does not reach these stores.
    OutsideIntegration,
    /// The permission exposes more than one channel, and the integration is bound to one.
    BeyondChannel {
        permission: &'static str,
    },
}

/// Ways in which a change gives rights to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantingChange {
    /// More by a group of stores.
    Group,
    /// More by a role.
    Role,
    /// More to an integration.
    Integration,
    Grant,
    Key,
}

/// Object that a call names and that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Noun {
    Permission,
    Role,
    StoreGroup,
    Store,
    Member,
    Integration,
    ApiKey,
    Channel,
}

/// Objects whose number is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitedObject {
    /// Roles of a tenant.
    Roles,
    /// Roles that a role inherits.
    Inherited,
    /// Links of a chain of inheritance.
    Inheritance,
    /// Store groups of a tenant.
    Groups,
    /// Stores of a group.
    Stores,
    /// Grants of a member.
    Grants,
    /// Groups and stores of a scope.
    Places,
    /// Integrations of a tenant.
    Integrations,
    /// Keys of an integration that have not ended.
    Keys,
    /// All keys of an integration, including those that have ended.
    KeysEver,
    /// Networks of a key.
    Networks,
    /// Permissions in a list.
    Permissions,
}

/// A field of the input or an argument, in the order of the inputs that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    Id,
    ExpectedVersion,
    MemberId,
    IntegrationId,
    Email,
    Key,
    Code,
    Name,
    ChannelId,
    Permissions,
    Inherits,
    Grants,
    RoleId,
    RoleIds,
    Scope,
    GroupIds,
    StoreIds,
    AllowedCidrs,
    Points,
    RestoreRate,
    ExpiresAt,
    OldKeyExpiresAt,
}

/// Owner of the fields that a place names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The call itself.
    Arguments,
    Input,
    /// The grant at this place of the input.
    Grant(usize),
    /// The budget of the input.
    Budget,
}

/// Place of the cause in the input; sorted in the order of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    pub part: Part,
    /// None: the whole part.
    pub field: Option<Field>,
    /// Index in the field, if the field is a list.
    pub nth: Option<usize>,
    /// The list of a scope (groups or stores), and the index in it.
    pub place: Option<(Field, usize)>,
}

impl At {
    /// The input as a whole.
    pub const INPUT: Self = Self { part: Part::Input, field: None, nth: None, place: None };

    pub const fn argument(field: Field) -> Self {
        Self { part: Part::Arguments, field: Some(field), ..Self::INPUT }
    }
    pub const fn input(field: Field) -> Self {
        Self { field: Some(field), ..Self::INPUT }
    }
    pub const fn grant(index: usize, field: Field) -> Self {
        Self { part: Part::Grant(index), field: Some(field), ..Self::INPUT }
    }
    pub const fn budget(field: Field) -> Self {
        Self { part: Part::Budget, field: Some(field), ..Self::INPUT }
    }
    #[must_use]
    pub const fn nth(self, index: usize) -> Self {
        Self { nth: Some(index), ..self }
    }
    #[must_use]
    pub const fn place(self, list: Field, index: usize) -> Self {
        Self { place: Some((list, index)), ..self }
    }
}

impl Refusal {
    pub const fn at(self, at: At) -> Rejection {
        Rejection { why: self, at }
    }
}

impl Invalid {
    pub const fn at(self, at: At) -> Rejection {
        Rejection { why: Refusal::Invalid(self), at }
    }
}

/// The longest name, in characters.
pub const MAX_NAME: usize = 255;

/// Refuses a text of blanks alone.
fn check_not_blank(text: &str, at: At) -> Result<(), Rejection> {
    if text.trim().is_empty() { Err(Refusal::Required.at(at)) } else { Ok(()) }
}

/// A name that people read: something, and not too much.
pub fn check_name(name: &str, at: At) -> Result<(), Rejection> {
    check_not_blank(name, at)?;
    if name.chars().any(char::is_control) {
        return Err(Invalid::Name.at(at));
    }
    if name.chars().count() > MAX_NAME {
        return Err(Refusal::NameTooLong { most: MAX_NAME }.at(at));
    }
    Ok(())
}

/// A short name that programs use.
pub fn check_key(key: &str, at: At) -> Result<(), Rejection> {
    check_not_blank(key, at)?;
    let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_key = (2..=63).contains(&key.len()) && key.bytes().all(is_allowed) && key.as_bytes()[0].is_ascii_lowercase();
    if is_key { Ok(()) } else { Err(Invalid::Key.at(at)) }
}

/// A short name as people write it, and the key that it is unique by.
pub fn check_code(code: &str, at: At) -> Result<String, Rejection> {
    check_not_blank(code, at)?;
    let is_code = (1..=64).contains(&code.chars().count()) && !code.chars().any(|c| c.is_control() || c.is_whitespace());
    if is_code { Ok(code.to_lowercase()) } else { Err(Invalid::Code.at(at)) }
}
