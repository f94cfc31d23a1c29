//! Why somebody is not let in, not registered, or may not change what they asked to. `api/src/identity/refusal.rs` gives each reason its code, words
//! and path.

use entity::{id::IdError, prelude::MemberStatus};

/// A refusal: nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    Input(InputRefusal),
    Member(MemberRefusal),

    // Of a registration.
    SlugTaken,
    /// The operator lets nobody register.
    RegistrationClosed,

    // Of what was shown.
    /// E-mail and password do not match, or the member may not come in: which of them is not said.
    InvalidCredentials,
    TokenExpired,
    /// No refresh token was given, and none came by cookie.
    TokenMissing,
    /// The operator has suspended the tenant.
    TenantSuspended,
    /// Another call with the same refresh token was answered meanwhile.
    RefreshRaced,
    /// The caller's own password, shown once more, is wrong.
    WrongPassword,
    /// A link that was mailed is good no longer.
    LinkOver,
    /// The code of a second factor is wrong or was used before.
    MfaInvalid,
    /// The login that waited for a second factor waits no longer.
    ChallengeOver,
    /// No enrolment of a second factor waits for a code.
    NoEnrolment,
    NoFactor,

    // Of sessions and tenants of one's own.
    NoSession,
    /// The caller's own session has ended since it was let in.
    SessionEnded,
    /// There is no such tenant, or it is somebody else's.
    NoTenant,
    /// The session is in this tenant already.
    SameTenant,
    /// The tenant that is switched to asks for passwords of this length, in characters.
    TenantAsksLonger {
        least: i64,
    },
    SandboxOfSandbox,
    TooManySandboxes {
        most: i32,
    },
    SandboxRaced,
}

/// What is refused of what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputRefusal {
    /// What should be the ID of something is none.
    Id(IdError),
    NoEmail,
    NoSlug,
    Email,
    EmailTooLong {
        most: usize,
    },
    Slug,
    NoName(Field),
    NameTooLong {
        field: Field,
        most: usize,
    },
    /// A name with control characters.
    OddName(Field),
    Locale,
    TimeZone,
    WeakPassword(Field, Weakness),
    /// The tenant asks for longer ones, in characters.
    ShortPassword {
        field: Field,
        least: i64,
    },
}

/// What is refused of what becomes of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberRefusal {
    Unknown,
    /// They hold rights that the caller does not.
    HoldsMore,
    SuspendsThemselves,
    RemovesThemselves,
    /// Of a change of standing.
    NotComeIn,
    /// Of a removal: the invitation can be revoked.
    OnlyInvited,
    /// Of a change of standing.
    HasLeft,
    /// Of a removal.
    HasLeftAlready,
    StandsSo(MemberStatus),
    LastOwner,
    /// Of the caller, who wants to leave.
    LastOwnerLeaves,
    /// No invitation of theirs waits for an answer.
    NotInvited,

    // Of their second factor.
    OwnFactor,
    FactorOfInvited,
    /// They belong to other tenants, too.
    FactorElsewhere,
    NoFactor,
}

impl From<InputRefusal> for Rejection {
    fn from(why: InputRefusal) -> Self {
        Self::Input(why)
    }
}
impl From<MemberRefusal> for Rejection {
    fn from(why: MemberRefusal) -> Self {
        Self::Member(why)
    }
}

/// Which of the names or passwords of a call is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    DisplayName,
    TenantName,
    Name,
    Password,
    NewPassword,
}

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// In characters.
    Length { least: usize, most: usize },
    /// It is among those that are tried first.
    Common,
}
