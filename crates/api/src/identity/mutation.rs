//! Mutations that register, log in, and renew or end a session.

use std::sync::Arc;

use async_graphql::{Context, Enum, SimpleObject, Union};
use iam::identity::{Identity, IdentityError, LoginOutcome, NewTenant, Rejection, SessionTokens, Visit};
use macros::resolvers;

use super::{
    refusal::refusal_error,
    types::{LoginSession, Tenant},
};
use crate::graphql::{
    auth_cookies::{AuthCookies, DeviceToken, SetCookies},
    context::ContextExt,
    directives::STEP_UP_SECONDS,
    fault::{Answer, TopError},
    refusal::UserError,
    scalars::{DateTime, Long},
};

/// Tokens of a session. Send the access token as `Authorization: Bearer …`.
#[derive(SimpleObject)]
pub struct TokenPair {
    /// Access token for calls; empty when the page has it in a cookie (the header
    /// `Entrepot-Session: cookie`).
    pub access_token: String,
    /// Time at which the access token expires.
    pub access_expires_at: DateTime,
    /// Refresh token for sessionRefresh, to be used before the access token expires; empty when the
    /// page has it in a cookie.
    pub refresh_token: String,
    /// Time at which the refresh token expires.
    pub refresh_expires_at: DateTime,
    /// The session.
    pub session: LoginSession,
    /// The tenant of the session.
    pub tenant: Tenant,
    /// Token that identifies the device: send it as the header `Entrepot-Device` at the next login. Returned where that header was sent, with
    /// `new` by a device that has none; null where the device is known already, or has it in a cookie.
    pub device_token: Option<String>,
}

/// A second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "iam::identity::Factor")]
pub enum MfaMethod {
    /// A code of an authenticator app.
    Totp,
    /// Backup code for emergencies.
    BackupCode,
    /// A code that was sent to the account's address: for a very unusual login to an account without an authenticator.
    Email,
}

/// A second factor is asked for before there are tokens.
#[derive(SimpleObject)]
pub struct MfaChallenge {
    /// Token of the challenge, to be sent to mfaVerify.
    pub challenge_token: String,
    /// Methods of the second factor that are accepted.
    pub methods: Vec<MfaMethod>,
    /// Time at which the challenge expires.
    pub expires_at: DateTime,
}

/// A registration waits for the link that was sent to its address: emailVerify carries it out. The answer is the same for an address that has an
/// account already.
#[derive(SimpleObject)]
pub struct RegistrationPending {
    /// E-mail address to which the link was sent.
    pub email: String,
    /// Time at which the link expires.
    pub expires_at: DateTime,
}

/// Outcome of a login that was not refused.
#[derive(Union)]
pub enum LoginResult {
    TokenPair(Box<TokenPair>),
    MfaChallenge(MfaChallenge),
    RegistrationPending(RegistrationPending),
}

/// The answer to a login.
#[derive(SimpleObject)]
pub struct LoginPayload {
    /// Tokens, or what is still asked for; null when it was refused.
    pub result: Option<LoginResult>,
    /// Reasons for which the login was refused; empty when it was not.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call; always false, as logins are never replayed.
    pub replayed: bool,
    /// Position in the tenant's stream; always null, as logins are no events of it.
    pub seq: Option<Long>,
}

#[derive(Default)]
pub struct IdentityMutation;

#[resolvers]
impl IdentityMutation {
    /// Creates a tenant and the user who owns it, and logs them in. A user who has an account
    /// already gives its password.
    #[mutation(public)]
    async fn register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The owner's address.")] email: String,
        #[graphql(desc = "12 to 256 characters.")] password: String,
        #[graphql(desc = "The owner's name.")] display_name: String,
        #[graphql(desc = "The company's name.")] tenant_name: String,
        #[graphql(desc = "Slug of the tenant: lowercase letters, digits and hyphens.")] tenant_slug: String,
    ) -> Answer<LoginPayload> {
        let new = NewTenant { email, password, display_name, tenant_name, tenant_slug };
        login_payload(ctx, Box::pin(ctx.required_data::<Identity>()?.register(new, &visit_of(ctx))).await)
    }

    /// Starts a session.
    #[mutation(public)]
    async fn login(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user's address.")] email: String,
        #[graphql(desc = "The user's password.")] password: String,
        #[graphql(desc = "The slug of the tenant to come into. Null for the oldest of the user that is not suspended.")]
        tenant: Option<String>,
    ) -> Answer<LoginPayload> {
        login_payload(ctx, ctx.required_data::<Identity>()?.login(&email, &password, tenant.as_deref(), &visit_of(ctx)).await)
    }

    /// Continues a login that requires a second factor: at most five tries within five minutes,
    /// then a new login is needed.
    #[mutation(public)]
    async fn mfa_verify(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Token of the challenge.")] challenge_token: String,
        #[graphql(desc = "Method of the second factor.")] method: MfaMethod,
        #[graphql(desc = "The code.")] code: String,
    ) -> Answer<LoginPayload> {
        login_payload(
            ctx,
            ctx.required_data::<Identity>()?.mfa_verify(&challenge_token, method.into(), &code, &visit_of(ctx)).await,
        )
    }

    /// Authenticates the caller again for calls that require it: by a code of the second factor, or
    /// by the password without one. The session continues with the tokens of the answer; the
    /// previous tokens do not carry the new authentication.
    #[mutation(authenticated, session(to_enrol))]
    async fn reauthenticate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Password of the caller: needed without a second factor. Null where a code is given.")] password: Option<
            String,
        >,
        #[graphql(
            desc = "A code of the authenticator, or one kept for emergencies: needed by callers with a second factor. Null for others."
        )]
        code: Option<String>,
    ) -> Answer<LoginPayload> {
        let identity = ctx.required_data::<Identity>()?;
        login_payload(ctx, identity.reauthenticate(session, password.as_deref(), code.as_deref()).await)
    }

    /// Refreshes a session: returns new tokens for its refresh token. A page whose tokens are in
    /// cookies sends an empty one, to /graphql/session. Calls with one refresh token within ten
    /// seconds of its rotation return the same new refresh token, so that pages that share it can
    /// refresh at once.
    #[mutation(public)]
    async fn session_refresh(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refresh token.")] refresh_token: String,
    ) -> Answer<LoginPayload> {
        let of_cookie = ctx.data_opt::<AuthCookies>().and_then(AuthCookies::refresh).filter(|_| refresh_token.is_empty());
        let outcome = ctx.required_data::<Identity>()?.refresh(of_cookie.unwrap_or(&refresh_token)).await;
        let is_over =
            matches!(&outcome, Err(IdentityError::Refused(rejections)) if rejections.contains(&Rejection::TokenExpired));
        if of_cookie.is_some() && is_over {
            clear_cookies(ctx);
        }
        login_payload(ctx, outcome)
    }
}

/// Returns the origin of the call, as the HTTP front has set it.
pub(super) fn visit_of(ctx: &Context<'_>) -> Arc<Visit> {
    let visit = ctx.data_opt::<Arc<Visit>>().cloned().unwrap_or_default();
    match ctx.data_opt::<DeviceToken>() {
        Some(DeviceToken(token)) => Arc::new(Visit { device: Some(token.clone()), ..Visit::clone(&visit) }),
        None => visit,
    }
}

impl From<SessionTokens> for TokenPair {
    fn from(logged_in: SessionTokens) -> Self {
        let current = logged_in.session.id;
        Self {
            access_token: logged_in.access_token,
            access_expires_at: DateTime(logged_in.access_expires_at),
            refresh_token: logged_in.refresh_token,
            refresh_expires_at: DateTime(logged_in.refresh_expires_at),
            session: LoginSession::new(logged_in.session, current),
            tenant: logged_in.tenant.into(),
            device_token: logged_in.device,
        }
    }
}

impl From<LoginOutcome> for LoginResult {
    fn from(outcome: LoginOutcome) -> Self {
        match outcome {
            LoginOutcome::In(logged_in) => Self::TokenPair(Box::new((*logged_in).into())),
            LoginOutcome::Challenge(challenge) => Self::MfaChallenge(MfaChallenge {
                challenge_token: challenge.token,
                methods: challenge.methods.into_iter().map(MfaMethod::from).collect(),
                expires_at: DateTime(challenge.expires_at),
            }),
            LoginOutcome::LinkSent { email, expires_at } => {
                Self::RegistrationPending(RegistrationPending { email, expires_at: DateTime(expires_at) })
            }
        }
    }
}
impl From<SessionTokens> for LoginResult {
    fn from(logged_in: SessionTokens) -> Self {
        Self::TokenPair(Box::new(logged_in.into()))
    }
}

pub(super) fn login_payload<T: Into<LoginResult>>(ctx: &Context<'_>, outcome: Result<T, IdentityError>) -> Answer<LoginPayload> {
    let (login, user_errors) = split_outcome(outcome)?;
    let result = login.map(|login| move_tokens_to_cookies(ctx, login.into()));
    Ok(LoginPayload { result, user_errors, replayed: false, seq: None })
}

/// Moves the tokens into cookies for a page that wants them there: in the answer, its scripts could
/// read them.
fn move_tokens_to_cookies(ctx: &Context<'_>, mut result: LoginResult) -> LoginResult {
    if let (Some(auth_cookies), LoginResult::TokenPair(pair)) = (ctx.data_opt::<AuthCookies>(), &mut result) {
        auth_cookies.put(SetCookies::Tokens {
            access: std::mem::take(&mut pair.access_token),
            access_until: pair.access_expires_at.0,
            refresh: std::mem::take(&mut pair.refresh_token),
            refresh_until: pair.refresh_expires_at.0,
            device: pair.device_token.take(),
        });
    }
    result
}

/// Clears a page's cookies after its session has ended.
pub(super) fn clear_cookies(ctx: &Context<'_>) {
    if let Some(auth_cookies) = ctx.data_opt::<AuthCookies>() {
        auth_cookies.put(SetCookies::Nothing);
    }
}

/// Splits an outcome into its value and its refusals.
pub fn split_outcome<T>(outcome: Result<T, IdentityError>) -> Answer<(Option<T>, Vec<UserError>)> {
    match outcome {
        Ok(value) => Ok((Some(value), Vec::new())),
        Err(IdentityError::Fault(fault)) => Err(TopError::from(fault)),
        Err(IdentityError::Wait { retry_after_ms }) => Err(TopError::RateLimited { retry_after_ms }),
        Err(IdentityError::StepUp) => Err(TopError::StepUpRequired(STEP_UP_SECONDS)),
        Err(IdentityError::Refused(rejections)) => Ok((None, rejections.iter().map(refusal_error).collect())),
    }
}
