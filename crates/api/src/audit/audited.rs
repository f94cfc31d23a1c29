//! Root objects that wrap every root field. They log results of mutations, denied queries, and each
//! caller that was shown contacts.

use std::{
    borrow::Cow,
    pin::Pin,
    sync::{Arc, PoisonError},
};

use async_graphql::{
    ContainerType, Context, ObjectType, PathSegment, Response, ServerError, ServerResult, SubscriptionType, Value,
    registry::Registry,
};
use async_graphql_value::Value as Written;
use entity::prelude::Actor;
use futures_util::{Stream, StreamExt};
use iam::{access::Caller, identity::Session};
use platform::{
    audit::{Audit, AuditContext, Origin, Outcome, Target},
    storage::{dry_run, idempotency},
};

use crate::{
    catalog::CatalogLoaders,
    graphql::{canonical, code::Code, fault::TopError, lazy::Lazy, session::UserErrorCount},
};

/// A root whose fields are audited: wrapped around the merged roots, so that no room can forget it.
#[derive(Default)]
pub struct Audited<T>(T);

impl<T: ObjectType> ContainerType for Audited<T> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        // Boxed: otherwise the field's future would be part of every frame above it, and be moved
        // with them.
        let field: FieldFuture<'_> = Box::pin(self.0.resolve_field(ctx));
        let is_mutation = T::type_name() == "Mutation";
        // Idempotency compares the arguments as they were sent, not the Rust values that they are
        // parsed into.
        let field: FieldFuture<'_> = match is_mutation.then(|| canonical::of_field(ctx)).flatten() {
            Some(digest) => Box::pin(idempotency::with_sent_digest(digest, field)),
            None => field,
        };
        // In a dry run no transaction of the field can commit, whichever room it goes through.
        let field: FieldFuture<'_> = if is_mutation && is_dry_run(ctx) { Box::pin(dry_run::run_within(field)) } else { field };
        match ctx.data_opt::<Audit>() {
            None => field.await,
            Some(audit) if is_mutation => run_mutation(field, ctx, audit).await,
            Some(audit) => run_query(field, ctx, audit).await,
        }
    }
}

crate::wraps_object!(Audited);

/// Root of subscriptions. It logs the customers whose contacts an item shows. Subscriptions that
/// select contacts do not share items with other subscribers (`live::subscriptions`).
#[derive(Default)]
pub struct AuditedSubscription<T>(T);

impl<T: SubscriptionType> SubscriptionType for AuditedSubscription<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }
    fn create_field_stream<'a>(&'a self, ctx: &'a Context<'_>) -> Option<Pin<Box<dyn Stream<Item = Response> + Send + 'a>>> {
        let items = self.0.create_field_stream(ctx)?;
        let Some(audit) = ctx.data_opt::<Audit>() else { return Some(items) };
        Some(items.inspect(move |_| log_contact_disclosure(ctx, audit)).boxed())
    }
}

type FieldFuture<'a> = Pin<Box<dyn Future<Output = ServerResult<Option<Value>>> + Send + 'a>>;

async fn run_mutation(field: FieldFuture<'_>, ctx: &Context<'_>, audit: &Audit) -> ServerResult<Option<Value>> {
    let is_dry = is_dry_run(ctx);
    let audit_context = build_audit_context(ctx, audit, target_from_arguments(ctx));
    let answer = audit_context.run_within(field).await;
    log_contact_disclosure(ctx, audit);
    if let Some(count) = ctx.data_opt::<UserErrorCount>() {
        count.add(audit_context.refusals());
    }
    let outcome = match &answer {
        Ok(None) => return answer,
        Ok(Some(_)) if audit_context.was_refused() => Outcome::Refused,
        Ok(Some(_)) if audit_context.has_committed() => Outcome::Done,
        Ok(Some(_)) => Outcome::Unchanged,
        Err(error) => {
            audit_context.note(code_of(error).as_str());
            error_outcome(error)
        }
    };
    // A refusal because of overload has begun nothing. An entry would cost more than the refusal,
    // and move the end of the log under the batches that are being written.
    let had_no_room = answer.as_ref().is_err_and(|error| code_of(error) == Code::Overloaded) && !audit_context.has_committed();
    // A dry run writes no entry, except for a denial.
    if !had_no_room && (!is_dry || outcome == Outcome::Denied) {
        audit.settle(&audit_context, outcome).await;
    }
    answer
}

async fn run_query(field: FieldFuture<'_>, ctx: &Context<'_>, audit: &Audit) -> ServerResult<Option<Value>> {
    let answer = field.await;
    log_contact_disclosure(ctx, audit);
    let denied = match &answer {
        Err(error) => Some(code_of(error)).filter(|_| error_outcome(error) == Outcome::Denied),
        Ok(_) => find_nested_denial(ctx),
    };
    if let (Some(code), Some(caller)) = (denied, ctx.data_opt::<Caller>()) {
        let audit_context = build_audit_context(ctx, audit, None);
        audit_context.note(code.as_str());
        audit.deny(&audit_context, Some(caller.actor)).await;
    }
    answer
}

/// Logs the customers whose contacts the field has shown, in one entry for all of them. The
/// response does not wait for it.
fn log_contact_disclosure(ctx: &Context<'_>, audit: &Audit) {
    /// Maximum customers listed in an entry; an entry about more has only their count besides.
    const MAX_LISTED_CUSTOMERS: usize = 250;
    let Some(loads) = ctx.data_opt::<Lazy>().and_then(Lazy::get_if_created::<CatalogLoaders>) else { return };
    let (customer_ids, orders) = (loads.take_disclosed_contacts(), loads.take_disclosed_orders());
    let target = match (customer_ids.first(), orders.first()) {
        (None, None) => return,
        (Some(customer), None) => (customer_ids.len() == 1).then(|| Target::of(*customer)),
        (None, Some(order)) => (orders.len() == 1).then(|| Target::of(*order)),
        (Some(_), Some(_)) => None,
    };
    let (mut entry, ip) = build_audit_context(ctx, audit, None).entry(Outcome::Done, None, None);
    entry.target = target;
    let listed_ids: Vec<String> = customer_ids.iter().take(MAX_LISTED_CUSTOMERS).map(ToString::to_string).collect();
    let mut changes =
        serde_json::json!({ "field": entry.action, "count": customer_ids.len() + orders.len(), "customers": listed_ids });
    if let Some(fields) = changes.as_object_mut().filter(|_| !orders.is_empty()) {
        let listed_ids: Vec<String> = orders.iter().take(MAX_LISTED_CUSTOMERS).map(ToString::to_string).collect();
        fields.insert("orders".to_owned(), listed_ids.into());
    }
    entry.changes = changes.to_string();
    "customer.contact.read".clone_into(&mut entry.action);
    let audit = audit.clone();
    tokio::spawn(async move {
        if let Err(fault) = audit.write(entry, ip).await {
            tracing::error!(%fault, "whose contacts were read could not be written into the audit log");
        }
    });
}

/// Errors at nullable fields do not reach the root: they are in the operation's list, under the
/// root field's name.
fn find_nested_denial(ctx: &Context<'_>) -> Option<Code> {
    let errors = ctx.query_env.errors.lock().unwrap_or_else(PoisonError::into_inner);
    let name = ctx.item.node.response_key().node.as_str();
    let is_here = |error: &&ServerError| matches!(error.path.first(), Some(PathSegment::Field(first)) if first == name);
    errors.iter().filter(is_here).find(|error| error_outcome(error) == Outcome::Denied).map(code_of)
}

fn build_audit_context(ctx: &Context<'_>, audit: &Audit, target: Option<Target>) -> Arc<AuditContext> {
    let of_caller = ctx.data_opt::<Caller>().map(|caller| (caller.tenant, caller.actor));
    // A member who must enrol a second factor first is no caller yet, but the session names them.
    let of_session = || ctx.data_opt::<Session>().map(|session| (session.tenant, Actor::member(session.member)));
    let tenant_and_actor = of_caller.or_else(of_session);
    let origin = ctx.data_opt::<Origin>().cloned().unwrap_or_default();
    AuditContext::new(ctx.field().name().to_owned(), origin, audit.audit_writer().clone(), tenant_and_actor, target)
}

fn code_of(error: &ServerError) -> Code {
    error.source::<TopError>().map_or(Code::Internal, TopError::code)
}

/// Returns the audit outcome of an error that reached the root.
fn error_outcome(error: &ServerError) -> Outcome {
    match code_of(error) {
        Code::Forbidden | Code::Unauthenticated | Code::StepUpRequired | Code::MfaEnrolmentRequired | Code::TenantSuspended => {
            Outcome::Denied
        }
        Code::BadUserInput | Code::LimitExceeded => Outcome::Refused,
        // async-graphql's own error about invalid arguments: it has no source.
        Code::Internal if error.source.is_none() => Outcome::Refused,
        _ => Outcome::Failed,
    }
}

/// Returns the target that the arguments name: the ID that they call `id`, directly or in `input`,
/// or that of the document they name.
fn target_from_arguments(ctx: &Context<'_>) -> Option<Target> {
    const NAMES: [&str; 4] = ["id", "movementId", "orderId", "returnId"];
    let id =
        NAMES.iter().find_map(|name| argument_value(ctx, name, None).or_else(|| argument_value(ctx, "input", Some(name))))?;
    match id {
        Value::String(id) => Target::parse(&id),
        _ => None,
    }
}

fn is_dry_run(ctx: &Context<'_>) -> bool {
    argument_value(ctx, "validateOnly", None) == Some(Value::Boolean(true))
}

/// Returns a text or Boolean argument, or such a field of the argument. Other values are not
/// copied: inputs can be long.
fn argument_value(ctx: &Context<'_>, name: &str, field: Option<&str>) -> Option<Value> {
    let scalar = |value: &Value| matches!(value, Value::String(_) | Value::Boolean(_)).then(|| value.clone());
    let definitions = &ctx.query_env.operation.node.variable_definitions;
    let resolve = |value: &Written| match value {
        Written::Variable(name) => {
            // A variable without a value has that of its definition.
            let sent_value = ctx.query_env.variables.get(name);
            let defined = || {
                Some(&definitions.iter().find(|definition| definition.node.name.node == *name)?.node.default_value.as_ref()?.node)
            };
            sent_value.or_else(defined).and_then(scalar)
        }
        Written::String(text) => Some(Value::String(text.clone())),
        Written::Boolean(flag) => Some(Value::Boolean(*flag)),
        _ => None,
    };
    let value = &ctx.item.node.arguments.iter().find(|(argument_name, _)| argument_name.node == name)?.1.node;
    match (field, value) {
        (None, value) => resolve(value),
        (Some(field), Written::Object(fields)) => resolve(fields.get(field)?),
        (Some(field), Written::Variable(name)) => match ctx.query_env.variables.get(name)? {
            Value::Object(fields) => scalar(fields.get(field)?),
            _ => None,
        },
        _ => None,
    }
}
