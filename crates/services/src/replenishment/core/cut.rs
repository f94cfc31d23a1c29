//! Cuts of units on order that are not needed any more, on lines that their suppliers still allow
//! to be cut.

use std::{borrow::Cow, cmp::Reverse};

use entity::prelude::*;
use forecast::reorder::Levels;
use platform::plurals::pluralize;

use super::{
    line::{LineKind, PlanLine},
    policy::Rule,
    product::{Basis, LevelState, OpenLine, ProductState},
    proposed_line::line_of,
    reason::{Reason, ReasonCode, format_units},
    risk::{missed_units, overstock, stockout},
    target::{Target, retained_units, target},
};

/// The inverse of the smallest share of a line's open units that is worth a message to the
/// supplier.
const MIN_SHARE: i64 = 4;

impl OpenLine {
    /// Whether its supplier takes a cut today. Without a day only one that takes it until the delivery does.
    fn is_cancellable(&self, basis: &Basis) -> bool {
        let Some(days) = basis.terms.cancel_days(self.supplier) else { return false };
        self.expected_on.map_or(days == 0, |on| on.saturating_sub(basis.today) >= days)
    }

    /// Returns the units to cut if `surplus` units are not needed: the whole line, or whole packs
    /// that leave at least the supplier's minimum order.
    fn units_to_cut(&self, product: &ProductState, surplus: i64) -> i64 {
        let surplus = surplus.min(self.open);
        if surplus == self.open && self.received == 0 {
            return surplus;
        }
        let supply = product.supply.as_ref().filter(|supply| supply.supplier == self.supplier);
        let (pack, minimum) = supply.map_or((1, 0), |supply| (supply.pack_size.get().max(1), supply.minimum_order.get()));
        let max_units = surplus.min(self.ordered.saturating_sub(minimum.max(self.received)));
        let units = max_units - max_units.rem_euclid(pack);
        if units > 0 && units.saturating_mul(MIN_SHARE) >= self.open { units } else { 0 }
    }
}

/// The lines that cut open purchase orders beyond the need of a store, the latest delivery first.
/// Units that lines of the plan or drafts of transfers take from a store are already subtracted.
pub(super) fn propose_cuts(basis: &Basis, product: &ProductState, planned_lines: &[PlanLine]) -> Vec<PlanLine> {
    let mut lines = Vec::new();
    for level in product.levels.iter().filter(|level| level.is_asked && level.incoming > 0 && has_known_need(level)) {
        let is_own = |line: &&OpenLine| line.store == level.store && line.is_cancellable(basis);
        let mut open: Vec<&OpenLine> = product.open_lines.iter().filter(is_own).collect();
        if open.is_empty() {
            continue;
        }
        let Some(kept_units) = retained_units(basis, product, level) else { continue };
        open.sort_by_key(|line| (Reverse(line.expected_on), line.order, line.position));
        let given_units =
            planned_lines.iter().filter(|line| line.kind.source_store() == Some(level.store)).map(|line| line.quantity);
        // Drafts of orders can be discarded freely. Units of drafts of transfers are subtracted:
        // they are not ordered again.
        let available_units = level.position().saturating_sub(level.drafted).saturating_sub(level.leaving);
        let available_units = given_units.fold(available_units, i64::saturating_sub);
        let mut surplus = available_units.saturating_sub(kept_units);
        for open_line in open {
            let units = open_line.units_to_cut(product, surplus);
            if units > 0 {
                surplus -= units;
                lines.extend(cut_line(
                    basis,
                    product,
                    (level, open_line),
                    (units, kept_units, surplus.saturating_add(kept_units)),
                ));
            }
        }
    }
    lines
}

/// Whether the need of the level is known: orders of a new product that has not sold yet are not
/// cut.
fn has_known_need(level: &LevelState) -> bool {
    let is_forecast = |status: ForecastStatus| !matches!(status, ForecastStatus::New | ForecastStatus::TooLittle);
    level.demand.as_ref().is_some_and(|demand| is_forecast(demand.status))
        || level.maximum.or(level.reorder_point).is_some()
        || level.is_liquidated
}

/// The line of one cut that leaves `remaining_units` units.
fn cut_line(
    basis: &Basis,
    product: &ProductState,
    (level, open): (&LevelState, &OpenLine),
    (units, kept_units, remaining_units): (i64, i64, i64),
) -> Option<PlanLine> {
    let need = target(basis, product, level).unwrap_or(Target {
        level,
        rule: Rule::DEFAULT,
        policy: None,
        service: None,
        leads: Cow::Borrowed(&product.leads),
        levels: Levels::NOT_STOCKED,
        reasons: Vec::new(),
    });
    let OpenLine { supplier, order, position, ordered, .. } = *open;
    let kind = LineKind::CancelIncoming { supplier, order, position, ordered };
    let mut line = line_of(basis, product, &need, kind, units);
    line.cost = open.unit_cost.times(Quantity::new(units)?, product.decimals);
    let after = LevelState { incoming: level.incoming.saturating_sub(units), ..level.clone() };
    (line.figures.needed, line.figures.at_risk) = (0, missed_units(basis, product, &after));
    (line.figures.stockout, line.figures.overstock) = (stockout(basis, product, &after), overstock(basis, &after, 0));
    line.reasons = vec![excess_reason(product, &line, (kept_units, remaining_units))];
    Some(line)
}

fn excess_reason(product: &ProductState, line: &PlanLine, (kept_units, remaining_units): (i64, i64)) -> Reason {
    let units = |units: i64| format_units(units, product.decimals);
    let weeks = remaining_units as f64 / line.figures.weekly;
    let lasts = weeks.is_finite().then(|| format!(" for {}", pluralize(format!("{weeks:.0}"), "week", "weeks")));
    let lasts = lasts.unwrap_or_default();
    let (position, cut_units) = (line.figures.position, line.quantity);
    let text = format!(
        "the position is {} and {} are kept: without {} of the order {} are left{lasts}",
        units(position),
        units(kept_units),
        units(cut_units),
        units(remaining_units)
    );
    let mut numbers = vec![
        ("position", position as f64),
        ("kept", kept_units as f64),
        ("cut", cut_units as f64),
        ("left", remaining_units as f64),
    ];
    if weeks.is_finite() {
        numbers.push(("weeks", weeks));
    }
    Reason::new(ReasonCode::NotNeeded, text, &numbers)
}
