//! Rejections of purchasing in GraphQL: code and message of each, defined once.

use entity::prelude::{Currency, Tracking};
use inventory::purchasing::{
    core::{
        Action, AmendRefusal, FixedRateRefusal, MAX_LEAD_TIME_DAYS, MAX_PRICE_BREAKS, PolicyProblem, Prices, Refusal,
        SupplyProblem, actions_from,
    },
    shell::{MailRefusal, PolicyReason, PolicyRefusal},
};
use platform::{clock, path};

use crate::{
    catalog::archived_message,
    graphql::refusal::{ErrorCode, Path, UserError},
    orders::refusal::{invalid, range, state},
    stock::CodeAndMessage,
};

/// Converts a problem of a row of a supplier's catalogue into a user error; `at` gives the paths of
/// its fields.
pub fn supply_error(problem: SupplyProblem, at: impl Fn(&str) -> Path) -> UserError {
    let new = UserError::new;
    match problem {
        SupplyProblem::NoSupplier => UserError::not_found("supplier", at("supplier")),
        SupplyProblem::SupplierArchived(since) => {
            UserError::new(ErrorCode::Invalid, archived_message("supplier", since), at("supplier"))
        }
        SupplyProblem::NoProduct => UserError::not_found("product", at("product")),
        SupplyProblem::Sku => new(ErrorCode::Invalid, "1 to 64 characters are expected", at("supplierSku")),
        SupplyProblem::PackSize => new(ErrorCode::OutOfRange, "a pack of 1 or more is expected", at("packSize")),
        SupplyProblem::MinimumOrder => new(ErrorCode::OutOfRange, "a quantity of 0 or more is expected", at("minimumOrder")),
        SupplyProblem::LeadTime => {
            UserError::new(ErrorCode::OutOfRange, format!("0 to {MAX_LEAD_TIME_DAYS} days are expected"), at("leadTimeDays"))
        }
        SupplyProblem::Cost => new(ErrorCode::OutOfRange, "a cost of 0 or more is expected", at("unitCost")),
        SupplyProblem::TooManyBreaks => UserError::new(
            ErrorCode::LimitExceeded,
            format!("at most {MAX_PRICE_BREAKS} price breaks are kept"),
            at("priceBreaks"),
        ),
        SupplyProblem::Breaks => {
            let message = "ascending quantities above 0 and costs of 0 or more in the row's currency are expected";
            new(ErrorCode::Invalid, message, at("priceBreaks"))
        }
        SupplyProblem::Twice => new(ErrorCode::Duplicate, "this supplier and product stand in an earlier row", at("product")),
        SupplyProblem::PreferredTwice => {
            new(ErrorCode::Duplicate, "an earlier row is the preferred one of this product", at("isPreferred"))
        }
        SupplyProblem::NoRow => UserError::not_found("row of the supplier's catalogue", at("product")),
        SupplyProblem::Archived(since) => {
            let since = clock::rfc3339(since);
            let message = format!("this row is archived since {since}: restore it with supplierProductRestore first");
            UserError::new(ErrorCode::Invalid, message, at("isPreferred"))
        }
    }
}

pub fn reorder_policy_error(refusal: PolicyRefusal) -> UserError {
    let at = |name: &str| path!["input", "items", refusal.row, name];
    let new = UserError::new;
    match refusal.what {
        PolicyReason::NoProduct => UserError::not_found("product", at("product")),
        PolicyReason::NoStore => UserError::not_found("store", at("store")),
        PolicyReason::Twice => new(ErrorCode::Duplicate, "this level stands in an earlier item", at("product")),
        PolicyReason::KeyReused => UserError::key_reused(path!["input", "idempotencyKey"]),
        PolicyReason::Problem(problem) => match problem {
            PolicyProblem::Negative(name) => new(ErrorCode::OutOfRange, "a quantity of 0 or more is expected", at(name)),
            PolicyProblem::PointAboveMaximum => {
                new(ErrorCode::OutOfRange, "the reorder point is at most the maximum", at("reorderPoint"))
            }
            PolicyProblem::BinLocation => {
                new(ErrorCode::Invalid, "1 to 64 characters on one line are expected", at("binLocation"))
            }
            PolicyProblem::Nothing => new(
                ErrorCode::Required,
                "a reorder point, a maximum, a safety stock or a bin location is needed",
                path!["input", "items", refusal.row],
            ),
        },
    }
}

pub fn mail_error(refusal: MailRefusal) -> UserError {
    let at = path!["input", "id"];
    match refusal {
        MailRefusal::NoOrder => UserError::not_found("purchase order", at),
        MailRefusal::NoAddress => UserError::new(ErrorCode::InvalidState, "the supplier has no e-mail address", at),
        MailRefusal::NotApproved(status) => {
            let message =
                format!("the purchase order is {status}: it is sent when it is APPROVED, ORDERED or PARTIALLY_RECEIVED");
            UserError::new(ErrorCode::InvalidState, message, at)
        }
        MailRefusal::KeyReused => UserError::key_reused(path!["input", "idempotencyKey"]),
    }
}

const fn remedy(prices: Prices) -> &'static str {
    match prices {
        Prices::Stated => "give unitCost",
        Prices::Listed => "say what the supplier takes for it, by supplierProductBulkUpsert, or order it by purchaseOrderCreate",
    }
}

const fn lots(tracking: Tracking) -> &'static str {
    match tracking {
        Tracking::Serial => "serial numbers",
        Tracking::None | Tracking::Lot => "lots",
    }
}

/// Messages of refused changes to an order that is with its supplier: each names the alternative.
fn describe_amend_refusal(refusal: &AmendRefusal) -> CodeAndMessage {
    match refusal {
        AmendRefusal::LineCancelled { sku } => {
            state(&format!("this line of {sku} was cancelled: add a line by purchaseOrderAmend (addLines) to order it again"))
        }
        AmendRefusal::LineReceived { sku, received } => state(&format!(
            "{received} of {sku} were received: set the line's quantity to {received} (setLines) to expect no more of it"
        )),
        AmendRefusal::QuantityFrom { sku, received } if received.is_positive() => range(&format!(
            "{received} of {sku} were received: a quantity of {received} or more is expected; undo a receipt with documentReverse, or send goods back with supplierReturnCreate"
        )),
        AmendRefusal::QuantityFrom { sku, .. } => {
            range(&format!("a quantity above 0 is expected: to order no {sku} any more, name the line in cancelLines"))
        }
        AmendRefusal::NothingToCome { sku } => {
            state(&format!("nothing more of this line of {sku} is expected: raise its quantity, or add a line (addLines)"))
        }
        AmendRefusal::ConfirmFromTo { sku, least, most } => range(&format!(
            "{least} to {most} of {sku} can be confirmed: to order more or less, change the line by purchaseOrderAmend"
        )),
        AmendRefusal::NothingToAmend => invalid("nothing changes: say expectedOn, note, setLines, addLines or cancelLines"),
        AmendRefusal::AllCancelled => {
            state("no line of the order would be left: purchaseOrderCancel cancels an order without receipts")
        }
        AmendRefusal::LinesUpTo { most } => {
            (ErrorCode::LimitExceeded, format!("an order has at most {most} lines: order the rest by another one"))
        }
        AmendRefusal::RaiseNeedsApprover => state(
            "the order would cost more than was approved: a person with purchase.approve makes this change, or the rest is ordered by a purchase order of its own",
        ),
        AmendRefusal::RaiseAboveLimit(limit) => state(&format!(
            "the order would cost more than was approved, and more than {} {}: order the rest by a purchase order of its own, which somebody else approves",
            limit.amount(),
            limit.currency
        )),
    }
}

pub fn rate_missing(from: Currency, to: Currency, day: i32) -> String {
    let day = clock::day_text(day);
    format!(
        "No rate {from} → {to} on or before {day} that is at most 7 days old. Enter one by exchangeRateSet or import a file by exchangeRatesImport, then retry with the same key."
    )
}

fn describe_fixed_rate_refusal(refusal: FixedRateRefusal) -> CodeAndMessage {
    match refusal {
        FixedRateRefusal::NoRate => range("a rate is a decimal above 0 with at most 12 significant digits"),
        FixedRateRefusal::OfBooks { books } => invalid(&format!("the order is in {books}, as the books are: leave the rate out")),
        FixedRateRefusal::Far { from, books, day } => range(&format!(
            "the rate is more than a factor of two from that of {}: it says what one {from} is in {books}",
            clock::day_text(day)
        )),
    }
}

fn duplicate_reference(reference: &str) -> CodeAndMessage {
    (ErrorCode::Duplicate, format!("an order with this supplier has the reference {reference}"))
}

fn too_many_documents(limit: u16) -> CodeAndMessage {
    let message =
        format!("an order has at most {limit} receipts, discrepancies and revisions each: order the rest by another one");
    (ErrorCode::LimitExceeded, message)
}

pub fn describe_purchase_refusal(refusal: &Refusal) -> CodeAndMessage {
    match refusal {
        Refusal::Status(status) => {
            let open_actions: Vec<&str> = actions_from(*status).map(Action::mutation).collect();
            let open_actions = if open_actions.is_empty() { "nothing".to_owned() } else { open_actions.join(", ") };
            state(&format!("the purchase order is {status}; open: {open_actions}"))
        }
        Refusal::OtherCommand => invalid("this step has a command of its own"),
        Refusal::PersonDecides => state("a person approves or rejects a purchase order, never a key"),
        Refusal::AboveLimit(limit) => state(&format!(
            "it is above {} {}: somebody who neither wrote nor submits it has to approve it",
            limit.amount(),
            limit.currency
        )),
        Refusal::ReferenceTaken { reference } => duplicate_reference(reference),
        Refusal::TooLarge => range("the order is too large to be kept exactly"),
        Refusal::TooOften { most } => too_many_documents(*most),
        Refusal::PercentUpTo { most } => range(&format!("0 to {most} percent are expected")),
        Refusal::FixedRate(refusal) => describe_fixed_rate_refusal(*refusal),
        Refusal::NoLines => invalid("at least one line is needed"),
        Refusal::NotPositive => range("a quantity above 0 is expected"),
        Refusal::NegativeWeight => range("a weight of 0 or more is expected"),
        Refusal::NegativeCost => range("a cost of 0 or more is expected"),
        Refusal::LineTooLarge => range("the line is too large to be kept exactly"),
        Refusal::NoCost { sku, prices } => invalid(&format!("{sku} has no cost: {}", remedy(*prices))),
        Refusal::UnitCostIn { given, order } => {
            invalid(&format!("unitCost is in {given}, and the order is in {order}: give what it costs in {order}"))
        }
        Refusal::ListedIn { sku, listed, order, prices } => {
            invalid(&format!("{sku} costs {listed}, and the order is in {order}: {}", remedy(*prices)))
        }
        Refusal::NoSupplier => invalid("it has no known supplier: name one"),
        Refusal::Amend(refusal) => describe_amend_refusal(refusal),
        Refusal::Blanket(refusal) => super::blanket_refusal::describe_blanket_refusal(refusal),
        Refusal::SupplierArchived { since } => invalid(&archived_message("supplier", *since)),
        Refusal::ChargeIn { order } => invalid(&format!("a deposit is in the order's currency, {order}")),
        Refusal::AmountNotPositive => range("an amount above 0 is expected"),
        Refusal::DepositElsewhere => invalid("a deposit is paid to the order's supplier: leave the supplier of the charge out"),
        Refusal::NothingToSpreadBy(basis) => invalid(&format!("no line has anything to spread it by {basis}")),
        Refusal::ChargesInOtherBooks { kept, books } => {
            state(&format!("charges of the order were converted into {kept}, and the books are in {books}: create a new order"))
        }
        Refusal::NothingReceived => invalid("nothing was received"),
        Refusal::Lineless => invalid("an order has a line"),
        Refusal::LineTwice => invalid("this line occurs twice"),
        Refusal::NegativeQuantity => range("a quantity of 0 or more is expected"),
        Refusal::LineUpTo { sku, most } if *most > 0 => range(&format!("1 to {most} of {sku} can be received")),
        Refusal::LineUpTo { sku, .. } => range(&format!("nothing of {sku} is left to be received")),
        Refusal::RateMissing { from, to, day } => (ErrorCode::RateMissing, rate_missing(*from, *to, *day)),
        Refusal::ReceiptTooLarge => range("the receipt is too large to be kept exactly"),
        Refusal::NotTracked { sku } => invalid(&format!("{sku} is not tracked by lots")),
        Refusal::LotsUnsaid { sku, tracking } => {
            invalid(&format!("{sku} is tracked: name the received {} in lots, with the quantity of each", lots(*tracking)))
        }
        Refusal::LotOfNothing => range("a named lot needs a quantity: 0 or more, and not 0 of both"),
        Refusal::LotTwice => invalid("this lot occurs twice"),
        Refusal::LotsSum { tracking, quantity, damaged, sums } => invalid(&format!(
            "the {} of a line sum to its quantity {quantity} and damaged {damaged}: these are {} and {}",
            lots(*tracking),
            sums.0,
            sums.1
        )),
        Refusal::OneCurrency => invalid("a return has one currency"),
        Refusal::CreditTooLarge => range("the credit is too large to be kept exactly"),
        Refusal::NoCredit { sku } => invalid(&format!("{sku} has no cost: give unitCredit")),
        Refusal::NegativeCredit => range("a credit of 0 or more is expected"),
        Refusal::OtherProduct => invalid("the order's line is of another product"),
        Refusal::BackUpTo { most } => range(&format!("{most} of this order's line can go back")),
        Refusal::Nameless => invalid("a line names its product or the order's line"),
    }
}
