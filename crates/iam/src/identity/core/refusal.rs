//! Reasons to refuse a login, a registration or a change of an account.
//! `api/src/identity/refusal.rs` gives each reason its code, text and path.

use entity::{id::IdError, prelude::MemberStatus};

/// A refusal: nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    Input(InputRefusal),
    Member(MemberRefusal),

    // Registration.
    SlugTaken,
    /// The operator has closed registration.
    RegistrationClosed,

    // Credentials.
    /// E-mail and password do not match, or the member has no access; the answer does not
    /// distinguish them.
    InvalidCredentials,
    TokenExpired,
    /// No refresh token was sent, neither as an argument nor as a cookie.
    TokenMissing,
    /// The operator has suspended the tenant.
    TenantSuspended,
    /// Another call with the same refresh token was answered first.
    RefreshRaced,
    /// The caller's own password, required again for this call, is wrong.
    WrongPassword,
    /// A link from an e-mail is no longer valid.
    LinkOver,
    /// The code of a second factor is wrong or was used before.
    MfaInvalid,
    /// The login that waited for a second factor waits no longer.
    ChallengeOver,
    /// No enrolment of a second factor waits for a code.
    NoEnrolment,
    NoFactor,

    // Sessions and tenants of the caller.
    NoSession,
    /// The caller's own session has ended since the request was admitted.
    SessionEnded,
    /// The tenant does not exist, or the caller is no member of it.
    NoTenant,
    /// The session is in this tenant already.
    SameTenant,
    /// The target tenant requires passwords of this length, in characters.
    TenantAsksLonger {
        least: i64,
    },
    SandboxOfSandbox,
    TooManySandboxes {
        most: i32,
    },
    SandboxRaced,
}

/// Reason to refuse an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputRefusal {
    /// The text is no ID.
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
    /// The tenant requires a longer password, in characters.
    ShortPassword {
        field: Field,
        least: i64,
    },
}

/// Reason to refuse a change of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberRefusal {
    Unknown,
    /// The member holds rights that the caller lacks.
    HoldsMore,
    SuspendsThemselves,
    RemovesThemselves,
    /// Change of status: the member has not accepted the invitation yet.
    NotComeIn,
    /// Removal: the member is only invited, and the invitation can be revoked.
    OnlyInvited,
    /// Change of status: the member has left.
    HasLeft,
    /// Removal: the member has left already.
    HasLeftAlready,
    StandsSo(MemberStatus),
    LastOwner,
    /// The caller, who wants to leave, is the last owner.
    LastOwnerLeaves,
    /// The user has no pending invitation.
    NotInvited,

    // Second factor of the member.
    OwnFactor,
    FactorOfInvited,
    /// The member belongs to other tenants, too.
    FactorElsewhere,
    NoFactor,
}

impl From<InputRefusal> for Rejection {
    fn from(refusal: InputRefusal) -> Self {
        Self::Input(refusal)
    }
}
impl From<MemberRefusal> for Rejection {
    fn from(refusal: MemberRefusal) -> Self {
        Self::Member(refusal)
    }
}

/// Name or password field of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    DisplayName,
    TenantName,
    Name,
    Password,
    NewPassword,
}

/// Reason to refuse a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// In characters.
    Length { least: usize, most: usize },
    /// The password is among the most common ones.
    Common,
}
