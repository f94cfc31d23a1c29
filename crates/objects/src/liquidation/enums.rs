//! GraphQL enums of liquidation.

use async_graphql::Enum;
use entity::prelude;
use services::liquidation::core;

/// Action on dead or slow stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::LiquidationAction", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum LiquidationAction {
    /// Keep the stock at its price. No plan has a line for this.
    Keep,
    /// Remove the units from stock.
    WriteOff,
    /// Send the units back to their supplier.
    Return,
    /// Move the units to a store that sells them.
    Transfer,
    /// Sell the product in a kit with another one, at one price.
    Bundle,
    /// Cut the price in steps, in all stores.
    Markdown,
}

/// Status of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::LiquidationPlanState", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum LiquidationPlanStatus {
    /// No line is approved.
    Draft,
    /// Some lines are approved, others proposed.
    Partly,
    /// No line is proposed any more, and some are under way.
    Approved,
    /// All approved lines are done.
    Done,
    /// A newer plan took its place before a line was approved.
    Superseded,
}

/// Status of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::LiquidationLineState", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum LiquidationLineStatus {
    /// The line was not approved yet.
    Proposed,
    /// The line is approved and is being carried out.
    Claimed,
    /// The transfer, bundle or markdown is under way, and is followed until its last day.
    Approved,
    /// The line is carried out, and its last day is over.
    Done,
    /// The line cannot be approved, for the reason in `issue`.
    Refused,
}

/// History that shows how sales answer a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "core::ResponseSource", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum PriceResponseSource {
    /// The product's own, of three prices or more.
    Own,
    /// Histories of other products of its category, with the own where it has two prices.
    Category,
    /// Neither shows any: elasticities of 1, 2 and 3 are assumed.
    None,
}

/// Reason for which a line is REFUSED.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::LiquidationIssue", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum LiquidationIssue {
    /// Fewer units are free than the line is about, or of a markdown or bundle none. Make another plan.
    Stale,
    /// The transfer, return, removal, kit or price was refused, as for an archived product.
    Refused,
}

/// Recovery of a line until its last day, compared with what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::LiquidationOutcome", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum LiquidationOutcome {
    /// Outcome is less than the lower bound.
    Below,
    /// Outcome is between the bounds, both included.
    Within,
    /// Outcome is more than the upper bound.
    Above,
}

/// Subject of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "core::ReasonCode", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum LiquidationReasonCode {
    /// The product was not sold for longer than the criteria allow.
    NoSale,
    /// The units last longer than the criteria allow.
    LongSupply,
    /// Fewer units a month are sold than the criteria ask for.
    SlowVelocity,
    /// Half of the units expire before they are sold.
    Expires,
    /// No unit was sold lately: demand is taken as half a unit in the weeks of silence.
    NoDemandSeen,
    /// The product has no price in the company's currency.
    NoPrice,
    /// No cost is known.
    NoCost,
    /// Other stores sell the product at its price, so that no markdown is proposed.
    SellsElsewhere,
    /// A plan that is under way cuts the product's price.
    UnderWay,
    /// The own history shows how sales answer a price, or other products of the category do.
    ResponseShown,
    /// Neither the product's history nor the category's shows a price response, and elasticities of 1, 2 and 3 are assumed.
    ResponseNotShown,
    /// Another product of the bundle is named, and what a bundle sells is assumed.
    BundleAssumed,
    /// Units will be left.
    UnitsRemain,
}

/// Reason for which a chosen line was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum LiquidationRefusalCode {
    /// The caller lacks the permission that the line's action needs. The line stays as it is.
    Forbidden,
    /// Fewer units are free than the line is about, or of a markdown or bundle none. The line is REFUSED.
    Stale,
    /// The part of the system that carries out the action refused it.
    Refused,
}
