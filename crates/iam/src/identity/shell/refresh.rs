//! Going on with a session by its refresh token.

use entity::{prelude::*, tenant};
use platform::{
    audit::{self, Target},
    storage::{Fault, GlobalWork},
};

use super::{error::IdentityError, service::Identity, sessions::SessionTokens};
use crate::identity::{
    core::{self, PresentedToken, RefreshDecision, Rejection},
    rows::{
        self, Membership,
        refresh::{self, TokenRow},
        sessions::{self, SessionRow},
    },
    secret::{self, Purpose},
};

/// Reason why a session cannot be refreshed.
enum Refusal {
    Expired,
    Suspended,
    Raced,
    /// The whole family has to end.
    Family(SessionId),
    Fault(Fault),
}
impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A refresh token as received.
struct ReceivedToken<'a> {
    token: &'a str,
    hash: [u8; 32],
    at: Timestamp,
}

impl Identity {
    /// Refreshes a session, if it and its member are still active. Concurrent calls with one token
    /// all get the same successor; a token that is presented later, after its successor was used,
    /// ends the whole session.
    pub async fn refresh(&self, token: &str) -> Result<SessionTokens, IdentityError> {
        let at = self.clock.now();
        if token.is_empty() {
            return Err(Rejection::TokenMissing.into());
        }
        let hash = secret::hash_token(token, Purpose::Refresh).ok_or(Rejection::TokenExpired)?;
        let _turn = self.refreshing.of(hash).await;
        let work = self.db.global().begin().await?;
        let refusal = match self.rotate(&work, ReceivedToken { token, hash, at }).await {
            Ok(logged_in) => {
                work.commit().await?;
                return Ok(logged_in);
            }
            Err(Refusal::Family(session)) => {
                // Nothing was written; if the session is ended by another call before the next
                // transaction, all of it has ended.
                work.rollback().await?;
                self.end_family(session).await?;
                return Err(Rejection::TokenExpired.into());
            }
            Err(Refusal::Expired) => Rejection::TokenExpired.into(),
            Err(Refusal::Suspended) => Rejection::TenantSuspended.into(),
            Err(Refusal::Raced) => Rejection::RefreshRaced.into(),
            Err(Refusal::Fault(fault)) => IdentityError::Fault(fault),
        };
        work.rollback().await?;
        Err(refusal)
    }

    async fn rotate(&self, work: &GlobalWork, received: ReceivedToken<'_>) -> Result<SessionTokens, Refusal> {
        // From here on, calls with another token of the family wait.
        let mut session = sessions::lock_by_token(work, &received.hash).await?.ok_or(Refusal::Expired)?;
        let token = refresh::by_hash(work, &received.hash).await?.ok_or(Refusal::Expired)?;
        let now = self.clock.now();
        if session.ended_at.is_some() || session.ends_at <= now {
            return Err(Refusal::Expired);
        }
        let successor = match token.successor {
            Some(id) => refresh::by_id(work, id).await?,
            None => None,
        };
        let presented = PresentedToken {
            token: token.state,
            successor: successor.as_ref().map(|next| next.state),
            arrived_at: received.at,
            now,
        };
        let step = match (core::step(presented), &successor) {
            // Its access token may have been seen since it was read.
            (RefreshDecision::Replace, Some(lost_token)) if !refresh::invalidate(work, lost_token.id, now).await? => {
                RefreshDecision::EndFamily
            }
            (step, _) => step,
        };
        let repeated = match (step, successor) {
            (RefreshDecision::Rotate | RefreshDecision::Replace, _) => None,
            (RefreshDecision::Again, Some(next)) => Some(self.recompute_successor(&received, next)?),
            (RefreshDecision::Expired, _) => return Err(Refusal::Expired),
            (RefreshDecision::EndFamily | RefreshDecision::Again, _) => {
                audit::attribute(session.tenant, Actor::member(session.member));
                audit::set_target(Target::of(session.id));
                audit::note_refusal_code("REFRESH_TOKEN_REUSED");
                return Err(Refusal::Family(session.id));
            }
        };
        let membership = rows::membership(work, session.tenant, session.member).await?;
        let membership = membership.filter(|m| m.status == MemberStatus::Active).ok_or(Refusal::Expired)?;
        let tenant = rows::tenant(work, session.tenant).await?.ok_or(Refusal::Expired)?;
        if rows::is_suspended(work, session.tenant).await? {
            return Err(Refusal::Suspended);
        }
        self.apply_security_limits(work, &mut session, now).await?;
        if let Some((next, text)) = repeated {
            let expires_at = next.state.expires_at.min(session.ends_at);
            return Ok(self.issue_pair((session, tenant), &membership, (next.id, text, expires_at))?);
        }
        self.issue_successor(work, &received, token.id, (session, tenant), &membership).await
    }

    /// Replaces a token by a successor.
    async fn issue_successor(
        &self,
        work: &GlobalWork,
        received: &ReceivedToken<'_>,
        token: RefreshTokenId,
        session_and_tenant: (SessionRow, tenant::Model),
        membership: &Membership,
    ) -> Result<SessionTokens, Refusal> {
        let next: RefreshTokenId = self.clock.id();
        let successor = self.derive_successors(received.token, next).next();
        let (text, hash) = successor.ok_or_else(|| Fault::Broken("there is no key to derive a token from".to_owned()))?;
        let logged_in = self.issue_as(work, session_and_tenant, membership, (next, text, hash)).await?;
        refresh::rotate(work, token, next, self.clock.now()).await?;
        Ok(logged_in)
    }

    /// Returns the successors of a token, one for each of the master keys, that of the current key
    /// first. A successor is derived from the token itself, which is not stored, and a secret of
    /// the deployment: every node can return it again to a caller who presents the token, and no
    /// one else can compute it.
    fn derive_successors(&self, token: &str, next: RefreshTokenId) -> impl Iterator<Item = (String, [u8; 32])> + use<> {
        let derived = self.ring.blind(&format!("refresh_token.successor/{}", next.uuid().simple()), token);
        derived.into_iter().map(|bytes| secret::encode_token(bytes, Purpose::Refresh))
    }

    /// The text of a successor that was issued before. If it was derived from something else (a
    /// step-up or an earlier version), its text cannot be computed again: the call has raced with
    /// another, and nothing ends because of it.
    fn recompute_successor(&self, received: &ReceivedToken<'_>, next: TokenRow) -> Result<(TokenRow, String), Refusal> {
        let matching_successor = || self.derive_successors(received.token, next.id).find(|(_, hash)| hash[..] == next.hash[..]);
        let token_text = matching_successor().or_else(|| {
            // Another node may have begun to use a master key that is not known here yet.
            self.ring.reload().ok()?;
            matching_successor()
        });
        token_text.map(|(text, _)| (next, text)).ok_or(Refusal::Raced)
    }

    /// A tenant that has become stricter since a session began is so with the session too.
    async fn apply_security_limits(&self, work: &GlobalWork, session: &mut SessionRow, now: Timestamp) -> Result<(), Refusal> {
        let strict = rows::security_limits(work, session.tenant).await?;
        if let Some(seconds) = strict.seconds {
            session.ends_at = session.ends_at.min(session.created_at.plus_seconds(seconds));
            sessions::shorten_session(work, session.id, session.ends_at).await?;
        }
        let is_long_enough = match strict.password_length {
            Some(min_length) => rows::password_class(work, session.user).await?.is_some_and(|class| class >= min_length),
            None => true,
        };
        if session.ends_at > now && is_long_enough { Ok(()) } else { Err(Refusal::Expired) }
    }
}
