//! Refusals of reversals as GraphQL says them: each its code and words, once.

use async_graphql::Context;
use inventory::reversals::core::{Named, Refusal, Resting, Rests};
use platform::plurals::counted;

use crate::{
    graphql::refusal::{ErrorCode, InUse, Path, UserError},
    nodes::{self, Node},
    orders::refusal::{invalid, range, state},
    stock::Said,
};

pub fn reversal(why: &Refusal) -> Said {
    match why {
        Refusal::NotReversible => invalid(
            "this is not undone by documentReverse: goods receipts, transfers, returns to suppliers, counts, sales over the counter, shipments, and receipts, inspections and refunds of returns are. revaluationReverse undoes a revaluation, paymentReverse a payment, and credit notes correct invoices",
        ),
        Refusal::OfReversal => state("a reversal is not reversed: make the document again"),
        Refusal::AlreadyReversed => state("nothing of it is left to reverse"),
        Refusal::WholeOnly => invalid("it is reversed whole: leave lines out"),
        Refusal::BeforeOriginal => range("it lies before what it undoes"),
        Refusal::NoLines => invalid("at least one line is needed: leave lines out for all of them"),
        Refusal::LineTwice => invalid("this line occurs twice"),
        Refusal::LineUpTo { most } if *most > 0 => range(&format!("1 to {most} of this line can go back")),
        Refusal::LineUpTo { .. } => range("nothing of this line is left to go back"),
        Refusal::LineWhole => invalid("a line of a count is undone whole: leave quantity, packs and lot out"),
        Refusal::NothingMoved => state("no stock moved with it: there is nothing to undo"),
        Refusal::OfShipments => invalid("it left with shipments: name the fulfilment that is undone"),
        Refusal::NotAtRegister => invalid("only a sale over the counter is taken back at a register: leave register out"),
        Refusal::SharesUnknown => state("it was closed before its shares were kept by order: it stays closed"),
        Refusal::StepsUnknown => state("it was made before it was kept how its goods were looked at: what became of them stays"),
        Refusal::Arrived => state("it has arrived, or is known not to: what comes home comes as a return"),
        Refusal::TooLarge => range("the reversal is too large to be kept exactly"),
        Refusal::InUse(rests) => (ErrorCode::InUse, resting(rests)),
    }
}

fn resting(rests: &Rests) -> String {
    let count = rests.count;
    match &rests.why {
        Resting::Taken { sku, usable, requested } => {
            let others = counted(count, "later document took or holds", "later documents took or hold");
            format!("{usable} of {requested} of {sku} left: {others} the rest")
        }
        Resting::SupplierReturn { .. } => "goods of this line went back to the supplier: reverse the return first".to_owned(),
        Resting::Loss => "what did not arrive was written off: reverse the close first".to_owned(),
        Resting::LaterSteps => "something of it has arrived or was written off: reverse those steps first".to_owned(),
        Resting::Returned { .. } => "goods of it came back or are to come back: that is a return".to_owned(),
        Resting::Invoiced { .. } => "units of it are invoiced: credit them first (creditNoteIssue)".to_owned(),
        Resting::Inspected => "goods of it were looked at as they came: what became of them stays".to_owned(),
        Resting::Scrapped { sku, usable, requested, .. } => {
            let others = counted(count, "later document", "later documents");
            format!("{usable} of {requested} of {sku} still aside: {others} took the rest")
        }
        Resting::AskedBack { .. } => {
            "what was given up of it was asked back since: reject those returns, or undo them, first".to_owned()
        }
        Resting::Paid => "money was given back for it: take those payments back first (paymentReverse)".to_owned(),
        Resting::LaterReturn => "returns of the same orders were closed since: reverse those first".to_owned(),
        Resting::LaterCount => "its products were counted again since: reverse the later counts first".to_owned(),
        Resting::LaterPayments => {
            let later = counted(count, "later payment rests on it: take that", "later payments rest on it: take those");
            format!("{later} back first (paymentReverse)")
        }
        Resting::AddedCharges => {
            let since = counted(
                count,
                "charge was added to the order since: undo that",
                "charges were added to the order since: undo those",
            );
            format!("{since} first (revaluationReverse)")
        }
        Resting::LateFacts => {
            "facts from before it were recorded since, and balanced because it had seen them: count again".to_owned()
        }
    }
}

/// The refusal with the documents that the caller may see.
pub async fn in_use(ctx: &Context<'_>, message: String, rests: &Rests, field: Path) -> UserError {
    let mut documents: Vec<Node> = Vec::with_capacity(rests.documents.len());
    for named in &rests.documents {
        let found = match named {
            Named::Document(reference) => nodes::reference(ctx, *reference).await,
            Named::Movement(movement) => nodes::find(ctx, &movement.to_string()).await,
            Named::Payment(payment) => nodes::find(ctx, &payment.to_string()).await,
            Named::Invoice(invoice) => nodes::find(ctx, &invoice.to_string()).await,
            Named::Revaluation(revaluation) => nodes::find(ctx, &revaluation.to_string()).await,
        };
        documents.extend(found.ok().flatten());
    }
    let document_count = i32::try_from(rests.count).unwrap_or(i32::MAX);
    UserError::InUse(Box::new(InUse {
        code: ErrorCode::InUse.noted(),
        message,
        field: Some(field),
        retryable: false,
        documents,
        document_count,
        documents_count: document_count,
    }))
}
