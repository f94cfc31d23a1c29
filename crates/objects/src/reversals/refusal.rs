//! Rejections of reversals in GraphQL: code and message of each, defined once.

use async_graphql::Context;
use inventory::reversals::core::{DependencyReason, DependentDocument, Dependents, Refusal};
use platform::plurals::pluralize;

use crate::{
    graphql::refusal::{ErrorCode, InUse, Path, UserError},
    nodes::{self, Node},
    orders::refusal::{invalid, range, state},
    stock::CodeAndMessage,
};

pub fn describe_reversal_refusal(refusal: &Refusal) -> CodeAndMessage {
    match refusal {
        Refusal::NotReversible => invalid(
            "this is not undone by documentReverse: goods receipts, transfers, returns to suppliers, counts, sales over the counter, shipments, and receipts, inspections and refunds of returns are. revaluationReverse undoes a revaluation, paymentReverse a payment, and credit notes correct invoices",
        ),
        Refusal::OfReversal => state("a reversal is not reversed: make the document again"),
        Refusal::AlreadyReversed => state("nothing of it is left to reverse"),
        Refusal::WholeOnly => invalid("it is reversed whole: leave lines out"),
        Refusal::BeforeOriginal => range("it is before the document that it reverses"),
        Refusal::NoLines => invalid("at least one line is needed: leave lines out for all of them"),
        Refusal::LineTwice => invalid("this line occurs twice"),
        Refusal::LineUpTo { most } if *most > 0 => range(&format!("1 to {most} of this line can go back")),
        Refusal::LineUpTo { .. } => range("nothing of this line is left to go back"),
        Refusal::LineWhole => invalid("a line of a count is undone whole: leave quantity, packs and lot out"),
        Refusal::NothingMoved => state("no stock moved with it: there is nothing to undo"),
        Refusal::OfShipments => invalid("it left with shipments: name the fulfilment that is undone"),
        Refusal::NotAtRegister => invalid("only a sale over the counter is taken back at a register: leave register out"),
        Refusal::SharesUnknown => state("it was closed before its shares were kept by order: it stays closed"),
        Refusal::StepsUnknown => {
            state("it was created by a release that did not record inspections of its goods: it cannot be reversed")
        }
        Refusal::Arrived => state("it was delivered or has failed: record the goods that come back as a return"),
        Refusal::TooLarge => range("the reversal is too large to be kept exactly"),
        Refusal::InUse(dependents) => (ErrorCode::InUse, rests_message(dependents)),
    }
}

fn rests_message(dependents: &Dependents) -> String {
    let count = dependents.count;
    match &dependents.why {
        DependencyReason::Taken { sku, usable, requested } => {
            let count_text = pluralize(count, "later document took or holds", "later documents took or hold");
            format!("{usable} of {requested} of {sku} left: {count_text} the rest")
        }
        DependencyReason::SupplierReturn { .. } => {
            "goods of this line went back to the supplier: reverse the return first".to_owned()
        }
        DependencyReason::Loss => "the missing goods were written off: reverse the close first".to_owned(),
        DependencyReason::LaterSteps => "something of it has arrived or was written off: reverse those steps first".to_owned(),
        DependencyReason::Returned { .. } => "goods of it were returned, or are about to be: use the return".to_owned(),
        DependencyReason::Invoiced { .. } => "units of it are invoiced: credit them first (creditNoteIssue)".to_owned(),
        DependencyReason::Inspected => "goods of it were inspected on arrival: it cannot be reversed".to_owned(),
        DependencyReason::Scrapped { sku, usable, requested, .. } => {
            let count_text = pluralize(count, "later document", "later documents");
            format!("{usable} of {requested} of {sku} still aside: {count_text} took the rest")
        }
        DependencyReason::AskedBack { .. } => {
            "the units that the return gave up are in later returns: reject those returns, or undo them, first".to_owned()
        }
        DependencyReason::Paid => "money was given back for it: take those payments back first (paymentReverse)".to_owned(),
        DependencyReason::LaterReturn => "returns of the same orders were closed since: reverse those first".to_owned(),
        DependencyReason::LaterCount => "its products were counted again since: reverse the later counts first".to_owned(),
        DependencyReason::LaterPayments => {
            let later = pluralize(count, "later payment rests on it: take that", "later payments rest on it: take those");
            format!("{later} back first (paymentReverse)")
        }
        DependencyReason::AddedCharges => {
            let since = pluralize(
                count,
                "charge was added to the order since: undo that",
                "charges were added to the order since: undo those",
            );
            format!("{since} first (revaluationReverse)")
        }
        DependencyReason::LateFacts => {
            "facts from before it were recorded since, and balanced because it had seen them: count again".to_owned()
        }
    }
}

/// The refusal with the documents that the caller may see.
pub async fn in_use(ctx: &Context<'_>, message: String, dependents: &Dependents, field: Path) -> UserError {
    let mut documents: Vec<Node> = Vec::with_capacity(dependents.documents.len());
    for dependent in &dependents.documents {
        let node = match dependent {
            DependentDocument::Document(reference) => nodes::reference(ctx, *reference).await,
            DependentDocument::Movement(movement) => nodes::find(ctx, &movement.to_string()).await,
            DependentDocument::Payment(payment) => nodes::find(ctx, &payment.to_string()).await,
            DependentDocument::Invoice(invoice) => nodes::find(ctx, &invoice.to_string()).await,
            DependentDocument::Revaluation(revaluation) => nodes::find(ctx, &revaluation.to_string()).await,
        };
        documents.extend(node.ok().flatten());
    }
    let document_count = i32::try_from(dependents.count).unwrap_or(i32::MAX);
    UserError::InUse(Box::new(InUse {
        code: ErrorCode::InUse.record_refusal(),
        message,
        field: Some(field),
        retryable: false,
        documents,
        document_count,
        documents_count: document_count,
    }))
}
