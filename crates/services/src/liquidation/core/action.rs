//! What can be done with stock, and what it brings after the cost of doing it.

use entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    criteria::Criteria,
    level::{Level, Product},
};

/// 80 % of what comes by chance, one by one, lies within so many roots of its mean.
const CHANCE: f64 = 1.2816;
const YEAR_WEEKS: f64 = 52.0;
/// How many times as much a bundle is assumed to sell.
const UPLIFTS: [f64; 3] = [1.0, 1.5, 2.0];

/// Minor units of the tenant's currency: the least, the likely and the most.
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
    /// Asked for, before the price was rounded and held to the floor.
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
    /// What making it costs.
    pub cost_minor: i64,
}

impl Bundle {
    /// What a kit brings of the product.
    pub const fn brings(&self) -> i64 {
        self.price_minor.saturating_sub(self.partner_minor).saturating_sub(self.cost_minor)
    }
}

/// What is done. In the order of how simple it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Act {
    Keep,
    WriteOff,
    Return { supplier: SupplierId },
    Transfer { to: StoreId },
    Bundle(Bundle),
    Markdown { steps: Vec<Step> },
}

impl Act {
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

/// An action with what it is expected to bring.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub act: Act,
    /// Smallest units that it is about.
    pub quantity: i64,
    pub recovery: Recovery,
    /// Units that are left then: the least and the most.
    pub left: (f64, f64),
    /// The last day of what it is expected to bring.
    pub until: i32,
    /// Smallest units that a transfer finds where it goes, or on their way there.
    pub target_free: i64,
}

/// What actions of a level rest on.
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

    /// Keeping it at its price: what sells until the horizon, less the cost of holding it.
    pub fn keep(&self) -> Option<Candidate> {
        let (price, weeks, units) = (self.product.price? as f64, self.level.weeks(self.today), self.units());
        if weeks == 0 {
            return None;
        }
        let sold = chance(self.rate() * f64::from(weeks)).map(|sold| sold.min(units));
        let holding = f64::from(self.criteria.holding_percent) / 100.0 * self.product.cost.unwrap_or_default();
        let worth = |sold: f64| sold * price - holding * (units - sold / 2.0) * f64::from(weeks) / YEAR_WEEKS;
        Some(Candidate {
            act: Act::Keep,
            quantity: self.level.free,
            recovery: Recovery::of(sold.map(worth)),
            left: (units - sold[2], units - sold[0]),
            until: self.until(weeks),
            target_free: 0,
        })
    }

    /// Writing it off: only where that brings something, or nothing else can be done in time.
    pub fn write_off(&self) -> Option<Candidate> {
        let is_last = self.level.weeks(self.today) == 0;
        let share = f64::from(self.criteria.salvage_percent) / 100.0;
        if !is_last && share <= 0.0 {
            return None;
        }
        let brings = (self.units() * self.product.cost.unwrap_or_default() * share).round() as i64;
        Some(self.at_once(Act::WriteOff, brings))
    }

    /// Sending it back, where its supplier's terms are known.
    pub fn give_back(&self) -> Option<Candidate> {
        let (supplier, cost) = (self.product.supplier?, self.product.cost?);
        let terms = self.criteria.terms_of(supplier)?;
        let credit = (self.units() * cost * f64::from(terms.credit_percent) / 100.0).round() as i64;
        Some(self.at_once(Act::Return { supplier }, credit.saturating_sub(terms.freight_minor)))
    }

    fn at_once(&self, act: Act, brings: i64) -> Candidate {
        Candidate {
            act,
            quantity: self.level.free,
            recovery: Recovery::exactly(brings),
            left: (0.0, 0.0),
            until: self.today,
            target_free: 0,
        }
    }

    /// Moving it to where it sells: what that store sells beyond its own stock and what comes from earlier plans. `taken` units are on their way there from other
    /// lines.
    pub fn transfer(&self, to: &Level, taken: i64) -> Option<Candidate> {
        let (price, weeks) = (self.product.price? as f64, self.level.weeks(self.today));
        if weeks == 0 || !to.is_target || !to.sells() || to.store == self.level.store {
            return None;
        }
        let scale = self.product.scale();
        let there = to.free.max(0).saturating_add(to.coming).saturating_add(taken);
        let own = there as f64 / scale;
        let wanted = chance(to.rate(self.today, scale) / scale * f64::from(weeks));
        // What is moved is whole, and no more than is likely to be sold.
        let quantity = ((wanted[1] - own).max(0.0) * scale + 1e-9).floor().min(self.level.free.max(0) as f64) as i64;
        let quantity = quantity - quantity % scale as i64;
        if quantity <= 0 {
            return None;
        }
        let moved = quantity as f64 / scale;
        let sold = wanted.map(|wanted| (wanted - own).clamp(0.0, moved));
        let freight = self.criteria.freight(self.level.store, to.store) as f64;
        Some(Candidate {
            act: Act::Transfer { to: to.store },
            quantity,
            recovery: Recovery::of(sold.map(|sold| sold * price - freight)),
            left: (moved - sold[2], moved - sold[0]),
            until: self.until(weeks),
            target_free: there,
        })
    }

    /// Selling it in a kit with what people buy: its own price stays, and the kit costs less than both. Nobody knows how many more that sells, so as many, one
    /// and a half times and twice as many are assumed; never more than the partner sells, or lies there.
    pub fn bundle(&self) -> Option<Candidate> {
        let (percent, partner) = (self.criteria.bundle_percent?, self.product.partner.as_ref()?);
        let (list, weeks) = (self.product.price.filter(|price| *price > 0)?, self.level.weeks(self.today));
        let beside = partner.levels.iter().find(|level| level.store == self.level.store)?;
        let floor = self.product.cost.unwrap_or_default() * f64::from(self.criteria.floor_percent) / 100.0;
        let own = list.saturating_mul(100 - i64::from(percent)) / 100;
        let price = self.criteria.rounded(partner.price.saturating_add(own)).max(partner.price + floor.ceil() as i64);
        let bundle = Bundle {
            partner: partner.product,
            partner_decimals: partner.decimals,
            price_minor: price,
            partner_minor: partner.price,
            cost_minor: self.criteria.bundle_cost_minor,
        };
        let most = self.units().min(beside.free).min(beside.weekly * f64::from(weeks)).floor();
        if weeks == 0 || most < 1.0 || price >= partner.price.saturating_add(list) || bundle.brings() <= 0 {
            return None;
        }
        let sold = UPLIFTS.map(|uplift| (self.rate() * uplift * f64::from(weeks)).min(most));
        Some(Candidate {
            act: Act::Bundle(bundle),
            quantity: (most * self.product.scale()) as i64,
            recovery: Recovery::of(sold.map(|sold| sold * bundle.brings() as f64)),
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
        let [low, likely, high] = self.product.response.elasticities().map(|elasticity| self.brings(&steps, weeks, elasticity));
        // A lower price brings less where sales hardly answer it: the range is in the order of its amounts.
        let mut amounts = [low.0, likely.0, high.0];
        amounts.sort_by(f64::total_cmp);
        Some(Candidate {
            act: Act::Markdown { steps },
            quantity: self.level.free,
            recovery: Recovery::of(amounts),
            left: (high.1, low.1),
            until: self.until(weeks),
            target_free: 0,
        })
    }

    /// What steps bring, and the whole units that are left then, if sales answer a price like this.
    pub(super) fn brings(&self, steps: &[Step], weeks: i32, elasticity: f64) -> (f64, f64) {
        let list = self.product.price.unwrap_or_default() as f64;
        let each = f64::from(weeks) / steps.len().max(1) as f64;
        let (mut left, mut amount) = (self.units(), 0.0);
        for step in steps {
            let sold = (self.rate() * (step.price_minor as f64 / list).powf(-elasticity) * each).min(left);
            amount += sold * step.price_minor as f64;
            left -= sold;
        }
        (amount, left)
    }

    /// Prices that fall: rounded to the tenant's ending, held to the floor.
    fn steps(&self, list: i64, weeks: i32) -> Vec<Step> {
        let floor = self.product.cost.unwrap_or_default() * f64::from(self.criteria.floor_percent) / 100.0;
        let mut steps: Vec<Step> = Vec::new();
        for percent in &self.criteria.markdown_percents {
            let cut = list.saturating_mul(100 - i64::from(*percent)) / 100;
            let price = self.criteria.rounded(cut).max(floor.ceil() as i64).max(1);
            if price < steps.last().map_or(list, |step| step.price_minor) {
                steps.push(Step { percent: *percent, price_minor: price, from_date: self.today });
            }
        }
        let (days, count) = (7 * weeks, i32::try_from(steps.len()).unwrap_or(1).max(1));
        for (place, step) in (0..).zip(&mut steps) {
            step.from_date = self.today + days * place / count;
        }
        steps
    }
}

/// The least, the mean and the most of what comes by chance.
fn chance(mean: f64) -> [f64; 3] {
    let root = CHANCE * mean.max(0.0).sqrt();
    [(mean - root).max(0.0), mean.max(0.0), mean.max(0.0) + root]
}
