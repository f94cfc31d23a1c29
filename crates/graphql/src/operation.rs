//! Execution of operations, for HTTP and sockets alike: guard, session, engine, deadline, answer.

mod deprecations;
mod freshness;
mod mismatches;
mod outcome;
mod service;

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_graphql::{Executor, Request, Response, Variables};
use futures_util::{
    FutureExt, StreamExt,
    future::ready,
    stream::{self, BoxStream},
};
use platform::{metrics, slow::OperationWatch};
use tokio::time::Instant;

pub use self::service::{Introspection, OperationService};

use self::outcome::{Refused, log_slow, operation_points, panic_errors, record_outcome, span, timed_out, too_many_objects};
use super::{
    answer::{Answer, AnswerContext, AnswerPhase, Errors, finish},
    code::Code,
    cost_limiter::{Charge, ChargeRefusal},
    direct_json::raw,
    guard::{Kind, Operation, Refusal, cost},
    limits::Limits,
    preauthorize::keep_refused_fields,
    quota::QuotaSubject,
    rate_limit::OperationCharge,
    request::GraphqlRequest,
    request_id,
    session::{Documents, RequestMeta, Session, UserErrorCount},
    yielding::{self, TooMany, YieldCounters},
};

/// Introspection of an operation.
#[derive(Default)]
struct Schema {
    /// The answer's data, if the operation selects nothing but introspection.
    whole: Option<Arc<str>>,
    /// Points that introspection has cost in addition.
    points: u32,
}

/// A stream of answers; a `Refused` is the last.
pub type Answers = BoxStream<'static, Answer>;

pub struct SubscriptionRequest {
    pub operation: Arc<Operation>,
    pub variables: Variables,
    /// ID of the request.
    pub id: Arc<str>,
    pub charge: Charge,
    pub shows_cost: bool,
}

impl<E: Executor> OperationService<E> {
    /// # Errors
    /// The authenticator's refusal or timeout. An invalid token costs its sender's address a request.
    pub async fn admit(&self, bearer: Option<&str>, meta: &RequestMeta<'_>) -> Result<Session, Errors> {
        match self.open(bearer, meta).await {
            Ok(session) => Ok(session),
            Err(errors) => Err(self.charge_unauthenticated(errors, meta).await),
        }
    }

    /// # Errors
    /// As `admit`, at no cost.
    pub async fn open(&self, bearer: Option<&str>, meta: &RequestMeta<'_>) -> Result<Session, Errors> {
        match tokio::time::timeout(self.limits.request_time, self.authenticator.open(bearer, meta)).await {
            Ok(Ok(session)) => {
                metrics::count_admission(if session.anonymous { "anonymous" } else { "ok" });
                Ok(session)
            }
            Ok(Err(refused)) => {
                metrics::count_admission(refused.code.as_str());
                Err(Errors::from_refused(refused, meta.id))
            }
            Err(_late) => Err(Errors::one(Code::Timeout, "the token could not be checked in time", meta.id)),
        }
    }

    /// Returns the errors for a caller without a session: an invalid token costs its sender's
    /// address a request.
    pub async fn charge_unauthenticated(&self, errors: Errors, meta: &RequestMeta<'_>) -> Errors {
        if errors.code != Code::Unauthenticated {
            return errors;
        }
        match self.cost_limiter.charge(&QuotaSubject::Address(meta.address), 1).await {
            Ok(_) => errors,
            Err(unpaid) => Errors::from_unpaid(*unpaid, meta.id),
        }
    }

    /// Whether the operation is allowed without signing in.
    pub fn is_public(&self, params: &GraphqlRequest) -> bool {
        let trusted = params.document_id.as_deref().and_then(|id| self.trusted.get(id));
        let text = trusted.unwrap_or(&params.query);
        self.guard.operation(text, params.operation_name.as_deref()).is_ok_and(|operation| operation.is_public)
    }

    /// Returns the requested operation, with its variables checked.
    ///
    /// # Errors
    /// The guard's refusals: a refused document costs its sender a point all the same.
    pub async fn select_operation(
        &self,
        params: &GraphqlRequest,
        session: &Session,
        request_id: &str,
    ) -> Result<Arc<Operation>, Errors> {
        let chosen_operation =
            self.document_text(params, session).and_then(|text| self.guard.operation(text, params.operation_name.as_deref()));
        let chosen_operation = chosen_operation
            .and_then(|chosen_operation| self.check_introspection_allowed(&chosen_operation).map(|()| chosen_operation));
        let refusal = match chosen_operation.and_then(|chosen_operation| {
            chosen_operation.check_variables(&params.variables, &self.limits).map(|()| chosen_operation)
        }) {
            Ok(operation) => return Ok(operation),
            Err(refusal) => refusal,
        };
        metrics::count_refused_document(refusal.code.as_str());
        match self.cost_limiter.charge(&session.quota_subject, 1).await {
            Ok(charge) => Err(Errors::from_refusal(refusal, request_id).with_charge(charge)),
            Err(unpaid) => Err(Errors::from_unpaid(*unpaid, request_id)),
        }
    }

    fn check_introspection_allowed(&self, operation: &Operation) -> Result<(), Refusal> {
        if self.introspection == Introspection::Open || !operation.is_introspective {
            return Ok(());
        }
        let message = "introspection is disabled here: __schema and __type cannot be selected";
        Err(Refusal::new(Code::ValidationFailed, message))
    }

    /// Returns the document's text, as sent or by its ID.
    fn document_text<'a>(&'a self, params: &'a GraphqlRequest, session: &Session) -> Result<&'a str, Refusal> {
        if let Some(id) = &params.document_id {
            let text = self.trusted.get(id).ok_or_else(|| Refusal::new(Code::BadRequest, "no trusted document has this id"))?;
            if !params.query.is_empty() && params.query != text {
                return Err(Refusal::new(Code::BadRequest, "query is not the document that documentId names"));
            }
            return Ok(text);
        }
        let is_held = self.documents == Documents::Trusted || session.documents.now() == Documents::Trusted;
        if is_held && !self.trusted.holds(&params.query) {
            return Err(Refusal::new(Code::Forbidden, "only trusted documents may be sent here"));
        }
        Ok(&params.query)
    }

    /// Runs a query or a mutation to its end or to the deadline.
    pub async fn run(&self, operation: &Operation, params: GraphqlRequest, session: &Session, request_id: &str) -> Answer {
        let (started_at, span, watch) = (Instant::now(), span(operation, &params), OperationWatch::begin());
        // The refusals and the log lines too are of the span's trace.
        let execution = async {
            let work = watch.run_within(self.run_with_fresh_reads(operation, params, session, request_id));
            let work = AssertUnwindSafe(work).catch_unwind();
            let (answer, is_whole) = match tokio::time::timeout(self.limits.request_time, work).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_panic)) => (Answer::Refused(panic_errors(request_id)), false),
                Err(_late) => (Answer::Refused(timed_out(operation, self.limits.request_time, request_id)), false),
            };
            log_slow(&watch, started_at.elapsed(), (operation, &answer), (session, request_id));
            (answer, is_whole)
        };
        let (answer, is_whole) = request_id::scope(request_id, span.run_within(execution)).await;
        record_outcome(span, operation, (&answer, is_whole), started_at.elapsed());
        answer
    }

    /// Also whether it ran without an error.
    async fn charge_and_run(
        &self,
        operation: &Operation,
        params: GraphqlRequest,
        session: &Session,
        request_id: &str,
    ) -> (Answer, bool) {
        let (cost, mut charge) = match self.charge(operation, &params.variables, session).await {
            Ok(paid) => paid,
            Err(unpaid) => return (Answer::Refused(Errors::from_unpaid(*unpaid, request_id)), false),
        };
        let pass = match self.cost_limiter.enter(&session.quota_subject, &charge, params.is_within).await {
            Ok(pass) => pass,
            Err(unpaid) => {
                self.cost_limiter.settle(&session.quota_subject, &mut charge, 0);
                return (Answer::Refused(Errors::from_unpaid(*unpaid, request_id)), false);
            }
        };
        let deprecated = operation.deprecated.with(&params.variables, self.guard.schema_index());
        let (request, user_errors, counters) = self.request(operation, params.variables, session, charge);
        let mut schema = Schema::default();
        let executed = if let Some(refused) = self.check_rules(operation, &request.variables).await {
            Ok(refused)
        } else {
            schema = match self.introspect_and_charge(operation, &request.variables, session, &mut charge).await {
                Ok(schema) => schema,
                Err(refused) => return (Answer::Refused(refused.errors(request_id).with_charge(charge)), false),
            };
            match schema.whole.take() {
                Some(json) => Ok(Response::new(raw(json.to_string()))),
                None => counters.run(self.executor.execute(request)).await,
            }
        };
        drop(pass);
        let Ok(mut response) = executed else {
            return (Answer::Refused(too_many_objects(operation.kind, &self.limits, request_id).with_charge(charge)), false);
        };
        let reread = || params.reread.as_ref().and_then(|reread| reread()).unwrap_or_default();
        self.add_mismatch_paths(operation, reread, &mut response);
        user_errors.truncations.add_to_response(&mut response);
        outcome::add_bearer_note(params.bearer, &mut response);
        freshness::add_age_extension(&mut response, (self.now)());
        deprecations::add_to_response(&deprecated, session, &mut response, (self.now)());
        let points = operation_points(operation, &cost, &response).saturating_add(schema.points);
        let points = points.saturating_sub(user_errors.unused_points.get()).max(1);
        self.cost_limiter.settle(&session.quota_subject, &mut charge, points);
        metrics::cost(charge.actual);
        metrics::user_errors(user_errors.get());
        let is_whole = response.errors.is_empty();
        let context = self.context(operation, request_id, &user_errors, AnswerPhase::Whole);
        (finish(response, AnswerContext { shows_cost: params.shows_cost, ..context }, charge), is_whole)
    }

    /// The refusal of a document that breaks a rule.
    async fn check_rules(&self, operation: &Operation, variables: &Variables) -> Option<Response> {
        self.validator.as_ref()?.refusal(operation, variables, self.guard.schema_index()).await
    }

    /// Returns the introspection of an operation, and its cost beyond the points that were taken
    /// already.
    async fn introspect_and_charge(
        &self,
        operation: &Operation,
        variables: &Variables,
        session: &Session,
        charge: &mut Charge,
    ) -> Result<Schema, Refused> {
        if !operation.is_introspective || operation.kind != Kind::Query {
            return Ok(Schema::default());
        }
        let answering = self.introspector.answer(operation, variables, (&self.executor, &self.limits));
        let answer = Box::pin(answering).await.map_err(Refused::Guard)?;
        let points = answer.points() - 1;
        if points > 0 {
            let extra_charge =
                self.charge_points(points.saturating_add(charge.requested), points, session).await.map_err(Refused::Unpaid)?;
            let requested = if extra_charge.requested == points { charge.requested + points } else { charge.requested };
            *charge = Charge { requested, actual: requested, level: extra_charge.level };
        }
        Ok(Schema { whole: answer.is_all.then_some(answer.json), points })
    }

    /// Takes what the operation will cost.
    async fn charge(
        &self,
        operation: &Operation,
        variables: &Variables,
        session: &Session,
    ) -> Result<(cost::RequestedCost, Charge), Box<ChargeRefusal>> {
        let cost = operation.plan.requested_cost(variables);
        let charge = self.charge_points(cost.points(), cost.points(), session).await?;
        Ok((cost, charge))
    }

    /// Takes `due_points` of the points that the whole operation costs.
    async fn charge_points(&self, points: u32, due_points: u32, session: &Session) -> Result<Charge, Box<ChargeRefusal>> {
        if points > self.limits.points {
            // The refusal has a price too, or it could be provoked without limit.
            let charge = self.cost_limiter.charge(&session.quota_subject, 1).await?;
            let max_points = self.limits.points;
            let message = format!(
                "the operation costs {points} points, and one may cost {max_points}: ask for smaller pages, or fewer lists"
            );
            let charge = Charge { requested: points, ..charge };
            return Err(Box::new(ChargeRefusal {
                code: Code::CostExceeded,
                message,
                retry_after_ms: None,
                limit: Some(max_points),
                charge,
            }));
        }
        self.cost_limiter.charge(&session.quota_subject, due_points).await
    }

    /// Runs a subscription that has been paid for. `prepare` puts more into its request's data.
    pub fn run_subscription(
        self: &Arc<Self>,
        subscription_request: SubscriptionRequest,
        session: &Session,
        prepare: impl FnOnce(Request) -> Request,
    ) -> Answers {
        let SubscriptionRequest { operation, variables, id, charge, shows_cost } = subscription_request;
        let (request, user_errors, counters) = self.request(&operation, variables, session, charge);
        let (request, service, validated_operation) = (prepare(request), self.clone(), operation.clone());
        let responses = async move {
            match service.check_rules(&validated_operation, &request.variables).await {
                Some(mut refused) => {
                    service.add_mismatch_paths(&validated_operation, || request.variables.clone(), &mut refused);
                    stream::once(ready(refused)).boxed()
                }
                None => service.executor.execute_stream(request, None),
            }
        };
        let mut responses = Box::pin(AssertUnwindSafe(responses.flatten_stream()).catch_unwind());
        let responses = async_stream::stream! {
            loop {
                match counters.next(&mut responses).await {
                    Ok(Some(response)) => yield Ok(response),
                    Ok(None) => return,
                    Err(limit_error) => { yield Err(limit_error); return; }
                }
            }
        };
        let service = self.clone();
        let open = metrics::Open::execution();
        let mut phase = AnswerPhase::Opening;
        responses
            .map(move |response| match response {
                Ok(Ok(response)) => {
                    let _counted_while_it_runs = &open;
                    let phase = std::mem::replace(&mut phase, AnswerPhase::Whole);
                    let context = service.context(&operation, &id, &user_errors, phase);
                    finish(response, AnswerContext { shows_cost: shows_cost && phase == AnswerPhase::Opening, ..context }, charge)
                }
                Ok(Err(_panic)) => Answer::Refused(panic_errors(&id)),
                Err(TooMany) => Answer::Refused(too_many_objects(operation.kind, &service.limits, &id)),
            })
            .boxed()
    }

    fn request(
        &self,
        operation: &Operation,
        mut variables: Variables,
        session: &Session,
        charge: Charge,
    ) -> (Request, UserErrorCount, YieldCounters) {
        operation.complete(&mut variables);
        let paid = OperationCharge { charge, at: (self.now)() };
        let mut document = operation.document(&variables, self.guard.schema_index());
        let mut request = Request::new(String::new()).variables(variables).data(paid);
        if self.introspection == Introspection::Closed {
            request = request.disable_introspection();
        }
        let user_errors = UserErrorCount::default();
        request = match operation.kind {
            Kind::Mutation => request.data(user_errors.clone()),
            Kind::Query => request.data(user_errors.truncations.clone()).data(user_errors.unused_points.clone()),
            Kind::Subscription => request,
        };
        let mut request = (session.attach)(request);
        if operation.kind == Kind::Mutation && operation.measure.root_fields > 1 {
            keep_refused_fields(&mut document, self.guard.schema_index(), &request.variables, &request.data);
        }
        let counters = YieldCounters::new(self.limits.answer_objects);
        if operation.plan.is_broad(&operation.plan.requested_cost(&request.variables)) {
            yielding::mark_fields(&mut document);
            request = request.data(counters.clone());
        }
        request.set_parsed_query(document);
        (request, user_errors, counters)
    }

    fn context<'a>(
        &self,
        operation: &'a Operation,
        request_id: &'a str,
        user_errors: &UserErrorCount,
        phase: AnswerPhase,
    ) -> AnswerContext<'a> {
        let Limits { reported_errors, answer_bytes, .. } = self.limits;
        AnswerContext {
            request_id,
            operation,
            reported_errors,
            user_errors: user_errors.get(),
            phase,
            shows_cost: false,
            answer_bytes,
        }
    }
}
