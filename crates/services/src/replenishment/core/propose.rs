//! Transfers and purchases of one product. Stock that another store does not need is moved before
//! anything is bought.

use std::borrow::Cow;

use entity::prelude::*;
use forecast::reorder::{self, DemandOutlook, Levels, economic_order, whole_units};
use platform::plurals::counted;

use super::{
    cut::propose_cuts,
    freight::{TransferSavings, freight_reason},
    line::{LineFigures, LineKind, LineState, PlanLine},
    plenty::exceeds_need,
    policy::{COVER_DAYS, Policy, Rule},
    product::{Basis, Demand, Leads, LevelState, ProductState},
    promise::{effective_service, method_of, service_of},
    purchase::purchase,
    reason::{Reason, ReasonCode, format_units},
    risk::{overstock, stockout},
    waiting::waiting,
    weekdays::weekday_reasons,
};

/// A year's holding cost as a share of the cost.
pub(super) const HOLDING_COST_RATE: f64 = 0.25;
const WEEKS: f64 = 52.0;
/// Days of mean demand that replace a quantile if too few forecast errors are known.
const FALLBACK_DAYS: f64 = 7.0;
/// Horizon in days in which the end of stock is searched.
const HALF_YEAR: i32 = 182;
/// A store that could send less than this share of the missing units sends nothing: small parcels
/// cost more than they help.
const MIN_SHARE: f64 = 0.25;
/// Days until the next opportunity to order, whose demand is at risk.
const REVIEW_DAYS: f64 = 7.0;

/// Target stock of a level, and the rule behind it.
pub(super) struct Target<'a> {
    pub level: &'a LevelState,
    pub rule: Rule,
    pub policy: Option<&'a Policy>,
    pub service: Option<f64>,
    /// With the supplier's calendar counted in.
    pub leads: Cow<'a, Leads>,
    pub levels: Levels,
    pub reasons: Vec<Reason>,
}

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

/// The policy of a level, and its rule; without a policy the level's own reorder point, or else the
/// default.
pub(super) fn rule_of<'a>(basis: &'a Basis, product: &ProductState, level: &LevelState) -> (Option<&'a Policy>, Rule) {
    let classes = level.classes.map(|classes| (classes.abc, classes.xyz_word()));
    match basis.policies.of((product.product, level.store), classes, product.supplier) {
        Some(policy) => (Some(policy), policy.rule),
        None if level.reorder_point.is_some() => (None, Rule::MinMax),
        None => (None, Rule::DEFAULT),
    }
}

/// Reorder point and target of a level. None if nothing requires stock there.
pub(super) fn target<'a>(basis: &'a Basis, product: &'a ProductState, level: &'a LevelState) -> Option<Target<'a>> {
    let (policy, rule) = rule_of(basis, product, level);
    let mut reasons = Vec::new();
    if policy.is_none() {
        let text = "no policy applies to it: its own reorder point counts, else the service level of its class".to_owned();
        reasons.push(Reason::new(ReasonCode::DefaultPolicy, text, &[]));
    }
    let service = service_of(rule, level);
    let leads = product.leads.by_calendar(basis.today, rule.chance_days());
    let method = method_of(policy);
    let outlook = basis.outlook(level, &leads, method);
    let alive = level.demand.as_ref().is_some_and(Demand::has_demand);
    let levels = match rule {
        Rule::MinMax => min_max(&outlook, level),
        _ if alive => {
            let (asked, corrected) = service.map_or((0.0, None), |service| effective_service(basis, level, (method, service)));
            reasons.extend(corrected);
            let levels = by_forecast(&outlook, product, level, (rule, asked), &mut reasons);
            reasons.extend(service.into_iter().flat_map(|service| weekday_reasons(&outlook, service)));
            Some(levels)
        }
        _ => None,
    };
    let levels = match levels {
        Some(levels) => levels,
        // Owed units are ordered under any rule.
        None if level.owed > 0 => {
            let text = "no demand is forecast; only owed units are replenished".to_owned();
            reasons.push(Reason::new(ReasonCode::NoForecast, text, &[]));
            Levels::NOTHING
        }
        None => return None,
    };
    Some(Target { level, rule, policy, service, leads, levels, reasons })
}

/// The level's own reorder point and maximum; without a maximum the demand of `COVER_DAYS` above the point.
fn min_max(outlook: &DemandOutlook<'_>, level: &LevelState) -> Option<Levels> {
    let point = level.reorder_point? as f64;
    let cover = outlook.demand.mean(f64::from(COVER_DAYS) / 7.0);
    let maximum = level.maximum.map_or(point + cover, |maximum| maximum as f64);
    outlook.levels(reorder::Policy::MinMax { point, maximum })
}

/// Levels by the forecast: by the rule, or by days of mean demand if too few forecast errors are
/// known. They are capped by sales: the stock that a slow product would need for its service level
/// is bounded by its sales of a year, or by its mean demand if that is more.
fn by_forecast(
    outlook: &DemandOutlook<'_>,
    product: &ProductState,
    level: &LevelState,
    (rule, service): (Rule, f64),
    reasons: &mut Vec<Reason>,
) -> Levels {
    let economic = |order_cost: Option<Money>| economic(product, outlook, order_cost);
    let (policy, cover) = match rule {
        Rule::Periodic { review_days, .. } => {
            let review_days = f64::from(review_days);
            (reorder::Policy::Periodic { service, review_days }, review_days)
        }
        Rule::TargetDays { safety_days, target_days } => {
            let (safety_days, target_days) = (f64::from(safety_days), f64::from(target_days));
            (reorder::Policy::TargetDays { safety_days, target_days }, target_days)
        }
        Rule::ReorderPoint { cover_days, order_cost, .. } | Rule::Service { cover_days, order_cost } => {
            let cover_days = f64::from(cover_days);
            let economic = economic(order_cost);
            (reorder::Policy::ReorderPoint { service, cover_days, economic }, cover_days)
        }
        Rule::MinMax => (reorder::Policy::TargetDays { safety_days: 0.0, target_days: 0.0 }, 0.0),
    };
    let mut levels = outlook.levels(policy).unwrap_or_else(|| {
        let text = "too few forecast errors are known for a service level: seven days of mean demand are kept instead".to_owned();
        reasons.push(Reason::new(ReasonCode::FewErrors, text, &[("days", FALLBACK_DAYS)]));
        let stand_in = reorder::Policy::TargetDays { safety_days: FALLBACK_DAYS, target_days: FALLBACK_DAYS + cover };
        outlook.levels(stand_in).unwrap_or(Levels::NOTHING)
    });
    if levels.is_extrapolated {
        let text = "the lead time is longer than any sum of forecasts that was checked".to_owned();
        reasons.push(Reason::new(ReasonCode::Extrapolated, text, &[("leadDays", outlook.lead.mean_days())]));
    }
    let mean = |days: f64| outlook.demand.mean((outlook.lead.mean_days() + days) / 7.0);
    let year = level.year_units.max(0) as f64;
    let most = (mean(0.0).max(year), mean(cover).max(year));
    if levels.up_to > most.1 && !matches!(rule, Rule::TargetDays { .. }) {
        let text = format!("it sold {} in a year, so no more is kept", format_units(level.year_units.max(0), product.decimals));
        reasons.push(Reason::new(ReasonCode::CappedBySales, text, &[("yearUnits", year)]));
        levels.point = levels.point.min(most.0);
        levels.up_to = levels.up_to.min(most.1).max(levels.point);
        levels.undershoot = None;
    }
    levels
}

/// The economic lot in smallest units, where an order's cost is known in the currency of the product's.
fn economic(product: &ProductState, outlook: &DemandOutlook<'_>, order_cost: Option<Money>) -> Option<f64> {
    let order_cost = order_cost?;
    let unit_cost = product.cost_at(Quantity::ONE).filter(|cost| cost.currency == order_cost.currency)?;
    let smallest = unit_cost.minor as f64 / 10_f64.powi(product.decimals.into());
    let yearly = outlook.demand.path.first().copied().unwrap_or_default() * WEEKS;
    economic_order(yearly, order_cost.minor as f64, smallest, HOLDING_COST_RATE).map(|order| order.units)
}

/// Whole days until a store's stock is gone at mean demand, 0 if it is gone. None beyond half a year, and without demand.
pub(super) fn stock_days(basis: &Basis, level: &LevelState) -> Option<i32> {
    let stock = (level.available - level.owed) as f64;
    let demand = basis.demand(level);
    let is_wanted = level.owed > 0 || demand.mean(f64::from(HALF_YEAR) / 7.0) > 0.0;
    if stock <= 0.0 {
        return is_wanted.then_some(0);
    }
    let is_gone = |days: i32| demand.mean(f64::from(days) / 7.0) >= stock;
    if !is_gone(HALF_YEAR) {
        return None;
    }
    // The last day on which some is left: mean demand never falls with time.
    let (mut low, mut high) = (0, HALF_YEAR);
    while high - low > 1 {
        let middle = i32::midpoint(low, high);
        if is_gone(middle) { high = middle } else { low = middle }
    }
    Some(low)
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

/// Returns the units that a store keeps: up to its target, and its safety stock. None if its needs
/// are unknown.
pub(super) fn kept(basis: &Basis, product: &ProductState, level: &LevelState) -> Option<i64> {
    kept_by(basis, level, || target(basis, product, level).map_or(0, |target| whole_units(target.levels.up_to)))
}

/// The units that a store keeps by a target in whole units, which is computed only if needed.
fn kept_by(basis: &Basis, level: &LevelState, up_to: impl FnOnce() -> i64) -> Option<i64> {
    let own = level.maximum.or(level.reorder_point);
    if !basis.has_run && own.is_none() {
        return None;
    }
    Some(up_to().max(own.unwrap_or(0)).saturating_add(level.safety_stock.max(0)))
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

/// A line with the figures that transfers and purchases share.
pub(super) fn line_of(basis: &Basis, product: &ProductState, need: &Target<'_>, kind: LineKind, quantity: i64) -> PlanLine {
    let (level, demand) = (need.level, basis.demand(need.level));
    let lead_days = need.leads.lead().mean_days();
    let (point, up_to) = (whole_units(need.levels.point), whole_units(need.levels.up_to));
    let at_risk = missed(basis, product, level).min(quantity as f64);
    let figures = LineFigures {
        rule: need.rule.kind(),
        service: need.service,
        method: need.service.map(|_| method_of(need.policy)),
        available: level.available,
        incoming: level.incoming,
        in_transit: level.in_transit,
        owed: level.owed,
        drafted: level.drafted,
        position: level.position(),
        surplus: None,
        giver_free: None,
        freight: None,
        saving: None,
        lead_days,
        weekly: demand.mean(1.0),
        lead_demand: demand.mean(lead_days / 7.0),
        undershoot: need.levels.undershoot,
        exact_point: need.levels.point,
        exact_up_to: need.levels.up_to,
        point,
        up_to,
        moved: 0,
        needed: up_to.saturating_sub(level.position()),
        after_break: quantity,
        at_risk,
        stockout: stockout(basis, product, level),
        overstock: overstock(basis, level, quantity),
        class: level.demand.as_ref().map(|demand| demand.class),
        known_weeks: level.demand.as_ref().map(|demand| demand.known_weeks),
        confidence: level.demand.as_ref().map(|demand| demand.score / 100.0),
    };
    PlanLine {
        id: ReplenishmentLineId::NIL,
        position: 0,
        kind,
        state: LineState::Open,
        product: product.product,
        store: level.store,
        quantity,
        urgency_days: stock_days(basis, level),
        cost: None,
        margin: 0,
        policy: need.policy.map(|policy| (policy.id, policy.version)),
        approved_by: None,
        due_on: None,
        score: None,
        figures,
        reasons: need_reasons(basis, product, need, (point, up_to)),
        headroom: None,
    }
}

/// Units of mean demand that would be missed until a week after the next delivery, without that
/// delivery.
pub(super) fn missed(basis: &Basis, product: &ProductState, level: &LevelState) -> f64 {
    let (demand, days) = (basis.demand(level), product.leads.days_to_arrival(basis.today, 0));
    let soon = demand.mean((days + REVIEW_DAYS) / 7.0) - level.position().max(0) as f64;
    soon.max(0.0) + (-level.position()).max(0) as f64
}

/// Returns the reasons for the store's need.
fn need_reasons(basis: &Basis, product: &ProductState, need: &Target<'_>, (point, up_to): (i64, i64)) -> Vec<Reason> {
    let (level, position) = (need.level, need.level.position());
    let units = |units: i64| format_units(units, product.decimals);
    let first = if matches!(need.rule, Rule::Periodic { .. }) {
        let text = format!("it is a review day: position {}, filled up to {}", units(position), units(up_to));
        Reason::new(ReasonCode::ReviewDay, text, &[("position", position as f64), ("upTo", up_to as f64)])
    } else {
        let text = format!("position {} is not above {}: filled up to {}", units(position), units(point), units(up_to));
        let numbers = [("position", position as f64), ("point", point as f64), ("upTo", up_to as f64)];
        Reason::new(ReasonCode::BelowPoint, text, &numbers)
    };
    let mut reasons = vec![first];
    if level.owed > 0 {
        let text = format!("open orders wait for {}", units(level.owed));
        reasons.push(Reason::new(ReasonCode::Owed, text, &[("owed", level.owed as f64)]));
    }
    if level.drafted > 0 {
        let text = format!("{} are in drafts already and count as coming", units(level.drafted));
        reasons.push(Reason::new(ReasonCode::InDrafts, text, &[("drafted", level.drafted as f64)]));
    }
    if product.leads.is_assumed {
        let days = counted(product.leads.stated, "day is", "days are");
        let text = format!("no lead time is stated: {days} assumed");
        reasons.push(Reason::new(ReasonCode::AssumedLead, text, &[("leadDays", product.leads.stated)]));
    }
    reasons.extend(waiting(basis.today, &product.leads, &need.leads));
    reasons.extend(need.reasons.iter().cloned());
    reasons
}
