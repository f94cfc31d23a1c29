//! `GET /views/t/{secret}.csv`, `.jsonl`, `.xlsx`, `.pdf`, `.parquet` and `.json`: a saved view by
//! a link, with the rights and at the cost of the link's author.

use std::sync::Arc;

use async_graphql::Executor;
use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{Request, Response, header, request::Parts},
    routing::get,
};
use platform::storage::Fault;
use serde_json::{Map, Value, json};

use super::{
    reader::{PAUSE_MS, Target, ViewReader},
    refusals::{error_reply, view_not_found},
    sent::parse_file_name,
};
use crate::{client::address, front::Front, headers::text};
use graphql::{
    answer::Errors,
    code::Code,
    session::{Refused, RequestMeta, Session},
};

/// Target of a link: one view with its variables, for a session of the link's creator.
pub struct LinkedView {
    pub session: Session,
    /// ID of the view.
    pub view: String,
    pub variables: Map<String, Value>,
}

/// Reason for which a link of a view is not followed.
pub enum LinkRefusal {
    /// The operator has suspended the tenant of the link's author.
    Suspended,
    Fault(Fault),
}
impl From<Fault> for LinkRefusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Store of the links of views.
#[async_trait]
pub trait ViewLinks: Send + Sync + 'static {
    /// Returns the target of a secret; None if the secret is unknown or no longer valid.
    async fn open(&self, secret: &str, request_id: &str) -> Result<Option<LinkedView>, LinkRefusal>;
}

struct LinkState<E> {
    front: Arc<Front<E>>,
    links: Arc<dyn ViewLinks>,
}
impl<E> Clone for LinkState<E> {
    fn clone(&self) -> Self {
        Self { front: self.front.clone(), links: self.links.clone() }
    }
}

pub fn routes<E: Executor>(front: Arc<Front<E>>, links: Arc<dyn ViewLinks>) -> Router {
    Router::new().route("/views/t/{file}", get(read::<E>)).with_state(LinkState { front, links })
}

/// Links are for programs and spreadsheets, not for pages of other sites: everybody who sees a page
/// would see its secret.
async fn read<E: Executor>(
    State(LinkState { front, links }): State<LinkState<E>>,
    Path(file): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let id = (front.service.new_id)();
    let (parts, _) = request.into_parts();
    let Some((secret, format)) = parse_file_name(&file) else { return view_not_found(&id) };
    let linked = match resolve_link(&front, links.as_ref(), (secret, &parts), &id).await {
        Ok(linked) => linked,
        Err(errors) => return error_reply(&errors, &id),
    };
    let reader = ViewReader { service: &front.service, session: linked.session, id: &id };
    let target = Target { by: json!({ "id": linked.view }), variables: Some(linked.variables) };
    match Box::pin(reader.requested_sheet(&target, format, parts.uri.query().unwrap_or_default())).await {
        Ok(Some(sheet)) => sheet.response(&parts.headers, &id),
        Ok(None) => view_not_found(&id),
        Err(errors) => error_reply(&errors, &id),
    }
}

/// Returns the target of a link. An unknown secret costs its sender's address one request, as an
/// unknown key does.
async fn resolve_link<E: Executor>(
    front: &Front<E>,
    links: &dyn ViewLinks,
    (secret, parts): (&str, &Parts),
    id: &str,
) -> Result<LinkedView, Errors> {
    match links.open(secret, id).await {
        Ok(Some(linked)) => Ok(linked),
        Ok(None) => {
            let meta = RequestMeta { id, address: address(front, parts), user_agent: text(&parts.headers, &header::USER_AGENT) };
            let errors = Errors::one(Code::Unauthenticated, "this link is not valid, or has expired", id);
            Err(front.service.charge_unauthenticated(errors, &meta).await)
        }
        Err(LinkRefusal::Suspended) => Err(Errors::from_refused(Refused::suspended(), id)),
        Err(LinkRefusal::Fault(fault)) => {
            tracing::warn!(error = %fault, "the link of a view could not be read");
            let errors = Errors::one(Code::Unavailable, "the link could not be read: try again", id);
            Err(Errors { retry_after_ms: Some(PAUSE_MS), ..errors })
        }
    }
}
