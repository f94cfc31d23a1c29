//! Checks the documents of saved views, and runs them for their readers: by the guard, price and
//! engine of a request.

use std::sync::Arc;

use api::graphql::{
    answer::{Answer, Errors, truncate_message},
    guard::{Kind, Operation, field_reads},
    operation::OperationService,
    request::GraphqlRequest,
    session::{Documents, Session},
};
use api::{reports::SingleRead, saved_views::invalidated_by, schema::EntrepotSchema};
use async_graphql::{
    Variables as Values,
    parser::types::{Selection, SelectionSet},
};
use async_trait::async_trait;
use platform::storage::Fault;
use serde::Deserialize;
use serde_json::Value;
use server::{RenderedTable, TableQuery, table_problem, view_table};
use services::{
    exchange::Requester,
    saved_views::{
        core::{InvalidatedBy, Variables},
        events::TableRights,
        shell::{DocumentProblem, DocumentRefusal, Outcome, Reader, Table, TableOutcome, TableRequest, ViewEngine},
    },
};

use super::BulkExecutor;

/// A view that reads views could read itself.
const EXCLUDED_FIELD: &str = "savedViewResult";

/// An answer as clients get it.
#[derive(Deserialize)]
struct ExecutedAnswer {
    #[serde(default)]
    data: Value,
    #[serde(default)]
    errors: Vec<Value>,
}

#[async_trait]
impl ViewEngine for BulkExecutor {
    async fn examine(&self, document: &str, variables: &Variables, is_held: bool) -> Result<Result<i64, DocumentProblem>, Fault> {
        Ok(examine_points(&self.ready()?.service, document, variables, is_held).await)
    }

    fn invalidated_by(&self, document: &str) -> Result<Result<InvalidatedBy, String>, Fault> {
        let guard = &self.ready()?.service.guard;
        let operation = match guard.operation(document, None) {
            Ok(operation) => operation,
            Err(refusal) => return Ok(Err(truncate_message(refusal.message))),
        };
        Ok(invalidated_by(&field_reads::of(&operation, guard.schema_index())))
    }

    async fn answer(&self, reader: Reader, document: &str, variables: Variables) -> Result<Outcome, Fault> {
        let service = &self.ready()?.service;
        if let Err(problem) = examine_points(service, document, &variables, reader.caller.trusted_only).await {
            let (DocumentProblem::Document(message) | DocumentProblem::Variables(message)) = problem;
            let code = "BAD_USER_INPUT".to_owned();
            return Ok(Outcome::Refused(DocumentRefusal { code, message, retry_after_ms: None }));
        }
        let Some(session) = self.node_authenticator.nested_session(&reader.caller, reader.key, &reader.origin).await? else {
            let (code, message) = ("UNAUTHENTICATED".to_owned(), "the key is not valid any more".to_owned());
            return Ok(Outcome::Refused(DocumentRefusal { code, message, retry_after_ms: None }));
        };
        let session = single_use_session(session);
        let request = reader.origin.request_id.as_str();
        let values = Value::Object(variables);
        let retained_values = values.clone();
        let params = GraphqlRequest {
            query: document.to_owned(),
            variables: Values::from_json(values),
            reread: Some(Box::new(move || Some(Values::from_json(retained_values.clone())))),
            is_within: reader.is_within,
            reads_committed: true,
            ..GraphqlRequest::default()
        };
        let answer = match service.select_operation(&params, &session, request).await {
            Ok(operation) => Box::pin(service.run(&operation, params, &session, request)).await,
            Err(errors) => Answer::Refused(errors),
        };
        match answer {
            Answer::Ran { json, .. } => {
                let executed: ExecutedAnswer =
                    serde_json::from_slice(&json).map_err(|err| Fault::Broken(format!("an answer: {err}")))?;
                Ok(Outcome::Ran { data: executed.data, errors: executed.errors })
            }
            Answer::Refused(errors) => Ok(Outcome::Refused(to_refusal(&errors))),
        }
    }

    fn table_problem(&self, document: &str, rows: Option<&str>) -> Option<String> {
        table_problem(document, rows).map(truncate_message)
    }

    async fn table(&self, requester: Requester, request: TableRequest) -> Result<TableOutcome, Fault> {
        let service = &self.ready()?.service;
        let TableRequest { view, variables, rows, format, locale, request_id } = request;
        let Some((caller, session)) = self.node_authenticator.caller_on_behalf_of(requester, &request_id).await? else {
            return Ok(TableOutcome::Gone);
        };
        let rights = TableRights::of(&caller);
        let session = single_use_session(session);
        let query = TableQuery { view: view.to_string(), variables, rows, format, locale };
        Ok(match Box::pin(view_table(service, session, &request_id, query)).await {
            Ok(Some(rendered)) => {
                let RenderedTable { bytes, rows, first_rows, chart } = rendered;
                TableOutcome::Made(Table { bytes, rows, first_rows, rights, chart })
            }
            // Its schedule goes with it.
            Ok(None) => TableOutcome::Gone,
            Err(errors) => TableOutcome::Refused(to_refusal(&errors)),
        })
    }
}

/// The session of a reader who does not ask again: a view is read after an event, and a table once for all.
fn single_use_session(session: Session) -> Session {
    let inner = session.attach.clone();
    Session { attach: Arc::new(move |request| inner(request).data(SingleRead)), ..session }
}

/// The points of a document that can be a view.
async fn examine_points(
    service: &OperationService<EntrepotSchema>,
    document: &str,
    variables: &Variables,
    is_held: bool,
) -> Result<i64, DocumentProblem> {
    let document_problem = |message: &str| DocumentProblem::Document(truncate_message(message.to_owned()));
    if (is_held || service.documents == Documents::Trusted) && !service.trusted.holds(document) {
        return Err(document_problem("only trusted documents may be sent here"));
    }
    let operation = service.guard.operation(document, None).map_err(|refusal| document_problem(&refusal.message))?;
    if operation.kind != Kind::Query || operation.is_introspective {
        return Err(document_problem("one query is expected, which does not ask for the schema"));
    }
    if selects_field(&operation, EXCLUDED_FIELD) {
        return Err(document_problem("a view cannot read views: leave savedViewResult out"));
    }
    if let Some(name) = variables.keys().find(|name| !is_declared(&operation, name)) {
        return Err(DocumentProblem::Variables(truncate_message(format!("the document declares no variable ${name}"))));
    }
    let values = Values::from_json(Value::Object(variables.clone()));
    // A view that can never be read is refused. Variables that are missing may come from a reader.
    operation
        .check_lists(&values, &service.limits)
        .map_err(|refusal| DocumentProblem::Variables(truncate_message(refusal.message)))?;
    if let Some(validator) = &service.validator
        && let Some(response) = validator.refusal(&operation, &values, service.guard.schema_index()).await
    {
        return Err(document_problem(
            response.errors.first().map_or("the document does not fit the schema", |error| error.message.as_str()),
        ));
    }
    Ok(i64::from(operation.plan.requested_cost(&values).points()))
}

fn is_declared(operation: &Operation, name: &str) -> bool {
    let mut definitions = operation.parsed_document().operations.iter();
    definitions.any(|(_, definition)| definition.node.variable_definitions.iter().any(|variable| variable.node.name.node == name))
}

/// Whether a field of this name is selected anywhere.
fn selects_field(operation: &Operation, name: &str) -> bool {
    let document = operation.parsed_document();
    let operations = document.operations.iter().map(|(_, definition)| &definition.node.selection_set.node);
    let fragments = document.fragments.values().map(|definition| &definition.node.selection_set.node);
    let mut sets: Vec<&SelectionSet> = operations.chain(fragments).collect();
    while let Some(set) = sets.pop() {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) if field.node.name.node == name => return true,
                Selection::Field(field) => sets.push(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    false
}

fn to_refusal(errors: &Errors) -> DocumentRefusal {
    let list: Vec<Value> = serde_json::from_slice(&errors.list).unwrap_or_default();
    let message = list.first().and_then(|error| error["message"].as_str()).unwrap_or("the view was not run").to_owned();
    DocumentRefusal { code: errors.code.as_str().to_owned(), message, retry_after_ms: errors.retry_after_ms }
}
