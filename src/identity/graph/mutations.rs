//! Registering, logging in, and going on with a session.

use std::sync::Arc;

use async_graphql::{Context, Enum, Object, SimpleObject, Union};

use super::types::{LoginSession, Tenant};
use crate::{
    graphql::{
        context::Asks,
        directives::{STEP_UP_SECONDS, public},
        fault::{Answer, TopError},
        refusal::{ErrorCode, UserError},
        scalars::{DateTime, Long},
        session::UserErrorCount,
    },
    identity::{Identity, IdentityError, LoggedIn, NewTenant, Rejection, Visit},
};

/// Tokens of a session. Send the access token as `Authorization: Bearer …`.
#[derive(SimpleObject)]
pub struct TokenPair {
    /// For calls.
    pub access_token: String,
    /// When the access token ends.
    pub access_expires_at: DateTime,
    /// For sessionRefresh, before the access token ends.
    pub refresh_token: String,
    /// When the refresh token ends.
    pub refresh_expires_at: DateTime,
    /// The session.
    pub session: LoginSession,
    /// The tenant of the session.
    pub tenant: Tenant,
}

/// A second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum MfaMethod {
    /// A code of an authenticator app.
    Totp,
    /// One of the codes kept for emergencies.
    BackupCode,
}

/// A second factor is asked for before there are tokens.
#[derive(SimpleObject)]
pub struct MfaChallenge {
    /// Names the login that waits.
    pub challenge_token: String,
    /// What will do.
    pub methods: Vec<MfaMethod>,
    /// Until when.
    pub expires_at: DateTime,
}

/// What a login comes to.
#[derive(Union)]
pub enum LoginResult {
    TokenPair(Box<TokenPair>),
    MfaChallenge(MfaChallenge),
}

/// The answer to a login.
#[derive(SimpleObject)]
pub struct LoginPayload {
    /// Tokens, or what is still asked for; null when it was refused.
    pub result: Option<LoginResult>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError>,
    /// Logins are never replayed: false.
    pub replayed: bool,
    /// Logins are no events of the tenant's stream: null.
    pub seq: Option<Long>,
}

#[derive(Default)]
pub struct IdentityMutation;

#[Object]
impl IdentityMutation {
    /// Makes a tenant and the user who owns it, and logs them in. Whoever has an account already gives its password.
    #[graphql(directive = public::apply())]
    async fn register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The owner's address.")] email: String,
        #[graphql(desc = "12 to 256 characters.")] password: String,
        #[graphql(desc = "The owner's name.")] display_name: String,
        #[graphql(desc = "The company's name.")] tenant_name: String,
        #[graphql(desc = "Its short name: small letters, digits and hyphens.")] tenant_slug: String,
    ) -> Answer<LoginPayload> {
        let new = NewTenant { email, password, display_name, tenant_name, tenant_slug };
        answer(ctx, ctx.given::<Identity>()?.register(new, &visit(ctx)).await)
    }

    /// Begins a session.
    #[graphql(directive = public::apply())]
    async fn login(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user's address.")] email: String,
        #[graphql(desc = "The user's password.")] password: String,
        #[graphql(desc = "The slug of the tenant to come into; the user's oldest when not given.")] tenant: Option<String>,
    ) -> Answer<LoginPayload> {
        answer(ctx, ctx.given::<Identity>()?.login(&email, &password, tenant.as_deref(), &visit(ctx)).await)
    }

    /// Goes on with a session: new tokens for its refresh token.
    #[graphql(directive = public::apply())]
    async fn session_refresh(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refresh token.")] refresh_token: String,
    ) -> Answer<LoginPayload> {
        answer(ctx, ctx.given::<Identity>()?.refresh(&refresh_token).await)
    }
}

/// Where the call comes from, as the front says.
pub(super) fn visit(ctx: &Context<'_>) -> Arc<Visit> {
    ctx.data_opt::<Arc<Visit>>().cloned().unwrap_or_default()
}

impl From<LoggedIn> for TokenPair {
    fn from(logged_in: LoggedIn) -> Self {
        let current = logged_in.session.id;
        Self {
            access_token: logged_in.access_token,
            access_expires_at: DateTime(logged_in.access_expires_at),
            refresh_token: logged_in.refresh_token,
            refresh_expires_at: DateTime(logged_in.refresh_expires_at),
            session: LoginSession::new(logged_in.session, current),
            tenant: logged_in.tenant.into(),
        }
    }
}

pub(super) fn answer(ctx: &Context<'_>, outcome: Result<LoggedIn, IdentityError>) -> Answer<LoginPayload> {
    let (logged_in, user_errors) = settled(ctx, outcome)?;
    let result = logged_in.map(|logged_in| LoginResult::TokenPair(Box::new(logged_in.into())));
    Ok(LoginPayload { result, user_errors, replayed: false, seq: None })
}

/// What came of it, or why it was refused.
pub(super) fn settled<T>(ctx: &Context<'_>, outcome: Result<T, IdentityError>) -> Answer<(Option<T>, Vec<UserError>)> {
    match outcome {
        Ok(done) => Ok((Some(done), Vec::new())),
        Err(IdentityError::Fault(fault)) => Err(TopError::from(fault)),
        Err(IdentityError::Wait { retry_after_ms }) => Err(TopError::RateLimited { retry_after_ms }),
        Err(IdentityError::StepUp) => Err(TopError::StepUpRequired(STEP_UP_SECONDS)),
        Err(IdentityError::Refused(rejections)) => {
            let user_errors: Vec<UserError> = rejections.into_iter().map(refuse).collect();
            if let Some(count) = ctx.data_opt::<UserErrorCount>() {
                count.add(user_errors.len());
            }
            Ok((None, user_errors))
        }
    }
}

fn refuse(rejection: Rejection) -> UserError {
    match rejection {
        Rejection::Invalid { message, field } => UserError::new(ErrorCode::Invalid, message, field),
        Rejection::TooLong { message, field } => UserError::new(ErrorCode::TooLong, message, field),
        Rejection::WeakPassword { message, field } => UserError::new(ErrorCode::WeakPassword, message, field),
        Rejection::SlugTaken => UserError::new(ErrorCode::Duplicate, "another tenant has this slug", crate::path!["tenantSlug"]),
        Rejection::InvalidCredentials => {
            UserError::new(ErrorCode::InvalidCredentials, "e-mail and password do not match", crate::path!["password"])
        }
        Rejection::TokenExpired => {
            UserError::new(ErrorCode::TokenExpired, "the session has ended: log in again", crate::path!["refreshToken"])
        }
        Rejection::RefreshRaced => UserError::new(
            ErrorCode::IdempotencyInProgress,
            "another call with this refresh token is answered already: use its answer",
            crate::path!["refreshToken"],
        ),
        Rejection::NotFound { what, field } => UserError::not_found(what, field),
    }
}
