//! The one place that every root field goes through: what a mutation comes to is in the log, and so is every query that was denied.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, ObjectType, OutputType, Positioned, ServerError, ServerResult, Value,
    parser::types::Field, registry::Registry,
};

use crate::{
    access::Caller,
    audit::{Audit, Origin, Outcome, Stamp, Target},
    graphql::{code::Code, fault::TopError},
};

/// A root whose fields are audited: wrapped around the merged roots, so that no room can forget it.
#[derive(Default)]
pub struct Audited<T>(T);

impl<T: ObjectType> ContainerType for Audited<T> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let Some(audit) = ctx.data_opt::<Audit>() else { return self.0.resolve_field(ctx).await };
        if T::type_name() == "Mutation" { mutation(&self.0, ctx, audit).await } else { query(&self.0, ctx, audit).await }
    }
}

impl<T: ObjectType> OutputType for Audited<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }
    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        self.0.resolve(ctx, field).await
    }
}
impl<T: ObjectType> ObjectType for Audited<T> {}

async fn mutation<T: ObjectType>(root: &T, ctx: &Context<'_>, audit: &Audit) -> ServerResult<Option<Value>> {
    let arguments = ctx.field().arguments().unwrap_or_default();
    let is_dry = arguments.iter().any(|(name, value)| name == "validateOnly" && *value == Value::Boolean(true));
    let stamp = stamp(ctx, audit, target(&arguments));
    let answer = stamp.over(root.resolve_field(ctx)).await;
    let outcome = match &answer {
        Ok(None) => return answer,
        Ok(Some(_)) if stamp.was_refused() => Outcome::Refused,
        Ok(Some(_)) if stamp.has_committed() => Outcome::Done,
        Ok(Some(_)) => Outcome::Unchanged,
        Err(error) => {
            note(&stamp, error);
            failed(error)
        }
    };
    // A dry run writes nothing at all; who may not even ask is another matter.
    if !is_dry || outcome == Outcome::Denied {
        audit.settle(&stamp, outcome).await;
    }
    answer
}

async fn query<T: ObjectType>(root: &T, ctx: &Context<'_>, audit: &Audit) -> ServerResult<Option<Value>> {
    let answer = root.resolve_field(ctx).await;
    let denied = match &answer {
        Err(error) => failed(error) == Outcome::Denied,
        Ok(_) => false,
    };
    if denied && let Some(caller) = ctx.data_opt::<Caller>() {
        let stamp = stamp(ctx, audit, None);
        if let Err(error) = &answer {
            note(&stamp, error);
        }
        audit.deny(&stamp, Some(caller.actor)).await;
    }
    answer
}

fn stamp(ctx: &Context<'_>, audit: &Audit, target: Option<Target>) -> Arc<Stamp> {
    let who = ctx.data_opt::<Caller>().map(|caller| (caller.tenant, caller.actor));
    let origin = ctx.data_opt::<Origin>().cloned().unwrap_or_default();
    Stamp::new(ctx.field().name().to_owned(), origin, audit.pen().clone(), who, target)
}

fn code_of(error: &ServerError) -> Code {
    error.source::<TopError>().map_or(Code::Internal, TopError::code)
}

fn note(stamp: &Stamp, error: &ServerError) {
    stamp.note(code_of(error).as_str());
}

/// What an error that reached the root says of what was asked for.
fn failed(error: &ServerError) -> Outcome {
    match code_of(error) {
        Code::Forbidden | Code::Unauthenticated => Outcome::Denied,
        Code::BadUserInput | Code::LimitExceeded => Outcome::Refused,
        // Arguments that are not what the field takes have no error of ours behind them.
        Code::Internal if error.source.is_none() => Outcome::Refused,
        _ => Outcome::Failed,
    }
}

/// What the arguments say it is about: the id that they call `id`, by itself or in `input`; else the one id that a document's input has.
fn target(arguments: &[(async_graphql::Name, Value)]) -> Option<Target> {
    const NAMES: [&str; 4] = ["id", "movementId", "orderId", "returnId"];
    let of = |name: &str, value: &Value| match value {
        Value::String(id) if NAMES.contains(&name) => Target::parse(id),
        _ => None,
    };
    arguments.iter().find_map(|(name, value)| match value {
        Value::Object(input) if name == "input" => NAMES.iter().find_map(|name| of(name, input.get(*name)?)),
        value => of(name, value),
    })
}
