//! From a bearer token or the secret of a key to a session: who is calling, with what rights, and the look-ups of their operations.

use std::sync::Arc;

use async_graphql::Request;
use async_trait::async_trait;
use entity::prelude::*;

use crate::{
    access::{Access, Caller, KeyRefused, Standing, core::key, graph::KeyUse},
    clock::Clock,
    graphql::{
        code::Code,
        session::{Doorkeeper, Refused, RequestMeta, Session as FrontSession},
    },
    identity::{Identity, Session, TokenUse},
    schema,
    storage::Fault,
};

pub struct Keeper {
    identity: Identity,
    access: Access,
    clock: Clock,
}

impl Keeper {
    pub fn new(identity: Identity, access: Access, clock: Clock) -> Self {
        Self { identity, access, clock }
    }

    /// The member as a caller, if they may come in.
    pub async fn caller(&self, tenant: TenantId, member: MemberId) -> Result<Option<Caller>, Fault> {
        self.access.member(tenant, member).await
    }

    /// A program that calls with a key.
    async fn program(&self, secret: &str, meta: &RequestMeta<'_>) -> Result<FrontSession, Refused> {
        let found = self.access.key(secret, meta.address).await.map_err(|refused| match refused {
            KeyRefused::Malformed | KeyRefused::NotAccepted => Refused::unauthenticated(),
            KeyRefused::Fault(fault) => unread(&fault),
        })?;
        let (standing, gone) = self.access.watch_key(found.hash, &found.caller);
        let scope = self.identity.database().tenant(found.caller.tenant);
        let used = KeyUse { key: found.key, created_at: found.created_at };
        let attach = move |request: Request| rights(schema::attach(request, &scope), &standing).data(used);
        Ok(FrontSession {
            expires_at: found.expires_at.map(Timestamp::micros),
            anonymous: false,
            subject: format!("{}/{}", found.caller.tenant, found.key).into(),
            revoked: Some(gone),
            attach: Arc::new(attach),
        })
    }
}

/// A socket lives longer than the rights it was opened with: each operation gets those of its moment.
fn rights(request: Request, standing: &Standing) -> Request {
    let request = request.data(standing.clone());
    match standing.now() {
        Some(caller) => request.data(caller),
        None => request,
    }
}

fn unread(fault: &Fault) -> Refused {
    tracing::warn!(error = %fault, "a caller's standing could not be read");
    Refused { code: Code::Unavailable, message: "try again".to_owned(), retry_after_ms: Some(500) }
}

#[async_trait]
impl Doorkeeper for Keeper {
    async fn open(&self, bearer: Option<&str>, meta: &RequestMeta<'_>) -> Result<FrontSession, Refused> {
        let Some(token) = bearer else {
            let attach = Arc::new(|request: Request| request);
            return Ok(FrontSession { expires_at: None, anonymous: true, subject: "".into(), revoked: None, attach });
        };
        if key::is_meant(token) {
            return self.program(token, meta).await;
        }
        let claims = self.identity.tokens().verify(token, TokenUse::Access).map_err(|_| Refused::unauthenticated())?;
        let caller = self.caller(claims.tid, claims.mid).await.map_err(|fault| unread(&fault))?;
        let caller = caller.ok_or_else(Refused::unauthenticated)?;
        let scope = self.identity.database().tenant(caller.tenant);
        let session = Session {
            id: claims.sid,
            began_at: Timestamp(claims.auth_time * 1_000_000),
            used_at: self.clock.now(),
            user_agent: meta.user_agent.map(ToOwned::to_owned),
            address: meta.address.map(|address| address.to_string()),
        };
        let standing = self.access.watch_member(claims.tid, claims.mid, &caller);
        let attach = move |request: Request| rights(schema::attach(request, &scope), &standing).data(session.clone());
        Ok(FrontSession {
            expires_at: Some(claims.exp * 1_000_000),
            anonymous: false,
            subject: format!("{}/{}", claims.tid, claims.mid).into(),
            revoked: None,
            attach: Arc::new(attach),
        })
    }
}
