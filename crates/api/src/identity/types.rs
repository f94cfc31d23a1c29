//! Tenants, members, and who is calling.

use async_graphql::{ComplexObject, Context, Enum, ID, Object, SimpleObject, Union};
use entity::{prelude::*, tenant};
use iam::{
    access::{Caller, REGISTRY},
    identity::{
        Identity, SessionRow, memberships,
        rows::{
            self,
            members::{MemberView, Sent},
        },
    },
};

use super::actor;
use crate::{
    access::{Integration, KeyUse, RoleGrant, StoreGroup, grants_shown, reach_shown},
    catalog::Store,
    graphql::{
        context::ContextExt,
        directives::requires,
        fault::{Answer, TopError},
        scalars::{CurrencyCode, Date, DateTime, Long},
    },
};

/// A company; it owns everything else.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct Tenant {
    /// Its id.
    #[graphql(owned)]
    pub id: ID,
    /// Its short name, unique in the deployment.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The currency of prices that name none.
    pub default_currency: CurrencyCode,
    /// Its time zone (IANA).
    pub time_zone: String,
    /// Whether members must use a second factor.
    pub mfa_required: bool,
    /// Whether it is only for trying things out.
    pub sandbox: bool,
    /// The last closed day of its books.
    pub closed_through: Option<Date>,
    /// When it was made.
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
            mfa_required: row.mfa_required,
            sandbox: row.sandbox,
            closed_through: row.closed_through.map(Date),
            created_at: DateTime(row.created_at),
        }
    }
}

/// Where a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "entity::enums::MemberStatus")]
pub enum MemberStatus {
    /// Asked to join.
    Invited,
    /// May come in.
    Active,
    /// May not come in for now.
    Suspended,
}

/// A user inside a tenant.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex, directive = requires::apply("member.read".into()))]
pub struct Member {
    /// Their id.
    #[graphql(owned)]
    pub id: ID,
    /// Their address.
    pub email: String,
    /// Their name; their address until they have come in.
    pub display_name: String,
    /// Where they stand.
    pub status: MemberStatus,
    /// Whether they use a second factor.
    pub mfa_enabled: bool,
    /// When they were last here, to a minute.
    pub last_seen_at: Option<DateTime>,
    /// When they left or were removed.
    pub left_at: Option<DateTime>,
    /// The invitation that waits for their answer.
    pub invitation: Option<Invitation>,
    /// Goes up with each change.
    #[graphql(owned)]
    pub version: Long,
    /// When they last changed.
    #[graphql(owned)]
    pub updated_at: DateTime,
}

impl From<MemberView> for Member {
    fn from(view: MemberView) -> Self {
        let MemberView { membership, email, display_name, updated_at, last_seen_at, mfa_enabled, left_at, invitation, .. } = view;
        Self {
            id: membership.member.to_string().into(),
            email,
            display_name,
            status: membership.status.into(),
            mfa_enabled,
            last_seen_at: last_seen_at.map(DateTime),
            left_at: left_at.map(DateTime),
            invitation: invitation.map(Into::into),
            version: Long(membership.version),
            updated_at: DateTime(updated_at),
        }
    }
}

#[ComplexObject]
impl Member {
    /// What they may do: the roles that they have, with their stores.
    async fn roles(&self, ctx: &Context<'_>) -> Answer<Vec<RoleGrant>> {
        match self.id.parse() {
            Ok(id) => grants_shown(ctx, id).await,
            Err(_) => Err(TopError::Internal),
        }
    }
}

/// An invitation that waits for its answer.
#[derive(Debug, Clone, SimpleObject)]
pub struct Invitation {
    /// When the letter was last sent.
    pub sent_at: DateTime,
    /// Until when its link is good.
    pub expires_at: DateTime,
    /// The id of the member who invited them.
    pub invited_by_id: ID,
}

impl From<Sent> for Invitation {
    fn from(sent: Sent) -> Self {
        let Sent { by, at, expires_at } = sent;
        Self { sent_at: DateTime(at), expires_at: DateTime(expires_at), invited_by_id: by.to_string().into() }
    }
}

/// What a person says of themselves, the same in each of their tenants.
#[derive(Debug, Clone, SimpleObject)]
pub struct Profile {
    /// Their address.
    pub email: String,
    /// Whether they have shown that the address is theirs.
    pub email_verified: bool,
    /// Their name as others see it.
    pub display_name: String,
    /// The language that they read, as in en-GB.
    pub locale: Option<String>,
    /// The time zone that they live in (IANA).
    pub time_zone: Option<String>,
}

impl From<iam::identity::Profile> for Profile {
    fn from(profile: iam::identity::Profile) -> Self {
        let iam::identity::Profile { email, display_name, locale, time_zone, verified_at } = profile;
        Self { email, email_verified: verified_at.is_some(), display_name, locale, time_zone }
    }
}

/// Entrepot itself: its jobs.
#[derive(Debug, Clone, SimpleObject)]
pub struct SystemActor {
    /// Which part of it.
    pub name: String,
}

/// Who did something.
#[derive(Debug, Clone, Union)]
pub enum Actor {
    Member(Box<Member>),
    Integration(Integration),
    SystemActor(SystemActor),
}

/// The stores that a permission covers: said, never implied.
#[derive(Clone, SimpleObject)]
pub struct StoreScope {
    /// All stores.
    pub all: bool,
    /// The stores of these groups.
    pub groups: Vec<StoreGroup>,
    /// These stores.
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
    /// Its id.
    #[graphql(owned)]
    pub id: ID,
    /// What its user calls it.
    pub name: Option<String>,
    /// When it began.
    pub created_at: DateTime,
    /// When it was last used, to the minute.
    pub last_used_at: DateTime,
    /// The program that was used.
    pub user_agent: Option<String>,
    /// The address that it came from.
    pub ip: Option<String>,
    /// When it ends at the latest.
    pub ends_at: DateTime,
    /// Whether it is the one that asks.
    pub current: bool,
    /// How unusual the login was, from 0 to 100.
    pub risk: i32,
    /// What was odd about it.
    pub risk_signs: Vec<RiskSign>,
}

/// What is odd about a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "iam::identity::Sign")]
pub enum RiskSign {
    /// Nobody has logged in to the account from the device.
    NewDevice,
    /// Nor from the network.
    NewNetwork,
    /// Wrong passwords were tried before.
    Failures,
    /// The account was in use in another network a moment before.
    Hurry,
}

impl LoginSession {
    pub fn new(session: SessionRow, current: SessionId) -> Self {
        Self {
            id: session.id.to_string().into(),
            name: session.name,
            created_at: DateTime(session.created_at),
            last_used_at: DateTime(session.used_at),
            user_agent: session.user_agent,
            ip: session.address,
            ends_at: DateTime(session.ends_at),
            current: session.id == current,
            risk: session.risk.score,
            risk_signs: session.risk.signs.into_iter().map(Into::into).collect(),
        }
    }
}

/// Who is calling.
pub struct Viewer {
    caller: Caller,
    /// None: an integration.
    user: Option<UserId>,
    tenant: tenant::Model,
}

impl Viewer {
    pub async fn new(ctx: &Context<'_>, caller: Caller, tenant: tenant::Model) -> Answer<Self> {
        if caller.actor.kind != ActorKind::Member {
            return Ok(Self { caller, user: None, tenant });
        }
        let identity = ctx.given::<Identity>()?;
        let membership =
            rows::membership(&identity.database().global(), caller.tenant, MemberId::from_uuid(caller.actor.id)).await?;
        let user = membership.ok_or(TopError::Unauthenticated)?.user;
        Ok(Self { caller, user: Some(user), tenant })
    }
}

/// Who is calling, where, and what they may do there.
#[Object]
impl Viewer {
    /// The member or the integration that is calling.
    async fn actor(&self, ctx: &Context<'_>) -> Answer<Actor> {
        actor(ctx, self.caller.actor).await
    }
    /// What the caller says of themselves; null for an integration.
    async fn profile(&self, ctx: &Context<'_>) -> Answer<Option<Profile>> {
        let Some(user) = self.user else { return Ok(None) };
        Ok(ctx.given::<Identity>()?.profile(user).await?.map(Into::into))
    }
    /// The tenant of this session.
    async fn tenant(&self) -> Tenant {
        self.tenant.clone().into()
    }
    /// All tenants that the user may come into; of an integration its own.
    async fn tenants(&self, ctx: &Context<'_>) -> Answer<Vec<Tenant>> {
        let Some(user) = self.user else { return Ok(vec![self.tenant.clone().into()]) };
        let global = ctx.given::<Identity>()?.database().global();
        let memberships = memberships(&global, user).await?;
        let active = memberships.iter().filter(|m| m.status == entity::enums::MemberStatus::Active);
        let ids: Vec<TenantId> = active.map(|m| m.tenant).collect();
        Ok(rows::tenants_by_id(&global, &ids).await?.into_iter().map(Into::into).collect())
    }
    /// What they may do, each permission with the stores that it is for.
    async fn permissions(&self, ctx: &Context<'_>) -> Answer<Vec<PermissionGrant>> {
        let held = &self.caller.permissions;
        let shown = held.bits().indices().map(|index| async move {
            let scope = reach_shown(ctx, &held.reach(index)).await?;
            Ok(PermissionGrant { permission: REGISTRY[index].code.to_owned(), scope })
        });
        futures_util::future::try_join_all(shown).await
    }
    /// When they last showed their password or a code; of an integration, when its key was made.
    async fn authenticated_at(&self, ctx: &Context<'_>) -> Answer<DateTime> {
        Ok(DateTime(match ctx.data_opt::<KeyUse>() {
            Some(used) => used.created_at,
            None => ctx.session()?.authenticated_at,
        }))
    }
    /// Where they are logged in, in whichever tenant; the session last used first. An integration is nowhere.
    async fn sessions(&self, ctx: &Context<'_>) -> Answer<Vec<LoginSession>> {
        let Some(user) = self.user else { return Ok(Vec::new()) };
        let current = ctx.session()?.id;
        let sessions = ctx.given::<Identity>()?.sessions(user).await?;
        Ok(sessions.into_iter().map(|session| LoginSession::new(session, current)).collect())
    }
}
