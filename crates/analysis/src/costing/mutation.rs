//! Revaluing.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject};
use iam::access::kind;
use inventory::{
    costing::{
        core::{LaterDocuments, MAX_NOTE, MAX_REVALUED_PRODUCTS, RevalueProblem, UndoProblem},
        events::REVALUATION_CREATED,
        rows,
        shell::{self, Outcome, RevaluationReverse, Revalue, RevalueLine},
    },
    ledger::Ledger,
    purchasing::events::PURCHASE_ORDER_UPDATED,
};
use macros::resolvers;
use platform::path;

use super::{
    charge::{self, PurchaseOrderChargeAddInput},
    revaluation::StockRevaluation,
};
use crate::{
    catalog::{MoneyInput, ProductRef},
    graphql::{
        context::ContextExt,
        fault::Answer,
        reading::InputErrors,
        refusal::{ErrorCode, InUse, UserError, add_sent_values, truncate_errors},
        scalars::Long,
    },
    named,
    nodes::{self, Node},
    purchasing::{check_key, product_name},
};

/// A product and the new value of its units.
#[derive(Debug, Clone, InputObject)]
pub struct StockRevalueLineInput {
    /// The product; each once.
    pub product: ProductRef,
    /// New value of one whole unit, in the currency of the books. 0 writes it off.
    pub unit_cost: MoneyInput,
}

/// A revaluation: the document that sets the value of units.
#[derive(Debug, Clone, InputObject)]
pub struct StockRevalueInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Reason for the revaluation, 1 to 1,000 characters.
    pub note: String,
    /// Your own reference for the revaluation, unique in the tenant, 1 to 200 characters. Null for none.
    pub external_ref: Option<String>,
    /// The products, all or none; at most 500.
    pub lines: Vec<StockRevalueLineInput>,
}

/// Undoing of a revaluation.
#[derive(Debug, Clone, InputObject)]
pub struct RevaluationReverseInput {
    /// The revaluation to undo.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Reason for undoing it, 1 to 1,000 characters.
    pub note: String,
}

crate::payload!(RevaluationPayload, revaluation: StockRevaluation, "revaluation");

/// The root fields that change costs.
#[derive(Default)]
pub struct CostMutation;

#[resolvers]
impl CostMutation {
    /// Sets the value of products' units from now on, whatever they cost. The quantities stay;
    /// later movements use the new value.
    #[mutation(permit = CostWrite, emits(REVALUATION_CREATED), dry_run)]
    async fn stock_revalue(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The document.")] input: StockRevalueInput,
    ) -> Answer<RevaluationPayload> {
        let ledger = ctx.required_data::<Ledger>()?;
        let input = match input.read() {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        match Box::pin(shell::revalue(ledger.database(), ledger.clock(), permit, input, dry_run)).await? {
            Ok(outcome) => revaluation_payload(ctx, outcome).await,
            Err(problems) => {
                let mut errors = truncate_errors(problems.iter().map(revalue_error));
                add_sent_values(ctx, &mut errors);
                Ok(errors.into())
            }
        }
    }

    /// Adds a charge that is billed after the goods of a purchase order have come, or the difference of one. It is spread over the goods received. The share of goods
    /// still in stock raises their value, by a revaluation; the share of goods that are gone is a cost of the day, `landedCostVariance`. A dry run shows both.
    /// revaluationReverse undoes it.
    #[mutation(permit = CostWrite, emits(REVALUATION_CREATED, PURCHASE_ORDER_UPDATED), dry_run)]
    async fn purchase_order_charge_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Charge to add.")] input: PurchaseOrderChargeAddInput,
    ) -> Answer<RevaluationPayload> {
        named!(ctx, input, RevaluationPayload, {
            let ledger = ctx.required_data::<Ledger>()?;
            let input = match input.read() {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            match Box::pin(shell::charge_add(ledger.database(), ledger.clock(), permit, input, dry_run)).await? {
                Ok(outcome) => revaluation_payload(ctx, outcome).await,
                Err(problem) => Ok(vec![charge::charge_error(&problem)].into()),
            }
        })
    }

    /// Undoes a revaluation whole, by a revaluation of its own: every unit is worth what it was before, to the penny. Refused where units of its products
    /// came or left since, or were revalued again; those are named.
    #[mutation(permit = CostWrite, emits(REVALUATION_CREATED, PURCHASE_ORDER_UPDATED), dry_run)]
    async fn revaluation_reverse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Revaluation to undo, and the reason.")] input: RevaluationReverseInput,
    ) -> Answer<RevaluationPayload> {
        let ledger = ctx.required_data::<Ledger>()?;
        let input = match input.read() {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        match Box::pin(shell::revaluation_reverse(ledger.database(), ledger.clock(), permit, input, dry_run)).await? {
            Ok(outcome) => revaluation_payload(ctx, outcome).await,
            Err(UndoProblem::Rests(resting)) => Ok(vec![in_use(ctx, &resting).await].into()),
            Err(problem) => Ok(vec![undo_error(&problem)].into()),
        }
    }
}

impl RevaluationReverseInput {
    fn read(self) -> Result<RevaluationReverse, Vec<UserError>> {
        let mut reader = InputErrors::default();
        check_key(&mut reader, &self.idempotency_key);
        let revaluation = reader.id(&self.id, || path!["input", "id"]);
        reader.end(RevaluationReverse { idempotency_key: self.idempotency_key, revaluation, note: self.note })
    }
}

/// The refusal with the documents that the caller may see.
async fn in_use(ctx: &Context<'_>, resting: &LaterDocuments) -> UserError {
    let names = resting.revaluations.iter().map(ToString::to_string);
    let names: Vec<String> = names.chain(resting.movements.iter().map(ToString::to_string)).take(10).collect();
    let mut documents: Vec<Node> = Vec::with_capacity(names.len());
    for name in &names {
        documents.extend(nodes::find(ctx, name).await.ok().flatten());
    }
    let message =
        "units of its products arrived or left since, or were revalued again: undo those first, or revalue the current stock";
    let document_count = i32::try_from(resting.count).unwrap_or(i32::MAX);
    UserError::InUse(Box::new(InUse {
        code: ErrorCode::InUse.record_refusal(),
        message: message.to_owned(),
        field: Some(path!["input", "id"]),
        retryable: false,
        documents,
        document_count,
        documents_count: document_count,
    }))
}

fn undo_error(problem: &UndoProblem) -> UserError {
    let new = UserError::new;
    let id = || path!["input", "id"];
    match problem {
        UndoProblem::NoNote => new(ErrorCode::Required, "say why: a text is needed", path!["input", "note"]),
        UndoProblem::NoteTooLong => {
            UserError::new(ErrorCode::TooLong, format!("at most {MAX_NOTE} characters are kept"), path!["input", "note"])
        }
        UndoProblem::NoRevaluation => UserError::not_found("revaluation", id()),
        UndoProblem::OfReversal => {
            new(ErrorCode::InvalidState, "the reversal of a revaluation cannot be undone: revalue again", id())
        }
        UndoProblem::AlreadyReversed => new(ErrorCode::InvalidState, "it has been undone", id()),
        UndoProblem::NotBooked => new(ErrorCode::InvalidState, "the books have not processed it yet: try again", id()),
        UndoProblem::WorthUnknown => {
            let message = "it was booked by a release that did not store earlier worths: revalue again";
            new(ErrorCode::InvalidState, message, id())
        }
        UndoProblem::Rests(_) => new(ErrorCode::InUse, "later records depend on it", id()),
        UndoProblem::TooDearTogether => {
            let message = "all stock together would be worth more than 2^53 − 1 minor units, the largest exact number";
            new(ErrorCode::OutOfRange, message, id())
        }
        UndoProblem::KeyReused => UserError::key_reused(path!["input", "idempotencyKey"]),
    }
}

impl StockRevalueInput {
    fn read(self) -> Result<Revalue, Vec<UserError>> {
        let mut reader = InputErrors::default();
        check_key(&mut reader, &self.idempotency_key);
        let line = |(index, line): (usize, StockRevalueLineInput)| {
            let product = product_name(&mut reader, line.product, || path!["input", "lines", index, "product"]);
            let unit_cost = reader.money(Some(&line.unit_cost), || path!["input", "lines", index, "unitCost"]);
            Some(RevalueLine { product, unit_cost: unit_cost? })
        };
        let lines = self.lines.into_iter().enumerate().filter_map(line).collect();
        reader.end(Revalue { idempotency_key: self.idempotency_key, external_ref: self.external_ref, note: self.note, lines })
    }
}

async fn revaluation_payload(ctx: &Context<'_>, outcome: Outcome) -> Answer<RevaluationPayload> {
    let (replayed, seq) = (outcome.is_replayed, outcome.seq.map(Long));
    // A caller with the permission to write costs but not to read them gets the answer without
    // values.
    let revaluation = match ctx.permit::<kind::ProductCostRead>() {
        Ok(permit) => {
            let costing = rows::load_costing_method(&permit.scope(ctx.required_data::<Ledger>()?.database())).await?;
            let foreseen = outcome.seq.is_none().then(|| Arc::new(outcome.foreseen));
            Some(StockRevaluation { row: Arc::new(outcome.document), how: costing, foreseen })
        }
        Err(_) => None,
    };
    Ok(RevaluationPayload { revaluation, user_errors: Vec::new(), replayed, seq })
}

fn revalue_error(problem: &RevalueProblem) -> UserError {
    let new = UserError::new;
    let line_path = |index: usize, name: &str| path!["input", "lines", index, name];
    match problem {
        RevalueProblem::NoLines => new(ErrorCode::Required, "at least one line is needed", path!["input", "lines"]),
        RevalueProblem::TooManyLines => UserError::new(
            ErrorCode::LimitExceeded,
            format!("at most {MAX_REVALUED_PRODUCTS} lines are taken in one call"),
            path!["input", "lines"],
        ),
        RevalueProblem::NoNote => new(ErrorCode::Required, "say why: a text is needed", path!["input", "note"]),
        RevalueProblem::NoteTooLong => {
            UserError::new(ErrorCode::TooLong, format!("at most {MAX_NOTE} characters are kept"), path!["input", "note"])
        }
        RevalueProblem::Reference => {
            new(ErrorCode::Invalid, "a text of 1 to 200 characters is expected", path!["input", "externalRef"])
        }
        RevalueProblem::ReferenceTaken => {
            new(ErrorCode::Duplicate, "another revaluation has this reference", path!["input", "externalRef"])
        }
        RevalueProblem::NoProduct(index) => UserError::not_found("product", line_path(*index, "product")),
        RevalueProblem::Twice(index) => {
            new(ErrorCode::Duplicate, "this product stands in an earlier line", line_path(*index, "product"))
        }
        RevalueProblem::Negative(index) => {
            new(ErrorCode::OutOfRange, "a cost of 0 or more is expected", line_path(*index, "unitCost"))
        }
        RevalueProblem::Currency(index, books) => UserError::new(
            ErrorCode::Invalid,
            format!("the books are in {books}: say the cost in it"),
            line_path(*index, "unitCost"),
        ),
        RevalueProblem::NoStock(index) => {
            let message = "there is no unit of it in any store or on its way: nothing to revalue";
            new(ErrorCode::InvalidState, message, line_path(*index, "product"))
        }
        RevalueProblem::TooDear(index) => {
            let message = "its units would be worth more than 2^53 − 1 minor units, the largest exact number";
            new(ErrorCode::OutOfRange, message, line_path(*index, "unitCost"))
        }
        RevalueProblem::TooDearTogether => {
            let message = "all stock together would be worth more than 2^53 − 1 minor units, the largest exact number";
            new(ErrorCode::OutOfRange, message, path!["input", "lines"])
        }
        RevalueProblem::KeyReused => UserError::key_reused(path!["input", "idempotencyKey"]),
    }
}
