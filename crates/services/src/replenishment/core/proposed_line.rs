//! A proposed line, with the figures and reasons that all kinds share.

use entity::prelude::*;
use forecast::reorder::whole_units;
use platform::plurals::pluralize;

use super::{
    calendar_reason::waiting_reason,
    kits::kit_reason,
    line::{LineKind, LineState, PlanLine},
    line_figures::LineFigures,
    policy::Rule,
    product::{Basis, ProductState},
    promise::method_of,
    reason::{Reason, ReasonCode, format_units},
    risk::{missed_units, overstock, stock_days, stockout},
    target::Target,
};

/// A line with the figures that transfers and purchases share.
pub(super) fn line_of(basis: &Basis, product: &ProductState, need: &Target<'_>, kind: LineKind, quantity: i64) -> PlanLine {
    let (level, demand) = (need.level, basis.demand(need.level));
    let lead_days = need.leads.lead_time().mean_days();
    let (point, up_to) = (whole_units(need.levels.point), whole_units(need.levels.up_to));
    let at_risk = missed_units(basis, product, level).min(quantity as f64);
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
        review_days: need.rule.review_days(),
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
        score_on: None,
        score: None,
        figures,
        reasons: need_reasons(basis, product, need, (point, up_to)),
        headroom: None,
    }
}

/// Returns the reasons for the store's need.
fn need_reasons(basis: &Basis, product: &ProductState, need: &Target<'_>, (point, up_to): (i64, i64)) -> Vec<Reason> {
    let (level, demand, position) = (need.level, basis.demand(need.level), need.level.position());
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
        let days = pluralize(product.leads.stated, "day is", "days are");
        let text = format!("no lead time is stated: {days} assumed");
        reasons.push(Reason::new(ReasonCode::AssumedLead, text, &[("leadDays", product.leads.stated)]));
    }
    reasons.extend(level.kits.map(|kits| kit_reason(kits, demand.mean(1.0), product.decimals)));
    reasons.extend(waiting_reason(basis.today, &product.leads, &need.leads));
    reasons.extend(need.reasons.iter().cloned());
    reasons
}
