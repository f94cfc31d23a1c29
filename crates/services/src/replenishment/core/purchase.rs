//! Purchase of the units still missing after transfers: the crate's steps from need to whole packs.

use entity::prelude::*;
use forecast::reorder::{Position, PriceBreak, Proposal, Shelf, SupplierPrices, Terms, propose, sellable_units};
use platform::plurals::pluralize;

use super::{
    headroom::Headroom,
    line::{LineKind, LineState, PlanLine},
    product::{Basis, ProductState},
    proposed_line::line_of,
    reason::{Reason, ReasonCode, format_units},
    risk::{HalfYear, missed_units},
    target::{HOLDING_COST_RATE, Target},
};

/// Weeks of demand from which a pack is reported as large.
const LONG_WEEKS: f64 = 26.0;

/// The line that buys the units that are still missing; None if none are, or if no order is due
/// after the transfers.
pub(super) fn purchase(basis: &Basis, product: &ProductState, need: &Target<'_>, moved_units: i64) -> Option<PlanLine> {
    let (level, supply) = (need.level, product.supply.as_ref());
    let demand = basis.demand(level);
    let breaks: Vec<PriceBreak> = supply
        .into_iter()
        .flat_map(|supply| &supply.breaks)
        .map(|price_break| PriceBreak { from_quantity: price_break.from.get(), unit_cost: price_break.minor })
        .collect();
    let terms = Terms {
        minimum: supply.map_or(0, |supply| supply.minimum_order.get()),
        pack: supply.map_or(1, |supply| supply.pack_size.get()),
        breaks: supply.filter(|supply| !supply.breaks.is_empty()).map(|supply| SupplierPrices {
            unit_cost: supply.unit_cost.minor,
            breaks: &breaks,
            holding_rate: HOLDING_COST_RATE,
            weekly_demand: demand.mean(1.0),
        }),
        // Stock on hand came earlier, and is sold earlier.
        shelf: product.sellable_days.map(|sellable_days| Shelf { sellable_days, later_stock: 0 }),
    };
    let position = Position {
        available: level.available,
        incoming: level.incoming.saturating_add(level.drafted),
        in_transit: level.in_transit.saturating_add(moved_units),
        backordered: level.owed,
    };
    let proposal = propose(&need.levels, position, &terms, &demand)?;
    Quantity::new(proposal.quantity)?;
    let mut line = line_of(basis, product, need, LineKind::Purchase { supplier: product.supplier }, proposal.quantity);
    line.figures.moved = moved_units;
    (line.figures.needed, line.figures.after_break) = (proposal.needed, proposal.after_break);
    let missing = proposal.up_to.saturating_sub(proposal.position);
    let steps = extra_quantity_reasons(product, &line, (missing, moved_units), &terms);
    line.reasons.extend(shelf_life(product, &proposal));
    line.reasons.extend(steps);
    if product.supplier.is_none() {
        line.state = LineState::Refused(ReplenishmentIssue::NoSupplier);
        let text = "it has no supplier: give the product one".to_owned();
        line.reasons.push(Reason::new(ReasonCode::NoSupplier, text, &[]));
    }
    line.headroom = Some(Box::new(headroom(basis, product, need, (moved_units, terms.shelf))));
    line.buy(proposal.quantity);
    Some(line)
}

/// Returns the limits within which the line may be raised for the sake of its order: no more than
/// half a year of demand, unless units are missing.
fn headroom(basis: &Basis, product: &ProductState, need: &Target<'_>, (moved_units, shelf): (i64, Option<Shelf>)) -> Headroom {
    let (level, demand) = (need.level, basis.demand(need.level));
    let position = level.position().saturating_add(moved_units);
    let half_year = demand.mean(LONG_WEEKS).floor() as i64;
    let room = level.maximum.map_or(half_year, |maximum| maximum.min(half_year)).saturating_sub(position);
    // Until the arrival of an order of the next plan.
    let weeks_to_arrival = product.leads.days_to_arrival(basis.today, need.rule.review_interval_days()) / 7.0;
    Headroom {
        decimals: product.decimals,
        pack: product.supply.as_ref().map_or(1, |supply| supply.pack_size.get()),
        most: shelf.and_then(|shelf| sellable_units(&shelf, &demand)).map_or(room, |sold| room.min(sold)),
        missed: missed_units(basis, product, level),
        is_last_day: position <= 0 || (position as f64) < demand.mean(weeks_to_arrival),
        price: product.price,
        cost: product.cost,
        supply: product.supply.clone(),
        position,
        half_year: HalfYear::of(basis, level),
    }
}

/// Returns the reason for a quantity below the need.
fn shelf_life(product: &ProductState, proposal: &Proposal) -> Option<Reason> {
    let days = product.sellable_days.filter(|_| proposal.after_shelf < proposal.needed)?;
    let (needed, sold) = (format_units(proposal.needed, product.decimals), format_units(proposal.after_shelf, product.decimals));
    let term = pluralize(format!("{days:.0}"), "day", "days");
    let text = format!("{needed} are needed; {sold} sell in the {term} before they expire");
    let numbers = [("needed", proposal.needed as f64), ("sellableDays", days), ("sold", proposal.after_shelf as f64)];
    Some(Reason::new(ReasonCode::ShelfLife, text, &numbers))
}

/// Returns the reasons for a quantity above the missing units.
fn extra_quantity_reasons(
    product: &ProductState,
    line: &PlanLine,
    (missing, moved_units): (i64, i64),
    terms: &Terms<'_>,
) -> Vec<Reason> {
    let units = |units: i64| format_units(units, product.decimals);
    let mut reasons = Vec::new();
    if moved_units > 0 {
        let text = format!("{} are moved from other stores first", units(moved_units));
        reasons.push(Reason::new(ReasonCode::MovedFirst, text, &[("moved", moved_units as f64)]));
    }
    let figures = &line.figures;
    if figures.needed > missing {
        let text = format!("{} are missing; the supplier delivers at least {}", units(missing), units(terms.minimum));
        reasons.push(Reason::new(ReasonCode::Minimum, text, &[("missing", missing as f64), ("minimum", terms.minimum as f64)]));
    }
    if figures.after_break > figures.needed {
        let text = format!("from {} on the price is lower by more than holding the rest costs", units(figures.after_break));
        reasons.push(Reason::new(ReasonCode::PriceBreak, text, &[("fromQuantity", figures.after_break as f64)]));
    }
    if line.quantity > figures.after_break {
        let text = format!("{} become {} in packs of {}", units(figures.after_break), units(line.quantity), units(terms.pack));
        let numbers = [("needed", figures.after_break as f64), ("pack", terms.pack as f64)];
        reasons.push(Reason::new(ReasonCode::Pack, text, &numbers));
    }
    let weeks = if figures.weekly > 0.0 { line.quantity as f64 / figures.weekly } else { f64::INFINITY };
    if line.quantity > missing && weeks > LONG_WEEKS {
        let text = format!("{} last longer than half a year: see whether a smaller pack can be had", units(line.quantity));
        let numbers: &[(&str, f64)] = if weeks.is_finite() { &[("weeks", weeks)] } else { &[] };
        reasons.push(Reason::new(ReasonCode::LargePack, text, numbers));
    }
    reasons
}
