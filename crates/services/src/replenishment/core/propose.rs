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
    target::{Target, kept, kept_by, target},
    well_stocked::exceeds_need,
};

/// A store that could send less than this share of the missing units sends nothing: small parcels
/// cost more than they help.
const MIN_SHARE: f64 = 0.25;

/// The lines of one product, without ids and places.
pub fn plan_product(basis: &Basis, product: &ProductState) -> Vec<PlanLine> {
    let asked = product.levels.iter().filter(|level| level.is_asked && !exceeds_need(basis, product, level));
    let targets = asked.filter_map(|level| target(basis, product, level));
    let (mut needs, others): (Vec<Target<'_>>, Vec<Target<'_>>) = targets.partition(|target| is_due(basis, target));
    needs.sort_by_key(|need| (stock_days(basis, need.level).unwrap_or(i32::MAX), need.level.store));
    let mut givers = if needs.is_empty() { Vec::new() } else { givers(basis, product, &needs, &others) };
    let mut lines = Vec::new();
    for need in &needs {
        let (moved, dear) = transfers(basis, product, need, &mut givers, &mut lines);
        let mut bought = purchase(basis, product, need, moved);
        if let Some(line) = &mut bought {
            line.reasons.extend(freight_reason(dear, product.decimals));
        }
        lines.extend(bought);
    }
    if !product.open_lines.is_empty() {
        let cut = propose_cuts(basis, product, &lines);
        lines.extend(cut);
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

/// Stores with a surplus and without a need of their own, those whose surplus would last longest first. `others` are targets
/// of levels without a need.
fn givers(basis: &Basis, product: &ProductState, needs: &[Target<'_>], others: &[Target<'_>]) -> Vec<SurplusStore> {
    let needs_it = |store: StoreId| needs.iter().any(|need| need.level.store == store);
    let giver = |level: &LevelState| {
        // Targets take most of a plan's time: irrelevant ones are not computed, and none is
        // computed twice.
        if level.free() <= 0 || needs_it(level.store) {
            return None;
        }
        let known = others.iter().find(|other| other.level.store == level.store);
        let surplus = level.free().saturating_sub(match known {
            Some(target) => kept_by(basis, level, || whole_units(target.levels.up_to))?,
            None => kept(basis, product, level)?,
        });
        let weekly = basis.demand(level).mean(1.0);
        let days = if weekly > 0.0 { surplus as f64 / weekly * 7.0 } else { f64::INFINITY };
        (surplus > 0).then_some(SurplusStore { store: level.store, surplus, free: level.free(), days })
    };
    let mut found: Vec<SurplusStore> = product.levels.iter().filter_map(giver).collect();
    found.sort_by(|one, other| other.days.total_cmp(&one.days).then_with(|| one.store.cmp(&other.store)));
    found
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
    let (mut left, mut dear, least) = (missing, 0_i64, (missing as f64 * MIN_SHARE).ceil() as i64);
    for giver in givers {
        let quantity = left.min(giver.surplus);
        if left == 0 || quantity < least.min(left) || quantity <= 0 {
            continue;
        }
        let worth = TransferSavings::of(basis, product, (giver.store, need.level), (quantity, giver.days));
        if worth.is_some_and(|worth| !worth.pays()) {
            dear += quantity;
            continue;
        }
        let mut line = line_of(basis, product, need, LineKind::Transfer { from: giver.store }, quantity);
        (line.figures.freight, line.figures.saving) = (worth.map(|worth| worth.freight), worth.map(|worth| worth.saving));
        (line.figures.surplus, line.figures.giver_free) = (Some(giver.surplus), Some(giver.free));
        let text = format!("another store has {} that it does not need", format_units(giver.surplus, product.decimals));
        line.reasons.push(Reason::new(ReasonCode::Surplus, text, &[("surplus", giver.surplus as f64)]));
        line.figures.moved = missing - left;
        line.figures.overstock = overstock(basis, need.level, missing - left + quantity);
        lines.push(line);
        (left, giver.surplus) = (left - quantity, giver.surplus - quantity);
    }
    (missing - left, dear.min(left))
}
