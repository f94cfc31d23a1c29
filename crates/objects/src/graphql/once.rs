//! Mutations outside the ledger with an idempotency key: `#[mutation(once)]` wraps their bodies in
//! `once`.

use async_graphql::{Context, Enum};
use iam::identity::Identity;
use platform::{
    path,
    storage::{
        dry_run,
        idempotency::{EarlierUse, Key, check_key, hash_of},
        once::{IdempotentCall, Receipt},
    },
};

use super::{
    context::ContextExt,
    fault::Answer,
    refusal::{Path, UserError},
};

/// State of a secret in the answer of a call that may create one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SecretStatus {
    /// The answer holds the secret, this once.
    Shown,
    /// The answer of the first call with this key held the secret, which is kept nowhere. Roll it with a new key where that answer was lost.
    AlreadyShown,
    /// The call created no secret.
    #[default]
    None,
}

/// A key as it was sent.
pub struct SentKey {
    mutation: &'static str,
    key: Option<String>,
    at: Path,
}

impl SentKey {
    /// In the argument `input`.
    pub fn input(mutation: &'static str, key: Option<String>) -> Self {
        Self { mutation, key, at: path!["input", "idempotencyKey"] }
    }
    /// The key as an argument of its own.
    pub fn argument(mutation: &'static str, key: Option<String>) -> Self {
        Self { mutation, key, at: path!["idempotencyKey"] }
    }
}

/// An earlier call whose answer is returned again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierCall {
    pub mutation: &'static str,
    receipt: Receipt,
}

impl EarlierCall {
    /// Returns the ID of the object of the earlier call; None if it has none of this kind.
    pub fn id<T: std::str::FromStr>(&self) -> Option<T> {
        self.receipt.id.as_deref()?.parse().ok()
    }
    pub fn seq(&self) -> Option<i64> {
        self.receipt.seq
    }
}

/// A payload that can be rebuilt from the ID that the first call stored.
pub trait ReplayablePayload: From<Vec<UserError>> + Send {
    /// The answer to a repeated call, as its caller may see it now.
    fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> impl Future<Output = Answer<Self>> + Send;
}

/// Executes a call once for each key. The key is looked up before any object that the input names,
/// since such objects may be gone by now.
pub async fn once<P: ReplayablePayload>(
    ctx: &Context<'_>,
    sent_key: SentKey,
    call: impl Future<Output = Answer<P>> + Send,
) -> Answer<P> {
    let SentKey { mutation, key, at } = sent_key;
    let Some(key) = key else { return call.await };
    if let Err(reason) = check_key(&key) {
        return Ok(vec![UserError::invalid_key(reason, at)].into());
    }
    let (caller, identity) = (ctx.caller()?, ctx.required_data::<Identity>()?);
    // The mutation root keeps the digest of the input, which is compared with the earlier call's.
    let key = Key { owner: caller.actor.id, mutation, key, hash: hash_of(&mutation) };
    let scope = identity.database().tenant(caller.tenant);
    let recording = IdempotentCall::new(caller.tenant, key, identity.clock().now());
    let before = recording.before(&scope).await?;
    if before != EarlierUse::Nothing {
        return replay_or_refuse(ctx, before, (mutation, at)).await;
    }
    let answer = recording.run_within(call).await;
    if recording.is_recorded() || dry_run::is_on() {
        return answer;
    }
    // The call was refused, failed or changed nothing, but a concurrent call may have succeeded
    // meanwhile.
    match recording.before(&scope).await? {
        EarlierUse::Nothing => answer,
        before => replay_or_refuse(ctx, before, (mutation, at)).await,
    }
}

async fn replay_or_refuse<P: ReplayablePayload>(
    ctx: &Context<'_>,
    before: EarlierUse<Receipt>,
    (mutation, at): (&'static str, Path),
) -> Answer<P> {
    match before {
        EarlierUse::Same(receipt) => P::replay(ctx, EarlierCall { mutation, receipt }).await,
        EarlierUse::Nothing | EarlierUse::Reused => Ok(vec![UserError::key_reused(at)].into()),
    }
}
