//! `GET /views/{slug}.json`, `.jsonl`, `.csv`, `.xlsx`, `.pdf` and `.parquet`: a saved view for programs and spreadsheets, by a key, with the rights and at the cost of its reader.
//! `GET /views/t/{secret}.csv` and the others: the same by a link, with the rights and at the cost of the link's author.
//!
//! All rows are read before the first byte is sent: an incomplete table is refused.

mod by_link;
mod columns;
mod drawn;
mod layout;
mod reader;
mod refusals;
mod sent;
mod sheet;
mod table;

use std::sync::Arc;

use async_graphql::Executor;
use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{Request, Response, header, request::Parts},
    middleware::from_fn_with_state,
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{
    client::address,
    files::add_cors_headers,
    front::Front,
    headers::text,
    origin::{self, Methods},
    reply,
};
use graphql::{
    answer::Errors,
    code::Code,
    session::{RequestMeta, Session, bearer},
};

pub use self::{
    by_link::{LinkRefusal, LinkedView, ViewLinks},
    table::{RenderedTable, TableQuery, table_problem, view_table},
};
use self::{
    reader::{Target, ViewReader},
    refusals::{refusal_response, view_not_found},
    sent::parse_file_name,
};

pub fn routes<E: Executor>(front: Arc<Front<E>>, links: Arc<dyn ViewLinks>) -> Router {
    let methods = get(read::<E>).options(preflight::<E>);
    let pages = from_fn_with_state(front.clone(), add_cors_headers::<E>);
    let linked = by_link::routes(front.clone(), links);
    Router::new().route("/views/{file}", methods.layer(pages)).with_state(front).merge(linked)
}

/// Answers the preflight that a browser sends before a page of another site reads a view.
async fn preflight<E: Executor>(State(front): State<Arc<Front<E>>>) -> Response<Body> {
    let mut response = origin::preflight(Methods { all: "GET, OPTIONS", of_pages: "GET" });
    reply::set_common_headers(response.headers_mut(), &(front.service.new_id)());
    response
}

async fn read<E: Executor>(
    State(front): State<Arc<Front<E>>>,
    Path(file): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let id = (front.service.new_id)();
    let (parts, _) = request.into_parts();
    let Some((slug, format)) = parse_file_name(&file) else { return view_not_found(&id) };
    let session = match authenticate_request(&front, &parts, &id).await {
        Ok(session) => session,
        Err(errors) => return refusal_response(&errors, &id),
    };
    let reader = ViewReader { service: &front.service, session, id: &id };
    let target = Target { by: json!({ "slug": slug }), variables: None };
    match Box::pin(reader.requested_sheet(&target, format, parts.uri.query().unwrap_or_default())).await {
        Ok(Some(sheet)) => sheet.response(&parts.headers, &id),
        Ok(None) => view_not_found(&id),
        Err(errors) => refusal_response(&errors, &id),
    }
}

/// Authenticates the key of a request; spreadsheets send it as a password.
async fn authenticate_request<E: Executor>(front: &Front<E>, parts: &Parts, id: &str) -> Result<Session, Errors> {
    let meta = RequestMeta { id, address: address(front, parts), user_agent: text(&parts.headers, &header::USER_AGENT) };
    let Some(token) = text(&parts.headers, &header::AUTHORIZATION).and_then(token) else {
        let errors = Errors::one(Code::Unauthenticated, "a key is expected, as Bearer or as the password of Basic", id);
        return Err(front.service.charge_unauthenticated(errors, &meta).await);
    };
    front.service.admit(Some(&token), &meta).await
}

fn token(authorization: &str) -> Option<String> {
    if let Some(token) = bearer(authorization) {
        return Some(token.to_owned());
    }
    let (scheme, rest) = authorization.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned()).filter(|password| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_as_bearer_or_as_a_password() {
        let basic = format!("Basic {}", STANDARD.encode("anybody:ek_1:2"));
        assert_eq!(token("Bearer ek_1").as_deref(), Some("ek_1"));
        assert_eq!(token(&basic).as_deref(), Some("ek_1:2"));
        for none in ["", "Basic", "Basic ===", "Digest x"] {
            assert_eq!(token(none), None, "{none}");
        }
        assert_eq!(token(&format!("Basic {}", STANDARD.encode("ek_1:"))), None);
    }
}
