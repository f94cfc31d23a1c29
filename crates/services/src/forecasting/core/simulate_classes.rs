//! Simulation of a reorder policy over the past of many products of a store, with totals by ABC and
//! XYZ class.

use std::collections::{BTreeMap, BTreeSet};

use entity::{prelude::*, quantity::MAX_SAFE};
use forecast::{
    Panel,
    simulate::{DailyDemand, DayOutcome, DayRule, Target, simulate_days_on},
    xyz::XyzClass,
};

use super::{
    History, ReorderPolicy, SimulatedRule, SimulationRefusal, StoredClasses,
    daily::{DayFacts, add_days},
    played::SimulatedLead,
    service_of,
    simulate::{SEED, build_past, counted_weeks, first_counted_week, first_simulated_week, monday},
};

/// A year's holding cost as a share of the cost, as in plans.
const YEARLY_HOLDING_RATE: f64 = 0.25;
const YEAR_WEEKS: f64 = 52.0;
const WEEK_DAYS: f64 = 7.0;

/// A product of the simulation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassProduct {
    /// Classes by the newest run.
    pub classes: Option<StoredClasses>,
    /// Decimals of its unit.
    pub decimals: i32,
    /// Cost of a whole unit.
    pub cost: Option<Money>,
    pub days: DayFacts,
}

/// Products of a store, and their history.
#[derive(Debug, Clone, Default)]
pub struct ClassHistory {
    pub history: History,
    pub products: BTreeMap<ProductId, ClassProduct>,
    /// Products whose errors are pooled, simulated or not.
    pub pooled: BTreeSet<ProductId>,
}

/// Totals of the products of two classes, or of all. Units are whole ones; stock is that of the
/// ends of days.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassTotals {
    /// `None` for all products, or for those without classes.
    pub classes: Option<(AbcClass, XyzClass)>,
    /// `None` for a rule without a service level, and if the products have different levels.
    pub promised: Option<f64>,
    pub products: u64,
    /// Cycles of all products, and those without unmet demand.
    pub cycles: u64,
    pub served: u64,
    pub demanded: f64,
    pub met: f64,
    /// Days of all products with unmet demand, and days that closed without stock.
    pub short_days: u64,
    pub empty_days: u64,
    pub mean_stock: f64,
    pub orders: u64,
    pub ordered: f64,
    /// Units that expired unsold.
    pub expired: f64,
    /// Products without a cost, which no value includes.
    pub without_cost: u64,
    /// Value of `mean_stock`, in minor units.
    value: BTreeMap<Currency, f64>,
    /// Counted weeks.
    weeks: f64,
}

impl ClassTotals {
    fn of(classes: Option<(AbcClass, XyzClass)>, weeks: usize) -> Self {
        Self { classes, weeks: weeks as f64, ..Self::default() }
    }
    fn add(&mut self, product: &ClassProduct, promised: Option<f64>, outcome: &DayOutcome) {
        let whole_units = |units: f64| units / 10_f64.powi(product.decimals);
        let mean_stock = whole_units(outcome.total.stock) / (WEEK_DAYS * self.weeks);
        self.promised = if self.products == 0 { promised } else { self.promised.filter(|common| promised == Some(*common)) };
        self.products += 1;
        self.cycles += outcome.total.cycles;
        self.served += outcome.total.served;
        self.demanded += whole_units(outcome.total.demanded);
        self.met += whole_units(outcome.total.met);
        self.short_days += outcome.short_days;
        self.empty_days += outcome.empty_days;
        self.mean_stock += mean_stock;
        self.orders += outcome.total.orders;
        self.ordered += whole_units(outcome.total.ordered);
        self.expired += whole_units(outcome.expired);
        match product.cost {
            Some(cost) => *self.value.entry(cost.currency).or_default() += mean_stock * cost.minor as f64,
            None => self.without_cost += 1,
        }
    }
    /// Cycles without unmet demand ÷ cycles. `None` without cycles.
    pub fn cycle_service(&self) -> Option<f64> {
        (self.cycles > 0).then(|| self.served as f64 / self.cycles as f64)
    }
    /// Units met ÷ units demanded. `None` without demand.
    pub fn fill(&self) -> Option<f64> {
        (self.demanded > 0.0).then(|| self.met / self.demanded)
    }
    /// Returns the value of the mean stock, one amount a currency. `None` if it is too large to be
    /// exact.
    pub fn stock_values(&self) -> Option<Vec<Money>> {
        self.amounts(1.0)
    }
    /// Returns the cost of holding the mean stock over the counted weeks: a quarter of its value a
    /// year (Silver, Pyke & Thomas, 2017: v × r × mean stock). `None` if it is too large to be
    /// exact.
    pub fn holding_costs(&self) -> Option<Vec<Money>> {
        self.amounts(YEARLY_HOLDING_RATE * self.weeks / YEAR_WEEKS)
    }
    fn amounts(&self, share: f64) -> Option<Vec<Money>> {
        let amount = |(currency, minor): (&Currency, &f64)| {
            let minor = (minor * share).round();
            (minor.abs() <= MAX_SAFE as f64).then(|| Money::new(minor as i64, *currency))
        };
        self.value.iter().map(amount).collect()
    }
}

/// Result of a policy's simulation for products of a store.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedClasses {
    /// Mondays of the first counted week and of the week after the last one.
    pub weeks: (i32, i32),
    /// Products that have too short a history before the first counted week.
    pub left_out: u64,
    pub all: ClassTotals,
    /// A and X first, products without classes last.
    pub classes: Vec<ClassTotals>,
}

impl ReorderPolicy {
    /// Returns the policy for a product of these classes.
    fn of_classes(&self, classes: Option<StoredClasses>) -> Self {
        match self.rule {
            SimulatedRule::Service { .. } => Self { service: service_of(classes), ..*self },
            _ => *self,
        }
    }
}

/// Simulates a policy for all products of a history; each as it would be alone, over the same
/// weeks. The first counted week is the first that any product can be counted in; products without
/// enough history then are left out. Days are since 1970-01-01; without them all possible weeks
/// count. Results are the same with any number of threads.
pub fn simulated_classes(
    class_history: &ClassHistory,
    policy: &ReorderPolicy,
    range: (Option<i32>, Option<i32>),
    threads: usize,
) -> Result<SimulatedClasses, SimulationRefusal> {
    let history = &class_history.history;
    let panel = history.panel().ok_or(SimulationRefusal::NoDemand)?;
    let played: Vec<Option<&ClassProduct>> =
        history.series.iter().map(|series| class_history.products.get(&series.product)).collect();
    let lead = |played: &ClassProduct| policy.lead(&played.days.lead, history);
    let leads: Vec<Option<SimulatedLead>> = played.iter().map(|played| played.map(lead)).collect();
    let span = leads.iter().flatten().map(SimulatedLead::span).max().unwrap_or(1);
    let begins = first_weeks(class_history, &panel, span)?;
    let earliest = begins.iter().flatten().copied().min().ok_or(SimulationRefusal::NoDemand)?;
    let pooled: Vec<bool> = history.series.iter().map(|series| class_history.pooled.contains(&series.product)).collect();
    let past = build_past(&panel, span).with_pooled_series(&pooled);
    let mut rules: Vec<Option<DayRule<'_>>> = Vec::with_capacity(begins.len());
    for ((played, lead), begin) in played.iter().zip(&leads).zip(&begins) {
        let product = begin.and(played.zip(lead.as_ref()));
        rules.push(product.map(|(played, lead)| {
            let target = Target::Rule(policy.of_classes(played.classes).plan_rule());
            DayRule { shelf_days: played.days.shelf_days, ..lead.rule(target) }
        }));
    }
    let needs_errors = rules.iter().flatten().any(DayRule::needs_errors);
    let first = first_counted_week(needs_errors.then_some(&past), earliest..panel.weeks(), span)?;
    let weeks = counted_weeks(history, first, range)?;
    for (rule, begin) in rules.iter_mut().zip(&begins) {
        if begin.is_some_and(|begin| begin + span > weeks.start) {
            *rule = None;
        }
    }
    let (mondays, count) = ((monday(history, weeks.start), monday(history, weeks.end)), weeks.len());
    let mut demand = DailyDemand::new(history.weeks, SEED);
    for (series, played) in history.series.iter().zip(&played) {
        add_days(&mut demand, history, series.product, played.map(|played| &played.days));
    }
    let outcomes = simulate_days_on(&demand, &past, &policy.day_simulation(weeks, span), &rules, threads);
    let mut all_totals = ClassTotals::of(None, count);
    let mut classes = BTreeMap::new();
    for ((played, outcome), _) in played.into_iter().zip(&outcomes).zip(&rules).filter(|(_, rule)| rule.is_some()) {
        let Some(product) = played else { continue };
        let promised = policy.of_classes(product.classes).promised_service();
        let class_pair = product.classes.map(|classes| (classes.abc, XyzClass::from(classes.xyz)));
        all_totals.add(product, promised, outcome);
        let totals = classes.entry((class_pair.is_none(), class_pair)).or_insert_with(|| ClassTotals::of(class_pair, count));
        totals.add(product, promised, outcome);
    }
    let excluded_count = (class_history.products.len() as u64).saturating_sub(all_totals.products);
    Ok(SimulatedClasses { weeks: mondays, left_out: excluded_count, all: all_totals, classes: classes.into_values().collect() })
}

/// Returns the first week in which each series can be simulated; `None` for one that is not
/// simulated. If none can be, returns the reason of the one with the longest history.
fn first_weeks(class_history: &ClassHistory, panel: &Panel, span: usize) -> Result<Vec<Option<usize>>, SimulationRefusal> {
    let (mut begin_weeks, mut reason, mut longest) = (Vec::new(), SimulationRefusal::NoDemand, 0);
    for (index, series) in class_history.history.series.iter().enumerate() {
        let is_played = class_history.products.contains_key(&series.product);
        let begin_week = if is_played { first_simulated_week(panel, index, span) } else { Err(SimulationRefusal::NoDemand) };
        if let Err(SimulationRefusal::TooShort { known, wanted }) = begin_week
            && known > longest
        {
            (reason, longest) = (SimulationRefusal::TooShort { known, wanted }, known);
        }
        begin_weeks.push(begin_week.ok());
    }
    if begin_weeks.iter().all(Option::is_none) { Err(reason) } else { Ok(begin_weeks) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecasting::core::{LeadDays, LevelFacts, StoredXyz, simulate_policy};

    const FIRST: i32 = 4;
    const WEEKS: i32 = 44;

    fn id<K>(n: u128) -> Id<K> {
        Id::from_uuid(uuid::Uuid::from_u128(n))
    }
    /// Thirty products in a store; uneven weeks that repeat nowhere.
    fn store() -> ClassHistory {
        let mondays = |product: u128| -> Vec<(i32, i64)> {
            let units = |week: i64| 5 + (week * 7 + product as i64 * 13) * (week + 3) % 17;
            // The last one is new.
            let first = if product == 30 { WEEKS - 9 } else { 0 };
            (first..WEEKS).map(|week| (FIRST + 7 * week, units(week.into()))).collect()
        };
        let weekly = |product: u128| LevelFacts { weeks: mondays(product), ..LevelFacts::default() };
        let facts: BTreeMap<(ProductId, StoreId), LevelFacts> = (1..=30).map(|n| ((id(n), id(90)), weekly(n))).collect();
        let product = |n: u128| {
            let stored = |abc: AbcClass, xyz: StoredXyz| StoredClasses { abc, xyz, computed_abc: abc, computed_xyz: xyz };
            let classes = match n {
                1..=10 => Some(stored(AbcClass::A, StoredXyz::X)),
                11..=20 => Some(stored(AbcClass::C, StoredXyz::Z)),
                21 => Some(stored(AbcClass::A, StoredXyz::Y)),
                _ => None,
            };
            let days = DayFacts { units: mondays(n), ..DayFacts::default() };
            ClassProduct { classes, decimals: 0, cost: Some(Money::new(200, Currency::GBP)), days }
        };
        ClassHistory {
            history: History::of(&facts, FIRST + 7 * WEEKS),
            products: (1..=30).map(|n| (id(n), product(n))).collect(),
            pooled: (1..=30).map(id).collect(),
        }
    }
    fn policy(rule: SimulatedRule) -> ReorderPolicy {
        let method = SafetyStockMethod::Quantile;
        ReorderPolicy {
            rule,
            service: 0.95,
            method,
            lead_days: Some(14),
            review_days: 7,
            minimum: 0,
            pack: 1,
            is_backordered: false,
        }
    }

    #[test]
    fn classes_add_up_to_all_products() {
        let of = store();
        let found = simulated_classes(&of, &policy(SimulatedRule::Periodic), (None, None), 1).unwrap();
        let said: Vec<_> = found.classes.iter().map(|totals| (totals.classes, totals.products)).collect();
        let class = |abc: AbcClass, xyz: XyzClass| Some((abc, xyz));
        let expected = [
            (class(AbcClass::A, XyzClass::X), 10),
            (class(AbcClass::A, XyzClass::Y), 1),
            (class(AbcClass::C, XyzClass::Z), 10),
            (None, 8),
        ];
        assert_eq!((said.as_slice(), found.left_out), (&expected[..], 1), "the new one has nine weeks");
        let weeks = ((found.weeks.1 - found.weeks.0) / 7) as u64;
        assert_eq!((found.all.products, found.all.cycles), (29, 29 * weeks), "a review each week");
        let sum = |figure: fn(&ClassTotals) -> f64| found.classes.iter().map(figure).sum::<f64>();
        let figures: [fn(&ClassTotals) -> f64; 5] = [
            |totals| totals.mean_stock,
            |totals| totals.orders as f64,
            |totals| totals.served as f64,
            |totals| totals.demanded,
            |totals| totals.ordered,
        ];
        for figure in figures {
            assert!((sum(figure) - figure(&found.all)).abs() < 1e-6);
        }
        assert!(found.all.fill().unwrap() > 0.9 && found.all.cycle_service().unwrap() > 0.85, "{:?}", found.all);
        // 2.00 a unit, and a quarter of it a year.
        let value = found.all.stock_values().unwrap();
        assert_eq!(value, [Money::new((200.0 * found.all.mean_stock).round() as i64, Currency::GBP)]);
        let holding = 200.0 * found.all.mean_stock * 0.25 * weeks as f64 / 52.0;
        assert_eq!(found.all.holding_costs().unwrap(), [Money::new(holding.round() as i64, Currency::GBP)]);
    }

    #[test]
    fn a_class_of_one_product_is_that_product_alone() {
        let of = store();
        for rule in [SimulatedRule::Periodic, SimulatedRule::MinMax { point: 40, maximum: Some(90) }] {
            let found = simulated_classes(&of, &policy(rule), (None, None), 2).unwrap();
            let own = found.classes.iter().find(|totals| totals.classes == Some((AbcClass::A, XyzClass::Y))).unwrap();
            let mut alone = of.history.clone();
            let place = alone.series.iter().position(|series| series.product == id(21)).unwrap();
            alone.series.swap(0, place);
            let alone = simulate_policy(&alone, &of.products[&id(21)].days, &policy(rule), (None, None)).unwrap().own;
            assert_eq!(found.weeks, alone.weeks);
            assert_eq!(
                (own.cycle_service(), own.fill(), own.orders),
                (alone.cycle_service, alone.fill, alone.orders),
                "{rule:?}"
            );
            assert_eq!((own.short_days, own.empty_days), (alone.short_days, alone.empty_days), "{rule:?}");
            assert!((own.mean_stock - alone.mean_stock).abs() < 1e-9 && (own.ordered - alone.ordered).abs() < 1e-9);
        }
    }

    #[test]
    fn each_class_is_promised_its_own_level() {
        let found = simulated_classes(&store(), &policy(SimulatedRule::Service { cover_days: 14 }), (None, None), 1).unwrap();
        let promised: Vec<_> = found.classes.iter().map(|totals| totals.promised).collect();
        assert_eq!((promised, found.all.promised), (vec![Some(0.98), Some(0.97), Some(0.85), Some(0.85)], None));
        let by_days = policy(SimulatedRule::TargetDays { safety_days: 7, target_days: 28 });
        assert_eq!(simulated_classes(&store(), &by_days, (None, None), 1).unwrap().all.promised, None);
        let one = simulated_classes(&store(), &policy(SimulatedRule::Periodic), (None, None), 1).unwrap();
        assert_eq!(one.all.promised, Some(0.95));
    }

    #[test]
    fn products_without_a_cost_are_counted_and_units_are_whole_ones() {
        let mut of = store();
        for (n, product) in (1_u8..).zip(of.products.values_mut()) {
            product.cost = product.cost.filter(|_| n > 10);
            product.decimals = if n > 10 { 0 } else { 3 };
        }
        let (grams, pieces) = (of, store());
        let play = |of: &ClassHistory| simulated_classes(of, &policy(SimulatedRule::Periodic), (None, None), 1).unwrap();
        let (grams, pieces) = (play(&grams), play(&pieces));
        assert_eq!(
            (grams.classes[0].without_cost, grams.all.without_cost, grams.classes[0].stock_values()),
            (10, 10, Some(vec![]))
        );
        assert!((grams.classes[0].mean_stock * 1_000.0 - pieces.classes[0].mean_stock).abs() < 1e-6);
        assert_eq!(grams.classes[1], pieces.classes[1]);
    }

    #[test]
    fn a_store_that_nobody_can_play_says_why() {
        let none = ClassHistory { products: BTreeMap::new(), ..store() };
        let played = |of: &ClassHistory| simulated_classes(of, &policy(SimulatedRule::Periodic), (None, None), 1);
        assert_eq!(played(&none), Err(SimulationRefusal::NoDemand));
        let mut of = store();
        of.products.retain(|product, _| *product == id(30));
        assert_eq!(played(&of), Err(SimulationRefusal::TooShort { known: 9, wanted: 12 }));
        // Future weeks are unknown.
        let late = simulated_classes(&store(), &policy(SimulatedRule::Periodic), (Some(FIRST + 7 * WEEKS), None), 1);
        assert_eq!(late, Err(SimulationRefusal::NoWeek));
    }

    #[test]
    fn each_product_has_the_deliveries_of_its_own_supplier() {
        let mut of = store();
        let slow = LeadDays { stated: 7.0, measured: vec![14.0, 14.0, 28.0, 21.0, 21.0], ..LeadDays::default() };
        for n in 1..=10 {
            of.products.get_mut(&id(n)).unwrap().days.lead = slow.clone();
        }
        let by_class = |lead_days: Option<usize>| {
            let rule = SimulatedRule::MinMax { point: 40, maximum: Some(90) };
            let policy = ReorderPolicy { lead_days, review_days: 1, ..policy(rule) };
            let found = simulated_classes(&of, &policy, (Some(FIRST + 7 * 20), None), 1).unwrap();
            let class = |abc: AbcClass| found.classes.iter().find(|totals| totals.classes.is_some_and(|own| own.0 == abc));
            [AbcClass::A, AbcClass::C].map(|abc| class(abc).and_then(ClassTotals::fill).unwrap())
        };
        let ([slow, week], [stated, _]) = (by_class(None), by_class(Some(7)));
        assert!(slow < stated, "it waits two to four weeks instead of one: {slow} {stated}");
        assert!(slow < week, "deliveries that nobody measured take a week: {slow} {week}");
    }
}
