//! Rejections of counts in GraphQL: code and message of each, defined once.

use entity::prelude::Tracking;
use inventory::counts::core::{Action, Refusal, actions_from};
use platform::plurals::pluralize;

use crate::{
    graphql::refusal::ErrorCode,
    orders::refusal::{invalid, list_mutations, range, state},
    stock::CodeAndMessage,
};

pub fn describe_count_refusal(refusal: &Refusal) -> CodeAndMessage {
    match refusal {
        Refusal::Status(status) => {
            state(&format!("the count is {status}; {}", list_mutations(actions_from(*status).map(Action::mutation))))
        }
        Refusal::OfKind(kind) => invalid(&format!("only a stocktake of the kind {kind} takes this: leave it out")),
        Refusal::NeededBy(kind) => invalid(&format!("a stocktake of the kind {kind} needs this")),
        Refusal::ReferenceTaken { reference } => (ErrorCode::Duplicate, format!("a count has the reference {reference}")),
        Refusal::ListedTwice => invalid("this product occurs twice: one line can say it"),
        Refusal::NothingFits => state("there is nothing to count: no product fits"),
        Refusal::CountedElsewhere { sku, number } => {
            let other = match number.get() {
                0 => "another stocktake".to_owned(),
                number => format!("stocktake {number}"),
            };
            state(&format!("{other} of this store counts {sku} and has not ended: end it, or create this one without start"))
        }
        Refusal::TooManyLines { most } => {
            (ErrorCode::LimitExceeded, format!("a count has at most {most} lines: count by category"))
        }
        Refusal::NoLines => invalid("at least one line is needed"),
        Refusal::Ahead => range("it lies more than five minutes ahead"),
        Refusal::BeforeStart => range("it lies before the count was started"),
        Refusal::Negative => range("a count of 0 or more is expected"),
        Refusal::ProductTwice => invalid("this product occurs twice: count it once"),
        Refusal::LotTwice => invalid("this lot occurs twice: count it once"),
        Refusal::NotTracked { sku } => invalid(&format!("{sku} is not tracked by lots")),
        Refusal::SerialAboveOne => range("a serial number stands for one unit: 0 or 1"),
        Refusal::LotUnsaid { sku, tracking } => {
            let noun = if *tracking == Tracking::Serial { "serial number" } else { "lot" };
            invalid(&format!("{sku} is tracked: say which {noun} was counted, a line for each"))
        }
        Refusal::Uncounted { lines } => {
            let lines = pluralize(lines, "line is", "lines are");
            state(&format!("{lines} still to be counted: count all lines, or submit with onUncounted LEAVE"))
        }
        Refusal::RecountTwice => invalid("this product occurs twice"),
        Refusal::NothingToRecount => invalid("nothing is to be counted again"),
        Refusal::NothingCounted => state("nothing was counted"),
        Refusal::NoValue { sku, currency } => {
            state(&format!("the difference of {sku} has no value in {currency}: somebody who did not count has to approve it"))
        }
        Refusal::AboveLimit(limit) => state(&format!(
            "the differences are worth more than {} {}: somebody who did not count has to approve them",
            limit.amount(),
            limit.currency
        )),
    }
}
