//! Where operations are carried out, for HTTP and sockets alike: guard, session, engine, deadline, answer.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_graphql::{Executor, Request, Variables};
use futures_util::{FutureExt, StreamExt, stream::BoxStream};

use super::{
    answer::{About, Answer, Errors, Place, finish},
    asked::Asked,
    code::Code,
    guard::{Guard, Kind, Operation},
    limits::Limits,
    session::{Clock, Doorkeeper, NewId, RequestMeta, Session, UserErrorCount},
};

/// Whether clients may ask for the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Introspection {
    #[default]
    Open,
    /// `__schema` and `__type` answer null; the schema's builder should also `disable_suggestions`.
    Closed,
}

/// Everything that carrying out an operation takes.
pub struct Desk<E> {
    pub executor: E,
    pub doorkeeper: Arc<dyn Doorkeeper>,
    pub guard: Guard,
    pub limits: Limits,
    pub introspection: Introspection,
    pub now: Clock,
    pub new_id: NewId,
}

/// A stream of answers; a `Refused` is the last.
pub type Answers = BoxStream<'static, Answer>;

impl<E: Executor> Desk<E> {
    /// # Errors
    /// What the doorkeeper says, or that it took too long to say it.
    pub async fn admit(&self, bearer: Option<&str>, meta: &RequestMeta<'_>) -> Result<Session, Errors> {
        match tokio::time::timeout(self.limits.request_time, self.doorkeeper.open(bearer, meta)).await {
            Ok(admitted) => admitted.map_err(|refused| Errors::refused(refused, meta.id)),
            Err(_late) => Err(Errors::one(Code::Timeout, "the token could not be checked in time", meta.id)),
        }
    }

    /// The operation that was asked for, with its variables checked against it.
    ///
    /// # Errors
    /// The guard's refusals.
    pub fn choose(&self, asked: &Asked, request_id: &str) -> Result<Arc<Operation>, Errors> {
        let chosen = self.guard.operation(&asked.query, asked.operation_name.as_deref()).and_then(|operation| {
            operation.check_variables(&asked.variables, &self.limits)?;
            Ok(operation)
        });
        chosen.map_err(|refusal| Errors::refusal(refusal, request_id))
    }

    /// Runs a query or a mutation to its end or to the deadline.
    pub async fn run(&self, operation: &Operation, variables: Variables, session: &Session, request_id: &str) -> Answer {
        let (request, user_errors) = self.request(operation, variables, session);
        let running = AssertUnwindSafe(self.executor.execute(request)).catch_unwind();
        match tokio::time::timeout(self.limits.request_time, running).await {
            Ok(Ok(response)) => finish(response, self.about(operation, request_id, &user_errors, Place::Whole)),
            Ok(Err(_panic)) => Answer::Refused(panicked(request_id)),
            Err(_late) => Answer::Refused(late(operation, self.limits.request_time, request_id)),
        }
    }

    /// Starts a subscription.
    pub fn stream(self: &Arc<Self>, operation: Arc<Operation>, variables: Variables, session: &Session, id: Arc<str>) -> Answers {
        let (request, user_errors) = self.request(&operation, variables, session);
        let responses = AssertUnwindSafe(self.executor.execute_stream(request, None)).catch_unwind();
        let desk = self.clone();
        let mut place = Place::Opening;
        responses
            .map(move |response| match response {
                Ok(response) => {
                    let about = desk.about(&operation, &id, &user_errors, std::mem::replace(&mut place, Place::Whole));
                    finish(response, about)
                }
                Err(_panic) => Answer::Refused(panicked(&id)),
            })
            .boxed()
    }

    fn request(&self, operation: &Operation, variables: Variables, session: &Session) -> (Request, UserErrorCount) {
        let mut request = Request::new(String::new()).variables(variables).data(operation.measure);
        if self.introspection == Introspection::Closed {
            request = request.disable_introspection();
        }
        request.set_parsed_query(operation.document());
        let user_errors = UserErrorCount::default();
        if operation.kind == Kind::Mutation {
            request = request.data(user_errors.clone());
        }
        ((session.attach)(request), user_errors)
    }

    fn about<'a>(&self, operation: &'a Operation, request_id: &'a str, user_errors: &UserErrorCount, place: Place) -> About<'a> {
        About { request_id, operation, reported_errors: self.limits.reported_errors, user_errors: user_errors.get(), place }
    }
}

impl<E> std::fmt::Debug for Desk<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("guard", &self.guard).field("limits", &self.limits).finish_non_exhaustive()
    }
}

fn panicked(request_id: &str) -> Errors {
    // The panic hook has logged where; this ties it to the request.
    tracing::error!(request_id, "an operation panicked");
    Errors::one(Code::Internal, "something went wrong on our side; the request id finds it in the log", request_id)
}

fn late(operation: &Operation, allowed: Duration, request_id: &str) -> Errors {
    let nodes = operation.measure.nodes;
    tracing::warn!(request_id, name = operation.name.as_deref(), nodes, "an operation ran out of time");
    let message = format!("the operation took longer than {} s; it has {nodes} nodes: ask for less", allowed.as_secs());
    Errors::one(Code::Timeout, message, request_id)
}
