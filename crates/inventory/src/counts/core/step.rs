//! Steps of a count, with their input.

use std::collections::HashMap;

use entity::prelude::*;

use super::{
    count::{BookVisibility, CountedLot, LineKey},
    states::Action,
};
use crate::counts::events::{self, CountEvent, EventType};
use crate::stock::core::{LotChoice, LotName};

/// One step of one count.
#[derive(Debug, Clone)]
pub struct Steps {
    pub count: CountId,
    pub actor: Actor,
    /// Version that the caller expects.
    pub expected_version: Option<i64>,
    pub step: Step,
}

#[derive(Debug, Clone)]
pub enum Step {
    Create(NewCount),
    /// Starts the count with these lines, in addition to those that it was created with.
    Start(Vec<NewLine>),
    Record(Record),
    Submit(UncountedLines),
    /// Products to count again; None for all with a difference.
    Recount(Option<Vec<ProductId>>),
    Approve(Approval),
    Cancel(Option<String>),
}

impl Step {
    pub const fn action(&self) -> Option<Action> {
        match self {
            Self::Create(_) => None,
            Self::Start(_) => Some(Action::Start),
            Self::Record(_) => Some(Action::Record),
            Self::Submit(_) => Some(Action::Submit),
            Self::Recount(_) => Some(Action::Recount),
            Self::Approve(_) => Some(Action::Approve),
            Self::Cancel(_) => Some(Action::Cancel),
        }
    }
    /// Returns the kind of the step's event in the journal.
    pub(super) const fn event(&self) -> EventType<CountEvent> {
        match self {
            Self::Create(NewCount { begin: None, .. }) => events::COUNT_CREATED,
            Self::Create(_) | Self::Start(_) => events::COUNT_STARTED,
            Self::Record(_) => events::COUNT_RECORDED,
            Self::Submit(_) => events::COUNT_SUBMITTED,
            Self::Recount(_) => events::COUNT_RECOUNTED,
            Self::Approve(_) => events::COUNT_COMPLETED,
            Self::Cancel(_) => events::COUNT_CANCELLED,
        }
    }
    /// Whether all of the count's lines are needed to decide it.
    pub const fn needs_all_lines(&self) -> bool {
        matches!(self, Self::Approve(_) | Self::Recount(None))
    }
}

#[derive(Debug, Clone)]
pub struct NewCount {
    pub kind: CountKind,
    pub store: StoreId,
    pub category: Option<CategoryId>,
    pub class: Option<AbcClass>,
    pub sight: BookVisibility,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    /// Products of a LIST. Lots get their lines when the count is started.
    pub products: Vec<(ProductId, CountLineId)>,
    /// Data for the start; `None` if the count is not started at once.
    pub begin: Option<Begin>,
}

/// Lines of a count that is started in the call that creates it.
#[derive(Debug, Clone, Default)]
pub struct Begin {
    /// Lines of every kind but a LIST.
    pub lines: Vec<NewLine>,
    /// Lots in stock of the products of a LIST.
    pub lots: HashMap<ProductId, Vec<(CountLineId, CountedLot)>>,
}

/// A line of a count that starts, from the catalogue.
#[derive(Debug, Clone)]
pub struct NewLine {
    pub id: CountLineId,
    pub product: ProductId,
    /// A lot in stock; `None` if the product is not kept by lots or has none in stock.
    pub lot: Option<CountedLot>,
    pub sku: String,
    pub name: String,
    pub decimals: u8,
}

/// Handling of uncounted lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UncountedLines {
    Refuse,
    /// Stock of uncounted lines stays unchanged.
    Leave,
}

/// Tallies of one call.
#[derive(Debug, Clone)]
pub struct Record {
    /// None for now.
    pub counted_at: Option<Timestamp>,
    pub tallied: Vec<TallyLine>,
}

#[derive(Debug, Clone)]
pub struct TallyLine {
    pub product: ProductId,
    /// Lot, if stock is kept by lots; it may be one that has no row yet.
    pub lot: LotChoice,
    pub counted: Quantity,
    pub note: Option<String>,
    /// ID of a new line, if the product is not on the list.
    pub line: CountLineId,
}

/// Data of an approval.
#[derive(Debug, Clone)]
pub struct Approval {
    /// Value of differences above which the approver must not have counted; None for no limit.
    pub limit: Option<Money>,
    pub note: Option<String>,
    /// IDs of movements: one that makes room and one that posts, for each part.
    pub movements: Vec<[MovementId; 2]>,
    /// Names of the lots of lines, with the IDs that new ones get.
    pub lots: HashMap<LineKey, LotName>,
}
