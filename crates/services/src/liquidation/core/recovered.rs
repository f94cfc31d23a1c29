//! Amount that a line has recovered so far.

use super::{
    action::LineAction,
    line::{Document, LineState, PlanLine},
};

/// Sales of a product in a store on a day: smallest units, and minor units less refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoldDay {
    pub date: i32,
    pub units: i64,
    pub net_minor: i64,
}

/// Minor units that a line has recovered until a day. A markdown recovers the sales of its store
/// from its first day on, up to the line's stock; a transfer the sales of the target store beyond
/// the units that it had itself; a bundle the sales of its kit less the partner's price and its own
/// cost; a return its credit less freight; a write-off the share of its cost that the
/// tenant states. None before approval. `sales` are
/// of the product or the kit that the line sells.
pub fn recovered_minor(line: &PlanLine, sales: &[SoldDay], today: i32) -> Option<i64> {
    let (LineState::Approved { document, .. } | LineState::Done { document, .. }) = line.state else { return None };
    let since = line.approved_on?;
    match (document, &line.act) {
        (Document::SupplierReturn(_), _) => {
            let scale = 10_f64.powi(line.figures.decimals.into());
            let credit = (line.quantity as f64 / scale * line.figures.credit_minor as f64).round() as i64;
            Some(credit.saturating_sub(line.figures.freight_minor))
        }
        (Document::Movement(_), _) => Some(line.expected.likely),
        (Document::Kit(_), act) => {
            let bundle = act.bundle()?;
            let (units, net) = sum_between(sales, since, line.until.min(today));
            // A kit has one whole unit; further kits contain units of other lines.
            let own_units = units.clamp(0, line.quantity / 10_i64.pow(line.figures.decimals.into()));
            if units <= 0 || own_units == 0 {
                return Some(0);
            }
            let share = (net as f64 * own_units as f64 / units as f64).round() as i64;
            Some(share.saturating_sub(own_units.saturating_mul(bundle.partner_minor.saturating_add(bundle.cost_minor))))
        }
        (Document::Transfer(_) | Document::Price, act) => {
            let (units, net) = sum_between(sales, since, line.until.min(today));
            // Goods that stood there before are sold first.
            let is_moved = matches!(act, LineAction::Transfer { .. });
            let before = if is_moved { line.figures.target_free.max(0) } else { 0 };
            let own_units = units.saturating_sub(before).clamp(0, line.quantity);
            if units <= 0 || own_units == 0 {
                return Some(0);
            }
            let share = (net as f64 * own_units as f64 / units as f64).round() as i64;
            Some(share.saturating_sub(line.figures.freight_minor))
        }
    }
}

/// Units and minor units of the days from one to another.
fn sum_between(sales: &[SoldDay], since: i32, last: i32) -> (i64, i64) {
    let days = sales.iter().filter(|day| (since..=last).contains(&day.date));
    days.fold((0, 0), |(units, net), day| (units.saturating_add(day.units), net.saturating_add(day.net_minor)))
}

/// Whether an approved line has recovered less than its lower bound in proportion to its elapsed
/// days, or an action is overdue: a price step, or the line's closing. In the first quarter of its
/// days the recovery is not judged.
pub fn is_behind(line: &PlanLine, recovered: i64, today: i32) -> bool {
    let (LineState::Approved { .. }, Some(since)) = (line.state, line.approved_on) else { return false };
    let done_steps = usize::try_from(line.steps_done).unwrap_or_default();
    if line.until < today || line.act.steps().iter().skip(done_steps).any(|step| step.from_date < today) {
        return true;
    }
    let (elapsed, days) = (i64::from(today - since), i64::from(line.until - since + 1).max(1));
    let is_early = elapsed.saturating_mul(4) < days;
    !is_early && i128::from(recovered) * i128::from(days) < i128::from(line.expected.low) * i128::from(elapsed)
}

/// Units of the line that were sold until a day.
fn sold_units(line: &PlanLine, sales: &[SoldDay], today: i32) -> i64 {
    let since = line.approved_on.unwrap_or(today);
    let days = sales.iter().filter(|day| (since..=today).contains(&day.date));
    days.fold(0_i64, |units, day| units.saturating_add(day.units)).clamp(0, line.quantity)
}

/// Whether a markdown's units will be gone on its last day with a chance of 80 %, at the pace of the days that are over.
pub fn sells_out(line: &PlanLine, sales: &[SoldDay], today: i32) -> bool {
    /// 80 % of a Poisson variable's values are above the mean less this many square roots of it.
    const POISSON_Z_SCORE: f64 = 0.8416;
    let scale = 10_f64.powi(line.figures.decimals.into());
    let sold = sold_units(line, sales, today);
    let unsold = (line.quantity - sold) as f64 / scale;
    let elapsed = (today - line.approved_on.unwrap_or(today) + 1).max(1);
    let coming = sold as f64 / scale / f64::from(elapsed) * f64::from((line.until - today).max(0));
    unsold <= 0.0 || coming - POISSON_Z_SCORE * coming.sqrt() >= unsold
}
