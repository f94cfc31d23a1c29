//! Demand for a product as a part of kits: dependent demand, which is computed from the forecasts of the kits and not forecast itself (J. Orlicky, Material
//! Requirements Planning, 1975).

use super::{
    product::{Demand, KitShare, LevelState},
    reason::{Reason, ReasonCode},
};
use platform::plurals::pluralize;

const WEEKS_A_YEAR: f64 = 52.0;

/// A kit that a store sells, and the product's smallest units in each.
#[derive(Debug, Clone, PartialEq)]
pub struct KitUse {
    pub per_kit: i64,
    /// Forecast of the kit in the store.
    pub demand: Demand,
    /// Kits of the last 52 weeks, and the sum of the squares of each week's.
    pub year_units: i64,
    pub year_squares: f64,
}

/// Returns the reason that kits ask for a part of it; `weekly` is the mean of the first coming week, with theirs.
pub(super) fn kit_reason(share: KitShare, weekly: f64, decimals: u8) -> Reason {
    let whole = |units: f64| units / 10_f64.powi(decimals.into());
    let kits = pluralize(share.kits, "kit", "kits");
    let text =
        format!("{:.1} of {:.1} units a week are expected to leave as parts of {kits}", whole(share.weekly), whole(weekly));
    Reason::new(ReasonCode::PartOfKits, text, &[("kits", share.kits as f64), ("kitUnits", share.weekly), ("weekly", weekly)])
}

impl LevelState {
    /// Adds what kits are expected to take. Means add up; errors do as the root of their squares, as those of independent demands. Pools of errors, days and
    /// quality are those of the larger part.
    pub fn add_kits(&mut self, kits: Vec<KitUse>) {
        let kits: Vec<KitUse> = kits.into_iter().filter(|kit| kit.per_kit > 0 && kit.demand.has_demand()).collect();
        if kits.is_empty() {
            return;
        }
        for kit in &kits {
            let per_kit = kit.per_kit as f64;
            let cross = 2.0 * self.year_units as f64 * per_kit * kit.year_units as f64 / WEEKS_A_YEAR;
            self.year_squares += per_kit * per_kit * kit.year_squares + cross;
            self.year_units = self.year_units.saturating_add(kit.per_kit.saturating_mul(kit.year_units));
        }
        let of_kits: Vec<Demand> = kits.into_iter().map(|kit| kit.demand.of_parts(kit.per_kit as f64)).collect();
        let weekly = of_kits.iter().filter_map(|demand| demand.path.first()).sum();
        self.kits = Some(KitShare { kits: of_kits.len(), weekly });
        let own = self.demand.take().filter(Demand::has_demand);
        self.demand = own.into_iter().chain(of_kits).reduce(Demand::with);
    }
}

impl Demand {
    fn total(&self) -> f64 {
        self.path.iter().sum()
    }

    /// The demand for so many parts of each unit.
    fn of_parts(mut self, per_unit: f64) -> Self {
        self.path.iter_mut().for_each(|units| *units *= per_unit);
        self.scale *= per_unit;
        // Its classes are those of the kit's revenue.
        self.classes = None;
        if let Some(shape) = &mut self.shape {
            shape.weekly *= per_unit;
            shape.variance *= per_unit * per_unit;
        }
        self
    }

    fn with(self, other: Self) -> Self {
        let classes = self.classes.or(other.classes);
        let (mut larger, smaller) = if self.total() >= other.total() { (self, other) } else { (other, self) };
        let weeks = larger.path.len().max(smaller.path.len());
        let of_week = |path: &[f64], week: usize| path.get(week).or(path.last()).copied().unwrap_or_default();
        larger.path = (0..weeks).map(|week| of_week(&larger.path, week) + of_week(&smaller.path, week)).collect();
        larger.scale = larger.scale.hypot(smaller.scale);
        larger.known_weeks = larger.known_weeks.max(smaller.known_weeks);
        larger.classes = classes;
        if let (Some(shape), Some(added)) = (&mut larger.shape, &smaller.shape) {
            shape.weekly += added.weekly;
            shape.variance += added.variance;
        }
        larger
    }
}
