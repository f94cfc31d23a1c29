//! Rejections of works in GraphQL: code and message of each, defined once.

use inventory::fulfilment::core::{Refusal, WorkAction, actions_from};

use crate::{
    graphql::refusal::ErrorCode,
    orders::refusal::{invalid, list_mutations, range, state},
    stock::CodeAndMessage,
};

pub fn describe_work_refusal(refusal: &Refusal) -> CodeAndMessage {
    match refusal {
        Refusal::Status(status) => {
            state(&format!("the work is {status}; {}", list_mutations(actions_from(*status).map(WorkAction::mutation))))
        }
        Refusal::OrderStatus(status) => state(&format!("its order is {status}")),
        Refusal::Picked { works } => {
            let works = works.join(", ");
            state(&format!("goods of it are picked or packed in {works}: put them back first (fulfilmentWorkUnpick)"))
        }
        Refusal::AddressStays { works } => {
            let works = works.join(", ");
            state(&format!("all of it is packed, or has left, in {works}: unpack it (fulfilmentWorkUnpick) to send it elsewhere"))
        }
        Refusal::AcceptedByStore => {
            state("a store has accepted work on it: a key of a channel changes no more of it than notes, tags and metadata")
        }
        Refusal::WorkTwice => invalid("this work occurs twice"),
        Refusal::NoWorks => invalid("at least one work is needed"),
        Refusal::WaveClosed => state("the wave was closed before this was done"),
        Refusal::NothingNamed => invalid("at least one line is needed; leave lines out for all"),
        Refusal::LineTwice => invalid("this line occurs twice"),
        Refusal::UpTo { most } if *most > 0 => range(&format!("between 1 and {most} of it")),
        Refusal::UpTo { .. } => range("nothing of it is left"),
        Refusal::NotPositive => range("a figure above 0 is expected"),
        Refusal::KitInParts { sku } => invalid(&format!("{sku} is a kit: its parts go together, in whole kits")),
        Refusal::NoParcels => (ErrorCode::Required, "at least one parcel is needed".to_owned()),
        Refusal::EmptyParcel => (ErrorCode::Required, "nothing is in this parcel".to_owned()),
        Refusal::ParcelTwice => invalid("this parcel occurs twice"),
        Refusal::ParcelSent => state("this parcel has left"),
        Refusal::NothingPacked => state("nothing of it is packed that has not left"),
        Refusal::LotTwice { code } => invalid(&format!("the lot {code} occurs twice in this line")),
        Refusal::LotUpTo { code, most } if *most > 0 => range(&format!("between 1 and {most} of the lot {code}")),
        Refusal::LotUpTo { code, .. } => range(&format!("nothing of the lot {code} is in the store that is in no parcel")),
        Refusal::LotsSum { quantity, sum } => {
            invalid(&format!("the lots of a line sum to its quantity, {quantity}: these are {sum}"))
        }
        Refusal::LotsStay => {
            invalid("lots are named of a part of this: put all that a parcel has of the line back, and pack the rest again")
        }
        Refusal::LotGone { sku } => state(&format!(
            "a lot of {sku} that is in a parcel is not in the store any more: put it back (fulfilmentWorkUnpick) and pack another"
        )),
        Refusal::TooManyLines { most } => (ErrorCode::LimitExceeded, format!("a work has at most {most} lines")),
        Refusal::TooManyParcels { most } => (ErrorCode::LimitExceeded, format!("a work has at most {most} parcels")),
        Refusal::TooManyWorks { most } => (ErrorCode::LimitExceeded, format!("an order has at most {most} works")),
        Refusal::Fulfilment(status) => state(&format!("it is {status}: only a SHIPPED fulfilment can be delivered, or fail")),
        Refusal::Ahead => range("it lies more than five minutes ahead"),
        Refusal::BeforeItLeft => range("it is before the goods left"),
        Refusal::WrongCode => invalid("this is not the code of the work"),
        Refusal::SameStore => invalid("goods are moved to another store than the one that they are in"),
        Refusal::CarrierInactive { code } => state(&format!("the carrier {code} is not in use")),
        Refusal::NoSuchService { code } => invalid(&format!("the carrier {code} has no such service")),
        Refusal::NumberOdd { pattern } => {
            invalid(&format!("a number like {pattern} is expected, where # is a digit, @ a letter and * either of them"))
        }
    }
}
