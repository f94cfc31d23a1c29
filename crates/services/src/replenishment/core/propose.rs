//! Transfers and purchases of one product. Stock that another store does not need is moved before
//! anything is bought.

use entity::prelude::*;
use forecast::reorder::whole_units;

use super::{
    cut::propose_cuts,
    freight::{TransferSavings, freight_reason},
    line::{LineKind, PlanLine},
    policy::Rule,
    product::{Basis, LevelState, ProductState},
    proposed_line::line_of,
    purchase::purchase,
    reason::{Reason, ReasonCode, format_units},
    risk::{overstock, stock_days},
    target::{Target, retained_units, retained_units_with, target},
    well_stocked::exceeds_need,
};

/// A store that could send less than this share of the missing units sends nothing: small parcels
/// cost more than they help.
const MIN_SHARE: f64 = 0.25;

/// The lines of one product, without ids and places.
pub fn plan_product(basis: &Basis, product: &ProductState) -> Vec<PlanLine> {
    let requested_levels = product.levels.iter().filter(|level| level.is_asked && !exceeds_need(basis, product, level));
    let targets = requested_levels.filter_map(|level| target(basis, product, level));
    let (mut needs, other_targets): (Vec<Target<'_>>, Vec<Target<'_>>) = targets.partition(|target| is_due(basis, target));
    needs.sort_by_key(|need| (stock_days(basis, need.level).unwrap_or(i32::MAX), need.level.store));
    let mut givers = if needs.is_empty() { Vec::new() } else { find_surplus_stores(basis, product, &needs, &other_targets) };
    let mut lines = Vec::new();
    for need in &needs {
        let (moved_units, dear_units) = transfers(basis, product, need, &mut givers, &mut lines);
        let mut purchase_line = purchase(basis, product, need, moved_units);
        if let Some(line) = &mut purchase_line {
            line.reasons.extend(freight_reason(dear_units, product.decimals));
        }
        lines.extend(purchase_line);
    }
    if !product.open_lines.is_empty() {
        let cuts = propose_cuts(basis, product, &lines);
        lines.extend(cuts);
    }
    lines
}

fn is_due(basis: &Basis, target: &Target<'_>) -> bool {
    let (point, up_to) = (whole_units(target.levels.point), whole_units(target.levels.up_to));
    let position = target.level.position();
    let is_time = match target.rule {
        Rule::Periodic { .. } => target.rule.is_due(basis.today) || position < 0,
        _ => position <= point,
    };
    is_time && up_to > position
}

/// A store that has more of a product than it needs.
struct SurplusStore {
    store: StoreId,
    surplus: i64,
    free: i64,
    /// Days that the surplus would last there; infinite if nothing sells.
    days: f64,
}

/// Stores with a surplus and without a need of their own, those whose surplus would last longest
/// first. `other_targets` are targets of levels without a need.
fn find_surplus_stores(
    basis: &Basis,
    product: &ProductState,
    needs: &[Target<'_>],
    other_targets: &[Target<'_>],
) -> Vec<SurplusStore> {
    let needs_it = |store: StoreId| needs.iter().any(|need| need.level.store == store);
    let giver = |level: &LevelState| {
        // Targets take most of a plan's time: irrelevant ones are not computed, and none is
        // computed twice.
        if level.free() <= 0 || needs_it(level.store) {
            return None;
        }
        let other_target = other_targets.iter().find(|other| other.level.store == level.store);
        let surplus = level.free().saturating_sub(match other_target {
            Some(target) => retained_units_with(basis, level, || whole_units(target.levels.up_to))?,
            None => retained_units(basis, product, level)?,
        });
        let weekly = basis.demand(level).mean(1.0);
        let days = if weekly > 0.0 { surplus as f64 / weekly * 7.0 } else { f64::INFINITY };
        (surplus > 0).then_some(SurplusStore { store: level.store, surplus, free: level.free(), days })
    };
    let mut surplus_stores: Vec<SurplusStore> = product.levels.iter().filter_map(giver).collect();
    surplus_stores.sort_by(|one, other| other.days.total_cmp(&one.days).then_with(|| one.store.cmp(&other.store)));
    surplus_stores
}

/// Adds lines that move units from other stores; returns the moved units, and the still missing
/// units whose transfer would cost too much.
fn transfers(
    basis: &Basis,
    product: &ProductState,
    need: &Target<'_>,
    givers: &mut [SurplusStore],
    lines: &mut Vec<PlanLine>,
) -> (i64, i64) {
    let missing = whole_units(need.levels.up_to).saturating_sub(need.level.position());
    let (mut remaining, mut dear_units, min_units) = (missing, 0_i64, (missing as f64 * MIN_SHARE).ceil() as i64);
    for giver in givers {
        let quantity = remaining.min(giver.surplus);
        if remaining == 0 || quantity < min_units.min(remaining) || quantity <= 0 {
            continue;
        }
        let savings = TransferSavings::of(basis, product, (giver.store, need.level), (quantity, giver.days));
        if savings.is_some_and(|savings| !savings.is_worthwhile()) {
            dear_units += quantity;
            continue;
        }
        let mut line = line_of(basis, product, need, LineKind::Transfer { from: giver.store }, quantity);
        (line.figures.freight, line.figures.saving) =
            (savings.map(|savings| savings.freight), savings.map(|savings| savings.saving));
        (line.figures.surplus, line.figures.giver_free) = (Some(giver.surplus), Some(giver.free));
        let text = format!("another store has {} that it does not need", format_units(giver.surplus, product.decimals));
        line.reasons.push(Reason::new(ReasonCode::Surplus, text, &[("surplus", giver.surplus as f64)]));
        line.figures.moved = missing - remaining;
        line.figures.overstock = overstock(basis, need.level, missing - remaining + quantity);
        lines.push(line);
        (remaining, giver.surplus) = (remaining - quantity, giver.surplus - quantity);
    }
    (missing - remaining, dear_units.min(remaining))
}
