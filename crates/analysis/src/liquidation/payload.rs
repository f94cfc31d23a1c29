//! Payloads of liquidation mutations, and the one mapping of their refusals to GraphQL errors.

use async_graphql::{Context, SimpleObject};
use entity::prelude::Currency;
use iam::access::kind;
use platform::path;
use services::liquidation::{
    core::{CriteriaProblem, PlanLine},
    shell::{AdvanceResult, ApprovalResult, LineProblem, LiquidationError, LiquidationRefusal, Refusal},
};

use super::{enums::LiquidationRefusalCode, line::LiquidationPlanLine, plan::LiquidationPlan, settings::LiquidationSettings};
use crate::{
    catalog::user_error,
    graphql::{
        context::ContextExt,
        fault::Answer,
        refusal::{ErrorCode, Path, UserError, user_errors_of},
        scalars::Long,
    },
    payload,
    stock::user_errors_of_rejections,
};

/// Refused lines that an answer carries at most.
const MAX_REPORTED: usize = 250;

payload!(LiquidationSettingsPayload, settings: LiquidationSettings, "criteria of dead stock");
payload!(LiquidationPlanPayload, plan: LiquidationPlan, "plan of liquidation");

/// A line that was not carried out.
#[derive(SimpleObject)]
pub struct LiquidationLineRefusal {
    /// Line as it is now.
    pub line: LiquidationPlanLine,
    /// Reason, as a stable code.
    pub code: LiquidationRefusalCode,
    /// Reason in words.
    pub message: String,
}

/// Result of approving lines of a plan.
#[derive(SimpleObject, Default)]
pub struct LiquidationApprovalPayload {
    /// Plan as it is now. Null when the call was refused.
    pub plan: Option<LiquidationPlan>,
    /// Number of lines that were carried out, or with validateOnly would be.
    pub approved: i32,
    /// Number of chosen lines beyond the most of a call, which stay PROPOSED.
    pub left_open: i32,
    /// Chosen lines that were not carried out, at most 250: those of the largest value; without product.cost.read the first by product and store.
    pub refused: Vec<LiquidationLineRefusal>,
    /// Number of chosen lines that were not carried out, with those that `refused` leaves out.
    pub refused_count: i32,
    /// Reasons for which the call was refused; empty when it was carried out, also where lines were refused.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

/// Result of following a plan.
#[derive(SimpleObject, Default)]
pub struct LiquidationAdvancePayload {
    /// Plan as it is now. Null when the call was refused.
    pub plan: Option<LiquidationPlan>,
    /// Number of lines whose price went down a step, or with validateOnly would.
    pub cut: i32,
    /// Number of lines whose step was passed over: they will be sold out without it, with a chance of 80 %.
    pub skipped: i32,
    /// Number of lines that are done, as their last day is over.
    pub closed: i32,
    /// Lines whose price could not be cut, at most 250.
    pub refused: Vec<LiquidationLineRefusal>,
    /// Number of lines whose price could not be cut, with those that `refused` leaves out.
    pub refused_count: i32,
    /// Reasons for which the call was refused; empty when it was carried out, also where lines were refused.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for LiquidationApprovalPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}
impl From<Vec<UserError>> for LiquidationAdvancePayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

impl LiquidationApprovalPayload {
    pub(super) async fn of(ctx: &Context<'_>, outcome: Result<ApprovalResult, LiquidationError>) -> Answer<Self> {
        let ApprovalResult { plan, approved, later, problems, seq, is_replayed } = match outcome {
            Ok(approved) => approved,
            Err(error) => return Ok(user_errors_of(error, refusal_error)?.into()),
        };
        let refused_count = count(problems.len());
        let refused = report_refusals(ctx, plan.currency, problems).await;
        Ok(Self {
            plan: Some(plan.into()),
            approved: count(approved),
            left_open: count(later),
            refused,
            refused_count,
            user_errors: Vec::new(),
            replayed: is_replayed,
            seq: seq.map(Long),
        })
    }
}

impl LiquidationAdvancePayload {
    pub(super) async fn of(ctx: &Context<'_>, outcome: Result<AdvanceResult, LiquidationError>) -> Answer<Self> {
        let AdvanceResult { plan, cut: price_cuts, skipped, closed, refused: all_refused, problems, seq, is_replayed } =
            match outcome {
                Ok(advanced) => advanced,
                Err(error) => return Ok(user_errors_of(error, refusal_error)?.into()),
            };
        let refused = report_refusals(ctx, plan.currency, problems).await;
        Ok(Self {
            plan: Some(plan.into()),
            cut: count(price_cuts),
            skipped: count(skipped),
            closed: count(closed),
            refused,
            refused_count: count(all_refused),
            user_errors: Vec::new(),
            replayed: is_replayed,
            seq: seq.map(Long),
        })
    }
}

async fn report_refusals(
    ctx: &Context<'_>,
    currency: Currency,
    mut problems: Vec<(PlanLine, LineProblem)>,
) -> Vec<LiquidationLineRefusal> {
    // The problems are sorted by costs, which the caller may not see.
    if !ctx.holds::<kind::ProductCostRead>() {
        problems.sort_by_key(|(line, _)| (line.product, line.store));
    }
    let mut refused = Vec::with_capacity(problems.len().min(MAX_REPORTED));
    for (line, problem) in problems.into_iter().take(MAX_REPORTED) {
        let (code, message) = problem_of(ctx, problem).await;
        refused.push(LiquidationLineRefusal { line: LiquidationPlanLine::new(line, currency, None), code, message });
    }
    refused
}

async fn problem_of(ctx: &Context<'_>, problem: LineProblem) -> (LiquidationRefusalCode, String) {
    match problem {
        LineProblem::Forbidden(permission) => {
            let message = format!("the permission {permission} is needed: of a price or a kit for all stores, else in its store");
            (LiquidationRefusalCode::Forbidden, message)
        }
        LineProblem::Stale => {
            let message = "fewer units are free than the line is about: make another plan";
            (LiquidationRefusalCode::Stale, message.to_owned())
        }
        LineProblem::Refused(refusal) => {
            let errors = match refusal {
                Some(Refusal::Ledger(rejections)) => user_errors_of_rejections(ctx, rejections).await,
                Some(Refusal::Catalog(problems)) => problems.iter().map(|problem| user_error(problem, &[], None)).collect(),
                None => Vec::new(),
            };
            let error_message = errors.into_iter().next().map(|error| match error {
                UserError::InputError(error) => error.message,
                UserError::VersionConflict(error) => error.message,
                UserError::InsufficientStock(error) => error.message,
                UserError::InUse(error) => error.message,
            });
            let message = error_message.unwrap_or_else(|| "the line was refused by the room that carries it out".to_owned());
            (LiquidationRefusalCode::Refused, message)
        }
    }
}

fn input_path(name: &str) -> Path {
    path!["input", name]
}

pub(super) fn refusal_error(refusal: LiquidationRefusal) -> UserError {
    match refusal {
        LiquidationRefusal::BadKey(reason) => UserError::invalid_key(reason, input_path("idempotencyKey")),
        LiquidationRefusal::TooMany { what: noun, most: limit, field } => {
            UserError::new(ErrorCode::LimitExceeded, format!("at most {limit} {noun} are taken"), field)
        }
        LiquidationRefusal::NotFound { what: noun, field } => UserError::not_found(noun, field),
        LiquidationRefusal::Invalid { message, field } => UserError::new(ErrorCode::Invalid, message, field),
        LiquidationRefusal::Criteria(problem) => criteria_error(problem),
        LiquidationRefusal::NotEverywhere => {
            let message = "criteria are for all stores, and your permission is for some of them";
            UserError::new(ErrorCode::Invalid, message, path!["input"])
        }
        LiquidationRefusal::State(state) => {
            let message = format!("the plan is {state}: proposed lines are approved, and those under way are followed");
            UserError::new(ErrorCode::InvalidState, message, input_path("plan"))
        }
        LiquidationRefusal::Stale { what: noun, actual } => UserError::version_conflict(noun, actual),
        LiquidationRefusal::KeyReused => UserError::key_reused(input_path("idempotencyKey")),
    }
}

fn criteria_error(problem: CriteriaProblem) -> UserError {
    match problem {
        CriteriaProblem::Range(name, lowest, highest) => UserError::new(
            ErrorCode::OutOfRange,
            format!("{lowest} to {highest} is expected, amounts in minor units"),
            input_path(name),
        ),
        CriteriaProblem::Steps => {
            let message = "one to five percents from 1 to 95 are expected, each above the one before";
            UserError::new(ErrorCode::OutOfRange, message, input_path("markdownPercents"))
        }
        CriteriaProblem::Twice(index) => {
            let field = path!["input", "supplierTerms", index, "supplierId"];
            UserError::new(ErrorCode::Duplicate, "this supplier has terms already", field)
        }
        CriteriaProblem::Terms(index, name, lowest, highest) => {
            let field = path!["input", "supplierTerms", index, name];
            UserError::new(ErrorCode::OutOfRange, format!("{lowest} to {highest} is expected, amounts in minor units"), field)
        }
        CriteriaProblem::TooManyTerms => {
            UserError::new(ErrorCode::LimitExceeded, "at most 250 suppliers are taken", input_path("supplierTerms"))
        }
        CriteriaProblem::TransferCost(index, lowest, highest) => {
            let field = path!["input", "transferCosts", index, "freight"];
            UserError::new(ErrorCode::OutOfRange, format!("{lowest} to {highest} is expected, amounts in minor units"), field)
        }
        CriteriaProblem::TransferStores(index) => {
            let field = path!["input", "transferCosts", index];
            UserError::new(ErrorCode::Duplicate, "two different stores are expected that no cost before is of", field)
        }
        CriteriaProblem::TooManyTransferCosts => {
            UserError::new(ErrorCode::LimitExceeded, "at most 1,000 costs are taken", input_path("transferCosts"))
        }
    }
}
