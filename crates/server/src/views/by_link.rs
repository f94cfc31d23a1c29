//! `GET /views/t/{secret}.csv`, `.jsonl`, `.xlsx`, `.pdf`, `.parquet` and `.json`: a saved view by a link, with the rights and at the cost of whoever made it.

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

use super::{PAUSE_MS, Reading, Target, named, nowhere, reply_of};
use crate::{
    Front,
    endpoint::{address, text},
};
use graphql::{
    answer::Errors,
    code::Code,
    session::{Refused, RequestMeta, Session},
};

/// What a link opens: one view with its variables, for a session of whoever made the link.
pub struct LinkedView {
    pub session: Session,
    /// ID of the view.
    pub view: String,
    pub variables: Map<String, Value>,
}

/// Why a link of a view is not followed.
pub enum LinkRefused {
    /// The operator has suspended the tenant of whoever made it.
    Suspended,
    Fault(Fault),
}
impl From<Fault> for LinkRefused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Who knows the links of views.
#[async_trait]
pub trait ViewLinks: Send + Sync + 'static {
    /// What a secret opens; None when it opens nothing, or nothing any more.
    async fn open(&self, secret: &str, request_id: &str) -> Result<Option<LinkedView>, LinkRefused>;
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

/// Programs and spreadsheets come by a link, and pages of other sites do not: a secret in a page is one for everybody who sees it.
async fn read<E: Executor>(
    State(LinkState { front, links }): State<LinkState<E>>,
    Path(file): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let id = (front.service.new_id)();
    let (parts, _) = request.into_parts();
    let Some((secret, format)) = named(&file) else { return nowhere(&id) };
    let linked = match opened(&front, links.as_ref(), (secret, &parts), &id).await {
        Ok(linked) => linked,
        Err(errors) => return reply_of(&errors, &id),
    };
    let reading = Reading { service: &front.service, session: linked.session, id: &id };
    let target = Target { by: json!({ "id": linked.view }), variables: Some(linked.variables) };
    match Box::pin(reading.requested(&target, format, parts.uri.query().unwrap_or_default())).await {
        Ok(Some(sheet)) => sheet.response(&parts.headers, &id),
        Ok(None) => nowhere(&id),
        Err(errors) => reply_of(&errors, &id),
    }
}

/// What a link opens. A secret that opens nothing costs its sender's address a request, as a key does that is none.
async fn opened<E: Executor>(
    front: &Front<E>,
    links: &dyn ViewLinks,
    (secret, parts): (&str, &Parts),
    id: &str,
) -> Result<LinkedView, Errors> {
    match links.open(secret, id).await {
        Ok(Some(linked)) => Ok(linked),
        Ok(None) => {
            let meta = RequestMeta { id, address: address(front, parts), user_agent: text(&parts.headers, &header::USER_AGENT) };
            let errors = Errors::one(Code::Unauthenticated, "this link opens nothing, or nothing any more", id);
            Err(front.service.turned_away(errors, &meta).await)
        }
        Err(LinkRefused::Suspended) => Err(Errors::refused(Refused::suspended(), id)),
        Err(LinkRefused::Fault(fault)) => {
            tracing::warn!(error = %fault, "a link of a view could not be looked up");
            let errors = Errors::one(Code::Unavailable, "the link could not be looked up: try again", id);
            Err(Errors { retry_after_ms: Some(PAUSE_MS), ..errors })
        }
    }
}
