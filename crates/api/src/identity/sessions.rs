//! Looking after one's sessions.

use async_graphql::{Context, ID, SimpleObject};
use entity::prelude::SessionId;
use iam::identity::{EndReason, Identity, IdentityError, InputRefusal, Rejection, SessionSelection};
use macros::resolvers;

use super::{
    mutation::{clear_cookies, split_outcome},
    types::LoginSession,
};
use crate::graphql::{
    context::ContextExt,
    fault::Answer,
    once::{EarlierCall, ReplayablePayload},
    refusal::UserError,
    scalars::Long,
};

/// Result of a call that returns no object.
#[derive(SimpleObject)]
pub struct OkPayload {
    /// Reasons for which the call was refused; empty when it was carried out, or with validateOnly would be.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key; false where no key is taken.
    pub replayed: bool,
    /// Position in the tenant's stream; always null, as the call writes no event to it.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for OkPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, replayed: false, seq: None }
    }
}

impl ReplayablePayload for OkPayload {
    async fn replay(_ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        Ok(Self { user_errors: Vec::new(), replayed: true, seq: earlier.seq().map(Long) })
    }
}

impl OkPayload {
    pub(super) fn of<T>(outcome: Result<T, IdentityError>) -> Answer<Self> {
        let (_, user_errors) = split_outcome(outcome)?;
        Ok(Self { user_errors, replayed: false, seq: None })
    }
}

/// Result of a change of a session.
#[derive(SimpleObject)]
pub struct SessionPayload {
    /// The session as it is now; null when the change was refused.
    pub session: Option<LoginSession>,
    /// Reasons for which the change was refused; empty when it was made.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call; always false, as a repeated call changes nothing.
    pub replayed: bool,
    /// Position in the tenant's stream; always null, as the call writes no event to it.
    pub seq: Option<Long>,
}

#[derive(Default)]
pub struct SessionMutation;

fn session_id(id: &ID) -> Result<SessionId, IdentityError> {
    id.parse().map_err(|err: entity::id::IdError| Rejection::from(InputRefusal::Id(err)).into())
}

#[resolvers]
impl SessionMutation {
    /// Ends the caller's session. Its tokens become invalid, and its sockets close.
    #[mutation(authenticated, session(to_enrol))]
    async fn logout(&self, ctx: &Context<'_>) -> Answer<OkPayload> {
        clear_cookies(ctx);
        OkPayload::of(ctx.required_data::<Identity>()?.end_session(session.user, session.id, EndReason::Logout).await)
    }

    /// Ends one of the caller's sessions at once, for instance on a lost device.
    #[mutation(authenticated, session)]
    async fn session_revoke(&self, ctx: &Context<'_>, #[graphql(desc = "The session.")] id: ID) -> Answer<OkPayload> {
        let (user, identity) = (session.user, ctx.required_data::<Identity>()?);
        let outcome = match session_id(&id) {
            Ok(id) => identity.end_session(user, id, EndReason::Revoked).await,
            Err(refused) => Err(refused),
        };
        OkPayload::of(outcome)
    }

    /// Ends all of the caller's sessions but the present one.
    #[mutation(authenticated, session)]
    async fn session_revoke_others(&self, ctx: &Context<'_>) -> Answer<OkPayload> {
        let selection = SessionSelection::OthersOfUser(session.user, session.id);
        let result = ctx.required_data::<Identity>()?.end_sessions(selection, EndReason::Revoked).await;
        OkPayload::of(result.map_err(IdentityError::from))
    }

    /// Names one of the caller's sessions, so that they know it again.
    #[mutation(authenticated, session)]
    async fn session_rename(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The session.")] id: ID,
        #[graphql(desc = "Name of the session, at most 255 characters. Null removes it.")] name: Option<String>,
    ) -> Answer<SessionPayload> {
        let identity = ctx.required_data::<Identity>()?;
        let outcome = match session_id(&id) {
            Ok(id) => identity.name_session(session.user, id, name.as_deref()).await,
            Err(refused) => Err(refused),
        };
        let (renamed, user_errors) = split_outcome(outcome)?;
        let renamed = renamed.map(|renamed| LoginSession::new(renamed, session.id));
        Ok(SessionPayload { session: renamed, user_errors, replayed: false, seq: None })
    }
}
