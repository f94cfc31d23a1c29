//! Authenticates a bearer token or the secret of a key: returns a session with the caller, their
//! rights, and the look-ups of their operations.

use std::sync::Arc;

use api::{
    access::KeyUse,
    graphql::{
        code::Code,
        context::MustEnrolSecondFactor,
        quota::{CredentialKind, QuotaSubject, Share},
        session::{
            Authenticator, DocumentPolicy, Documents, Refused, RequestMeta, Session as FrontSession, Visibility, VisibilityName,
        },
    },
    schema,
};
use async_graphql::Request;
use async_trait::async_trait;
use entity::prelude::*;
use iam::{
    access::{
        Access, Caller, KeyAuthError, LiveRights,
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

    /// The member as a caller, if they have access.
    pub async fn caller(&self, tenant: TenantId, member: MemberId) -> Result<Option<Caller>, Fault> {
        self.access.member(tenant, member).await
    }

    /// Whether the operator has suspended the tenant.
    pub async fn is_suspended(&self, tenant: TenantId) -> Result<bool, Fault> {
        self.access.is_suspended(tenant).await
    }

    /// Returns the reason for which a member with a valid session is refused.
    async fn access_refusal(&self, tenant: TenantId) -> Refused {
        match self.is_suspended(tenant).await {
            Ok(true) => Refused::suspended(),
            Ok(false) => Refused::unauthenticated(),
            Err(fault) => unavailable_refusal(&fault),
        }
    }

    /// Opens a session for work that a caller requested and that runs in their absence: with their
    /// rights of this moment and at their cost. None if they have no access any more. Their right
    /// to run the documents was checked when they requested them.
    pub async fn session_on_behalf_of(&self, requester: Requester, request: &str) -> Result<Option<FrontSession>, Fault> {
        Ok(self.caller_on_behalf_of(requester, request).await?.map(|(_, session)| session))
    }

    /// Like `session_on_behalf_of`, with the rights of the session.
    pub async fn caller_on_behalf_of(
        &self,
        requester: Requester,
        request: &str,
    ) -> Result<Option<(Caller, FrontSession)>, Fault> {
        let Requester { tenant, actor, key } = requester;
        let kind = if key.is_some() { CredentialKind::Integration } else { CredentialKind::Member };
        let (caller, key_use, share) = match key {
            Some(key) => match self.access.program_with_budget(tenant, key).await? {
                Some(key_access) => {
                    let key_use = KeyUse { key, created_at: key_access.created_at };
                    (key_access.caller, Some(key_use), key_access.budget.map(|budget| key_share(key, budget)))
                }
                None => return Ok(None),
            },
            None => match self.access.member(tenant, MemberId::from_uuid(actor.id)).await? {
                Some(caller) => (caller, None, None),
                None => return Ok(None),
            },
        };
        let origin = Origin { request_id: request.to_owned(), ip: None, session: None };
        let session = self.session_for(caller.clone(), (kind, key_use, share), origin);
        Ok(Some((caller, session)))
    }

    /// Opens a second session of the caller, for a document that their operation runs: with the
    /// same rights, from the same place, and at the same cost. None if their key is not valid any
    /// more.
    pub async fn nested_session(
        &self,
        caller: &Caller,
        key: Option<ApiKeyId>,
        origin: &Origin,
    ) -> Result<Option<FrontSession>, Fault> {
        let terms = match key {
            Some(key) => match self.access.program_with_budget(caller.tenant, key).await? {
                Some(key_access) => {
                    let key_use = KeyUse { key, created_at: key_access.created_at };
                    (CredentialKind::Integration, Some(key_use), key_access.budget.map(|budget| key_share(key, budget)))
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
        (kind, key_use, share): (CredentialKind, Option<KeyUse>, Option<Share>),
        origin: Origin,
    ) -> FrontSession {
        let (tenant, actor) = (caller.tenant, caller.actor);
        let scope = self.identity.database().tenant(tenant);
        let visit = Arc::new(Visit { address: None, user_agent: None, device: None });
        let attach = move |request: Request| {
            let request = schema::attach(request, &scope).data(caller.clone()).data(visit.clone()).data(origin.clone());
            if let Some(key_use) = key_use { request.data(key_use) } else { request }
        };
        FrontSession {
            expires_at: None,
            anonymous: false,
            subject: format!("{tenant}/{}", actor.id).into(),
            quota_subject: QuotaSubject::Credential { kind, id: actor.id, tenant: tenant.uuid(), share },
            key: key_use.map(|key_use| key_use.key.uuid()),
            documents: DocumentPolicy::default(),
            revoked: None,
            attach: Arc::new(attach),
            likeness: None,
        }
    }

    /// A program that calls with a key.
    async fn authenticate_key(&self, secret: &str, visit: Arc<Visit>, origin: Origin) -> Result<FrontSession, Refused> {
        let key_access = self.access.key(secret, visit.address).await.map_err(|refused| match refused {
            KeyAuthError::Malformed | KeyAuthError::NotAccepted => Refused::unauthenticated(),
            KeyAuthError::Suspended => Refused::suspended(),
            KeyAuthError::Fault(fault) => unavailable_refusal(&fault),
        })?;
        let (live_rights, revocation) = self.access.watch_key(key_access.hash, &key_access.caller);
        let (tenant, integration) = (key_access.caller.tenant, key_access.caller.actor.id);
        let scope = self.identity.database().tenant(tenant);
        let key_use = KeyUse { key: key_access.key, created_at: key_access.created_at };
        let rule = live_rights.clone();
        let documents = DocumentPolicy::by(move || match rule.now() {
            Some(caller) if caller.trusted_only => Documents::Trusted,
            _ => Documents::Any,
        });
        let share = key_access.budget.map(|budget| key_share(key_access.key, budget));
        let likeness = visibility_name(live_rights.clone());
        let attach = move |request: Request| {
            current_rights(schema::attach(request, &scope).data(key_use).data(visit.clone()).data(origin.clone()), &live_rights)
        };
        Ok(FrontSession {
            expires_at: key_access.expires_at.map(Timestamp::micros),
            anonymous: false,
            subject: format!("{tenant}/{}", key_access.key).into(),
            // The budget is the integration's: a second key buys nothing. A key may have a part of it.
            quota_subject: QuotaSubject::Credential {
                kind: CredentialKind::Integration,
                id: integration,
                tenant: tenant.uuid(),
                share,
            },
            key: Some(key_access.key.uuid()),
            documents,
            revoked: Some(revocation),
            attach: Arc::new(attach),
            likeness: Some(likeness),
        })
    }
}

/// The part of an integration's budget that a key may spend.
fn key_share(key: ApiKeyId, budget: KeyBudget) -> Share {
    Share { id: key.uuid(), allowance: Allowance::per_second(budget.points, budget.restored_per_second) }
}

/// A socket lives longer than the rights it was opened with: each operation gets those of its moment.
fn current_rights(request: Request, live_rights: &LiveRights) -> Request {
    let request = request.data(live_rights.clone());
    match live_rights.now() {
        Some(caller) => request.data(caller),
        None => request,
    }
}

/// Tenant, permissions with their stores, and channel: a caller's visible data depend on nothing
/// else, except for personal data.
fn visibility_name(live_rights: LiveRights) -> VisibilityName {
    Arc::new(move |visibility| {
        let Caller { tenant, actor, mut permissions, channel, .. } = live_rights.now()?;
        // The end of the permissions is watched for each caller; it changes nothing of the visible
        // data until then.
        permissions.until = None;
        let person = (visibility == Visibility::PerUser).then_some(actor);
        Some(format!("{tenant} {channel:?} {person:?} {permissions:?}"))
    })
}

fn unavailable_refusal(fault: &Fault) -> Refused {
    tracing::warn!(error = %fault, "a caller's status could not be read");
    Refused { code: Code::Unavailable, message: "try again".to_owned(), retry_after_ms: Some(500) }
}

#[async_trait]
impl Authenticator for NodeAuthenticator {
    async fn open(&self, bearer: Option<&str>, meta: &RequestMeta<'_>) -> Result<FrontSession, Refused> {
        let visit = Visit { address: meta.address, user_agent: meta.user_agent.map(ToOwned::to_owned), device: None };
        let visit = Arc::new(visit);
        let Some(token) = bearer else {
            let origin = request_origin(meta, None);
            let attach = Arc::new(move |request: Request| request.data(visit.clone()).data(origin.clone()));
            return Ok(FrontSession {
                expires_at: None,
                anonymous: true,
                subject: "".into(),
                quota_subject: QuotaSubject::Address(meta.address),
                key: None,
                documents: DocumentPolicy::default(),
                revoked: None,
                attach,
                likeness: None,
            });
        };
        if key::has_key_prefix(token) {
            return self.authenticate_key(token, visit, request_origin(meta, None)).await;
        }
        let mut origin = request_origin(meta, None);
        let admission = Box::pin(self.identity.admit(token, &origin)).await.map_err(|err| match err {
            AdmitError::Token => Refused::unauthenticated(),
            AdmitError::Suspended => Refused::suspended(),
            AdmitError::Fault(fault) => unavailable_refusal(&fault),
        })?;
        let claims = &admission.claims;
        let caller = self.caller(claims.tid, claims.mid).await.map_err(|fault| unavailable_refusal(&fault))?;
        let Some(caller) = caller else { return Err(self.access_refusal(claims.tid).await) };
        let scope = self.identity.database().tenant(caller.tenant);
        let session = Session {
            id: claims.sid,
            user: claims.sub,
            tenant: claims.tid,
            member: claims.mid,
            authenticated_at: Timestamp(claims.auth_time * 1_000_000),
            mfa: admission.session_status().mfa_at.is_some(),
            risk: admission.session_status().risk,
            visit: visit.clone(),
        };
        let must_enrol = admission.must_enrol();
        let live_rights = self.access.watch_member(claims.tid, claims.mid, &caller);
        origin.session = Some(claims.sid);
        let likeness = (!must_enrol).then(|| visibility_name(live_rights.clone()));
        let attach = move |request: Request| {
            let request = schema::attach(request, &scope).data(session.clone()).data(visit.clone()).data(origin.clone());
            if must_enrol { request.data(MustEnrolSecondFactor) } else { current_rights(request, &live_rights) }
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
            documents: DocumentPolicy::default(),
            revoked: Some(admission.watch_end()),
            attach: Arc::new(attach),
            likeness,
        })
    }
}

/// Returns the origin of a request, for the audit log.
fn request_origin(meta: &RequestMeta<'_>, session: Option<SessionId>) -> Origin {
    Origin { request_id: meta.id.to_owned(), ip: meta.address.map(|address| address.to_string()), session }
}
