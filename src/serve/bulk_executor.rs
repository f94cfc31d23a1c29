//! Runs mutations of bulk operations: with the rights of the requester, by the same guard, price
//! and engine as a request.

mod views;

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use api::{
    graphql::{
        answer::{Answer, truncate_message},
        code::Code,
        cost_limiter::CostLimiter,
        guard::{Guard, Kind, Operation},
        introspection::Introspector,
        limits::Limits,
        operation::{Introspection, OperationService},
        quota::Terms,
        request::GraphqlRequest,
        session::Documents,
        trusted::TrustedDocuments,
    },
    schema::{EntrepotSchema, ValidatorBuild},
};
use async_graphql::{
    Name, Positioned, Variables,
    parser::{
        parse_schema,
        types::{
            BaseType, ConstDirective, Field, FieldDefinition, InputValueDefinition, Selection, Type, TypeKind,
            TypeSystemDefinition,
        },
    },
};
use async_trait::async_trait;
use iam::access::Caller;
use platform::{clock::Clock, rate_limit::RateLimiter, storage::Fault};
use services::{
    exchange::{BatchOutcome, BulkDocument, Call, DryRun, Engine, Exchange, Requester, core::bulk},
    saved_views::{SavedViews, shell::ViewEngine},
};

use super::{NodeAuthenticator, StartError};

/// Makes the operation service when the first mutation is checked: most nodes of tests and many
/// workers never need one.
type MakeOperations = Box<dyn Fn() -> Result<Arc<OperationService<EntrepotSchema>>, StartError> + Send + Sync>;

pub struct BulkExecutor {
    node_authenticator: Arc<NodeAuthenticator>,
    make: MakeOperations,
    ready: OnceLock<ReadyService>,
}

/// Sets this executor as the one that runs documents of bulk operations and of saved views, for as
/// long as the returned value is kept.
pub fn run_by(executor: Arc<BulkExecutor>, exchange: &Exchange, saved_views: &SavedViews) -> Arc<dyn Engine> {
    let views: Arc<dyn ViewEngine> = executor.clone();
    saved_views.set_engine(&views);
    let bulk: Arc<dyn Engine> = executor;
    exchange.run_by(&bulk);
    bulk
}

struct ReadyService {
    service: Arc<OperationService<EntrepotSchema>>,
    mutations: HashMap<String, MutationFacts>,
}

/// Facts about a mutation.
#[derive(Debug)]
struct MutationFacts {
    /// Reason for which it is not run for each line of a file.
    unfit: Option<&'static str>,
    keyed: bulk::Keyed,
    validates: bool,
}

/// Mutations that schedule later work, or create links that must not be stored in a file.
const EXCLUDED_MUTATIONS: [&str; 5] =
    ["bulkOperationRun", "importCreate", "exportCreate", "fileUploadCreate", "savedViewLinkCreate"];
/// Pause of a line whose response gives no retry time.
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);

impl BulkExecutor {
    /// Creates the executor of a node that serves requests: with its own operation service.
    pub fn of(service: Arc<OperationService<EntrepotSchema>>, node_authenticator: Arc<NodeAuthenticator>) -> Arc<Self> {
        Self::with_operations(node_authenticator, Box::new(move || Ok(service.clone())))
    }

    /// Creates the executor of a node that serves no requests, or not yet: with an operation
    /// service of its own, which is created when it is needed.
    pub fn standalone(
        node_authenticator: Arc<NodeAuthenticator>,
        (schema, limits): (EntrepotSchema, Limits),
        (rate_limiter, clock): (RateLimiter, Clock),
    ) -> Arc<Self> {
        let authenticator = node_authenticator.clone();
        let make = move || -> Result<Arc<OperationService<EntrepotSchema>>, StartError> {
            let (schema_index, validator) = ValidatorBuild::spawn().join()?;
            let (now_clock, id_clock) = (clock.clone(), clock.clone());
            Ok(Arc::new(OperationService {
                executor: schema.clone(),
                validator: Some(validator),
                authenticator: authenticator.clone(),
                guard: Guard::new(limits.clone(), schema_index),
                cost_limiter: CostLimiter::new(rate_limiter.clone(), Terms::default()),
                limits: limits.clone(),
                introspection: Introspection::Open,
                introspector: Introspector::default(),
                trusted: TrustedDocuments::default(),
                documents: Documents::Any,
                now: Arc::new(move || now_clock.now().micros()),
                new_id: Arc::new(move || id_clock.uuid().simple().to_string()),
                positions: None,
            }))
        };
        Self::with_operations(node_authenticator, Box::new(make))
    }

    fn with_operations(node_authenticator: Arc<NodeAuthenticator>, make: MakeOperations) -> Arc<Self> {
        Arc::new(Self { node_authenticator, make, ready: OnceLock::new() })
    }

    fn ready(&self) -> Result<&ReadyService, Fault> {
        if let Some(ready) = self.ready.get() {
            return Ok(ready);
        }
        let service = (self.make)().map_err(|error| Fault::Broken(format!("the desk: {error}")))?;
        let mutations = mutation_facts(&service.executor.sdl()).map_err(|error| Fault::Broken(format!("the schema: {error}")))?;
        Ok(self.ready.get_or_init(|| ReadyService { service, mutations }))
    }

    fn examine_document(&self, caller: &Caller, document: &str) -> Result<BulkDocument, String> {
        let ReadyService { service, mutations } = self.ready().map_err(|fault| {
            tracing::error!(%fault, "the schema's mutations could not be read");
            "nothing can be run just now: try again".to_owned()
        })?;
        let is_held = service.documents == Documents::Trusted || caller.trusted_only;
        if is_held && !service.trusted.holds(document) {
            return Err("only trusted documents may be sent here".to_owned());
        }
        let operation = service.guard.operation(document, None).map_err(|refusal| refusal.message)?;
        let field = only_field(&operation)?;
        let name = field.name.node.as_str();
        let fact = mutations.get(name).ok_or_else(|| format!("there is no mutation {name}"))?;
        if let Some(reason) = fact.unfit {
            return Err(format!("{name} is not run for each line of a file: {reason}"));
        }
        Ok(BulkDocument { field: name.to_owned(), keyed: fact.keyed, dry_run: dry_run(&operation, field, fact)? })
    }
}

#[async_trait]
impl Engine for BulkExecutor {
    fn inspect_document(&self, caller: &Caller, document: &str) -> Result<BulkDocument, String> {
        self.examine_document(caller, document).map_err(truncate_message)
    }

    async fn run(&self, requester: Requester, document: &str, calls: Vec<Call>) -> Result<BatchOutcome, Fault> {
        let service = &self.ready()?.service;
        let mut answers = Vec::with_capacity(calls.len());
        for call in calls {
            let Some(session) = self.node_authenticator.session_on_behalf_of(requester, &call.request).await? else {
                return Ok(lost_access_outcome(answers));
            };
            let variables = Variables::from_json(call.variables.clone());
            let reread_variables = move || Some(Variables::from_json(call.variables.clone()));
            let params = GraphqlRequest {
                query: document.to_owned(),
                variables,
                reread: Some(Box::new(reread_variables)),
                ..GraphqlRequest::default()
            };
            let answer = match service.select_operation(&params, &session, &call.request).await {
                Ok(operation) => service.run(&operation, params, &session, &call.request).await,
                Err(errors) => Answer::Refused(errors),
            };
            match answer {
                Answer::Ran { json, .. } => answers.push(bulk::parse_answer(call.number, &json)),
                Answer::Refused(errors) if matches!(errors.code, Code::RateLimited | Code::Overloaded | Code::Unavailable) => {
                    return Ok(BatchOutcome::Paused(answers, errors.retry_after_ms.map_or(DEFAULT_PAUSE, Duration::from_millis)));
                }
                Answer::Refused(errors) => answers.push(bulk::parse_answer(call.number, &errors.body())),
            }
        }
        Ok(BatchOutcome::All(answers))
    }
}

/// Outcome of calls whose requester has lost access. Earlier results are stored first; the next
/// call has the same outcome.
fn lost_access_outcome(answers: Vec<bulk::LineAnswer>) -> BatchOutcome {
    if answers.is_empty() { BatchOutcome::Gone } else { BatchOutcome::Paused(answers, Duration::ZERO) }
}

/// The one field of a document with one mutation, which takes `$input` and nothing else but `$validateOnly`.
fn only_field(operation: &Operation) -> Result<&Field, String> {
    const EXPECTED_FORMAT: &str = "a document with one mutation of one field is expected, as in mutation($input: StockAdjustInput!) { stockAdjust(input: $input) { userErrors { code message } } }";
    let definition =
        operation.parsed_document().operations.iter().next().map(|(_, definition)| &definition.node).ok_or(EXPECTED_FORMAT)?;
    let [only] = definition.selection_set.node.items.as_slice() else { return Err(EXPECTED_FORMAT.to_owned()) };
    let (Kind::Mutation, Selection::Field(field)) = (operation.kind, &only.node) else { return Err(EXPECTED_FORMAT.to_owned()) };
    let is_expected = |name: &Name| name.as_str() == "input" || name.as_str() == "validateOnly";
    if let Some(other) = definition.variable_definitions.iter().find(|candidate| !is_expected(&candidate.node.name.node)) {
        return Err(format!("the variable ${} has no value: a line gives $input alone", other.node.name.node));
    }
    let field = &field.node;
    if !field.directives.is_empty() {
        return Err("the mutation's field has a directive: leave it out".to_owned());
    }
    if argument(field, "input") != Some(&variable("input")) {
        return Err("the mutation is to be handed the whole input of each line: write (input: $input)".to_owned());
    }
    Ok(field)
}

fn argument<'a>(field: &'a Field, name: &str) -> Option<&'a async_graphql_value::Value> {
    field.arguments.iter().find(|(argument_name, _)| argument_name.node == name).map(|(_, value)| &value.node)
}

fn variable(name: &str) -> async_graphql_value::Value {
    async_graphql_value::Value::Variable(Name::new(name))
}

fn dry_run(operation: &Operation, field: &Field, fact: &MutationFacts) -> Result<DryRun, String> {
    if !fact.validates {
        return Ok(DryRun::NotThere);
    }
    let definition = operation.parsed_document().operations.iter().next().map(|(_, definition)| &definition.node);
    let is_declared = definition.is_some_and(|definition| {
        definition.variable_definitions.iter().any(|candidate| candidate.node.name.node == "validateOnly")
    });
    match argument(field, "validateOnly") {
        Some(value) if *value == variable("validateOnly") => Ok(DryRun::Offered),
        // The guard writes out the default of an argument that is left out.
        Some(async_graphql_value::Value::Boolean(false)) | None if !is_declared => Ok(DryRun::NotDeclared),
        _ => Err("validateOnly is said by dryRun: write (validateOnly: $validateOnly), or leave it out".to_owned()),
    }
}

/// Returns the facts about each mutation in the published schema.
fn mutation_facts(sdl: &str) -> Result<HashMap<String, MutationFacts>, async_graphql::parser::Error> {
    let document = parse_schema(sdl)?;
    let types: HashMap<&str, &TypeKind> = document
        .definitions
        .iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(kind) => Some((kind.node.name.node.as_str(), &kind.node.kind)),
            _ => None,
        })
        .collect();
    let Some(TypeKind::Object(mutations)) = types.get("Mutation") else { return Ok(HashMap::new()) };
    let inputs = |name: &str| match types.get(name) {
        Some(TypeKind::InputObject(input)) => input.fields.as_slice(),
        _ => &[],
    };
    Ok(mutations.fields.iter().map(|field| (field.node.name.node.to_string(), field_facts(&field.node, inputs))).collect())
}

fn field_facts<'a>(field: &FieldDefinition, inputs: impl Fn(&str) -> &'a [Positioned<InputValueDefinition>]) -> MutationFacts {
    let find_argument = |name: &str| field.arguments.iter().map(|one| &one.node).find(|one| one.name.node == name);
    let validates = find_argument("validateOnly").is_some();
    let input = find_argument("input").map(|input| base(&input.ty.node));
    let is_keyed = input.is_some_and(|type_name| inputs(type_name).iter().any(|field| field.node.name.node == "idempotencyKey"));
    let has = |name: &str| field.directives.iter().any(|one: &Positioned<ConstDirective>| one.node.name.node == name);
    let unfit = if EXCLUDED_MUTATIONS.contains(&field.name.node.as_str()) {
        Some("it only queues work for later: call it directly")
    } else if !has("requires") {
        Some("it concerns the person who is logged in, and a file runs without one")
    } else if has("stepUp") {
        Some("it needs a fresh login of a person")
    } else if input.is_none() || field.arguments.len() > 1 + usize::from(validates) {
        Some("its arguments are not one input")
    } else {
        None
    };
    MutationFacts { unfit, keyed: if is_keyed { bulk::Keyed::ByInput } else { bulk::Keyed::Not }, validates }
}

fn base(kind: &Type) -> &str {
    match &kind.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => base(inner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_run_for_each_line_needs_a_right_of_the_tenant_and_no_person() {
        let facts = mutation_facts(&api::schema::sdl()).unwrap();
        let unfit = |name: &str| facts[name].unfit.is_some();
        for name in ["stockAdjust", "productCreate", "orderCreate", "customerUpdate", "storeGroupCreate"] {
            assert!(!unfit(name), "{name}: {:?}", facts[name]);
        }
        let refused = ["login", "passwordChange", "reauthenticate", "roleCreate", "customerErase", "apiKeyCreate", "jobRetry"];
        for name in refused.into_iter().chain(EXCLUDED_MUTATIONS) {
            assert!(unfit(name), "{name}");
        }
        assert_eq!((facts["stockAdjust"].keyed, facts["stockAdjust"].validates), (bulk::Keyed::ByInput, true));
        assert_eq!((facts["storeGroupCreate"].keyed, facts["storeGroupCreate"].validates), (bulk::Keyed::ByInput, true));
        let again = &facts["webhookEndpointReplay"];
        assert_eq!((again.keyed, again.validates), (bulk::Keyed::ByInput, false));
        assert_eq!(facts["login"].keyed, bulk::Keyed::Not);
    }

    #[test]
    fn what_was_carried_out_before_its_maker_went_is_answered() {
        assert!(matches!(lost_access_outcome(Vec::new()), BatchOutcome::Gone));
        let done = lost_access_outcome(vec![bulk::parse_answer(7, b"{}")]);
        assert!(matches!(&done, BatchOutcome::Paused(answers, wait) if wait.is_zero() && answers[0].number == 7), "{done:?}");
    }
}
