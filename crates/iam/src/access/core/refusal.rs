//! Why a change of rights is refused, and where the cause is. `api/src/access/refusal.rs` gives each reason its code and words, each place its path.

use entity::prelude::Timestamp;

/// A refusal: nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rejection {
    pub why: Refusal,
    pub at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// A text without anything in it, where one is needed.
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
        what: Counted,
        most: usize,
    },

    NameTooLong {
        most: usize,
    },
    GrantTwice,

    // Of roles and groups.
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
    /// The group is archived: nothing new is put into it, and no right is given by it.
    GroupArchived {
        since: Timestamp,
    },
    BuiltIn {
        key: &'static str,
    },

    // Of integrations and their keys.
    IntegrationDisabled,
    KeyEnded,

    /// The person is a member, or invited.
    MemberAlready,
    /// The session of whoever invites has ended since it was let in.
    SessionEnded,
}

/// What was asked for is not valid, whatever else there is.
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
    /// A moment to come is expected.
    Past,
    /// The old key would live for too long.
    RollTooLong,
    /// A scope that names no place gives nothing.
    NoPlace,
    InheritsItself,
    /// Somebody would give, or take, what they do not hold themselves in these stores and for this long.
    NotHeld {
        permission: &'static str,
    },
    /// The rights of who gives it end before it does.
    Outlives(Given),
    /// The integration itself lacks the permission.
    BeyondIntegration {
        permission: &'static str,
    },
    /// The integration itself does not reach these stores.
    OutsideIntegration,
    /// The permission tells of more than one channel, and the integration is bound to one.
    BeyondChannel {
        permission: &'static str,
    },
}

/// What somebody gives others with rights of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Given {
    /// More by a group of stores.
    Group,
    /// More by a role.
    Role,
    /// More to an integration.
    Integration,
    Grant,
    Key,
}

/// What a call names and is not there.
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

/// What there can only be so many of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counted {
    /// Of a tenant.
    Roles,
    /// That a role inherits.
    Inherited,
    /// Links of a chain of inheritance.
    Inheritance,
    /// Of a tenant.
    Groups,
    /// Of a group.
    Stores,
    /// Of a member.
    Grants,
    /// Of a scope.
    Places,
    /// Of a tenant.
    Integrations,
    /// Of an integration, those that have not ended.
    Keys,
    /// Of an integration, with those that have ended.
    KeysEver,
    /// Of a key.
    Networks,
    /// That a list names.
    Permissions,
}

/// A field of what is asked for, in the order of the inputs that have it.
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

/// What the fields of a place belong to.
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

/// Where in what was asked for the cause is; sorted as the input is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    pub part: Part,
    /// None: the whole part.
    pub field: Option<Field>,
    /// Of a field that is a list, which of it.
    pub nth: Option<usize>,
    /// Of a scope, which of its groups or stores.
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
fn check_given(text: &str, at: At) -> Result<(), Rejection> {
    if text.trim().is_empty() { Err(Refusal::Required.at(at)) } else { Ok(()) }
}

/// A name that people read: something, and not too much.
pub fn check_name(name: &str, at: At) -> Result<(), Rejection> {
    check_given(name, at)?;
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
    check_given(key, at)?;
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_key = (2..=63).contains(&key.len()) && key.bytes().all(good) && key.as_bytes()[0].is_ascii_lowercase();
    if is_key { Ok(()) } else { Err(Invalid::Key.at(at)) }
}

/// A short name as people write it, and the key that it is unique by.
pub fn check_code(code: &str, at: At) -> Result<String, Rejection> {
    check_given(code, at)?;
    let is_code = (1..=64).contains(&code.chars().count()) && !code.chars().any(|c| c.is_control() || c.is_whitespace());
    if is_code { Ok(code.to_lowercase()) } else { Err(Invalid::Code.at(at)) }
}
