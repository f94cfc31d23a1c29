//! From a bearer token to a session: who is calling, with what rights, and the look-ups of their operations.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use async_graphql::Request;
use async_trait::async_trait;
use entity::prelude::*;

use crate::{
    access::{Caller, Policies},
    audit::Origin,
    clock::Clock,
    graphql::{
        code::Code,
        context::MustEnrol,
        payer::Payer,
        session::{Documents, Doorkeeper, Refused, RequestMeta, Session as FrontSession},
    },
    identity::{self, AdmitError, Identity, Session, Visit},
    schema,
    storage::Fault,
};

/// Seconds that a member's standing is taken for granted: a suspension or another role is noticed after that.
const STANDING_SECONDS: i64 = 5;

pub struct Keeper {
    identity: Identity,
    policies: Policies,
    clock: Clock,
    standing: RwLock<HashMap<(TenantId, MemberId), Standing>>,
}

/// Whether a member may come in, with what rights, and when that was read.
type Standing = (Option<Caller>, Timestamp);

/// Members whose standing is remembered; beyond it all are forgotten and looked up again.
const REMEMBERED: usize = 10_000;

impl Keeper {
    pub fn new(identity: Identity, policies: Policies, clock: Clock) -> Self {
        Self { identity, policies, clock, standing: RwLock::default() }
    }

    /// The member as a caller, if they may come in.
    pub async fn caller(&self, tenant: TenantId, member: MemberId) -> Result<Option<Caller>, Fault> {
        let now = self.clock.now();
        if let Some((caller, at)) = self.standing.read().unwrap_or_else(PoisonError::into_inner).get(&(tenant, member))
            && at.plus_seconds(STANDING_SECONDS) > now
        {
            return Ok(*caller);
        }
        let found = identity::membership(&self.identity.database().global(), tenant, member).await?;
        let caller = match found.filter(|m| m.status == MemberStatus::Active) {
            None => None,
            Some(membership) => {
                let permissions = self.policies.role(&membership.role).map_err(|err| Fault::Broken(err.to_string()))?;
                Some(Caller { tenant, actor: Actor::member(member), permissions })
            }
        };
        let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        if standing.len() >= REMEMBERED {
            standing.clear();
        }
        standing.insert((tenant, member), (caller, now));
        Ok(caller)
    }
}

fn unavailable(fault: &Fault) -> Refused {
    tracing::warn!(error = %fault, "a caller's standing could not be read");
    Refused { code: Code::Unavailable, message: "try again".to_owned(), retry_after_ms: Some(500) }
}

#[async_trait]
impl Doorkeeper for Keeper {
    async fn open(&self, bearer: Option<&str>, meta: &RequestMeta<'_>) -> Result<FrontSession, Refused> {
        let visit = Arc::new(Visit { address: meta.address, user_agent: meta.user_agent.map(ToOwned::to_owned) });
        let Some(token) = bearer else {
            let origin = origin(meta, None);
            let attach = Arc::new(move |request: Request| request.data(visit.clone()).data(origin.clone()));
            return Ok(FrontSession {
                expires_at: None,
                anonymous: true,
                subject: "".into(),
                payer: Payer::Address(meta.address),
                documents: Documents::Any,
                revoked: None,
                attach,
            });
        };
        let admitted = self.identity.admit(token).await.map_err(|err| match err {
            AdmitError::Token => Refused::unauthenticated(),
            AdmitError::Fault(fault) => unavailable(&fault),
        })?;
        let claims = &admitted.claims;
        let caller = self.caller(claims.tid, claims.mid).await.map_err(|fault| unavailable(&fault))?;
        let caller = caller.ok_or_else(Refused::unauthenticated)?;
        let scope = self.identity.database().tenant(caller.tenant);
        let session = Session {
            id: claims.sid,
            user: claims.sub,
            tenant: claims.tid,
            member: claims.mid,
            authenticated_at: Timestamp(claims.auth_time * 1_000_000),
            mfa: admitted.standing().mfa_at.is_some(),
            visit: visit.clone(),
        };
        let must_enrol = admitted.must_enrol();
        let origin = origin(meta, Some(claims.sid));
        let attach = move |request: Request| {
            let request = schema::attach(request, &scope).data(session.clone()).data(visit.clone()).data(origin.clone());
            if must_enrol { request.data(MustEnrol) } else { request.data(caller) }
        };
        Ok(FrontSession {
            expires_at: Some(claims.exp * 1_000_000),
            anonymous: false,
            subject: format!("{}/{}", claims.tid, claims.mid).into(),
            payer: Payer::Credential { id: claims.mid.uuid(), tenant: claims.tid.uuid() },
            documents: Documents::Any,
            revoked: Some(admitted.ended()),
            attach: Arc::new(attach),
        })
    }
}

/// Where a request comes from, for the audit log.
fn origin(meta: &RequestMeta<'_>, session: Option<SessionId>) -> Origin {
    Origin { request_id: meta.id.to_owned(), ip: meta.address.map(|address| address.to_string()), session }
}
