//! Actions for surplus stock, and their recovery after costs.

use entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    criteria::Criteria,
    level::{Level, Product},
};

/// 80 % of the values of a Poisson variable are within this many square roots of its mean.
const POISSON_Z_SCORE: f64 = 1.2816;
const YEAR_WEEKS: f64 = 52.0;
/// Assumed factors by which a bundle increases sales: low, likely and high.
const UPLIFTS: [f64; 3] = [1.0, 1.5, 2.0];

/// Minor units of the tenant's currency: lower bound, likely amount and upper bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recovery {
    pub low: i64,
    pub likely: i64,
    pub high: i64,
}

impl Recovery {
    fn of(amounts: [f64; 3]) -> Self {
        let [low, likely, high] = amounts.map(|amount| amount.round() as i64);
        Self { low, likely, high }
    }
    const fn exactly(amount: i64) -> Self {
        Self { low: amount, likely: amount, high: amount }
    }
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            low: self.low.saturating_add(other.low),
            likely: self.likely.saturating_add(other.likely),
            high: self.high.saturating_add(other.high),
        }
    }
}

/// A price from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Requested percentage, before the price was rounded and raised to the floor.
    pub percent: i32,
    pub price_minor: i64,
    pub from_date: i32,
}

/// A kit of a whole unit of a product and one of another, at one price. Amounts are of one kit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    pub partner: ProductId,
    /// Decimals of the partner's unit.
    pub partner_decimals: u8,
    pub price_minor: i64,
    /// The partner's own price, which is not the product's merit.
    pub partner_minor: i64,
    /// Cost of assembling a kit.
    pub cost_minor: i64,
}

impl Bundle {
    /// Returns the part of a kit's price that is the product's.
    pub const fn product_share_minor(&self) -> i64 {
        self.price_minor.saturating_sub(self.partner_minor).saturating_sub(self.cost_minor)
    }
}

/// Action of a line. Variants are in the order of simplicity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LineAction {
    Keep,
    WriteOff,
    Return { supplier: SupplierId },
    Transfer { to: StoreId },
    Bundle(Bundle),
    Markdown { steps: Vec<Step> },
}

impl LineAction {
    pub const fn word(&self) -> LiquidationAction {
        match self {
            Self::Keep => LiquidationAction::Keep,
            Self::WriteOff => LiquidationAction::WriteOff,
            Self::Return { .. } => LiquidationAction::Return,
            Self::Transfer { .. } => LiquidationAction::Transfer,
            Self::Bundle(_) => LiquidationAction::Bundle,
            Self::Markdown { .. } => LiquidationAction::Markdown,
        }
    }
    pub const fn target(&self) -> Option<StoreId> {
        match self {
            Self::Transfer { to } => Some(*to),
            _ => None,
        }
    }
    pub const fn supplier(&self) -> Option<SupplierId> {
        match self {
            Self::Return { supplier } => Some(*supplier),
            _ => None,
        }
    }
    pub const fn bundle(&self) -> Option<&Bundle> {
        match self {
            Self::Bundle(bundle) => Some(bundle),
            _ => None,
        }
    }
    pub fn steps(&self) -> &[Step] {
        match self {
            Self::Markdown { steps } => steps,
            _ => &[],
        }
    }
}

/// An action with its expected recovery.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub act: LineAction,
    /// Smallest units of the action.
    pub quantity: i64,
    pub recovery: Recovery,
    /// Remaining units after the action: lower and upper bound.
    pub left: (f64, f64),
    /// Last day of the expected recovery.
    pub until: i32,
    /// Smallest units that the target store of a transfer has, or that are on their way there.
    pub target_free: i64,
}

/// Input of the actions for a level.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    pub criteria: &'a Criteria,
    pub today: i32,
    pub product: &'a Product,
    pub level: &'a Level,
}

impl Basis<'_> {
    /// Whole units.
    fn units(&self) -> f64 {
        self.level.free.max(0) as f64 / self.product.scale()
    }
    fn rate(&self) -> f64 {
        self.level.rate(self.today, self.product.scale()) / self.product.scale()
    }
    fn until(&self, weeks: i32) -> i32 {
        self.today + 7 * weeks - 1
    }

    /// Keep the stock at its price: its sales until the horizon, less the holding cost.
    pub fn keep(&self) -> Option<Candidate> {
        let (price, weeks, units) = (self.product.price? as f64, self.level.weeks(self.today), self.units());
        if weeks == 0 {
            return None;
        }
        let sold = poisson_range(self.rate() * f64::from(weeks)).map(|sold| sold.min(units));
        let holding = f64::from(self.criteria.holding_percent) / 100.0 * self.product.cost.unwrap_or_default();
        let value_of = |sold: f64| sold * price - holding * (units - sold / 2.0) * f64::from(weeks) / YEAR_WEEKS;
        Some(Candidate {
            act: LineAction::Keep,
            quantity: self.level.free,
            recovery: Recovery::of(sold.map(value_of)),
            left: (units - sold[2], units - sold[0]),
            until: self.until(weeks),
            target_free: 0,
        })
    }

    /// Write-off: only if it recovers something, or no other action is possible in time.
    pub fn write_off(&self) -> Option<Candidate> {
        let is_last = self.level.weeks(self.today) == 0;
        let share = f64::from(self.criteria.salvage_percent) / 100.0;
        if !is_last && share <= 0.0 {
            return None;
        }
        let brings = (self.units() * self.product.cost.unwrap_or_default() * share).round() as i64;
        Some(self.immediate_candidate(LineAction::WriteOff, brings))
    }

    /// Sending it back, where its supplier's terms are known.
    pub fn return_to_supplier(&self) -> Option<Candidate> {
        let (supplier, cost) = (self.product.supplier?, self.product.cost?);
        let terms = self.criteria.terms_of(supplier)?;
        let credit = (self.units() * cost * f64::from(terms.credit_percent) / 100.0).round() as i64;
        Some(self.immediate_candidate(LineAction::Return { supplier }, credit.saturating_sub(terms.freight_minor)))
    }

    fn immediate_candidate(&self, act: LineAction, proceeds: i64) -> Candidate {
        Candidate {
            act,
            quantity: self.level.free,
            recovery: Recovery::exactly(proceeds),
            left: (0.0, 0.0),
            until: self.today,
            target_free: 0,
        }
    }

    /// Transfer to a store that sells: the sales there beyond its own stock and the units of
    /// earlier plans. `planned_units` units are on their way there from other lines.
    pub fn transfer(&self, target: &Level, planned_units: i64) -> Option<Candidate> {
        let (price, weeks) = (self.product.price? as f64, self.level.weeks(self.today));
        if weeks == 0 || !target.is_target || !target.has_sales() || target.store == self.level.store {
            return None;
        }
        let scale = self.product.scale();
        let target_stock = target.free.max(0).saturating_add(target.coming).saturating_add(planned_units);
        let target_units = target_stock as f64 / scale;
        let expected_sales = poisson_range(target.rate(self.today, scale) / scale * f64::from(weeks));
        // Only whole units are moved, and no more than are likely to be sold.
        let quantity =
            ((expected_sales[1] - target_units).max(0.0) * scale + 1e-9).floor().min(self.level.free.max(0) as f64) as i64;
        let quantity = quantity - quantity % scale as i64;
        if quantity <= 0 {
            return None;
        }
        let moved_units = quantity as f64 / scale;
        let sold = expected_sales.map(|expected_sales| (expected_sales - target_units).clamp(0.0, moved_units));
        let freight = self.criteria.freight(self.level.store, target.store) as f64;
        Some(Candidate {
            act: LineAction::Transfer { to: target.store },
            quantity,
            recovery: Recovery::of(sold.map(|sold| sold * price - freight)),
            left: (moved_units - sold[2], moved_units - sold[0]),
            until: self.until(weeks),
            target_free: target_stock,
        })
    }

    /// Sale in a kit with a partner product that sells: the partner's price stays, and the kit
    /// costs less than both. The increase in sales is unknown, so factors of 1, 1.5 and 2 are
    /// assumed; never more than the partner sells, or has in the store.
    pub fn bundle(&self) -> Option<Candidate> {
        let (percent, partner) = (self.criteria.bundle_percent?, self.product.partner.as_ref()?);
        let (list, weeks) = (self.product.price.filter(|price| *price > 0)?, self.level.weeks(self.today));
        let partner_level = partner.levels.iter().find(|level| level.store == self.level.store)?;
        let floor = self.product.cost.unwrap_or_default() * f64::from(self.criteria.floor_percent) / 100.0;
        let reduced_price = list.saturating_mul(100 - i64::from(percent)) / 100;
        let price =
            self.criteria.round_price(partner.price.saturating_add(reduced_price)).max(partner.price + floor.ceil() as i64);
        let bundle = Bundle {
            partner: partner.product,
            partner_decimals: partner.decimals,
            price_minor: price,
            partner_minor: partner.price,
            cost_minor: self.criteria.bundle_cost_minor,
        };
        let max_units = self.units().min(partner_level.free).min(partner_level.weekly * f64::from(weeks)).floor();
        if weeks == 0 || max_units < 1.0 || price >= partner.price.saturating_add(list) || bundle.product_share_minor() <= 0 {
            return None;
        }
        let sold = UPLIFTS.map(|uplift| (self.rate() * uplift * f64::from(weeks)).min(max_units));
        Some(Candidate {
            act: LineAction::Bundle(bundle),
            quantity: (max_units * self.product.scale()) as i64,
            recovery: Recovery::of(sold.map(|sold| sold * bundle.product_share_minor() as f64)),
            left: (self.units() - sold[2], self.units() - sold[0]),
            until: self.until(weeks),
            target_free: 0,
        })
    }

    /// Cutting the price in equal steps of the horizon. `weeks` is the one of all stores, as a product has one price.
    pub fn markdown(&self, weeks: i32) -> Option<Candidate> {
        let list = self.product.price.filter(|price| *price > 0)?;
        let steps = self.steps(list, weeks);
        if weeks == 0 || steps.is_empty() {
            return None;
        }
        let [low, likely, high] =
            self.product.response.elasticities().map(|elasticity| self.project_revenue(&steps, weeks, elasticity));
        // A lower price may recover less if sales hardly respond to it: the range is sorted by
        // amount.
        let mut amounts = [low.0, likely.0, high.0];
        amounts.sort_by(f64::total_cmp);
        Some(Candidate {
            act: LineAction::Markdown { steps },
            quantity: self.level.free,
            recovery: Recovery::of(amounts),
            left: (high.1, low.1),
            until: self.until(weeks),
            target_free: 0,
        })
    }

    /// Returns the revenue of the steps, and the whole units left after them, if sales respond to
    /// the price with this elasticity.
    pub(super) fn project_revenue(&self, steps: &[Step], weeks: i32, elasticity: f64) -> (f64, f64) {
        let list = self.product.price.unwrap_or_default() as f64;
        let weeks_per_step = f64::from(weeks) / steps.len().max(1) as f64;
        let (mut remaining_units, mut amount) = (self.units(), 0.0);
        for step in steps {
            let sold = (self.rate() * (step.price_minor as f64 / list).powf(-elasticity) * weeks_per_step).min(remaining_units);
            amount += sold * step.price_minor as f64;
            remaining_units -= sold;
        }
        (amount, remaining_units)
    }

    /// Descending prices, rounded to the tenant's ending and raised to the floor.
    fn steps(&self, list: i64, weeks: i32) -> Vec<Step> {
        let floor = self.product.cost.unwrap_or_default() * f64::from(self.criteria.floor_percent) / 100.0;
        let mut steps: Vec<Step> = Vec::new();
        for percent in &self.criteria.markdown_percents {
            let reduced_price = list.saturating_mul(100 - i64::from(*percent)) / 100;
            let price = self.criteria.round_price(reduced_price).max(floor.ceil() as i64).max(1);
            if price < steps.last().map_or(list, |step| step.price_minor) {
                steps.push(Step { percent: *percent, price_minor: price, from_date: self.today });
            }
        }
        let (days, count) = (7 * weeks, i32::try_from(steps.len()).unwrap_or(1).max(1));
        for (index, step) in (0..).zip(&mut steps) {
            step.from_date = self.today + days * index / count;
        }
        steps
    }
}

/// The lower bound, the mean and the upper bound of a Poisson variable's 80 % range.
fn poisson_range(mean: f64) -> [f64; 3] {
    let root = POISSON_Z_SCORE * mean.max(0.0).sqrt();
    [(mean - root).max(0.0), mean.max(0.0), mean.max(0.0) + root]
}
