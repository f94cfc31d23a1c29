//! A count as the rules see it.

use entity::prelude::*;

use super::refusal::Refusal;
use crate::ledger::DocumentNumber;
use crate::stock::core::{At, Field, Noun, Rejection, RoomRefusal};

/// Whether those who count see the book quantities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookVisibility {
    Blind,
    Open,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    pub id: CountId,
    pub number: DocumentNumber,
    pub selection: Selection,
    pub state: CountState,
    pub store: StoreId,
    pub sight: BookVisibility,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub actor: Actor,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Selection of the store's products that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    Full,
    Category(CategoryId),
    Cycle(AbcClass),
    /// The products that the count was created with.
    List,
}

impl Selection {
    pub const fn kind(self) -> CountKind {
        match self {
            Self::Full => CountKind::Full,
            Self::Category(_) => CountKind::Category,
            Self::Cycle(_) => CountKind::Cycle,
            Self::List => CountKind::List,
        }
    }
    pub const fn category(self) -> Option<CategoryId> {
        if let Self::Category(category) = self { Some(category) } else { None }
    }
    pub const fn class(self) -> Option<AbcClass> {
        if let Self::Cycle(class) = self { Some(class) } else { None }
    }
}

/// State of a count, with the data that it has in this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountState {
    Active(Stage),
    /// Approved and posted.
    Completed {
        started_at: Timestamp,
        submitted_at: Timestamp,
        completed_at: Timestamp,
        approver: Actor,
    },
    /// Cancelled at this stage.
    Cancelled(Stage),
}

/// Stage of a count that has posted nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Open,
    Counting { started_at: Timestamp },
    Review { started_at: Timestamp, submitted_at: Timestamp },
}

impl CountState {
    /// Whether it has been started and has not ended.
    pub const fn is_under_way(self) -> bool {
        matches!(self.status(), CountStatus::Counting | CountStatus::Review)
    }
    pub const fn status(self) -> CountStatus {
        match self {
            Self::Active(Stage::Open) => CountStatus::Open,
            Self::Active(Stage::Counting { .. }) => CountStatus::Counting,
            Self::Active(Stage::Review { .. }) => CountStatus::Review,
            Self::Completed { .. } => CountStatus::Completed,
            Self::Cancelled(_) => CountStatus::Cancelled,
        }
    }
    pub const fn started_at(self) -> Option<Timestamp> {
        match self {
            Self::Completed { started_at, .. } => Some(started_at),
            Self::Active(stage) | Self::Cancelled(stage) => match stage {
                Stage::Open => None,
                Stage::Counting { started_at } | Stage::Review { started_at, .. } => Some(started_at),
            },
        }
    }
    pub const fn submitted_at(self) -> Option<Timestamp> {
        match self {
            Self::Completed { submitted_at, .. }
            | Self::Active(Stage::Review { submitted_at, .. })
            | Self::Cancelled(Stage::Review { submitted_at, .. }) => Some(submitted_at),
            Self::Active(_) | Self::Cancelled(_) => None,
        }
    }
    pub const fn completed_at(self) -> Option<Timestamp> {
        if let Self::Completed { completed_at, .. } = self { Some(completed_at) } else { None }
    }
    pub const fn approver(self) -> Option<Actor> {
        if let Self::Completed { approver, .. } = self { Some(approver) } else { None }
    }
}

/// Key of a line: a product, and the lot if the product's stock is kept by lots.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKey {
    pub product: ProductId,
    /// The lot's code in the form that is unique in the product. Empty if stock is not kept by lots, and for stock of a product without any lot.
    pub lot: String,
}

impl LineKey {
    /// Returns the key of a product without a lot.
    pub fn of(product: ProductId) -> Self {
        Self { product, lot: String::new() }
    }
    pub fn is_of_a_lot(&self) -> bool {
        !self.lot.is_empty()
    }
}

/// The lot of a line. A lot that is not on the books has only a name here, and is created when the count is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedLot {
    pub id: Option<LotId>,
    pub code: String,
    /// The code in the form that is unique in the product.
    pub key: String,
    /// The dates of a lot that is not on the books.
    pub made_on: Option<i32>,
    pub expires_on: Option<i32>,
}

impl CountedLot {
    /// A lot that is on the books.
    pub fn from_books(id: LotId, code: &str, key: &str) -> Self {
        Self { id: Some(id), code: code.to_owned(), key: key.to_owned(), made_on: None, expires_on: None }
    }
}

/// Line of a count, for a product or one of its lots. A product that is kept by lots and has none in stock has a line without a lot, which only
/// records that the stock was empty; if it was not counted, it is removed when a lot of the product gets a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: CountLineId,
    pub product: ProductId,
    pub lot: Option<CountedLot>,
    /// SKU and name, as they were when the line was created.
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    /// Whether it was on the list, or only found.
    pub expected: LineOrigin,
    pub state: LineState,
}

/// State of a line, with its finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineState {
    Uncounted,
    Counted(Finding),
    /// The line must be counted again: its last finding is not accepted.
    Recount(Finding),
    /// The approved count posted this difference.
    Posted(Finding, i64),
    /// The posting was reversed at this moment.
    Reversed(Finding, i64, Timestamp),
}

/// Result of counting a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// Number of times that the line was counted.
    pub attempts: i64,
    /// The last tally.
    pub tally: Tally,
    /// For one whole unit, when it was counted last.
    pub unit_cost: Option<Money>,
}

impl LineState {
    pub const fn status(self) -> CountLineState {
        match self {
            Self::Uncounted => CountLineState::Uncounted,
            Self::Counted(_) | Self::Posted(..) | Self::Reversed(..) => CountLineState::Counted,
            Self::Recount(_) => CountLineState::Recount,
        }
    }
    pub const fn finding(self) -> Option<Finding> {
        match self {
            Self::Uncounted => None,
            Self::Counted(finding) | Self::Recount(finding) | Self::Posted(finding, _) | Self::Reversed(finding, ..) => {
                Some(finding)
            }
        }
    }
    /// Returns the difference that the line posted, also if it was reversed.
    pub const fn posted_difference(self) -> Option<i64> {
        match self {
            Self::Posted(_, difference) | Self::Reversed(_, difference, _) => Some(difference),
            Self::Uncounted | Self::Counted(_) | Self::Recount(_) => None,
        }
    }
    /// Returns the time at which the line's difference was reversed.
    pub const fn reversed_at(self) -> Option<Timestamp> {
        if let Self::Reversed(_, _, at) = self { Some(at) } else { None }
    }
    /// Returns the number of times that the line was counted.
    pub fn attempts(self) -> i64 {
        self.finding().map_or(0, |finding| finding.attempts)
    }
    /// Returns the last tally.
    pub fn tally(self) -> Option<Tally> {
        self.finding().map(|finding| finding.tally)
    }
    /// Whether it is still to be counted.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Uncounted | Self::Recount(_))
    }
}

impl Line {
    pub fn key(&self) -> LineKey {
        LineKey { product: self.product, lot: self.lot.as_ref().map(|lot| lot.key.clone()).unwrap_or_default() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineOrigin {
    Listed,
    Found,
}

/// Counted quantity, and the book quantity at that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub counted: Quantity,
    pub counted_at: Timestamp,
    /// On hand of the product or lot at `counted_at`, as it was known when the tally was recorded;
    /// below 0 if a removal was dated before its receipt.
    pub book: i64,
    /// The level's version when the tally was recorded: movements that were recorded after it and happened before `counted_at` are added to `book`.
    pub book_version: i64,
}

/// One attempt at counting a line; kept for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountAttempt {
    pub of: LineKey,
    pub attempt: i64,
    pub tally: Tally,
    pub actor: Actor,
    pub note: Option<String>,
}

impl Count {
    pub const fn status(&self) -> CountStatus {
        self.state.status()
    }
    pub fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
    }
    /// Checks the version that the caller saw.
    pub fn expect(&self, version: Option<i64>) -> Result<(), Rejection> {
        match version {
            Some(expected) if expected != self.version => Err(Rejection::stale(Noun::Count, self.id.uuid(), self.version)),
            _ => Ok(()),
        }
    }
}

/// The refusal of a step that the count's state does not allow.
pub(super) fn state_rejection(count: &Count) -> Rejection {
    Refusal::Status(count.status()).at(At::input(Field::Id))
}
