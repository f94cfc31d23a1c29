//! Cuts of units on order that are not needed any more, on lines that their suppliers still allow
//! to be cut.

use std::{borrow::Cow, cmp::Reverse};

use entity::prelude::*;
use forecast::reorder::Levels;
use platform::plurals::counted;

use super::{
    line::{LineKind, PlanLine},
    policy::Rule,
    product::{Basis, LevelState, OpenLine, ProductState},
    proposed_line::line_of,
    reason::{Reason, ReasonCode, format_units},
    risk::{missed, overstock, stockout},
    target::{Target, kept, target},
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

    /// Returns the units to cut if `spare` units are not needed: the whole line, or whole packs
    /// that leave at least the supplier's minimum order.
    fn cut(&self, product: &ProductState, spare: i64) -> i64 {
        let spare = spare.min(self.open);
        if spare == self.open && self.received == 0 {
            return spare;
        }
        let supply = product.supply.as_ref().filter(|supply| supply.supplier == self.supplier);
        let (pack, minimum) = supply.map_or((1, 0), |supply| (supply.pack_size.get().max(1), supply.minimum_order.get()));
        let most = spare.min(self.ordered.saturating_sub(minimum.max(self.received)));
        let units = most - most.rem_euclid(pack);
        if units > 0 && units.saturating_mul(MIN_SHARE) >= self.open { units } else { 0 }
    }
}

/// The lines that cut open purchase orders beyond the need of a store, the latest delivery first.
/// Units that lines of the plan or drafts of transfers take from a store are already subtracted.
pub(super) fn propose_cuts(basis: &Basis, product: &ProductState, planned: &[PlanLine]) -> Vec<PlanLine> {
    let mut lines = Vec::new();
    for level in product.levels.iter().filter(|level| level.is_asked && level.incoming > 0 && is_known(level)) {
        let is_own = |line: &&OpenLine| line.store == level.store && line.is_cancellable(basis);
        let mut open: Vec<&OpenLine> = product.open_lines.iter().filter(is_own).collect();
        if open.is_empty() {
            continue;
        }
        let Some(keeps) = kept(basis, product, level) else { continue };
        open.sort_by_key(|line| (Reverse(line.expected_on), line.order, line.position));
        let given = planned.iter().filter(|line| line.kind.giver() == Some(level.store)).map(|line| line.quantity);
        // Drafts of orders can be discarded freely. Units of drafts of transfers are subtracted:
        // they are not ordered again.
        let there = level.position().saturating_sub(level.drafted).saturating_sub(level.leaving);
        let there = given.fold(there, i64::saturating_sub);
        let mut spare = there.saturating_sub(keeps);
        for one in open {
            let units = one.cut(product, spare);
            if units > 0 {
                spare -= units;
                lines.extend(line(basis, product, (level, one), (units, keeps, spare.saturating_add(keeps))));
            }
        }
    }
    lines
}

/// Whether the need of the level is known: orders of a new product that has not sold yet are not
/// cut.
fn is_known(level: &LevelState) -> bool {
    let is_forecast = |status: ForecastStatus| !matches!(status, ForecastStatus::New | ForecastStatus::TooLittle);
    level.demand.as_ref().is_some_and(|demand| is_forecast(demand.status)) || level.maximum.or(level.reorder_point).is_some()
}

/// The line of one cut that leaves `left` units.
fn line(
    basis: &Basis,
    product: &ProductState,
    (level, open): (&LevelState, &OpenLine),
    (units, kept, left): (i64, i64, i64),
) -> Option<PlanLine> {
    let need = target(basis, product, level).unwrap_or(Target {
        level,
        rule: Rule::DEFAULT,
        policy: None,
        service: None,
        leads: Cow::Borrowed(&product.leads),
        levels: Levels::NOTHING,
        reasons: Vec::new(),
    });
    let OpenLine { supplier, order, position, ordered, .. } = *open;
    let kind = LineKind::CancelIncoming { supplier, order, position, ordered };
    let mut line = line_of(basis, product, &need, kind, units);
    line.cost = open.unit_cost.times(Quantity::new(units)?, product.decimals);
    let after = LevelState { incoming: level.incoming.saturating_sub(units), ..level.clone() };
    (line.figures.needed, line.figures.at_risk) = (0, missed(basis, product, &after));
    (line.figures.stockout, line.figures.overstock) = (stockout(basis, product, &after), overstock(basis, &after, 0));
    line.reasons = vec![excess_reason(product, &line, (kept, left))];
    Some(line)
}

fn excess_reason(product: &ProductState, line: &PlanLine, (kept, left): (i64, i64)) -> Reason {
    let units = |units: i64| format_units(units, product.decimals);
    let weeks = left as f64 / line.figures.weekly;
    let lasts = weeks.is_finite().then(|| format!(" for {}", counted(format!("{weeks:.0}"), "week", "weeks")));
    let lasts = lasts.unwrap_or_default();
    let (position, cut) = (line.figures.position, line.quantity);
    let text = format!(
        "the position is {} and {} are kept: without {} of the order {} are left{lasts}",
        units(position),
        units(kept),
        units(cut),
        units(left)
    );
    let mut numbers = vec![("position", position as f64), ("kept", kept as f64), ("cut", cut as f64), ("left", left as f64)];
    if weeks.is_finite() {
        numbers.push(("weeks", weeks));
    }
    Reason::new(ReasonCode::NotNeeded, text, &numbers)
}
