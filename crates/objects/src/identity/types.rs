//! Tenants, members, and their sessions.

use async_graphql::{ComplexObject, Context, Enum, ID, SimpleObject};
use entity::{prelude::*, tenant};
use iam::{
    access::{MemberPreview, core::Grant},
    identity::{
        SessionRow,
        rows::members::{MemberView, PendingInvitation},
    },
};

use crate::{
    access::{RoleGrant, StoreGroup, load_role_grants},
    catalog::Store,
    graphql::{
        directives::requires,
        fault::{Answer, TopError},
        scalars::{CurrencyCode, Date, DateTime, Long},
    },
};

/// A company; it owns everything else.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
#[expect(clippy::struct_excessive_bools, reason = "two facts, each under two names")]
pub struct Tenant {
    /// ID of the tenant.
    #[graphql(owned)]
    pub id: ID,
    /// Slug of the tenant, unique in the deployment.
    pub slug: String,
    /// Name of the tenant.
    pub name: String,
    /// The currency of prices that name none.
    pub default_currency: CurrencyCode,
    /// IANA time zone of the tenant.
    pub time_zone: String,
    /// True if members must use a second factor.
    pub is_mfa_required: bool,
    /// Deprecated name of `isMfaRequired`.
    #[graphql(deprecation = "2026-11-27: use isMfaRequired. Removed after 2027-11-27.")]
    pub mfa_required: bool,
    /// True if the tenant is a sandbox, for trials only.
    pub is_sandbox: bool,
    /// Deprecated name of `isSandbox`.
    #[graphql(deprecation = "2026-11-27: use isSandbox. Removed after 2027-11-27.")]
    pub sandbox: bool,
    /// Last closed day of the tenant's books. Null while no day is closed.
    pub closed_through: Option<Date>,
    /// Time at which the tenant was created.
    pub created_at: DateTime,
}

impl From<tenant::Model> for Tenant {
    fn from(row: tenant::Model) -> Self {
        Self {
            id: row.id.to_string().into(),
            slug: row.slug,
            name: row.name,
            default_currency: CurrencyCode(row.default_currency),
            time_zone: row.time_zone,
            is_mfa_required: row.mfa_required,
            mfa_required: row.mfa_required,
            is_sandbox: row.sandbox,
            sandbox: row.sandbox,
            closed_through: row.closed_through.map(Date),
            created_at: DateTime(row.created_at),
        }
    }
}

/// Status of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "entity::enums::MemberStatus")]
pub enum MemberStatus {
    /// The member is invited and has not accepted yet.
    Invited,
    /// Member may sign in.
    Active,
    /// Member may not sign in for now.
    Suspended,
}

/// A user inside a tenant.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex, directive = requires::apply("member.read".into()))]
pub struct Member {
    /// ID of the member.
    #[graphql(owned)]
    pub id: ID,
    /// E-mail address of the member.
    pub email: String,
    /// Name of the member; the e-mail address until the invitation is accepted.
    pub display_name: String,
    /// Status of the member.
    pub status: MemberStatus,
    /// True if the member uses a second factor.
    pub is_mfa_enabled: bool,
    /// Deprecated name of `isMfaEnabled`.
    #[graphql(deprecation = "2026-11-27: use isMfaEnabled. Removed after 2027-11-27.")]
    pub mfa_enabled: bool,
    /// Time of the member's last activity, to the minute; null when there was none, and while the member is INVITED.
    pub last_seen_at: Option<DateTime>,
    /// Time at which the member left or was removed; null for a current member.
    pub left_at: Option<DateTime>,
    /// Invitation that awaits the member's answer. Null when there is none.
    pub invitation: Option<Invitation>,
    /// Version of the member, +1 for each change.
    #[graphql(owned)]
    pub version: Long,
    /// Time at which the member was created. A member who left and is invited again keeps it.
    pub created_at: DateTime,
    /// Time of the last change of the member.
    #[graphql(owned)]
    pub updated_at: DateTime,
    /// The grants after a dry run. None: they are looked up.
    #[graphql(skip)]
    pub tried: Option<Vec<Grant>>,
}

impl From<MemberView> for Member {
    fn from(view: MemberView) -> Self {
        let MemberView {
            membership,
            email,
            display_name,
            created_at,
            updated_at,
            last_seen_at,
            mfa_enabled,
            left_at,
            invitation,
            ..
        } = view;
        Self {
            id: membership.member.to_string().into(),
            email,
            display_name,
            status: membership.status.into(),
            is_mfa_enabled: mfa_enabled,
            mfa_enabled,
            last_seen_at: last_seen_at.map(DateTime),
            left_at: left_at.map(DateTime),
            invitation: invitation.map(Into::into),
            version: Long(membership.version),
            created_at: DateTime(created_at),
            updated_at: DateTime(updated_at),
            tried: None,
        }
    }
}

impl Member {
    /// The member as a dry run would leave it.
    #[must_use]
    pub fn with(self, MemberPreview { grants, version, updated_at }: MemberPreview) -> Self {
        Self { version: Long(version), updated_at: DateTime(updated_at), tried: Some(grants), ..self }
    }
}

#[ComplexObject]
impl Member {
    /// Roles granted to the member, each with its stores.
    async fn roles(&self, ctx: &Context<'_>) -> Answer<Vec<RoleGrant>> {
        if let Some(grants) = &self.tried {
            return Ok(grants.iter().cloned().map(RoleGrant).collect());
        }
        match self.id.parse() {
            Ok(id) => load_role_grants(ctx, id).await,
            Err(_) => Err(TopError::Internal),
        }
    }
}

/// An invitation that waits for its answer.
#[derive(Debug, Clone, SimpleObject)]
pub struct Invitation {
    /// Time at which the invitation was last sent by e-mail.
    pub sent_at: DateTime,
    /// Time at which the link of the invitation expires.
    pub expires_at: DateTime,
    /// ID of the member who sent the invitation.
    pub invited_by_id: ID,
}

impl From<PendingInvitation> for Invitation {
    fn from(invitation: PendingInvitation) -> Self {
        let PendingInvitation { by, at, expires_at } = invitation;
        Self { sent_at: DateTime(at), expires_at: DateTime(expires_at), invited_by_id: by.to_string().into() }
    }
}

/// Profile of a user, the same in each of the user's tenants.
#[derive(Debug, Clone, SimpleObject)]
pub struct Profile {
    /// E-mail address of the user.
    pub email: String,
    /// True if the e-mail address is verified.
    pub is_email_verified: bool,
    /// Deprecated name of `isEmailVerified`.
    #[graphql(deprecation = "2026-11-25: use isEmailVerified. Removed after 2027-11-25.")]
    pub email_verified: bool,
    /// Name of the user that others see.
    pub display_name: String,
    /// Language tag of the user's language, as in en-GB. Null when none is set.
    pub locale: Option<String>,
    /// IANA time zone of the user. Null when none is set.
    pub time_zone: Option<String>,
}

impl From<iam::identity::Profile> for Profile {
    fn from(profile: iam::identity::Profile) -> Self {
        let iam::identity::Profile { email, display_name, locale, time_zone, verified_at } = profile;
        let is_email_verified = verified_at.is_some();
        Self { email, is_email_verified, email_verified: is_email_verified, display_name, locale, time_zone }
    }
}

/// Entrepot itself: its jobs.
#[derive(Debug, Clone, SimpleObject)]
pub struct SystemActor {
    /// Name of the component that acted.
    pub name: String,
}

/// The stores that a permission covers: said, never implied.
#[derive(Clone, SimpleObject)]
pub struct StoreScope {
    /// True if the scope has all stores.
    pub all: bool,
    /// The stores of these groups.
    pub groups: Vec<StoreGroup>,
    /// Stores that the scope names.
    pub stores: Vec<Store>,
}

/// A permission with the stores that it covers.
#[derive(Clone, SimpleObject)]
pub struct PermissionGrant {
    /// The permission.
    pub permission: String,
    /// The stores.
    pub scope: StoreScope,
}

/// A place where the user is logged in.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "Session")]
pub struct LoginSession {
    /// ID of the session.
    #[graphql(owned)]
    pub id: ID,
    /// Name that the user gave to the session; null when there is none.
    pub name: Option<String>,
    /// Time at which the session started.
    pub created_at: DateTime,
    /// Time at which the session was last used, to the minute.
    pub last_used_at: DateTime,
    /// The program that was used, as its header `User-Agent` names it. Null when it sent none.
    pub user_agent: Option<String>,
    /// IP address that the session came from. Null when it is not known.
    pub ip: Option<String>,
    /// Time at which the session ends at the latest.
    pub expires_at: DateTime,
    /// Deprecated name of `expiresAt`.
    #[graphql(deprecation = "2026-11-25: use expiresAt. Removed after 2027-11-25.")]
    pub ends_at: DateTime,
    /// True if the session is the caller's own.
    pub is_current: bool,
    /// Deprecated name of `isCurrent`.
    #[graphql(deprecation = "2026-11-27: use isCurrent. Removed after 2027-11-27.")]
    pub current: bool,
    /// Risk score of the login, from 0 (usual) to 100.
    pub risk: i32,
    /// Signs that made the login unusual.
    pub risk_signs: Vec<RiskSign>,
}

/// Sign of an unusual login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "iam::identity::RiskFactor")]
pub enum RiskSign {
    /// The device was never used to log in to the account.
    NewDevice,
    /// The network was never used to log in to the account.
    NewNetwork,
    /// Wrong passwords were tried before.
    Failures,
    /// The account was in use in another network a moment before.
    #[graphql(name = "IMPOSSIBLE_TRAVEL")]
    Hurry,
}

impl LoginSession {
    pub fn new(session: SessionRow, current: SessionId) -> Self {
        let is_current = session.id == current;
        Self {
            id: session.id.to_string().into(),
            name: session.name,
            created_at: DateTime(session.created_at),
            last_used_at: DateTime(session.used_at),
            user_agent: session.user_agent,
            ip: session.address,
            expires_at: DateTime(session.ends_at),
            ends_at: DateTime(session.ends_at),
            is_current,
            current: is_current,
            risk: session.risk.score,
            risk_signs: session.risk.signs.into_iter().map(Into::into).collect(),
        }
    }
}
