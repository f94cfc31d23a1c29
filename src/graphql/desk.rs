//! Where operations are carried out, for HTTP and sockets alike: guard, session, engine, deadline, answer.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_graphql::{Executor, Request, Response, Value, Variables};
use futures_util::{
    FutureExt, StreamExt,
    future::ready,
    stream::{self, BoxStream},
};

use tokio::time::Instant;

use super::{
    answer::{About, Answer, Errors, Place, finish, is_coercion},
    asked::{Asked, Reread},
    beforehand::refused_alone,
    code::Code,
    examined::Examiner,
    guard::{Guard, Kind, Operation, Refusal, cost, misfit},
    limits::Limits,
    payer::Payer,
    rate_limit::Paid,
    session::{Clock, Documents, Doorkeeper, NewId, RequestMeta, Session, UserErrorCount},
    till::{Bill, Till, Unpaid},
    trusted::Trusted,
};
use crate::gauges;

/// Whether clients may ask for the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Introspection {
    #[default]
    Open,
    /// Documents with `__schema` or `__type` are refused; the schema's builder should also `disable_suggestions`.
    Closed,
}

/// Everything that carrying out an operation takes.
pub struct Desk<E> {
    pub executor: E,
    /// Where the executor itself does without rules.
    pub examiner: Option<Examiner>,
    pub doorkeeper: Arc<dyn Doorkeeper>,
    pub guard: Guard,
    pub till: Till,
    pub limits: Limits,
    pub introspection: Introspection,
    pub trusted: Trusted,
    /// Which documents this node serves, whoever sends them.
    pub documents: Documents,
    pub now: Clock,
    pub new_id: NewId,
}

/// A stream of answers; a `Refused` is the last.
pub type Answers = BoxStream<'static, Answer>;

/// A subscription that is run.
#[derive(Clone)]
pub struct Followed {
    pub operation: Arc<Operation>,
    pub variables: Variables,
    /// Of the request that asked for it.
    pub id: Arc<str>,
    pub bill: Bill,
    pub shows_cost: bool,
}

impl<E: Executor> Desk<E> {
    /// # Errors
    /// What the doorkeeper says, or that it took too long to say it. A token that is no good costs its sender's address a request.
    pub async fn admit(&self, bearer: Option<&str>, meta: &RequestMeta<'_>) -> Result<Session, Errors> {
        let refused = match tokio::time::timeout(self.limits.request_time, self.doorkeeper.open(bearer, meta)).await {
            Ok(Ok(session)) => {
                gauges::admitted(if session.anonymous { "anonymous" } else { "ok" });
                return Ok(session);
            }
            Ok(Err(refused)) => {
                gauges::admitted(refused.code.as_str());
                refused
            }
            Err(_late) => return Err(Errors::one(Code::Timeout, "the token could not be checked in time", meta.id)),
        };
        if refused.code == Code::Unauthenticated
            && let Err(unpaid) = self.till.charge(&Payer::Address(meta.address), 1).await
        {
            return Err(Errors::unpaid(*unpaid, meta.id));
        }
        Err(Errors::refused(refused, meta.id))
    }

    /// The operation that was asked for, with its variables checked against it.
    ///
    /// # Errors
    /// The guard's refusals: reading what is no good costs its sender a point all the same.
    pub async fn choose(&self, asked: &Asked, session: &Session, request_id: &str) -> Result<Arc<Operation>, Errors> {
        let chosen = self.text(asked, session).and_then(|text| self.guard.operation(text, asked.operation_name.as_deref()));
        let chosen = chosen.and_then(|chosen| self.shows_schema(&chosen).map(|()| chosen));
        let refusal = match chosen.and_then(|chosen| chosen.check_variables(&asked.variables, &self.limits).map(|()| chosen)) {
            Ok(operation) => return Ok(operation),
            Err(refusal) => refusal,
        };
        gauges::document_refused(refusal.code.as_str());
        match self.till.charge(&session.payer, 1).await {
            Ok(bill) => Err(Errors::refusal(refusal, request_id).paid(bill)),
            Err(unpaid) => Err(Errors::unpaid(*unpaid, request_id)),
        }
    }

    fn shows_schema(&self, operation: &Operation) -> Result<(), Refusal> {
        if self.introspection == Introspection::Open || !operation.is_introspective {
            return Ok(());
        }
        let message = "introspection is switched off here: __schema and __type cannot be asked for";
        Err(Refusal::new(Code::ValidationFailed, message))
    }

    /// The document, by itself or by its id.
    fn text<'a>(&'a self, asked: &'a Asked, session: &Session) -> Result<&'a str, Refusal> {
        if let Some(id) = &asked.document_id {
            let text = self.trusted.get(id).ok_or_else(|| Refusal::new(Code::BadRequest, "no trusted document has this id"))?;
            if !asked.query.is_empty() && asked.query != text {
                return Err(Refusal::new(Code::BadRequest, "query is not the document that documentId names"));
            }
            return Ok(text);
        }
        let is_held = self.documents == Documents::Trusted || session.documents.now() == Documents::Trusted;
        if is_held && !self.trusted.holds(&asked.query) {
            return Err(Refusal::new(Code::Forbidden, "only trusted documents may be sent here"));
        }
        Ok(&asked.query)
    }

    /// Runs a query or a mutation to its end or to the deadline.
    pub async fn run(&self, operation: &Operation, asked: Asked, session: &Session, request_id: &str) -> Answer {
        let began = Instant::now();
        let running = AssertUnwindSafe(self.pay_and_run(operation, asked, session, request_id)).catch_unwind();
        let (answer, is_whole) = match tokio::time::timeout(self.limits.request_time, running).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_panic)) => (Answer::Refused(panicked(request_id)), false),
            Err(_late) => (Answer::Refused(late(operation, self.limits.request_time, request_id)), false),
        };
        gauges::operated(operation.kind.word(), outcome(&answer, is_whole), began.elapsed());
        answer
    }

    /// Also whether it ran without an error.
    async fn pay_and_run(&self, operation: &Operation, asked: Asked, session: &Session, request_id: &str) -> (Answer, bool) {
        let (cost, mut bill) = match self.charge(operation, &asked.variables, session).await {
            Ok(paid) => paid,
            Err(unpaid) => return (Answer::Refused(Errors::unpaid(*unpaid, request_id)), false),
        };
        let pass = match self.till.enter(&session.payer, &bill).await {
            Ok(pass) => pass,
            Err(unpaid) => {
                self.till.settle(&session.payer, &mut bill, 0);
                return (Answer::Refused(Errors::unpaid(*unpaid, request_id)), false);
            }
        };
        let (request, user_errors) = self.request(operation, asked.variables, session, bill);
        let mut response = match self.examined(operation, &request.variables).await {
            Some(refused) => refused,
            None => self.executor.execute(request).await,
        };
        drop(pass);
        self.name_misfits(operation, asked.reread.as_ref(), &mut response);
        self.till.settle(&session.payer, &mut bill, actual(operation, &cost, &response));
        gauges::cost(bill.actual);
        gauges::user_errors(user_errors.get());
        let is_whole = response.errors.is_empty();
        let about = self.about(operation, request_id, &user_errors, Place::Whole);
        (finish(response, About { shows_cost: asked.shows_cost, ..about }, bill), is_whole)
    }

    /// The refusal of a document that breaks a rule.
    async fn examined(&self, operation: &Operation, variables: &Variables) -> Option<Response> {
        self.examiner.as_ref()?.refusal(operation, variables, self.guard.outline()).await
    }

    /// Says of values that the engine refused where in the input they are.
    fn name_misfits(&self, operation: &Operation, reread: Option<&Reread>, response: &mut Response) {
        for error in response.errors.iter_mut().filter(|error| is_coercion(error)) {
            let variables = reread.and_then(|reread| reread()).unwrap_or_default();
            if let Some(path) = misfit::find(operation.parsed(), self.guard.outline(), &variables, &error.path) {
                error.extensions.get_or_insert_default().set("field", path);
            }
        }
    }

    /// Takes what the operation will cost.
    async fn charge(
        &self,
        operation: &Operation,
        variables: &Variables,
        session: &Session,
    ) -> Result<(cost::Asked, Bill), Box<Unpaid>> {
        let cost = operation.plan.asked(variables);
        let points = cost.points();
        if points > self.limits.points {
            // Saying so has its price too, or it could be asked without end.
            let bill = self.till.charge(&session.payer, 1).await?;
            let most = self.limits.points;
            let message =
                format!("the operation costs {points} points, and one may cost {most}: ask for smaller pages, or fewer lists");
            let bill = Bill { requested: points, ..bill };
            return Err(Box::new(Unpaid { code: Code::CostExceeded, message, retry_after_ms: None, limit: Some(most), bill }));
        }
        Ok((cost, self.till.charge(&session.payer, points).await?))
    }

    /// Takes what a subscription costs. It is paid for when it starts; how much then happens is not its caller's choice.
    ///
    /// # Errors
    /// The budget does not reach.
    pub async fn pay(&self, operation: &Operation, variables: &Variables, session: &Session, id: &str) -> Result<Bill, Errors> {
        match self.charge(operation, variables, session).await {
            Ok((_, bill)) => Ok(bill),
            Err(unpaid) => Err(Errors::unpaid(*unpaid, id)),
        }
    }

    /// Runs a subscription that has been paid for. `dress` puts more into its request's data.
    pub fn follow(self: &Arc<Self>, followed: Followed, session: &Session, dress: impl FnOnce(Request) -> Request) -> Answers {
        let Followed { operation, variables, id, bill, shows_cost } = followed;
        let (request, user_errors) = self.request(&operation, variables, session, bill);
        let (request, desk, examined) = (dress(request), self.clone(), operation.clone());
        let responses = async move {
            match desk.examined(&examined, &request.variables).await {
                Some(refused) => stream::once(ready(refused)).boxed(),
                None => desk.executor.execute_stream(request, None),
            }
        };
        let responses = AssertUnwindSafe(responses.flatten_stream()).catch_unwind();
        let desk = self.clone();
        let open = gauges::Open::execution();
        let mut place = Place::Opening;
        responses
            .map(move |response| match response {
                Ok(response) => {
                    let _counted_while_it_runs = &open;
                    let place = std::mem::replace(&mut place, Place::Whole);
                    let about = desk.about(&operation, &id, &user_errors, place);
                    finish(response, About { shows_cost: shows_cost && place == Place::Opening, ..about }, bill)
                }
                Err(_panic) => Answer::Refused(panicked(&id)),
            })
            .boxed()
    }

    fn request(
        &self,
        operation: &Operation,
        mut variables: Variables,
        session: &Session,
        bill: Bill,
    ) -> (Request, UserErrorCount) {
        operation.complete(&mut variables);
        let paid = Paid { bill, at: self.till.budgets().now() };
        let mut document = operation.document(&variables, self.guard.outline());
        let mut request = Request::new(String::new()).variables(variables).data(paid);
        if self.introspection == Introspection::Closed {
            request = request.disable_introspection();
        }
        let user_errors = UserErrorCount::default();
        if operation.kind == Kind::Mutation {
            request = request.data(user_errors.clone());
        }
        let mut request = (session.attach)(request);
        if operation.kind == Kind::Mutation && operation.measure.root_fields > 1 {
            refused_alone(&mut document, self.guard.outline(), &request.variables, &request.data);
        }
        request.set_parsed_query(document);
        (request, user_errors)
    }

    fn about<'a>(&self, operation: &'a Operation, request_id: &'a str, user_errors: &UserErrorCount, place: Place) -> About<'a> {
        let reported_errors = self.limits.reported_errors;
        About { request_id, operation, reported_errors, user_errors: user_errors.get(), place, shows_cost: false }
    }
}

impl<E> std::fmt::Debug for Desk<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("guard", &self.guard).field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What an operation came to. One that failed in part did its work all the same; one that validation refused did none.
fn actual(operation: &Operation, cost: &cost::Asked, response: &Response) -> u32 {
    if response.errors.is_empty() {
        return operation.plan.actual(cost, &response.data);
    }
    let did_nothing = response.data == Value::Null && response.errors.iter().all(|error| error.path.is_empty());
    if did_nothing { 1 } else { cost.points() }
}

/// What became of an operation, as a label.
fn outcome(answer: &Answer, is_whole: bool) -> &'static str {
    match answer {
        Answer::Ran { .. } if is_whole => "OK",
        Answer::Ran { .. } => "PARTIAL",
        Answer::Refused(errors) => errors.code.as_str(),
    }
}

fn panicked(request_id: &str) -> Errors {
    // The panic hook has logged where; this ties it to the request.
    tracing::error!(request_id, "an operation panicked");
    Errors::one(Code::Internal, "something went wrong on our side; the request id finds it in the log", request_id)
}

/// From so many on a document may be what took the time.
const MANY_NODES: u32 = 50;

fn late(operation: &Operation, allowed: Duration, request_id: &str) -> Errors {
    let nodes = operation.measure.nodes;
    tracing::warn!(request_id, name = operation.name.as_deref(), nodes, "an operation ran out of time");
    let what = match operation.kind {
        // What it is waiting for may let it go on after this.
        Kind::Mutation => {
            "it may have been carried out all the same: send it again with the same idempotencyKey, or look".to_owned()
        }
        _ if nodes >= MANY_NODES => format!("it has {nodes} nodes: ask for less"),
        _ => "it was kept waiting: try again".to_owned(),
    };
    let message = format!("the operation took longer than {} s; {what}", allowed.as_secs());
    Errors::one(Code::Timeout, message, request_id)
}
