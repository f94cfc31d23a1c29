//! Conversion of the ledger's rejections into user errors.

use async_graphql::Context;
use inventory::{
    ledger::{Receipt, Stop, SubmitResult},
    reversals,
    stock::{
        core::{Level, MAX_REPORTED, Reason, Rejection, Scarce},
        rows::list::LevelRow,
    },
};
use platform::storage::Fault;

use super::{
    Shortfall, StockLevel, clear_levels,
    input_path::path,
    rejection_messages::{describe_reason, scarce_goods},
    visible_level,
};
use crate::{
    graphql::{
        fault::{Answer, TopError},
        refusal::{ErrorCode, InsufficientStock, Path, UserError, sent_key, with_sent_value},
        scalars::Quantity,
    },
    nodes::Node,
};

/// A level, if the caller may see levels.
fn visible(ctx: &Context<'_>, level: &Level) -> Option<StockLevel> {
    visible_level(ctx, Some(LevelRow::from(level))).ok().flatten()
}

/// Converts a rejection into a user error, with the data that the caller may see.
pub async fn refuse(ctx: &Context<'_>, rejection: Rejection) -> UserError {
    let (code, explanation) = describe_reason(&rejection.why);
    let field = path(rejection.at);
    match rejection.why {
        Reason::LotShort { level, what, usable, requested } => {
            let message = format!("{requested} of {} asked for, {} there", scarce_goods(&what), usable.max(0));
            shortage_error(ctx, (level.as_deref(), ShortageNames::of(what)), message, (requested, usable), field)
        }
        Reason::Insufficient { level, usable, requested } => {
            let message = format!("{} of {} asked for, {usable} available", requested, level.facts.sku);
            shortage_error(ctx, (Some(&level), ShortageNames::default()), message, (requested.get(), usable), field)
        }
        Reason::KeyReused => UserError::new(code, format!("{explanation}: use a new key for a new change"), field),
        Reason::VersionConflict { level, lot } => {
            let current = visible(ctx, &level).map(Node::StockLevel);
            let on_hand = lot.map_or_else(|| format!(", {} on hand", level.on_hand), |lot| format!(", {lot} of the lot on hand"));
            let on_hand = current.as_ref().map(|_| on_hand).unwrap_or_default();
            UserError::stale(format!("{explanation}{on_hand}"), field, level.version, current)
        }
        Reason::StaleDocument { what, id, actual } => {
            UserError::stale(explanation, field, actual, crate::nodes::current_document(ctx, what, id).await)
        }
        Reason::Room(any) => match any.get::<reversals::core::Refusal>() {
            Some(reversals::core::Refusal::InUse(dependents)) => {
                Box::pin(crate::reversals::in_use(ctx, explanation, dependents, field)).await
            }
            _ => UserError::new(code, explanation, field),
        },
        Reason::NotFound(_) => UserError::new(code, with_sent_value(&explanation, sent_key(ctx, &field).as_deref()), field),
        Reason::PeriodClosed { .. } | Reason::Stock(_) => UserError::new(code, explanation, field),
    }
}

/// Names that a shortage has itself.
#[derive(Default)]
struct ShortageNames {
    sku: Option<String>,
    kit: Option<String>,
    lot: Option<String>,
    /// Level in the store that was tried first, if several stores were tried.
    own: Option<Box<Level>>,
}

impl ShortageNames {
    fn of(goods: Scarce) -> Self {
        match goods {
            Scarce::Lot { code } | Scarce::OutsideParcels { code } => Self { lot: Some(code), ..Self::default() },
            Scarce::Kit { kit, part } => Self { sku: Some(part), kit: Some(kit), ..Self::default() },
            Scarce::Aside { sku, .. }
            | Scarce::MayBeTaken { sku }
            | Scarce::NotPacked { sku }
            | Scarce::MayBeSold { sku }
            | Scarce::NotHeld { sku } => Self { sku: Some(sku), ..Self::default() },
            Scarce::Stores { sku, own, .. } => Self { sku: Some(sku), own, ..Self::default() },
        }
    }
}

fn shortage_error(
    ctx: &Context<'_>,
    (level, names): (Option<&Level>, ShortageNames),
    message: String,
    (requested, available): (i64, i64),
    field: Path,
) -> UserError {
    let sku = names.sku.or_else(|| level.map(|level| level.facts.sku.clone()));
    let nearest_level = level.or(names.own.as_deref());
    let shortfall = nearest_level.map(|nearest_level| Shortfall {
        key: nearest_level.key,
        time_zone: nearest_level.facts.time_zone.clone(),
        is_visible: visible(ctx, nearest_level).is_some(),
    });
    let quantity = |units: i64| Quantity(entity::prelude::Quantity::new(units.max(0)).unwrap_or_default());
    UserError::InsufficientStock(Box::new(InsufficientStock {
        code: ErrorCode::InsufficientStock.record_refusal(),
        message,
        field: Some(field),
        // Not retryable as such, but the same call with the same key may succeed later, when stock
        // arrives.
        retryable: false,
        level: level.and_then(|level| visible(ctx, level)),
        sku,
        kit_sku: names.kit,
        lot_code: names.lot,
        requested: quantity(requested),
        available: quantity(available),
        lacking: shortfall,
    }))
}

/// Converts the first rejections of a call, and counts the others for the answer's
/// `userErrorCount`.
pub async fn user_errors_of_rejections(ctx: &Context<'_>, mut rejections: Vec<Rejection>) -> Vec<UserError> {
    let left_out = rejections.split_off(rejections.len().min(MAX_REPORTED));
    left_out.iter().for_each(|rejection| describe_reason(&rejection.why).0.count_omitted());
    let mut errors = Vec::with_capacity(rejections.len());
    for rejection in rejections {
        errors.push(refuse(ctx, rejection).await);
    }
    errors
}

/// Converts the error of a call: refusals become user errors, all others a top-level error.
pub async fn user_errors_of_stop(ctx: &Context<'_>, stop: Stop) -> Result<Vec<UserError>, TopError> {
    match stop {
        Stop::Denied(error) => Err(error.into()),
        Stop::Fault(fault) => Err(fault.into()),
        Stop::Refused(rejections) => Ok(user_errors_of_rejections(ctx, rejections).await),
    }
}

/// Returns the receipt of a call, or its refusals as user errors. Faults and missing permissions
/// are top-level errors.
pub async fn receipt(ctx: &Context<'_>, outcome: SubmitResult) -> Answer<Result<Receipt, Vec<UserError>>> {
    clear_levels(ctx);
    match outcome {
        Ok(receipt) => Ok(Ok(receipt)),
        Err(stop) => Ok(Err(user_errors_of_stop(ctx, stop).await?)),
    }
}

/// Error for a document that a receipt names and that does not exist.
pub fn missing_document(table: &'static str) -> TopError {
    Fault::corrupt(table, "a receipt names a document that exists").into()
}
