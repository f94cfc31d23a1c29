//! Purchase of the units still missing after transfers: the crate's steps from need to whole packs.

use entity::prelude::*;
use forecast::reorder::{Position, PriceBreak, Proposal, Shelf, SupplierPrices, Terms, propose, sells_in_time};
use platform::plurals::counted;

use super::{
    headroom::Headroom,
    line::{LineKind, LineState, PlanLine},
    product::{Basis, ProductState},
    proposed_line::line_of,
    reason::{Reason, ReasonCode, format_units},
    risk::{HalfYear, missed},
    target::{HOLDING_COST_RATE, Target},
};

/// Weeks of demand from which a pack is reported as large.
const LONG_WEEKS: f64 = 26.0;

/// The line that buys the units that are still missing; None if none are, or if no order is due
/// after the transfers.
pub(super) fn purchase(basis: &Basis, product: &ProductState, need: &Target<'_>, moved: i64) -> Option<PlanLine> {
    let (level, supply) = (need.level, product.supply.as_ref());
    let demand = basis.demand(level);
    let breaks: Vec<PriceBreak> = supply
        .into_iter()
        .flat_map(|supply| &supply.breaks)
        .map(|one| PriceBreak { from_quantity: one.from.get(), unit_cost: one.minor })
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
        in_transit: level.in_transit.saturating_add(moved),
        backordered: level.owed,
    };
    let found = propose(&need.levels, position, &terms, &demand)?;
    Quantity::new(found.quantity)?;
    let mut line = line_of(basis, product, need, LineKind::Purchase { supplier: product.supplier }, found.quantity);
    line.figures.moved = moved;
    (line.figures.needed, line.figures.after_break) = (found.needed, found.after_break);
    let missing = found.up_to.saturating_sub(found.position);
    let steps = steps(product, &line, (missing, moved), &terms);
    line.reasons.extend(shelf_life(product, &found));
    line.reasons.extend(steps);
    if product.supplier.is_none() {
        line.state = LineState::Refused(ReplenishmentIssue::NoSupplier);
        let text = "it has no supplier: give the product one".to_owned();
        line.reasons.push(Reason::new(ReasonCode::NoSupplier, text, &[]));
    }
    line.headroom = Some(Box::new(headroom(basis, product, need, (moved, terms.shelf))));
    line.buy(found.quantity);
    Some(line)
}

/// Returns the limits within which the line may be raised for the sake of its order: no more than
/// half a year of demand, unless units are missing.
fn headroom(basis: &Basis, product: &ProductState, need: &Target<'_>, (moved, shelf): (i64, Option<Shelf>)) -> Headroom {
    let (level, demand) = (need.level, basis.demand(need.level));
    let position = level.position().saturating_add(moved);
    let half_year = demand.mean(LONG_WEEKS).floor() as i64;
    let place = level.maximum.map_or(half_year, |maximum| maximum.min(half_year)).saturating_sub(position);
    // Until the arrival of an order of the next plan.
    let late = product.leads.days_to_arrival(basis.today, need.rule.chance_days()) / 7.0;
    Headroom {
        decimals: product.decimals,
        pack: product.supply.as_ref().map_or(1, |supply| supply.pack_size.get()),
        most: shelf.and_then(|shelf| sells_in_time(&shelf, &demand)).map_or(place, |sold| place.min(sold)),
        missed: missed(basis, product, level),
        is_last_day: position <= 0 || (position as f64) < demand.mean(late),
        price: product.price,
        cost: product.cost,
        supply: product.supply.clone(),
        position,
        half_year: HalfYear::of(basis, level),
    }
}

/// Returns the reason for a quantity below the need.
fn shelf_life(product: &ProductState, found: &Proposal) -> Option<Reason> {
    let days = product.sellable_days.filter(|_| found.after_shelf < found.needed)?;
    let (needed, sold) = (format_units(found.needed, product.decimals), format_units(found.after_shelf, product.decimals));
    let term = counted(format!("{days:.0}"), "day", "days");
    let text = format!("{needed} are needed; {sold} sell in the {term} before they expire");
    let numbers = [("needed", found.needed as f64), ("sellableDays", days), ("sold", found.after_shelf as f64)];
    Some(Reason::new(ReasonCode::ShelfLife, text, &numbers))
}

/// Returns the reasons for a quantity above the missing units.
fn steps(product: &ProductState, line: &PlanLine, (missing, moved): (i64, i64), terms: &Terms<'_>) -> Vec<Reason> {
    let units = |units: i64| format_units(units, product.decimals);
    let mut reasons = Vec::new();
    if moved > 0 {
        let text = format!("{} are moved from other stores first", units(moved));
        reasons.push(Reason::new(ReasonCode::MovedFirst, text, &[("moved", moved as f64)]));
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
