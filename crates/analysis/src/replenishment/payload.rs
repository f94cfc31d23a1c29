//! Payloads of replenishment mutations, and the one mapping of their refusals to GraphQL errors.

use async_graphql::{Context, SimpleObject};
use entity::prelude::PurchaseOrderId;
use iam::access::{Reach, kind};
use inventory::stock::core::Rejection;
use platform::{path, storage::idempotency::CallResult};
use services::replenishment::{
    core::{BudgetScope, Exceeded, Policy, PolicyProblem, RuleProblem},
    rows::{StoredBudget, StoredRule},
    shell::{ApprovalResult, LineProblem, MAX_SENT, ReplenishmentError, ReplenishmentRefusal, Unsent},
};

use super::{
    enums::ReplenishmentRefusalCode,
    line::ReplenishmentPlanLine,
    plan::ReplenishmentPlan,
    policy::ReplenishmentPolicy,
    purchase_budget::{ReplenishmentBudget, ReplenishmentExceededBudget},
    rule::ReplenishmentRule,
    unsent::{ReplenishmentUnsentCode, ReplenishmentUnsentOrder},
};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        refusal::{ErrorCode, Path, UserError, user_errors_of},
        scalars::Long,
    },
    payload,
    stock::rejection_messages::describe_reason,
};

/// Refused lines that an answer carries at most.
const MAX_REPORTED: usize = 250;

payload!(ReplenishmentPolicyPayload, policy: ReplenishmentPolicy, "policy of replenishment");
payload!(ReplenishmentRulePayload, rule: ReplenishmentRule, "rule of approval");
payload!(ReplenishmentBudgetPayload, budget: ReplenishmentBudget, "budget of purchases");
payload!(ReplenishmentPlanPayload, plan: ReplenishmentPlan, "plan of replenishment");

/// A chosen line that was not approved.
#[derive(SimpleObject)]
pub struct ReplenishmentLineRefusal {
    /// Line as it is now.
    pub line: ReplenishmentPlanLine,
    /// Reason, as a stable code.
    pub code: ReplenishmentRefusalCode,
    /// Reason in words.
    pub message: String,
    /// First of the limits that leave no place for the line. Null where the line was refused for another reason.
    pub budget: Option<ReplenishmentExceededBudget>,
}

/// Result of approving lines of a plan.
#[derive(SimpleObject, Default)]
pub struct ReplenishmentApprovalPayload {
    /// Plan as it is now. Null when the call was refused.
    pub plan: Option<ReplenishmentPlan>,
    /// Number of lines that are in drafts, or with validateOnly would be.
    pub approved: i32,
    /// Number of chosen lines beyond the most of a call, which stay OPEN.
    pub left_open: i32,
    /// Chosen lines that were not approved, the most urgent first, at most 250.
    pub refused: Vec<ReplenishmentLineRefusal>,
    /// Number of chosen lines that were not approved, with those that `refused` leaves out.
    pub refused_count: i32,
    /// Number of purchase orders that were placed and handed to the job that e-mails them (see `jobs`), by this call or an earlier one with its key. 0 without
    /// isSending, and with validateOnly.
    pub sent: i32,
    /// Purchase orders that were to be sent and wait, at most 250. Empty without isSending, and with validateOnly.
    pub unsent: Vec<ReplenishmentUnsentOrder>,
    /// Number of purchase orders that were to be sent and wait, with those that `unsent` leaves out.
    pub unsent_count: i32,
    /// Reasons for which the call was refused; empty when it was carried out, also where lines were refused.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for ReplenishmentApprovalPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl ReplenishmentPolicyPayload {
    pub(super) fn of(outcome: Result<CallResult<Option<Policy>>, ReplenishmentError>) -> Answer<Self> {
        Ok(match outcome {
            Err(error) => user_errors_of(error, refusal_error)?.into(),
            Ok(CallResult { value, seq, is_replayed }) => {
                Self { policy: value.map(Into::into), user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) }
            }
        })
    }
}

impl ReplenishmentRulePayload {
    pub(super) fn of(outcome: Result<CallResult<Option<StoredRule>>, ReplenishmentError>) -> Answer<Self> {
        Ok(match outcome {
            Err(error) => user_errors_of(error, refusal_error)?.into(),
            Ok(CallResult { value, seq, is_replayed }) => {
                Self { rule: value.map(ReplenishmentRule), user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) }
            }
        })
    }
}

impl ReplenishmentBudgetPayload {
    pub(super) fn of(outcome: Result<CallResult<Option<StoredBudget>>, ReplenishmentError>) -> Answer<Self> {
        Ok(match outcome {
            Err(error) => user_errors_of(error, refusal_error)?.into(),
            Ok(CallResult { value, seq, is_replayed }) => Self {
                budget: value.map(ReplenishmentBudget::from),
                user_errors: Vec::new(),
                replayed: is_replayed,
                seq: seq.map(Long),
            },
        })
    }
}

impl ReplenishmentApprovalPayload {
    pub(super) async fn of(ctx: &Context<'_>, outcome: Result<ApprovalResult, ReplenishmentError>) -> Answer<Self> {
        let ApprovalResult { plan, approved, later, problems, sending, seq, is_replayed } = match outcome {
            Ok(approved) => approved,
            Err(error) => return Ok(user_errors_of(error, refusal_error)?.into()),
        };
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let refused_count = count(problems.len());
        let mut refused = Vec::with_capacity(problems.len().min(MAX_REPORTED));
        let visible_stores = ctx.permit::<kind::PurchaseRead>()?.reach();
        for (line, problem) in problems.into_iter().take(MAX_REPORTED) {
            let budget = exceeded_budget_of(&problem, &visible_stores);
            let (code, message) = problem_of(&problem);
            refused.push(ReplenishmentLineRefusal { line: line.into(), code, message, budget });
        }
        Ok(Self {
            plan: Some(plan.into()),
            approved: count(approved),
            left_open: count(later),
            refused,
            refused_count,
            sent: count(sending.sent),
            unsent_count: count(sending.unsent.len()),
            unsent: unsent_orders(sending.unsent),
            user_errors: Vec::new(),
            replayed: is_replayed,
            seq: seq.map(Long),
        })
    }
}

/// The budget that has no place for a line. Its remainder is shown only to callers who see
/// everything that counts towards it.
fn exceeded_budget_of(problem: &LineProblem, visible_stores: &Reach) -> Option<ReplenishmentExceededBudget> {
    let LineProblem::OverBudget(Some(exceeded)) = problem else { return None };
    let is_seen = match exceeded.scope {
        BudgetScope::Store(store) => visible_stores.covers(store),
        BudgetScope::Company | BudgetScope::Supplier(_) | BudgetScope::Category(_) => *visible_stores == Reach::Everywhere,
    };
    Some(ReplenishmentExceededBudget { exceeded: *exceeded, is_seen })
}

fn problem_of(problem: &LineProblem) -> (ReplenishmentRefusalCode, String) {
    match problem {
        LineProblem::Forbidden(permission) => {
            (ReplenishmentRefusalCode::Forbidden, format!("the permission {permission} is needed in its store"))
        }
        LineProblem::Stale => {
            let message = "stock moved by more than a fifth of the quantity after the plan was made: make another plan";
            (ReplenishmentRefusalCode::Stale, message.to_owned())
        }
        LineProblem::OverBudget(exceeded) => {
            let budget_name = match exceeded.map(|Exceeded { scope, .. }| scope) {
                None | Some(BudgetScope::Company) => "the budget",
                Some(BudgetScope::Supplier(_)) => "the budget of its supplier",
                Some(BudgetScope::Category(_)) => "the budget of its category, or of one above that,",
                Some(BudgetScope::Store(_)) => "the budget of its store",
            };
            let message = format!("{budget_name} has no place for the line: raise the budget, or approve the line by its ID");
            (ReplenishmentRefusalCode::OverBudget, message)
        }
        LineProblem::DraftRefused(rejections) => {
            let message = first_message(rejections);
            (ReplenishmentRefusalCode::DraftRefused, message.unwrap_or_else(|| "the draft with this line was refused".to_owned()))
        }
    }
}

/// The first orders that wait, with their reasons.
fn unsent_orders(unsent: Vec<(PurchaseOrderId, Unsent)>) -> Vec<ReplenishmentUnsentOrder> {
    let unsent = unsent.into_iter().take(MAX_REPORTED);
    unsent
        .map(|(order, reason)| {
            let (code, message) = unsent_reason(&reason);
            ReplenishmentUnsentOrder { order, code, message }
        })
        .collect()
}

fn unsent_reason(reason: &Unsent) -> (ReplenishmentUnsentCode, String) {
    match reason {
        Unsent::Forbidden(permission) => {
            (ReplenishmentUnsentCode::Forbidden, format!("the permission {permission} is needed in its store"))
        }
        Unsent::NoEmail => {
            let message = "the supplier has no e-mail address: set one, and repeat the call with the same key";
            (ReplenishmentUnsentCode::NoEmail, message.to_owned())
        }
        Unsent::AwaitsApproval(rejections) => {
            let message = first_message(rejections).unwrap_or_else(|| "a second person has to approve it".to_owned());
            (ReplenishmentUnsentCode::AwaitsApproval, message)
        }
        Unsent::Refused(rejections) => {
            let message = first_message(rejections).unwrap_or_else(|| "the order can no longer be sent".to_owned());
            (ReplenishmentUnsentCode::Refused, message)
        }
        Unsent::Later => {
            let message = format!("a call sends at most {MAX_SENT} orders: repeat it with the same key");
            (ReplenishmentUnsentCode::Later, message)
        }
    }
}

/// The message of the first rejection. None without rejections. The call itself is not refused, so
/// nothing is counted in the answer's `userErrorCount`.
fn first_message(rejections: &[Rejection]) -> Option<String> {
    rejections.first().map(|rejection| describe_reason(&rejection.why).1)
}

fn input_path(name: &str) -> Path {
    path!["input", name]
}

pub(super) fn refusal_error(refusal: ReplenishmentRefusal) -> UserError {
    match refusal {
        ReplenishmentRefusal::BadKey(reason) => UserError::invalid_key(reason, input_path("idempotencyKey")),
        ReplenishmentRefusal::TooMany { what: noun, most: limit, field } => {
            UserError::new(ErrorCode::LimitExceeded, format!("at most {limit} {noun} are taken"), field)
        }
        ReplenishmentRefusal::NotFound { what: noun, field } => UserError::not_found(noun, field),
        ReplenishmentRefusal::NotEverywhere { message, field } | ReplenishmentRefusal::Invalid { message, field } => {
            UserError::new(ErrorCode::Invalid, message, field)
        }
        ReplenishmentRefusal::OutOfRange { message, field } => UserError::new(ErrorCode::OutOfRange, message, field),
        ReplenishmentRefusal::Policy(problem) => policy_error(problem),
        ReplenishmentRefusal::Rule(problem) => rule_error(problem),
        ReplenishmentRefusal::ScopeTaken => {
            UserError::new(ErrorCode::Duplicate, "another policy has this scope: change that one", path!["input"])
        }
        ReplenishmentRefusal::TooManyPolicies(limit) => {
            UserError::new(ErrorCode::LimitExceeded, format!("at most {limit} policies are taken"), path!["input"])
        }
        ReplenishmentRefusal::State(state) => {
            let message = format!("the plan is {state}; lines of a DRAFT or PARTLY approved plan can be approved");
            UserError::new(ErrorCode::InvalidState, message, input_path("plan"))
        }
        ReplenishmentRefusal::Stale { what: noun, actual } => UserError::version_conflict(noun, actual),
        ReplenishmentRefusal::KeyReused => UserError::key_reused(input_path("idempotencyKey")),
    }
}

fn rule_error(problem: RuleProblem) -> UserError {
    match problem {
        RuleProblem::Confidence => {
            UserError::new(ErrorCode::OutOfRange, "a share from 0 to 1 is expected", input_path("confidence"))
        }
        RuleProblem::AmountNeeded(name) => {
            UserError::new(ErrorCode::Required, "both amounts are needed, or none of them", input_path(name))
        }
        RuleProblem::Amount(name) => {
            UserError::new(ErrorCode::OutOfRange, "an amount above 0 is expected", path!["input", name, "amount"])
        }
        RuleProblem::Currencies => {
            let message = "both amounts are in one currency";
            UserError::new(ErrorCode::Invalid, message, path!["input", "supplierAmount", "currencyCode"])
        }
        RuleProblem::Idle => {
            let message = "a rule without amounts and transfers approves nothing: set isEnabled to false";
            UserError::new(ErrorCode::Invalid, message, input_path("isEnabled"))
        }
    }
}

fn policy_error(problem: PolicyProblem) -> UserError {
    match problem {
        PolicyProblem::SeveralScopes => {
            let message =
                "a policy is for a product, classes or a supplier: name one of these, or none for a store or the tenant";
            UserError::new(ErrorCode::Invalid, message, path!["input"])
        }
        PolicyProblem::StoreNotTaken => {
            let message = "a store is named alone, or beside a product, an ABC class or a supplier";
            UserError::new(ErrorCode::Invalid, message, input_path("storeId"))
        }
        PolicyProblem::NotTaken(name) => {
            UserError::new(ErrorCode::Invalid, "this kind of policy does not take it: leave it out", input_path(name))
        }
        PolicyProblem::Needed(name) => UserError::new(ErrorCode::Required, "this kind of policy needs it", input_path(name)),
        PolicyProblem::Range(name, lowest, highest) => {
            UserError::new(ErrorCode::OutOfRange, format!("{lowest} to {highest} is expected"), input_path(name))
        }
        PolicyProblem::ServiceRange => {
            UserError::new(ErrorCode::OutOfRange, "a share from 0.5 to 0.999 is expected", input_path("serviceLevel"))
        }
        PolicyProblem::OrderCost => {
            UserError::new(ErrorCode::OutOfRange, "an amount above 0 is expected", path!["input", "orderCost", "amount"])
        }
        PolicyProblem::TargetBelowSafety => {
            let message = "no fewer days than safetyDays are expected";
            UserError::new(ErrorCode::OutOfRange, message, input_path("targetDays"))
        }
    }
}
