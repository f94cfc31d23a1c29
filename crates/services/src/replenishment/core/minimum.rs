//! Minimum order amounts of suppliers: an order below the minimum is filled up, or waits.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    budget_allocation::cut_over_budget,
    line::{LineState, PlanLine},
    purchase_budget::AvailableBudget,
    reason::{Reason, ReasonCode, format_units},
};

/// Maximum days beyond its reorder point for which a line is filled up.
const MAX_DAYS: i64 = 182;

/// Open purchases of a supplier for a store, in the currency of the supplier's minimum: one order,
/// once they are approved.
struct Group {
    minimum: Money,
    /// Places among the lines of the plan.
    lines: Vec<usize>,
}

/// Brings open purchases to the minimums of their suppliers and within the budgets. Orders are
/// filled up first; those that stay below their minimum wait, unless one of their lines cannot. The
/// part of an order that the budgets allow waits by the same rule, and is not filled up again.
pub fn fit_purchases(lines: &mut [PlanLine], minimums: &BTreeMap<SupplierId, Money>, available: &[AvailableBudget]) {
    fill_orders(lines, minimums);
    defer_small_orders(lines, minimums);
    if !available.is_empty() {
        cut_over_budget(lines, available);
        defer_small_orders(lines, minimums);
    }
    // Orders still below their supplier's minimum are placed all the same: they cannot wait.
    for group in groups(lines, minimums) {
        if group.is_short(lines) {
            let text =
                format!("its order is below the supplier's minimum of {}, and cannot wait for more", money_text(group.minimum));
            for index in &group.lines {
                lines[*index].reasons.push(below_minimum_reason(&group, text.clone()));
            }
        }
    }
}

fn groups(lines: &[PlanLine], minimums: &BTreeMap<SupplierId, Money>) -> Vec<Group> {
    let mut groups_by_key: BTreeMap<(SupplierId, StoreId), Group> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.state == LineState::Open) {
        let Some(supplier) = line.kind.supplier() else { continue };
        let Some(minimum) = minimums.get(&supplier).copied() else { continue };
        if line.cost.is_some_and(|cost| cost.currency == minimum.currency) {
            let group = groups_by_key.entry((supplier, line.store)).or_insert_with(|| Group { minimum, lines: Vec::new() });
            group.lines.push(index);
        }
    }
    groups_by_key.into_values().collect()
}

impl Group {
    fn is_short(&self, lines: &[PlanLine]) -> bool {
        let costs = self.lines.iter().filter_map(|index| lines[*index].cost).map(|cost| cost.minor);
        costs.fold(0, i64::saturating_add) < self.minimum.minor
    }

    /// Quantities of its lines with which the order reaches the minimum, with as few packs as
    /// possible; None if they do not fit. Lines that would reach their reorder point again first
    /// are filled up first, so that the goods last equally long.
    fn fill_quantities(&self, lines: &[PlanLine]) -> Option<Vec<i64>> {
        let quantities_for =
            |days: i64| -> Vec<i64> { self.lines.iter().map(|index| units_for_days(&lines[*index], days)).collect() };
        let cost = |place: usize, units: i64| cost_of(&lines[self.lines[place]], units);
        let sum = |quantities: &[i64]| {
            quantities.iter().enumerate().map(|(place, units)| cost(place, *units)).fold(0, i64::saturating_add)
        };
        let minimum = self.minimum.minor;
        if sum(&quantities_for(MAX_DAYS)) < minimum {
            return None;
        }
        let days = smallest_where(0, MAX_DAYS, |days| sum(&quantities_for(days)) >= minimum);
        let (mut quantities, whole) = (quantities_for(days - 1), quantities_for(days));
        let mut total = sum(&quantities);
        for (place, max_units) in whole.into_iter().enumerate() {
            let before = quantities[place];
            let other_cost = total - cost(place, before);
            let is_enough = |units: i64| other_cost.saturating_add(cost(place, units)) >= minimum;
            if is_enough(max_units) {
                let pack = lines[self.lines[place]].headroom.as_ref().map_or(1, |headroom| headroom.pack.max(1));
                let packs = smallest_where(0, (max_units - before) / pack, |packs| is_enough(before + packs * pack));
                quantities[place] = before + packs * pack;
                return Some(quantities);
            }
            quantities[place] = max_units;
            total = other_cost.saturating_add(cost(place, max_units));
        }
        Some(quantities)
    }
}

/// The smallest number above `low` and up to `high` for which `is_enough` is true, if it is for
/// `high`.
fn smallest_where(mut low: i64, mut high: i64, is_enough: impl Fn(i64) -> bool) -> i64 {
    while high - low > 1 {
        let middle = i64::midpoint(low, high);
        if is_enough(middle) { high = middle } else { low = middle }
    }
    high
}

/// Returns the units of a line that last so many days beyond its reorder point: whole packs, no
/// less than is proposed, and no more than the headroom.
fn units_for_days(line: &PlanLine, days: i64) -> i64 {
    let figures = &line.figures;
    let Some(headroom) = line.headroom.as_ref().filter(|_| figures.weekly > 0.0) else { return line.quantity };
    let target_units = (figures.point as f64 + figures.weekly * days as f64 / 7.0).ceil() as i64;
    let units = target_units.saturating_sub(figures.position).saturating_sub(figures.moved).clamp(0, headroom.most.max(0));
    let pack = headroom.pack.max(1);
    let rounded_up = units.saturating_add(pack - 1) / pack * pack;
    let whole_packs = if rounded_up > headroom.most { rounded_up - pack } else { rounded_up };
    whole_packs.max(line.quantity)
}

/// In minor units of the currency that its cost is in.
fn cost_of(line: &PlanLine, units: i64) -> i64 {
    let cost =
        if units == line.quantity { line.cost } else { line.headroom.as_ref().and_then(|headroom| headroom.cost_of(units)) };
    cost.map_or(0, |cost| cost.minor)
}

/// Fills up orders that are below the minimum and have room for it.
fn fill_orders(lines: &mut [PlanLine], minimums: &BTreeMap<SupplierId, Money>) {
    for group in groups(lines, minimums) {
        let Some(quantities) = group.is_short(lines).then(|| group.fill_quantities(lines)).flatten() else { continue };
        for (index, units) in group.lines.iter().zip(quantities) {
            let line = &mut lines[*index];
            let before = line.quantity;
            if units == before {
                continue;
            }
            let decimals = line.headroom.as_ref().map_or(0, |headroom| headroom.decimals);
            let (from, to) = (format_units(before, decimals), format_units(units, decimals));
            let text =
                format!("{from} become {to}, so that the order reaches the supplier's minimum of {}", money_text(group.minimum));
            line.reasons.push(Reason::new(ReasonCode::FilledUp, text, &[("proposed", before as f64)]));
            line.buy(units);
        }
    }
}

/// Cuts orders that are below the minimum and can wait.
fn defer_small_orders(lines: &mut [PlanLine], minimums: &BTreeMap<SupplierId, Money>) {
    for group in groups(lines, minimums) {
        let can_wait = |index: &usize| lines[*index].headroom.as_ref().is_some_and(|headroom| !headroom.is_last_day);
        if !group.is_short(lines) || !group.lines.iter().all(can_wait) {
            continue;
        }
        let text = format!("its order waits: it is below the supplier's minimum of {}", money_text(group.minimum));
        for index in &group.lines {
            let line = &mut lines[*index];
            line.state = LineState::Cut(ReplenishmentIssue::BelowMinimum);
            line.reasons.push(below_minimum_reason(&group, text.clone()));
        }
    }
}

fn below_minimum_reason(group: &Group, text: String) -> Reason {
    Reason::new(ReasonCode::BelowMinimum, text, &[("minimumMinor", group.minimum.minor as f64)])
}

fn money_text(money: Money) -> String {
    format!("{} {}", money.amount(), money.currency)
}
