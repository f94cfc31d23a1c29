//! From a bearer token or the secret of a key to a session: who is calling, with what rights, and the look-ups of their operations.

use std::sync::Arc;

use api::{
    access::KeyUse,
    graphql::{
        code::Code,
        context::MustEnrol,
        quota::{CredentialKind, QuotaSubject, Share},
        session::{Authenticator, Documents, Held, Likeness, Refused, RequestMeta, Session as FrontSession, Visibility},
    },
    schema,
};
use async_graphql::Request;
use async_trait::async_trait;
use entity::prelude::*;
use iam::{
    access::{
        Access, Caller, KeyRefused, LiveRights,
        core::{KeyBudget, key},
    },
    identity::{AdmitError, Identity, Session, Visit},
};
use platform::{audit::Origin, rate_limit::Allowance, storage::Fault};
use services::exchange::Requester;

pub struct NodeAuthenticator {
    identity: Identity,
    access: Access,
}

impl NodeAuthenticator {
    pub fn new(identity: Identity, access: Access) -> Self {
        Self { identity, access }
    }

    /// The member as a caller, if they may come in.
    pub async fn caller(&self, tenant: TenantId, member: MemberId) -> Result<Option<Caller>, Fault> {
        self.access.member(tenant, member).await
    }

    /// Whether the operator has suspended the tenant.
    pub async fn is_suspended(&self, tenant: TenantId) -> Result<bool, Fault> {
        self.access.is_suspended(tenant).await
    }

    /// Why a member whose session goes on may not come in.
    async fn shut_out(&self, tenant: TenantId) -> Refused {
        match self.is_suspended(tenant).await {
            Ok(true) => Refused::suspended(),
            Ok(false) => Refused::unauthenticated(),
            Err(fault) => unavailable(&fault),
        }
    }

    /// What somebody asked to be done while they are not there: with their rights of this moment and at their cost. None when they may not come
    /// in any more. Which documents may be run was looked at when they asked.
    pub async fn in_name_of(&self, requester: Requester, request: &str) -> Result<Option<FrontSession>, Fault> {
        Ok(self.caller_in_name_of(requester, request).await?.map(|(_, session)| session))
    }

    /// As `in_name_of`, with the rights that the session has.
    pub async fn caller_in_name_of(&self, requester: Requester, request: &str) -> Result<Option<(Caller, FrontSession)>, Fault> {
        let Requester { tenant, actor, key } = requester;
        let kind = if key.is_some() { CredentialKind::Integration } else { CredentialKind::Member };
        let (caller, used, share) = match key {
            Some(key) => match self.access.program_on_terms(tenant, key).await? {
                Some(found) => {
                    let used = KeyUse { key, created_at: found.created_at };
                    (found.caller, Some(used), found.budget.map(|budget| share(key, budget)))
                }
                None => return Ok(None),
            },
            None => match self.access.member(tenant, MemberId::from_uuid(actor.id)).await? {
                Some(caller) => (caller, None, None),
                None => return Ok(None),
            },
        };
        let origin = Origin { request_id: request.to_owned(), ip: None, session: None };
        let session = self.session_for(caller.clone(), (kind, used, share), origin);
        Ok(Some((caller, session)))
    }

    /// Whoever is calling, once more, for a document that their operation runs: with the rights that it has, from the same place, and at the same cost. None
    /// when their key is not valid any more.
    pub async fn within(&self, caller: &Caller, key: Option<ApiKeyId>, origin: &Origin) -> Result<Option<FrontSession>, Fault> {
        let terms = match key {
            Some(key) => match self.access.program_on_terms(caller.tenant, key).await? {
                Some(found) => {
                    let used = KeyUse { key, created_at: found.created_at };
                    (CredentialKind::Integration, Some(used), found.budget.map(|budget| share(key, budget)))
                }
                None => return Ok(None),
            },
            None => (CredentialKind::Member, None, None),
        };
        Ok(Some(self.session_for(caller.clone(), terms, origin.clone())))
    }

    fn session_for(
        &self,
        caller: Caller,
        (kind, used, share): (CredentialKind, Option<KeyUse>, Option<Share>),
        origin: Origin,
    ) -> FrontSession {
        let (tenant, actor) = (caller.tenant, caller.actor);
        let scope = self.identity.database().tenant(tenant);
        let visit = Arc::new(Visit { address: None, user_agent: None, device: None });
        let attach = move |request: Request| {
            let request = schema::attach(request, &scope).data(caller.clone()).data(visit.clone()).data(origin.clone());
            if let Some(used) = used { request.data(used) } else { request }
        };
        FrontSession {
            expires_at: None,
            anonymous: false,
            subject: format!("{tenant}/{}", actor.id).into(),
            quota_subject: QuotaSubject::Credential { kind, id: actor.id, tenant: tenant.uuid(), share },
            key: used.map(|used| used.key.uuid()),
            documents: Held::default(),
            revoked: None,
            attach: Arc::new(attach),
            likeness: None,
        }
    }

    /// A program that calls with a key.
    async fn program(&self, secret: &str, visit: Arc<Visit>, origin: Origin) -> Result<FrontSession, Refused> {
        let found = self.access.key(secret, visit.address).await.map_err(|refused| match refused {
            KeyRefused::Malformed | KeyRefused::NotAccepted => Refused::unauthenticated(),
            KeyRefused::Suspended => Refused::suspended(),
            KeyRefused::Fault(fault) => unavailable(&fault),
        })?;
        let (live_rights, gone) = self.access.watch_key(found.hash, &found.caller);
        let (tenant, integration) = (found.caller.tenant, found.caller.actor.id);
        let scope = self.identity.database().tenant(tenant);
        let used = KeyUse { key: found.key, created_at: found.created_at };
        let rule = live_rights.clone();
        let documents = Held::by(move || match rule.now() {
            Some(caller) if caller.trusted_only => Documents::Trusted,
            _ => Documents::Any,
        });
        let share = found.budget.map(|budget| share(found.key, budget));
        let likeness = likeness(live_rights.clone());
        let attach = move |request: Request| {
            rights(schema::attach(request, &scope).data(used).data(visit.clone()).data(origin.clone()), &live_rights)
        };
        Ok(FrontSession {
            expires_at: found.expires_at.map(Timestamp::micros),
            anonymous: false,
            subject: format!("{tenant}/{}", found.key).into(),
            // The budget is the integration's: a second key buys nothing. A key may have a part of it.
            quota_subject: QuotaSubject::Credential {
                kind: CredentialKind::Integration,
                id: integration,
                tenant: tenant.uuid(),
                share,
            },
            key: Some(found.key.uuid()),
            documents,
            revoked: Some(gone),
            attach: Arc::new(attach),
            likeness: Some(likeness),
        })
    }
}

/// The part of an integration's budget that a key may spend.
fn share(key: ApiKeyId, budget: KeyBudget) -> Share {
    Share { id: key.uuid(), allowance: Allowance::per_second(budget.points, budget.restored_per_second) }
}

/// A socket lives longer than the rights it was opened with: each operation gets those of its moment.
fn rights(request: Request, live_rights: &LiveRights) -> Request {
    let request = request.data(live_rights.clone());
    match live_rights.now() {
        Some(caller) => request.data(caller),
        None => request,
    }
}

/// Tenant, permissions with their stores, and channel: nothing else of a caller decides what they see, but for what is their own.
fn likeness(live_rights: LiveRights) -> Likeness {
    Arc::new(move |seen| {
        let Caller { tenant, actor, mut permissions, channel, .. } = live_rights.now()?;
        // When they end is watched for each caller; it changes nothing of what is seen until then.
        permissions.until = None;
        let person = (seen == Visibility::PerUser).then_some(actor);
        Some(format!("{tenant} {channel:?} {person:?} {permissions:?}"))
    })
}

fn unavailable(fault: &Fault) -> Refused {
    tracing::warn!(error = %fault, "a caller's standing could not be read");
    Refused { code: Code::Unavailable, message: "try again".to_owned(), retry_after_ms: Some(500) }
}

#[async_trait]
impl Authenticator for NodeAuthenticator {
    async fn open(&self, bearer: Option<&str>, meta: &RequestMeta<'_>) -> Result<FrontSession, Refused> {
        let visit = Visit { address: meta.address, user_agent: meta.user_agent.map(ToOwned::to_owned), device: None };
        let visit = Arc::new(visit);
        let Some(token) = bearer else {
            let origin = origin(meta, None);
            let attach = Arc::new(move |request: Request| request.data(visit.clone()).data(origin.clone()));
            return Ok(FrontSession {
                expires_at: None,
                anonymous: true,
                subject: "".into(),
                quota_subject: QuotaSubject::Address(meta.address),
                key: None,
                documents: Held::default(),
                revoked: None,
                attach,
                likeness: None,
            });
        };
        if key::is_meant(token) {
            return self.program(token, visit, origin(meta, None)).await;
        }
        let mut origin = origin(meta, None);
        let admitted = Box::pin(self.identity.admit(token, &origin)).await.map_err(|err| match err {
            AdmitError::Token => Refused::unauthenticated(),
            AdmitError::Suspended => Refused::suspended(),
            AdmitError::Fault(fault) => unavailable(&fault),
        })?;
        let claims = &admitted.claims;
        let caller = self.caller(claims.tid, claims.mid).await.map_err(|fault| unavailable(&fault))?;
        let Some(caller) = caller else { return Err(self.shut_out(claims.tid).await) };
        let scope = self.identity.database().tenant(caller.tenant);
        let session = Session {
            id: claims.sid,
            user: claims.sub,
            tenant: claims.tid,
            member: claims.mid,
            authenticated_at: Timestamp(claims.auth_time * 1_000_000),
            mfa: admitted.session_status().mfa_at.is_some(),
            risk: admitted.session_status().risk,
            visit: visit.clone(),
        };
        let must_enrol = admitted.must_enrol();
        let live_rights = self.access.watch_member(claims.tid, claims.mid, &caller);
        origin.session = Some(claims.sid);
        let likeness = (!must_enrol).then(|| likeness(live_rights.clone()));
        let attach = move |request: Request| {
            let request = schema::attach(request, &scope).data(session.clone()).data(visit.clone()).data(origin.clone());
            if must_enrol { request.data(MustEnrol) } else { rights(request, &live_rights) }
        };
        Ok(FrontSession {
            expires_at: Some(claims.exp * 1_000_000),
            anonymous: false,
            subject: format!("{}/{}", claims.tid, claims.mid).into(),
            quota_subject: QuotaSubject::Credential {
                kind: CredentialKind::Member,
                id: claims.mid.uuid(),
                tenant: claims.tid.uuid(),
                share: None,
            },
            key: None,
            documents: Held::default(),
            revoked: Some(admitted.ended()),
            attach: Arc::new(attach),
            likeness,
        })
    }
}

/// Where a request comes from, for the audit log.
fn origin(meta: &RequestMeta<'_>, session: Option<SessionId>) -> Origin {
    Origin { request_id: meta.id.to_owned(), ip: meta.address.map(|address| address.to_string()), session }
}
