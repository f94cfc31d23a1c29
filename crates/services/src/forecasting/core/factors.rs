//! External series that influence demand, and their weekly levels.

use std::{collections::BTreeMap, sync::Arc};

use entity::prelude::*;
use forecast::{
    class::Class,
    factors::{Factor, FactorResult},
};
use serde::{Deserialize, Serialize};

use super::{History, class_of, rounding::milli};

/// Maximum series of a tenant for all products.
const MAX_FACTORS: usize = 20;
/// Maximum series of a tenant for categories. One of the topmost category takes as long to evaluate
/// as one of all products.
const MAX_CATEGORY_FACTORS: usize = 50;
/// Maximum series of a tenant for single products.
const MAX_PRODUCT_FACTORS: usize = 200;
/// Minimum days of a week with a value for the week's level to be known.
const MIN_KNOWN_DAYS: usize = 4;

/// The products that a series applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum FactorGoods {
    #[default]
    All,
    Product(ProductId),
    /// A category with its descendants.
    Category(CategoryId),
}

impl FactorGoods {
    pub const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }
    pub const fn product(&self) -> Option<ProductId> {
        if let Self::Product(product) = self { Some(*product) } else { None }
    }
    pub const fn category(&self) -> Option<CategoryId> {
        if let Self::Category(category) = self { Some(*category) } else { None }
    }
    /// Whether a product is of it, which is in these categories: its own and all above.
    fn includes(&self, product: ProductId, categories: &[CategoryId]) -> bool {
        match self {
            Self::All => true,
            Self::Product(own_id) => *own_id == product,
            Self::Category(own_id) => categories.contains(own_id),
        }
    }
    /// Returns the maximum number of series of this scope in a tenant.
    pub const fn max_series(&self) -> usize {
        match self {
            Self::All => MAX_FACTORS,
            Self::Category(_) => MAX_CATEGORY_FACTORS,
            Self::Product(_) => MAX_PRODUCT_FACTORS,
        }
    }
    /// Whether both count towards the same limit.
    pub const fn has_same_scope_kind(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::All, Self::All) | (Self::Category(_), Self::Category(_)) | (Self::Product(_), Self::Product(_))
        )
    }
}

/// Stored series.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorSeries {
    pub code: String,
    pub kind: FactorKind,
    pub name: String,
    pub store: Option<StoreId>,
    pub goods: FactorGoods,
    pub country: Option<String>,
    pub from: i32,
    pub until: i32,
    /// Ascending by day.
    pub values: Vec<(i32, f64)>,
    pub version: i64,
    pub updated_at: Timestamp,
}

impl FactorSeries {
    /// Whether the series applies to this store, which is in this country.
    fn is_of(&self, store: StoreId, country: Option<&String>) -> bool {
        self.store.is_none_or(|own_store| own_store == store) && (self.country.is_none() || self.country.as_ref() == country)
    }

    /// Returns the level of the week that begins on a Monday. Promotions and holidays are absent on
    /// days without a value; for other kinds the level is the mean of at least four days.
    fn level(&self, monday: i32) -> Option<f64> {
        if monday < self.from || monday + 6 > self.until {
            return None;
        }
        let begin = self.values.partition_point(|(day, _)| *day < monday);
        let week = self.values[begin..].iter().take_while(|(day, _)| *day < monday + 7);
        let (sum, count) = week.fold((0.0_f64, 0_usize), |(sum, count), (_, value)| (sum + value, count + 1));
        match self.kind {
            FactorKind::Promotion | FactorKind::Holiday => Some(sum / 7.0),
            FactorKind::Price | FactorKind::Weather | FactorKind::Other => (count >= MIN_KNOWN_DAYS).then(|| sum / count as f64),
        }
    }
}

/// Returns the indexes of the series of a factor's products in a history. `None` for all.
fn members(goods: FactorGoods, history: &History, categories: &BTreeMap<ProductId, Vec<CategoryId>>) -> Option<Vec<u32>> {
    let is_member = |product: ProductId| goods.includes(product, categories.get(&product).map_or(&[], Vec::as_slice));
    let member_series = history.series.iter().enumerate().filter(|(_, series)| is_member(series.product));
    (!goods.is_all()).then(|| member_series.map(|(nth, _)| nth as u32).collect())
}

/// Returns the series in the engine's form: with a level for each week of the history, and for the
/// coming ones. `categories` has the category of each product and all above it.
pub fn factors_of(
    factor_series: &[FactorSeries],
    history: &History,
    countries: &BTreeMap<StoreId, String>,
    categories: &BTreeMap<ProductId, Vec<CategoryId>>,
    horizon: usize,
) -> Vec<Factor> {
    let stores: BTreeMap<u32, StoreId> =
        history.series.iter().filter_map(|series| Some((series.store_number(), series.store?))).collect();
    let count = stores.keys().next_back().map_or(0, |highest| *highest as usize + 1);
    let factor = |one: &FactorSeries| {
        let weeks: Arc<[Option<f64>]> =
            (0..history.weeks + horizon).map(|week| one.level(history.first_week + 7 * week as i32)).collect();
        let mut levels: Vec<Arc<[Option<f64>]>> = vec![Arc::default(); count];
        for (number, _) in stores.iter().filter(|(_, store)| one.is_of(**store, countries.get(*store))) {
            levels[*number as usize] = Arc::clone(&weeks);
        }
        Factor { levels, members: members(one.goods, history, categories) }
    };
    factor_series.iter().map(factor).collect()
}

/// Result of a run for a factor series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredFactor {
    pub code: String,
    pub name: String,
    pub kind: FactorKind,
    /// Stores that it applies to; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stores: Option<Vec<StoreId>>,
    /// Products that it applies to; all in runs of earlier versions.
    #[serde(default, skip_serializing_if = "FactorGoods::is_all")]
    pub goods: FactorGoods,
    pub is_used: bool,
    /// WAPE of held-out weeks without and with the factor. `None` if the data is too short.
    pub wape: Option<(f64, f64)>,
    /// The first coming week whose level is unknown: from there on the factor is left out.
    pub ends: Option<i32>,
    /// Factor by which units are multiplied if the level is 1 higher, by class.
    pub lifts: Vec<(DemandClass, f64)>,
}

impl StoredFactor {
    /// Whether the effect applies to this product in this store; nil stands for all stores.
    /// `categories` are the product's own and all above it.
    pub fn is_of(&self, store: StoreId, product: ProductId, categories: &[CategoryId]) -> bool {
        let is_of_store = store == StoreId::NIL || self.stores.as_ref().is_none_or(|stores| stores.contains(&store));
        is_of_store && self.goods.includes(product, categories)
    }
    /// Returns the lift of a class.
    pub fn lift(&self, class: DemandClass) -> Option<f64> {
        self.lifts.iter().find(|(lift_class, _)| *lift_class == class).map(|(_, lift)| *lift)
    }
}

/// Returns the stored results for the series of a run that forecasts a number of weeks from a
/// Monday on.
pub fn stored_factors(
    factor_series: &[FactorSeries],
    results: &[FactorResult],
    countries: &BTreeMap<StoreId, String>,
    (first_week, horizon): (i32, usize),
) -> Vec<StoredFactor> {
    let stored = |(one, results): (&FactorSeries, &FactorResult)| {
        let stores_of_country = |country: &String| -> Vec<StoreId> {
            countries.iter().filter(|(_, store_country)| *store_country == country).map(|(store, _)| *store).collect()
        };
        let mut future_weeks = (0..horizon).map(|week| first_week + 7 * week as i32);
        let lift = |class: &Class| Some((class_of(*class), milli(results.effects[class.index()]?.slope.exp())));
        StoredFactor {
            code: one.code.clone(),
            name: one.name.clone(),
            kind: one.kind,
            stores: one.store.map(|store| vec![store]).or_else(|| one.country.as_ref().map(stores_of_country)),
            goods: one.goods,
            is_used: results.is_used,
            wape: results.wape.map(|(error_without, error_with)| (milli(error_without), milli(error_with))),
            ends: future_weeks.find(|week| one.level(*week).is_none()),
            lifts: Class::ALL.iter().filter_map(lift).collect(),
        }
    };
    factor_series.iter().zip(results).map(stored).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecasting::core::{FactorFields, FactorProblem};

    const MONDAY: i32 = 20_716;

    fn fields(kind: FactorKind, values: &[(i32, f64)]) -> FactorFields {
        let (code, name) = ("SALE".to_owned(), "Sale".to_owned());
        let goods = FactorGoods::All;
        FactorFields { code, kind, name, store: None, goods, country: None, from: None, until: None, values: values.to_vec() }
    }

    fn validated(fields: &FactorFields) -> Result<FactorSeries, Vec<FactorProblem>> {
        fields.validate(1, Timestamp(0))
    }

    #[test]
    fn a_promotion_is_not_there_on_other_days() {
        let mut sale = fields(FactorKind::Promotion, &[(MONDAY + 1, 1.0), (MONDAY, 1.0)]);
        sale.until = Some(MONDAY + 13);
        let sale = validated(&sale).unwrap();
        assert_eq!(sale.values, [(MONDAY, 1.0), (MONDAY + 1, 1.0)]);
        assert_eq!(
            [MONDAY - 7, MONDAY, MONDAY + 7, MONDAY + 14].map(|week| sale.level(week)),
            [None, Some(2.0 / 7.0), Some(0.0), None]
        );
    }

    #[test]
    fn a_category_has_its_products_and_those_of_categories_below() {
        let id = |nth: u128| uuid::Uuid::from_u128(nth);
        let (mug, bowl, tea) = (ProductId::from_uuid(id(1)), ProductId::from_uuid(id(2)), ProductId::from_uuid(id(3)));
        let (kitchen, mugs) = (CategoryId::from_uuid(id(4)), CategoryId::from_uuid(id(5)));
        let categories = BTreeMap::from([(mug, vec![mugs, kitchen]), (bowl, vec![kitchen])]);
        let weeks = |units: i64| super::super::LevelFacts { weeks: vec![(MONDAY, units)], ..Default::default() };
        let levels = [mug, bowl, tea].map(|product| ((product, StoreId::NIL), weeks(3)));
        let history = History::of(&BTreeMap::from(levels), MONDAY + 7);
        let of = |goods: FactorGoods| members(goods, &history, &categories);
        assert_eq!(of(FactorGoods::All), None);
        assert_eq!(of(FactorGoods::Product(tea)), Some(vec![2]));
        assert_eq!([of(FactorGoods::Category(kitchen)), of(FactorGoods::Category(mugs))], [Some(vec![0, 1]), Some(vec![0])]);
        // A category may contain all products, so the maximum of series is lower than for single
        // products.
        let (category, product) = (FactorGoods::Category(kitchen), FactorGoods::Product(mug));
        assert_eq!([FactorGoods::All.max_series(), category.max_series(), product.max_series()], [20, 50, 200]);
        assert!(product.has_same_scope_kind(&FactorGoods::Product(tea)) && !product.has_same_scope_kind(&category));
    }

    #[test]
    fn a_week_of_weather_needs_four_days() {
        let days = |count: i32| (0..count).map(|day| (MONDAY + day, f64::from(day))).collect::<Vec<_>>();
        let level = |count: i32| {
            let mut weather = fields(FactorKind::Weather, &days(count));
            weather.until = Some(MONDAY + 6);
            validated(&weather).unwrap().level(MONDAY)
        };
        assert_eq!((level(3), level(4), level(7)), (None, Some(1.5), Some(3.0)));
    }
}
