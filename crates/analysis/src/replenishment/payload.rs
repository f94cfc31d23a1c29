//! Payloads of replenishment mutations, and the one mapping of their refusals to GraphQL errors.

use async_graphql::{Context, SimpleObject};
use iam::access::{Reach, kind};
use platform::{path, storage::idempotency::Acted};
use services::replenishment::{
    core::{BudgetScope, Exceeded, Policy, PolicyProblem, RuleProblem},
    rows::{StoredBudget, StoredRule},
    shell::{Approved, LineProblem, ReplenishmentError, ReplenishmentRefusal},
};

use super::{
    enums::ReplenishmentRefusalCode,
    line::ReplenishmentPlanLine,
    plan::ReplenishmentPlan,
    policy::ReplenishmentPolicy,
    purchase_budget::{ReplenishmentBudget, ReplenishmentExceededBudget},
    rule::ReplenishmentRule,
};
use crate::{
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
    pub(super) fn of(done: Result<Acted<Option<Policy>>, ReplenishmentError>) -> Answer<Self> {
        Ok(match done {
            Err(error) => user_errors_of(error, refused)?.into(),
            Ok(Acted { value, seq, is_replayed }) => {
                Self { policy: value.map(Into::into), user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) }
            }
        })
    }
}

impl ReplenishmentRulePayload {
    pub(super) fn of(done: Result<Acted<Option<StoredRule>>, ReplenishmentError>) -> Answer<Self> {
        Ok(match done {
            Err(error) => user_errors_of(error, refused)?.into(),
            Ok(Acted { value, seq, is_replayed }) => {
                Self { rule: value.map(ReplenishmentRule), user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) }
            }
        })
    }
}

impl ReplenishmentBudgetPayload {
    pub(super) fn of(done: Result<Acted<Option<StoredBudget>>, ReplenishmentError>) -> Answer<Self> {
        Ok(match done {
            Err(error) => user_errors_of(error, refused)?.into(),
            Ok(Acted { value, seq, is_replayed }) => Self {
                budget: value.map(ReplenishmentBudget::from),
                user_errors: Vec::new(),
                replayed: is_replayed,
                seq: seq.map(Long),
            },
        })
    }
}

impl ReplenishmentApprovalPayload {
    pub(super) async fn of(ctx: &Context<'_>, done: Result<Approved, ReplenishmentError>) -> Answer<Self> {
        let Approved { plan, approved, later, problems, seq, is_replayed } = match done {
            Ok(approved) => approved,
            Err(error) => return Ok(user_errors_of(error, refused)?.into()),
        };
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let refused_count = count(problems.len());
        let mut refused = Vec::with_capacity(problems.len().min(MAX_REPORTED));
        let reach = ctx.permit::<kind::PurchaseRead>()?.reach();
        for (line, problem) in problems.into_iter().take(MAX_REPORTED) {
            let budget = exceeded_budget_of(&problem, &reach);
            let (code, message) = problem_of(ctx, problem).await;
            refused.push(ReplenishmentLineRefusal { line: line.into(), code, message, budget });
        }
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

/// The budget that has no place for a line. Its remainder is shown only to callers who see
/// everything that counts towards it.
fn exceeded_budget_of(problem: &LineProblem, reach: &Reach) -> Option<ReplenishmentExceededBudget> {
    let LineProblem::OverBudget(Some(exceeded)) = problem else { return None };
    let is_seen = match exceeded.scope {
        BudgetScope::Store(store) => reach.covers(store),
        BudgetScope::Company | BudgetScope::Supplier(_) | BudgetScope::Category(_) => *reach == Reach::Everywhere,
    };
    Some(ReplenishmentExceededBudget { exceeded: *exceeded, is_seen })
}

async fn problem_of(ctx: &Context<'_>, problem: LineProblem) -> (ReplenishmentRefusalCode, String) {
    match problem {
        LineProblem::Forbidden(permission) => {
            (ReplenishmentRefusalCode::Forbidden, format!("the permission {permission} is needed in its store"))
        }
        LineProblem::Stale => {
            let message = "stock moved by more than a fifth of the quantity after the plan was made: make another plan";
            (ReplenishmentRefusalCode::Stale, message.to_owned())
        }
        LineProblem::OverBudget(exceeded) => {
            let whose = match exceeded.map(|Exceeded { scope, .. }| scope) {
                None | Some(BudgetScope::Company) => "the budget",
                Some(BudgetScope::Supplier(_)) => "the budget of its supplier",
                Some(BudgetScope::Category(_)) => "the budget of its category, or of one above that,",
                Some(BudgetScope::Store(_)) => "the budget of its store",
            };
            let message = format!("{whose} has no place for the line: raise the budget, or approve the line by its ID");
            (ReplenishmentRefusalCode::OverBudget, message)
        }
        LineProblem::DraftRefused(why) => {
            let errors = user_errors_of_rejections(ctx, why).await;
            let words = errors.into_iter().next().map(|error| match error {
                UserError::InputError(error) => error.message,
                UserError::VersionConflict(error) => error.message,
                UserError::InsufficientStock(error) => error.message,
                UserError::InUse(error) => error.message,
            });
            let message = words.unwrap_or_else(|| "the draft with this line was refused".to_owned());
            (ReplenishmentRefusalCode::DraftRefused, message)
        }
    }
}

fn input(name: &str) -> Path {
    path!["input", name]
}

pub(super) fn refused(refusal: ReplenishmentRefusal) -> UserError {
    match refusal {
        ReplenishmentRefusal::BadKey(why) => UserError::invalid_key(why, input("idempotencyKey")),
        ReplenishmentRefusal::TooMany { what, most, field } => {
            UserError::new(ErrorCode::LimitExceeded, format!("at most {most} {what} are taken"), field)
        }
        ReplenishmentRefusal::NotFound { what, field } => UserError::not_found(what, field),
        ReplenishmentRefusal::NotEverywhere { message, field } | ReplenishmentRefusal::Invalid { message, field } => {
            UserError::new(ErrorCode::Invalid, message, field)
        }
        ReplenishmentRefusal::OutOfRange { message, field } => UserError::new(ErrorCode::OutOfRange, message, field),
        ReplenishmentRefusal::Policy(problem) => policy_refused(problem),
        ReplenishmentRefusal::Rule(problem) => rule_refused(problem),
        ReplenishmentRefusal::ScopeTaken => {
            UserError::new(ErrorCode::Duplicate, "another policy has this scope: change that one", path!["input"])
        }
        ReplenishmentRefusal::TooManyPolicies(most) => {
            UserError::new(ErrorCode::LimitExceeded, format!("at most {most} policies are taken"), path!["input"])
        }
        ReplenishmentRefusal::State(state) => {
            let message = format!("the plan is {state}; lines of a DRAFT or PARTLY approved plan can be approved");
            UserError::new(ErrorCode::InvalidState, message, input("plan"))
        }
        ReplenishmentRefusal::Stale { what, actual } => UserError::changed(what, actual),
        ReplenishmentRefusal::KeyReused => UserError::key_reused(input("idempotencyKey")),
    }
}

fn rule_refused(problem: RuleProblem) -> UserError {
    match problem {
        RuleProblem::Confidence => UserError::new(ErrorCode::OutOfRange, "a share from 0 to 1 is expected", input("confidence")),
        RuleProblem::AmountNeeded(name) => {
            UserError::new(ErrorCode::Required, "both amounts are needed, or none of them", input(name))
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
            UserError::new(ErrorCode::Invalid, message, input("isEnabled"))
        }
    }
}

fn policy_refused(problem: PolicyProblem) -> UserError {
    match problem {
        PolicyProblem::SeveralScopes => {
            let message =
                "a policy is for a product, classes or a supplier: name one of these, or none for a store or the tenant";
            UserError::new(ErrorCode::Invalid, message, path!["input"])
        }
        PolicyProblem::StoreNotTaken => {
            let message = "a store is named alone, or beside a product, an ABC class or a supplier";
            UserError::new(ErrorCode::Invalid, message, input("storeId"))
        }
        PolicyProblem::NotTaken(name) => {
            UserError::new(ErrorCode::Invalid, "this kind of policy does not take it: leave it out", input(name))
        }
        PolicyProblem::Needed(name) => UserError::new(ErrorCode::Required, "this kind of policy needs it", input(name)),
        PolicyProblem::Range(name, least, most) => {
            UserError::new(ErrorCode::OutOfRange, format!("{least} to {most} is expected"), input(name))
        }
        PolicyProblem::ServiceRange => {
            UserError::new(ErrorCode::OutOfRange, "a share from 0.5 to 0.999 is expected", input("serviceLevel"))
        }
        PolicyProblem::OrderCost => {
            UserError::new(ErrorCode::OutOfRange, "an amount above 0 is expected", path!["input", "orderCost", "amount"])
        }
        PolicyProblem::TargetBelowSafety => {
            let message = "no fewer days than safetyDays are expected";
            UserError::new(ErrorCode::OutOfRange, message, input("targetDays"))
        }
    }
}
