//! Subscriptions as sockets and event streams run them: each begins alone, and joins its cohort
//! when it has caught up with it.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_graphql::{Executor, Name, Value, Variables, parser::types::Selection};
use futures_util::{
    StreamExt,
    future::ready,
    stream::{self, BoxStream},
};
use platform::metrics;

use super::{
    backoff::Backoff,
    cohort::{CohortKey, CohortMember, Cohorts, Frame},
    per_caller_limit::PerCallerLimit,
    rights::RightsChange,
    stream::ResetReason,
    stream_handle::{ItemMeta, JoinFn, Role, StartPosition, StreamHandle},
};
use crate::{
    answer::{Answer, Errors},
    code::Code,
    cost_limiter::Charge,
    guard::Operation,
    operation::{Answers, OperationService, SubscriptionRequest},
    request::GraphqlRequest,
    scalars::Cursor,
    session::{Session, Visibility},
};

/// Item of a subscription.
pub struct Item {
    pub said: StreamAnswer,
    pub meta: Arc<ItemMeta>,
}

pub enum StreamAnswer {
    /// Executed for this subscriber. A refusal is the last item.
    Own(Answer),
    /// Executed once for several subscribers: the whole answer as JSON.
    Shared(Arc<[u8]>),
}

/// A client's request for a subscription.
pub struct Request {
    pub operation: Arc<Operation>,
    pub params: GraphqlRequest,
    pub session: Arc<Session>,
    pub id: Arc<str>,
    /// A cursor that the client has beside its operation.
    pub after: Option<Cursor>,
}

pub type Items = BoxStream<'static, Item>;

/// The subscriptions of a node.
pub struct Streams<E> {
    pub service: Arc<OperationService<E>>,
    pub cohorts: Cohorts,
    /// Subscriptions by caller.
    pub running: PerCallerLimit,
    /// Sockets by caller.
    pub sockets: PerCallerLimit,
}

fn refused_items(errors: Errors) -> Items {
    stream::once(ready(Item { said: StreamAnswer::Own(Answer::Refused(errors)), meta: Arc::default() })).boxed()
}

/// Slot with the frames of a member that has joined a cohort.
type MemberSlot = Arc<Mutex<Option<CohortMember>>>;

impl<E: Executor> Streams<E> {
    pub fn new(service: Arc<OperationService<E>>) -> Arc<Self> {
        let (running, sockets) =
            (PerCallerLimit::new(service.limits.streams_per_caller), PerCallerLimit::new(service.limits.sockets_per_caller));
        Arc::new(Self { service, cohorts: Cohorts::default(), running, sockets })
    }

    /// Starts a subscription.
    pub async fn open(self: &Arc<Self>, request: Request) -> Items {
        let Request { operation, params, session, id, after } = request;
        let Some(limit_guard) = self.running.enter(&session.caller_key()) else {
            let message = format!("one caller has at most {} subscriptions at once", self.running.max_per_caller());
            return refused_items(Errors::one(Code::Overloaded, message, &id));
        };
        let charge = match self.service.pay(&operation, &params.variables, &session, &id).await {
            Ok(charge) => charge,
            Err(errors) => return refused_items(errors),
        };
        let shape = Shape::of(&self.service, &operation, &params);
        let variables = params.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let subscription = Arc::new(Subscription { operation, variables, id, charge, session, shape });
        let items = self.clone().run(subscription, params.shows_cost, after.map(StartPosition::Cursor));
        let open = metrics::Open::subscription();
        items.map(move |item| (&limit_guard, &open, item).2).boxed()
    }

    /// Records that an item has been passed to its connection: measures its delay by this node's
    /// clock. Another node may have recorded the event.
    pub fn record_delivery(&self, meta: &ItemMeta) {
        if let Some(recorded) = meta.recorded {
            let lag = || Duration::from_micros(u64::try_from((self.service.now)() - recorded.at.micros()).unwrap_or(0));
            metrics::observe_stream_item(lag, recorded.trace_id);
        }
    }

    fn run(
        self: Arc<Self>,
        subscription: Arc<Subscription>,
        mut shows_cost: bool,
        mut begin: Option<StartPosition>,
    ) -> impl futures_util::Stream<Item = Item> {
        async_stream::stream! {
            let (mut backoff, mut has_begun) = (Backoff::default(), false);
            loop {
                let slot = MemberSlot::default();
                let stream_handle = StreamHandle::new(Role::Member(self.join_function(&subscription, &slot)), begin.clone());
                let data = stream_handle.clone();
                let stream_request = subscription.to_subscription_request(subscription.id.clone(), shows_cost);
                let mut own_answers = self.service.run_subscription(stream_request, &subscription.session, move |request| request.data(data));
                let member = loop {
                    match own_answers.next().await {
                        // After a temporary error the run is repeated from the client's position,
                        // and the client does not see the error.
                        Some(Answer::Refused(errors)) if (has_begun || stream_handle.follows()) && errors.code.may_pass() => {
                            drop(own_answers);
                            backoff.wait().await;
                            break None;
                        }
                        Some(farewell) if let Some(rights) = stream_handle.take_over() => {
                            drop(own_answers);
                            let Some(cohort_member) = slot.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
                            break Some((rights, shrink_buffer(farewell), cohort_member));
                        }
                        Some(answer) => {
                            let is_last = matches!(answer, Answer::Refused(_));
                            (backoff, has_begun) = (Backoff::default(), true);
                            stream_handle.mark_passed();
                            yield Item { said: StreamAnswer::Own(answer), meta: stream_handle.meta() };
                            if is_last { return; }
                        }
                        None if stream_handle.is_restart_requested() => break None,
                        None => return,
                    }
                };
                // From here the cohort's frames, and the last item when the rights have changed.
                if let Some((mut rights, farewell, mut cohort_member)) = member {
                    let mut changed = pin!(rights.wait_for_change());
                    loop {
                        let input = tokio::select! {
                            biased;
                            changed = &mut changed => MemberInput::Rights(changed),
                            frame = cohort_member.frames.recv() => frame.map_or(MemberInput::Lost, MemberInput::Frame),
                        };
                        match input {
                            MemberInput::Rights(RightsChange::Scope) => {
                                metrics::count_stream_reset(ResetReason::ScopeChanged.as_str());
                                yield Item { said: StreamAnswer::Own(farewell), meta: Arc::default() };
                                return;
                            }
                            // Restarts with the current rights of its caller.
                            MemberInput::Rights(RightsChange::Else) => break,
                            MemberInput::Frame(frame) if stream_handle.reported_position().is_some_and(|position| frame.is_stale_for(position)) => {}
                            // The leader was behind: half of the frame would be a repetition.
                            MemberInput::Frame(frame) if stream_handle.reported_position().is_some_and(|position| frame.after < position) => break,
                            MemberInput::Frame(frame) => {
                                let Some(json) = frame.json.get() else { break };
                                stream_handle.report_position(frame.through);
                                stream_handle.mark_passed();
                                yield Item { said: StreamAnswer::Shared(json), meta: frame.meta };
                            }
                            // The member fell behind, or the leader is gone: it continues alone,
                            // from its position.
                            MemberInput::Lost => break,
                        }
                    }
                }
                has_begun |= stream_handle.follows();
                begin = stream_handle.next_begin().or(begin);
                shows_cost = false;
            }
        }
    }

    /// Returns the function by which a member joins the cohort of its subscription.
    fn join_function(self: &Arc<Self>, subscription: &Arc<Subscription>, slot: &MemberSlot) -> JoinFn {
        let (streams, subscription, slot) = (self.clone(), subscription.clone(), slot.clone());
        Arc::new(move || {
            let (streams, subscription, slot) = (streams.clone(), subscription.clone(), slot.clone());
            Box::pin(async move {
                let cohort_key = subscription.cohort_key()?;
                let cohorts = streams.cohorts.clone();
                let make_leader = move |begin| streams.start_leader(&subscription, cohort_key, begin);
                let cohort_member = cohorts.join(cohort_key, make_leader).await?;
                let position = cohort_member.position;
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(cohort_member);
                Some(position)
            })
        })
    }

    /// Makes a leader with the cohort's rights. `None` if the rights of the caller that it runs for
    /// have changed.
    fn start_leader(
        &self,
        subscription: &Subscription,
        cohort_key: CohortKey,
        begin: Option<StartPosition>,
    ) -> Option<(Answers, Arc<StreamHandle>)> {
        let stream_handle = StreamHandle::new(Role::Leader, begin);
        let data = stream_handle.clone();
        let stream_request = subscription.to_subscription_request((self.service.new_id)().into(), false);
        let answers = self.service.run_subscription(stream_request, &subscription.session, |request| request.data(data));
        // The request has the current rights: they must be those in the cohort's key.
        (subscription.cohort_key() == Some(cohort_key)).then_some((answers, stream_handle))
    }
}

/// Request of a subscriber: kept once, for all runs of it.
struct Subscription {
    operation: Arc<Operation>,
    /// A list, to save memory: a map of one variable has room for eleven.
    variables: Box<[(Name, Value)]>,
    /// ID of the request.
    id: Arc<str>,
    charge: Charge,
    session: Arc<Session>,
    shape: Shape,
}

impl Subscription {
    fn to_subscription_request(&self, id: Arc<str>, shows_cost: bool) -> SubscriptionRequest {
        let mut variables = Variables::default();
        variables.extend(self.variables.iter().cloned());
        SubscriptionRequest { operation: self.operation.clone(), variables, id, charge: self.charge, shows_cost }
    }

    /// Returns the key of the cohort; `None` if the answer may differ from every other caller's.
    fn cohort_key(&self) -> Option<CohortKey> {
        let likeness = self.session.likeness.as_ref()?(self.shape.data_visibility)?;
        Some(self.shape.text.with_visibility_name(&likeness))
    }
}

/// Shrinks an answer that is stored: its buffer was sized by the answer before it, which may have
/// been a page of a snapshot.
fn shrink_buffer(mut answer: Answer) -> Answer {
    if let Answer::Ran { json, .. } = &mut answer {
        json.shrink_to_fit();
    }
    answer
}

/// Input of a member that has joined a cohort.
enum MemberInput {
    Frame(Frame),
    /// The member fell behind, or the cohort ended.
    Lost,
    Rights(RightsChange),
}

/// Parts of a subscription that all members of its cohort share.
struct Shape {
    /// The digest of the document, the operation's name and the variables.
    text: CohortKey,
    data_visibility: Visibility,
}

impl Shape {
    fn of<E>(service: &OperationService<E>, operation: &Operation, params: &GraphqlRequest) -> Self {
        let trusted = params.document_id.as_deref().and_then(|id| service.trusted.get(id));
        let document = trusted.unwrap_or(&params.query);
        let mut variables = params.variables.clone();
        if let Some(name) = cursor_variable(operation).filter(|name| is_used_once(document, name)) {
            variables.remove(&Name::new(name));
        }
        let name = params.operation_name.as_deref().unwrap_or_default();
        Self { text: CohortKey::of(&[document, name, json(&variables).as_str()]), data_visibility: operation.data_visibility }
    }
}

fn json(variables: &Variables) -> String {
    // Variables were parsed from JSON, so they have a JSON form.
    serde_json::to_string(variables).unwrap_or_default()
}

/// The variable that the root field's `after` is taken from.
fn cursor_variable(operation: &Operation) -> Option<String> {
    let definition = &operation.parsed_document().operations.iter().next()?.1.node;
    definition.selection_set.node.items.iter().find_map(|item| match &item.node {
        Selection::Field(field) => match &field.node.get_argument("after")?.node {
            async_graphql_value::Value::Variable(name) => Some(name.to_string()),
            _ => None,
        },
        _ => None,
    })
}

/// Whether a document uses a variable in exactly one place besides its declaration.
fn is_used_once(document: &str, name: &str) -> bool {
    let ends_name = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    let uses = document.match_indices('$').filter(|(index, _)| {
        let rest = document[index + 1..].trim_start();
        rest.strip_prefix(name).is_some_and(ends_name)
    });
    uses.count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_found_by_its_whole_name() {
        let document = "subscription($a: Cursor, $ab: Int) { x(after: $ a, b: $ab) { y } }";
        assert!(is_used_once(document, "a"));
        assert!(is_used_once(document, "ab"));
        assert!(!is_used_once(document, "b"));
        assert!(!is_used_once("subscription($a: Cursor) { x(after: $a) { y(after: $a) } }", "a"));
    }
}
