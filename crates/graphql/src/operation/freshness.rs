//! Freshness of the rows that an operation reads. A mutation and a subscription read committed
//! rows. A query may be a moment behind others' writes, and never behind its own session's, so its
//! reads may go to a replica.

use async_graphql::{Executor, Name, Response, Value, value};
use entity::prelude::Timestamp;
use platform::{
    cache::SessionPositions,
    clock,
    storage::replicas::{self, with_read_route},
};
use uuid::Uuid;

use super::service::OperationService;
use crate::{
    answer::Answer,
    guard::{Kind, Operation},
    quota::{CredentialKind, QuotaSubject},
    request::GraphqlRequest,
    session::Session,
};

impl<E: Executor> OperationService<E> {
    /// Pays for an operation and runs it, reading from where its rows are fresh enough. One within another reads as that one does.
    pub(super) async fn run_with_fresh_reads(
        &self,
        operation: &Operation,
        mut params: GraphqlRequest,
        session: &Session,
        request_id: &str,
    ) -> (Answer, bool) {
        let has_own_reads = params.is_within || params.reads_committed;
        let Some(positions) = self.positions.as_ref().filter(|positions| positions.is_on() && !has_own_reads) else {
            // Boxed here, too: each wrapper that watches the future moves it, and each move would
            // copy its whole state.
            return Box::pin(self.charge_and_run(operation, params, session, request_id)).await;
        };
        let position = params.position.take();
        // Apart: it is moved into what carries the way of its reads.
        let execution = Box::pin(self.charge_and_run(operation, params, session, request_id));
        match operation.kind {
            Kind::Query => {
                if let Some(session) = position_key(session).filter(|_| self.is_recently_issued(positions, session)) {
                    positions.register_session(session).await;
                }
                match positions.route(position_key(session), position.as_deref()).await {
                    Some(route) => with_read_route(route, execution).await,
                    None => execution.await,
                }
            }
            Kind::Mutation => {
                let unfinished = UnfinishedMutation { positions, session: position_key(session), is_over: false };
                let (mut answer, is_whole) = execution.await;
                let written_position = unfinished.record_position().await;
                if let Answer::Ran { position, .. } = &mut answer {
                    *position = written_position;
                }
                (answer, is_whole)
            }
            Kind::Subscription => execution.await,
        }
    }

    fn is_recently_issued(&self, positions: &SessionPositions, session: &Session) -> bool {
        let is_member = matches!(session.quota_subject, QuotaSubject::Credential { kind: CredentialKind::Member, .. });
        is_member && session.expires_at.is_some_and(|expires_at| positions.is_recently_issued(expires_at, (self.now)()))
    }
}

impl<E> OperationService<E> {
    /// Records a write by a member or an integration outside mutations. Returns the token of the
    /// position for its answer.
    pub async fn record_external_write(&self, actor: Uuid) -> Option<String> {
        self.positions.as_ref().filter(|positions| positions.is_on())?.record_write(Some(actor.as_u128())).await
    }
}

/// Adds the moment that an answer's rows are at least as new as to its extensions, if a replica
/// supplied them.
pub(super) fn add_age_extension(response: &mut Response, now: i64) {
    let Some(age) = replicas::age() else { return };
    let as_of = now.saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX));
    let entry = response.extensions.entry("entrepot".to_owned()).or_insert_with(|| value!({}));
    if let Value::Object(members) = entry {
        members.insert(Name::new("asOf"), Value::String(clock::rfc3339(Timestamp(as_of))));
    }
}

/// Returns the key of the member or integration: all its keys and sockets share one position.
fn position_key(session: &Session) -> Option<u128> {
    match session.quota_subject {
        QuotaSubject::Credential { id, .. } => Some(id.as_u128()),
        QuotaSubject::Address(_) => None,
    }
}

/// A running mutation. One that is aborted by its deadline or its client's disconnect may have been
/// committed all the same.
struct UnfinishedMutation<'a> {
    positions: &'a SessionPositions,
    session: Option<u128>,
    is_over: bool,
}

impl UnfinishedMutation<'_> {
    /// Stores the position of the session's write, and returns the token for its answer.
    async fn record_position(mut self) -> Option<String> {
        let token = self.positions.record_write(self.session).await;
        self.is_over = true;
        token
    }
}

impl Drop for UnfinishedMutation<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.positions.record_possible_write(self.session);
        }
    }
}
