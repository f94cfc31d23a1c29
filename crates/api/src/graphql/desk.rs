//! Where operations are carried out, for HTTP and sockets alike: guard, session, engine, deadline, answer.

mod outcome;

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_graphql::{Executor, Request, Response, Variables};
use futures_util::{
    FutureExt, StreamExt,
    future::ready,
    stream::{self, BoxStream},
};
use platform::gauges;

use tokio::time::Instant;

use self::outcome::{actual, late, outcome, panicked, too_many_objects};
use super::{
    answer::{About, Answer, Errors, Place, finish, is_coercion},
    asked::{Asked, Reread},
    beforehand::refused_alone,
    code::Code,
    examined::Examiner,
    guard::{Guard, Kind, Operation, Refusal, cost, misfit},
    introspection::Introspector,
    lean::raw,
    limits::Limits,
    payer::Payer,
    rate_limit::Paid,
    session::{Clock, Documents, Doorkeeper, NewId, RequestMeta, Session, UserErrorCount},
    till::{Bill, Till, Unpaid},
    trusted::Trusted,
    yielding::{self, Pieces, TooMany},
};

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
    pub introspector: Introspector,
    pub trusted: Trusted,
    /// Which documents this node serves, whoever sends them.
    pub documents: Documents,
    pub now: Clock,
    pub new_id: NewId,
}

/// What an operation asks of the schema.
#[derive(Default)]
struct Schema {
    /// The answer's data, where nothing else is asked for.
    whole: Option<Arc<str>>,
    /// What it has cost besides.
    points: u32,
}

/// Why something of the schema is not told.
enum Refused {
    Guard(Refusal),
    Unpaid(Box<Unpaid>),
}

impl Refused {
    fn errors(self, request_id: &str) -> Errors {
        match self {
            Self::Guard(refusal) => Errors::refusal(refusal, request_id),
            Self::Unpaid(unpaid) => Errors::unpaid(*unpaid, request_id),
        }
    }
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
        match self.open(bearer, meta).await {
            Ok(session) => Ok(session),
            Err(errors) => Err(self.turned_away(errors, meta).await),
        }
    }

    /// # Errors
    /// As `admit`, at no cost.
    pub async fn open(&self, bearer: Option<&str>, meta: &RequestMeta<'_>) -> Result<Session, Errors> {
        match tokio::time::timeout(self.limits.request_time, self.doorkeeper.open(bearer, meta)).await {
            Ok(Ok(session)) => {
                gauges::admitted(if session.anonymous { "anonymous" } else { "ok" });
                Ok(session)
            }
            Ok(Err(refused)) => {
                gauges::admitted(refused.code.as_str());
                Err(Errors::refused(refused, meta.id))
            }
            Err(_late) => Err(Errors::one(Code::Timeout, "the token could not be checked in time", meta.id)),
        }
    }

    /// What is told to somebody who is not let in: a token that is no good costs its sender's address a request.
    pub async fn turned_away(&self, errors: Errors, meta: &RequestMeta<'_>) -> Errors {
        if errors.code != Code::Unauthenticated {
            return errors;
        }
        match self.till.charge(&Payer::Address(meta.address), 1).await {
            Ok(_) => errors,
            Err(unpaid) => Errors::unpaid(*unpaid, meta.id),
        }
    }

    /// Whether anybody may do what is asked for, signed in or not.
    pub fn is_public(&self, asked: &Asked) -> bool {
        let trusted = asked.document_id.as_deref().and_then(|id| self.trusted.get(id));
        let text = trusted.unwrap_or(&asked.query);
        self.guard.operation(text, asked.operation_name.as_deref()).is_ok_and(|operation| operation.is_public)
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
        let (request, user_errors, pieces) = self.request(operation, asked.variables, session, bill);
        let mut schema = Schema::default();
        let executed = if let Some(refused) = self.examined(operation, &request.variables).await {
            Ok(refused)
        } else {
            schema = match self.introspected(operation, &request.variables, session, &mut bill).await {
                Ok(schema) => schema,
                Err(refused) => return (Answer::Refused(refused.errors(request_id).paid(bill)), false),
            };
            match schema.whole.take() {
                Some(json) => Ok(Response::new(raw(json.to_string()))),
                None => pieces.run(self.executor.execute(request)).await,
            }
        };
        drop(pass);
        let Ok(mut response) = executed else {
            return (Answer::Refused(too_many_objects(operation.kind, &self.limits, request_id).paid(bill)), false);
        };
        self.name_misfits(operation, asked.reread.as_ref(), &mut response);
        let points = actual(operation, &cost, &response).saturating_add(schema.points);
        self.till.settle(&session.payer, &mut bill, points);
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

    /// What an operation asks of the schema, and what that has cost beyond what was taken already.
    async fn introspected(
        &self,
        operation: &Operation,
        variables: &Variables,
        session: &Session,
        bill: &mut Bill,
    ) -> Result<Schema, Refused> {
        if !operation.is_introspective || operation.kind != Kind::Query {
            return Ok(Schema::default());
        }
        let answer =
            self.introspector.answer(operation, variables, (&self.executor, &self.limits)).await.map_err(Refused::Guard)?;
        let points = answer.points() - 1;
        if points > 0 {
            let more =
                self.charge_points(points.saturating_add(bill.requested), points, session).await.map_err(Refused::Unpaid)?;
            let requested = if more.requested == points { bill.requested + points } else { bill.requested };
            *bill = Bill { requested, actual: requested, budget: more.budget };
        }
        Ok(Schema { whole: answer.is_all.then_some(answer.json), points })
    }

    /// Takes what the operation will cost.
    async fn charge(
        &self,
        operation: &Operation,
        variables: &Variables,
        session: &Session,
    ) -> Result<(cost::Asked, Bill), Box<Unpaid>> {
        let cost = operation.plan.asked(variables);
        let bill = self.charge_points(cost.points(), cost.points(), session).await?;
        Ok((cost, bill))
    }

    /// Takes `now` of the points that the whole operation costs.
    async fn charge_points(&self, points: u32, now: u32, session: &Session) -> Result<Bill, Box<Unpaid>> {
        if points > self.limits.points {
            // Saying so has its price too, or it could be asked without end.
            let bill = self.till.charge(&session.payer, 1).await?;
            let most = self.limits.points;
            let message =
                format!("the operation costs {points} points, and one may cost {most}: ask for smaller pages, or fewer lists");
            let bill = Bill { requested: points, ..bill };
            return Err(Box::new(Unpaid { code: Code::CostExceeded, message, retry_after_ms: None, limit: Some(most), bill }));
        }
        self.till.charge(&session.payer, now).await
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
        let (request, user_errors, pieces) = self.request(&operation, variables, session, bill);
        let (request, desk, examined) = (dress(request), self.clone(), operation.clone());
        let responses = async move {
            match desk.examined(&examined, &request.variables).await {
                Some(refused) => stream::once(ready(refused)).boxed(),
                None => desk.executor.execute_stream(request, None),
            }
        };
        let mut responses = Box::pin(AssertUnwindSafe(responses.flatten_stream()).catch_unwind());
        let responses = async_stream::stream! {
            loop {
                match pieces.next(&mut responses).await {
                    Ok(Some(response)) => yield Ok(response),
                    Ok(None) => return,
                    Err(too_many) => { yield Err(too_many); return; }
                }
            }
        };
        let desk = self.clone();
        let open = gauges::Open::execution();
        let mut place = Place::Opening;
        responses
            .map(move |response| match response {
                Ok(Ok(response)) => {
                    let _counted_while_it_runs = &open;
                    let place = std::mem::replace(&mut place, Place::Whole);
                    let about = desk.about(&operation, &id, &user_errors, place);
                    finish(response, About { shows_cost: shows_cost && place == Place::Opening, ..about }, bill)
                }
                Ok(Err(_panic)) => Answer::Refused(panicked(&id)),
                Err(TooMany) => Answer::Refused(too_many_objects(operation.kind, &desk.limits, &id)),
            })
            .boxed()
    }

    fn request(
        &self,
        operation: &Operation,
        mut variables: Variables,
        session: &Session,
        bill: Bill,
    ) -> (Request, UserErrorCount, Pieces) {
        operation.complete(&mut variables);
        let paid = Paid { bill, at: (self.now)() };
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
        let pieces = Pieces::new(self.limits.answer_objects);
        if operation.plan.is_broad(&operation.plan.asked(&request.variables)) {
            yielding::mark(&mut document);
            request = request.data(pieces.clone());
        }
        request.set_parsed_query(document);
        (request, user_errors, pieces)
    }

    fn about<'a>(&self, operation: &'a Operation, request_id: &'a str, user_errors: &UserErrorCount, place: Place) -> About<'a> {
        let Limits { reported_errors, answer_bytes, .. } = self.limits;
        About { request_id, operation, reported_errors, user_errors: user_errors.get(), place, shows_cost: false, answer_bytes }
    }
}

impl<E> std::fmt::Debug for Desk<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("guard", &self.guard).field("limits", &self.limits).finish_non_exhaustive()
    }
}
