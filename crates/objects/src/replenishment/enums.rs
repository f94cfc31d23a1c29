//! GraphQL enums of replenishment.

use async_graphql::Enum;
use entity::prelude;
use services::replenishment::core;

use crate::reports::XyzClass;

/// Rule by which stock is filled up. L is the lead time, Q the demand that a lead time stays within with the promised chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ReplenishmentPolicyKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReplenishmentPolicyKind {
    /// Order at or below the level's own reorder point, up to its maximum, or by 14 days of demand
    /// when it has none.
    MinMax,
    /// Order at or below Q(L), up to Q(L) and the days to cover, or the economic lot if that is
    /// more.
    ReorderPoint,
    /// Order on review days, up to Q(L and review).
    Periodic,
    /// Reorder point with the service level of the product's class: A 98, 97, 95 %, B 95, 95, 90 %,
    /// C 90, 90, 85 %, for X, Y and Z.
    Service,
    /// Order at or below the mean demand over L and safety days, up to that over L and target days.
    TargetDays,
}

/// Method by which stock is found that keeps what a policy promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::SafetyStockMethod", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SafetyStockMethod {
    /// Share of order cycles without running out, by the measured errors of forecasts over the
    /// lead time, corrected by class where simulations gave another share.
    Quantile,
    /// Share of order cycles without running out, by normal theory: mean + z × √(L σ² + mean² σ_L²),
    /// with the deviations of weekly demand and of the lead time.
    Normal,
    /// Share of units met from stock, by the expected shortage of an order.
    FillRate,
}

/// Status of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ReplenishmentPlanState", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReplenishmentPlanStatus {
    /// No line is approved.
    Draft,
    /// Some lines are approved, others open.
    Partly,
    /// Lines are approved and none is open.
    Approved,
    /// Each draft that was made of it is ordered, sent or called off.
    Executed,
    /// A newer plan took its place.
    Superseded,
}

/// Outcome of a proposal by the day on which its delivery was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ReplenishmentOutcome", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReplenishmentOutcome {
    /// Ordered or sent as proposed.
    Accepted,
    /// Ordered or sent with another quantity.
    Changed,
    /// Proposal was not approved, or it was called off.
    Refused,
}

/// Kind of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ReplenishmentLineKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReplenishmentLineKind {
    /// Move stock that another store does not need.
    Transfer,
    /// Buy it.
    Purchase,
    /// Cut or cancel a line of a purchase order whose units are not needed any more.
    CancelIncoming,
}

/// Status of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ReplenishmentLineState", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReplenishmentLineStatus {
    /// The line was not approved yet.
    Open,
    /// Approved; its draft is being made.
    Claimed,
    /// The line is approved and in a draft.
    Approved,
    /// The line cannot be approved, for the reason in `issue`.
    Refused,
    /// The budget does not cover the line, which can still be approved by its ID, or its order waits for the supplier's minimum.
    Cut,
}

/// Reason for which a line is REFUSED or CUT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ReplenishmentIssue", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReplenishmentIssue {
    /// Stock moved by more than a fifth of its quantity after the plan was made. Make another plan.
    Stale,
    /// No supplier of the product is known.
    NoSupplier,
    /// The draft was refused, as for a product that is archived by now.
    DraftRefused,
    /// Other lines save more margin for the money. The line can be approved by its ID.
    OverBudget,
    /// The price of the product is unknown, or in a currency other than the budget's.
    OtherCurrency,
    /// The order is below the supplier's minimum order value, and all of its lines can wait.
    BelowMinimum,
}

/// Subject of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "core::ReasonCode", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReplenishmentReasonCode {
    /// The position is at or below the point.
    BelowPoint,
    /// The day is a review day.
    ReviewDay,
    /// Open orders wait for the product.
    Owed,
    /// The product has no policy in the store.
    DefaultPolicy,
    /// Too few errors of forecasts are known for a chance.
    FewErrors,
    /// The forecast has no demand.
    NoForecast,
    /// The lead time is longer than any sum of forecasts that was checked.
    Extrapolated,
    /// The sales of a year are lower than the stock that the service level would need.
    CappedBySales,
    /// Service level was changed: in simulation another one than the promised gave the product's class what is promised.
    CorrectedService,
    /// The lead time is unknown.
    AssumedLead,
    /// Orders and deliveries wait for the days of the supplier's calendar.
    SupplierCalendar,
    /// Part of the quantity is in drafts already.
    InDrafts,
    /// Other stores send a part of the quantity first.
    MovedFirst,
    /// The supplier's minimum.
    Minimum,
    /// The product's shelf life is shorter than what is missing would last.
    ShelfLife,
    /// A lower price from a larger quantity on.
    PriceBreak,
    /// Whole packs.
    Pack,
    /// The pack lasts longer than half a year.
    LargePack,
    /// No supplier of the product is known.
    NoSupplier,
    /// A store has more stock than it needs.
    Surplus,
    /// A larger quantity, with which the order reaches the supplier's minimum order value.
    FilledUp,
    /// The order is below the supplier's minimum order value.
    BelowMinimum,
    /// Another store has some, and moving it would cost more than it saves.
    TransportTooDear,
    /// More is on order than the store keeps.
    NotNeeded,
    /// The product does not sell evenly over the week, so that the point is that of the day.
    Weekdays,
    /// The product sold on too few days of the last year to show how much a sale may ask for at the service level.
    FewSales,
    /// An approved plan of liquidation clears the stock, so that only owed units are replenished.
    Liquidated,
    /// The product is part of kits, which are forecast to sell.
    PartOfKits,
}

/// Reason for which a chosen line was not approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReplenishmentRefusalCode {
    /// The caller lacks purchase.write or transfer.write in its store. The line stays OPEN.
    Forbidden,
    /// Stock moved by more than a fifth of its quantity after the plan was made. The line is REFUSED.
    Stale,
    /// Other orders left too little of a budget. The line is CUT, and can be approved by its ID.
    OverBudget,
    /// The draft was refused, or the order that it cuts has changed. The line is REFUSED.
    DraftRefused,
}

/// An XYZ class as columns have it.
pub const fn xyz_word(class: XyzClass) -> prelude::XyzClass {
    match class {
        XyzClass::X => prelude::XyzClass::X,
        XyzClass::Y => prelude::XyzClass::Y,
        XyzClass::Z => prelude::XyzClass::Z,
    }
}

/// An XYZ class as clients see it.
pub const fn xyz_of(class: prelude::XyzClass) -> XyzClass {
    match class {
        prelude::XyzClass::X => XyzClass::X,
        prelude::XyzClass::Y => XyzClass::Y,
        prelude::XyzClass::Z => XyzClass::Z,
    }
}
