//! How the ledger's rejections meet GraphQL: once, here.

use async_graphql::Context;
use inventory::{
    ledger::{Done, Receipt, Stop},
    stock::{
        core::{Field, Level, Rejection},
        rows::list::LevelRow,
    },
};
use platform::{clock, storage::Fault};

use super::{StockLevel, changed, level_seen};
use crate::{
    graphql::{
        fault::{Answer, TopError},
        refusal::{ErrorCode, InsufficientStock, UserError, VersionConflict},
        scalars::{Long, Quantity},
    },
    schema::Node,
};

/// A level, if the caller may see levels.
fn visible(ctx: &Context<'_>, level: &Level) -> Option<StockLevel> {
    level_seen(ctx, Some(LevelRow::from(level))).ok().flatten()
}

/// Turns a rejection into what the caller sees of it.
pub async fn refuse(ctx: &Context<'_>, rejection: Rejection) -> UserError {
    match rejection {
        Rejection::NotFound { what, field } => UserError::not_found(what, field),
        Rejection::Invalid { message, field } => UserError::new(ErrorCode::Invalid, message, field),
        Rejection::OutOfRange { message, field } => UserError::new(ErrorCode::OutOfRange, message, field),
        Rejection::TooLong { message, field } => UserError::new(ErrorCode::TooLong, message, field),
        Rejection::InvalidState { message, field } => UserError::new(ErrorCode::InvalidState, message, field),
        Rejection::LotShort { level, what, usable, requested, field } => {
            let message = format!("{requested} of {what} asked for, {} there", usable.max(0));
            short(ctx, level.as_deref(), message, (requested, usable), field)
        }
        Rejection::Duplicate { message, field } => UserError::new(ErrorCode::Duplicate, message, field),
        Rejection::LimitExceeded { message, field } => UserError::new(ErrorCode::LimitExceeded, message, field),
        Rejection::PeriodClosed { through, field } => {
            let message = format!("the books are closed through {}", clock::day_text(through));
            UserError::new(ErrorCode::PeriodClosed, message, field)
        }
        Rejection::KeyReused => {
            let message = "this key was used before with another input: use a new key for a new change";
            UserError::new(ErrorCode::IdempotencyKeyReused, message, platform::path!["input", "idempotencyKey"])
        }
        Rejection::VersionConflict { level, lot, field } => {
            let current = visible(ctx, &level).map(Node::StockLevel);
            let on_hand = lot.map_or_else(|| format!(", {} on hand", level.on_hand), |lot| format!(", {lot} of the lot on hand"));
            let on_hand = current.as_ref().map(|_| on_hand).unwrap_or_default();
            UserError::VersionConflict(Box::new(VersionConflict {
                code: ErrorCode::VersionConflict.noted(),
                message: format!("the level has changed: its version is {}{on_hand}", level.version),
                field: Some(field),
                retryable: false,
                actual_version: Long(level.version),
                current,
            }))
        }
        Rejection::StaleDocument { what, id, actual, field } => UserError::VersionConflict(Box::new(VersionConflict {
            code: ErrorCode::VersionConflict.noted(),
            message: format!("the {what} has changed: its version is {actual}"),
            field: Some(field),
            retryable: false,
            actual_version: Long(actual),
            current: crate::schema::current_document(ctx, what, id).await,
        })),
        Rejection::Insufficient { level, usable, requested, field } => {
            let message = format!("{} of {} asked for, {usable} available", requested, level.facts.sku);
            short(ctx, Some(&level), message, (requested.get(), usable), field)
        }
    }
}

fn short(
    ctx: &Context<'_>,
    level: Option<&Level>,
    message: String,
    (requested, available): (i64, i64),
    field: Field,
) -> UserError {
    let quantity = |units: i64| Quantity(entity::prelude::Quantity::new(units.max(0)).unwrap_or_default());
    UserError::InsufficientStock(Box::new(InsufficientStock {
        code: ErrorCode::InsufficientStock.noted(),
        message,
        field: Some(field),
        // Stock may come: the same call with the same key may succeed later.
        retryable: false,
        available: quantity(available),
        requested: quantity(requested),
        level: level.and_then(|level| visible(ctx, level)),
    }))
}

pub async fn refuse_all(ctx: &Context<'_>, rejections: Vec<Rejection>) -> Vec<UserError> {
    let mut errors = Vec::with_capacity(rejections.len());
    for rejection in rejections {
        errors.push(refuse(ctx, rejection).await);
    }
    errors
}

/// What stopped a call: refusals are data, the rest is a top-level error.
pub async fn stopped(ctx: &Context<'_>, stop: Stop) -> Result<Vec<UserError>, TopError> {
    match stop {
        Stop::Denied(denied) => Err(denied.into()),
        Stop::Fault(fault) => Err(fault.into()),
        Stop::Refused(rejections) => Ok(refuse_all(ctx, rejections).await),
    }
}

/// What came of a call: its receipt, or its refusals as clients see them. Faults and missing permissions are top-level errors.
pub async fn receipt(ctx: &Context<'_>, done: Done) -> Answer<Result<Receipt, Vec<UserError>>> {
    changed(ctx);
    match done {
        Ok(receipt) => Ok(Ok(receipt)),
        Err(stop) => Ok(Err(stopped(ctx, stop).await?)),
    }
}

/// What a receipt names is not there.
pub fn lost(table: &'static str) -> TopError {
    Fault::corrupt(table, "a receipt names a document that exists").into()
}
