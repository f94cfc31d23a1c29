//! Access tokens: JWTs signed with EdDSA, after RFC 9068. A verified token is remembered, since checking a signature costs more than a query.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use entity::{prelude::*, signing_key};
use jsonwebtoken::{Algorithm, Header, Validation};
use platform::{clock::Clock, storage::Fault};
use serde::{Deserialize, Serialize};

use super::signer::Signers;

/// The header's `typ` (RFC 9068 §2.1).
const TYP: &str = "at+jwt";

/// The claims. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// Kind of client that requested it (RFC 9068 requires one).
    pub client_id: String,
    pub exp: i64,
    pub nbf: i64,
    pub iat: i64,
    /// The refresh token issued with this one: the use of this one proves that the response was not
    /// lost.
    pub jti: RefreshTokenId,
    pub auth_time: i64,
    /// Methods by which the user authenticated (RFC 8176).
    pub amr: Vec<String>,
    /// Assurance level of the authentication: `aal1` by one factor, `aal2` by two.
    pub acr: String,
    /// The session.
    pub sid: SessionId,
    pub tid: TenantId,
    /// The user's member in the tenant.
    pub mid: MemberId,
    /// The version of the member's row when it was signed.
    pub pv: i64,
}

/// Reason why a token is not accepted. Callers get no reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is not valid")]
    Invalid,
    #[error("the token has expired")]
    Expired,
}

/// Whether this process has seen a token before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenUse {
    First,
    Again,
}

/// Claims that a session puts into its tokens: the user, the member, and the methods of
/// authentication.
#[derive(Debug, Clone)]
pub struct Subject {
    pub user: UserId,
    pub tenant: TenantId,
    pub member: MemberId,
    pub member_version: i64,
    pub session: SessionId,
    pub auth_at: Timestamp,
    pub mfa: bool,
}

/// Signs and checks tokens with the deployment's keys.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    signers: RwLock<Arc<Signers>>,
    clock: Clock,
    cached_tokens: RwLock<HashMap<String, Arc<Claims>>>,
}

pub const ISSUER: &str = "entrepot";
pub const AUDIENCE: &str = "entrepot-api";
const CLIENT: &str = "entrepot";
/// Seconds for which a token is accepted after its expiry: the maximum clock difference of two
/// nodes.
pub const LEEWAY_SECONDS: i64 = 30;
/// Seconds that a token may seem to be from the future: so far may a clock be set back without anybody having to refresh.
pub const MAX_AHEAD_SECONDS: i64 = 300;
/// Maximum cached tokens; beyond it the cache is cleared.
const MAX_CACHED_TOKENS: usize = 10_000;
/// Maximum length of a token; longer ones are refused unparsed.
const MAX_BYTES: usize = 4096;

impl Tokens {
    pub fn new(keys: &[signing_key::Model], clock: Clock) -> Result<Self, Fault> {
        let signers = RwLock::new(Arc::new(Signers::new(keys)?));
        Ok(Self(Arc::new(Inner { signers, clock, cached_tokens: RwLock::default() })))
    }

    /// Adopts the current keys. Tokens that were signed with a removed key are no longer accepted.
    pub fn adopt(&self, keys: &[signing_key::Model]) -> Result<(), Fault> {
        if self.signers().is_of(keys) {
            return Ok(());
        }
        let signers = Arc::new(Signers::new(keys)?);
        *self.0.signers.write().unwrap_or_else(PoisonError::into_inner) = signers;
        self.0.cached_tokens.write().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    fn signers(&self) -> Arc<Signers> {
        self.0.signers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The public keys, as a JSON Web Key Set (RFC 7517, RFC 8037).
    pub fn key_set(&self) -> Arc<str> {
        self.signers().key_set()
    }

    pub fn claims(&self, subject: &Subject, id: RefreshTokenId, seconds: i64) -> Claims {
        let now = self.0.clock.now().micros() / 1_000_000;
        let methods: &[&str] = if subject.mfa { &["pwd", "otp", "mfa"] } else { &["pwd"] };
        Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: subject.user,
            client_id: CLIENT.to_owned(),
            exp: now + seconds,
            nbf: now,
            iat: now,
            jti: id,
            auth_time: subject.auth_at.micros() / 1_000_000,
            amr: methods.iter().map(ToString::to_string).collect(),
            acr: if subject.mfa { "aal2" } else { "aal1" }.to_owned(),
            sid: subject.session,
            tid: subject.tenant,
            mid: subject.member,
            pv: subject.member_version,
        }
    }

    pub fn sign(&self, claims: &Claims) -> Result<String, Fault> {
        let signers = self.signers();
        let signer = signers.active(self.0.clock.now());
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYP.to_owned());
        header.kid = Some(signer.kid.clone());
        jsonwebtoken::encode(&header, claims, &signer.signing).map_err(|err| Fault::Broken(err.to_string()))
    }

    /// The claims of an access token that this deployment signed and that is in its time.
    pub fn verify(&self, token: &str) -> Result<(Arc<Claims>, TokenUse), TokenError> {
        if let Some(claims) = self.0.cached_tokens.read().unwrap_or_else(PoisonError::into_inner).get(token) {
            // The start of its validity was checked when it was first verified; a clock that was
            // set back since does not matter.
            self.check_not_expired(claims)?;
            return Ok((claims.clone(), TokenUse::Again));
        }
        if token.len() > MAX_BYTES {
            return Err(TokenError::Invalid);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(TYP) || header.crit.is_some() {
            return Err(TokenError::Invalid);
        }
        // The key is looked up by its ID among our own; keys inside the token (jwk, jku, x5u …) are
        // not even read.
        let signers = self.signers();
        let key = header.kid.as_deref().and_then(|kid| signers.checking(kid)).ok_or(TokenError::Invalid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Time is checked below, by the injected clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation).map_err(|_| TokenError::Invalid)?.claims;
        self.check_times(&claims)?;
        Ok((Arc::new(claims), TokenUse::First))
    }

    /// Caches a valid token, so that it is not checked again.
    pub fn cache_token(&self, token: &str, claims: Arc<Claims>) {
        let mut tokens = self.0.cached_tokens.write().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MAX_CACHED_TOKENS {
            tokens.clear();
        }
        tokens.insert(token.to_owned(), claims);
    }

    fn check_not_expired(&self, claims: &Claims) -> Result<(), TokenError> {
        let now = self.0.clock.now().micros() / 1_000_000;
        if claims.exp + LEEWAY_SECONDS <= now { Err(TokenError::Expired) } else { Ok(()) }
    }

    fn check_times(&self, claims: &Claims) -> Result<(), TokenError> {
        self.check_not_expired(claims)?;
        let max_issued_at = self.0.clock.now().micros() / 1_000_000 + MAX_AHEAD_SECONDS;
        if claims.nbf > max_issued_at || claims.iat > max_issued_at { Err(TokenError::Invalid) } else { Ok(()) }
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod attacks;
