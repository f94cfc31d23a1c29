//! Every input gets a forecast with a status, and all of its figures are finite numbers.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a test, or a tool of developers: it may panic")]

use forecast::{
    Panel, Run, Settings, Status, Traits, forecast_all,
    models::{Cap, Configuration, Method, Model, Scratch, SeasonalBase, View},
    series::{Class, PreparedSeries, Reason, prepare},
};
use proptest::prelude::*;

const HORIZON: usize = 12;

fn run(series: &[Vec<f32>], threads: usize) -> Run {
    let mut panel = Panel::new(series.first().map_or(0, Vec::len)).unwrap();
    series.iter().for_each(|values| panel.push(values, Traits::default()).unwrap());
    forecast_all(&panel, &Settings { horizon: HORIZON, threads, incumbent: None })
}

/// Every figure is finite and not negative, bounds enclose one another, and points exist if the
/// status promises them.
fn is_sound(run: &Run) {
    for series in 0..run.series.len() {
        let forecast = &run.series[series];
        let expected = if forecast.status == Status::TooLittle { 0 } else { HORIZON };
        assert_eq!(forecast.points.len(), expected, "{forecast:?}");
        assert!((0.0..=100.0).contains(&forecast.quality.score) && forecast.mean_step.is_finite(), "{forecast:?}");
        for point in &forecast.points {
            assert!(point.mean.is_finite() && point.median.is_finite() && point.mean >= 0.0 && point.median >= 0.0, "{point:?}");
            if let Some(bounds) = point.bounds {
                let order = [0.0, bounds.lower95, bounds.lower80, bounds.upper80, bounds.upper95];
                assert!(order.windows(2).all(|two| two[0] <= two[1]) && bounds.upper95.is_finite(), "{bounds:?}");
            }
        }
        let mut path = Vec::new();
        let demand = run.demand(series, &mut path);
        let mut last = 0.0;
        for weeks in [0.0, 0.5, 1.0, 3.0, 10.0, 60.0] {
            let mean = demand.mean(weeks);
            assert!(mean.is_finite());
            if let Some(units) = demand.quantile(0.95, weeks) {
                assert!(units.is_finite() && units >= last, "{units} after {last}");
                assert!(demand.quantile(0.90, weeks).unwrap() <= units);
                last = units;
            }
        }
        assert!(!run.explain(series).contains("NaN"));
    }
}

fn many(one: &[f32]) -> Vec<Vec<f32>> {
    vec![one.to_vec(); 40]
}

#[test]
fn one_sale_none_and_all_in_one_week() {
    for weeks in [30, 52, 120] {
        let mut once = vec![0.0; weeks];
        once[weeks - 5] = 3.0;
        let mut long_ago = vec![0.0; weeks];
        long_ago[0] = 500.0;
        for (values, status) in [(once, Status::New), (long_ago, Status::Ended), (vec![0.0; weeks], Status::TooLittle)] {
            let found = run(&many(&values), 1);
            is_sound(&found);
            assert_eq!(found.series[7].status, status, "{weeks} weeks");
        }
    }
}

#[test]
fn a_tenant_of_one_week_or_of_none() {
    let found = run(&many(&[5.0]), 2);
    is_sound(&found);
    assert_eq!((found.series[0].status, found.series[0].points[0].mean), (Status::New, 5.0));
    assert_eq!((found.series[0].points[0].bounds, found.pools[0].weeks.scores), (None, 0), "no interval without errors");
    is_sound(&run(&many(&[]), 2));
    is_sound(&run(&[], 2));
}

#[test]
fn stockouts_for_months_are_dormant() {
    let mut panel = Panel::new(60).unwrap();
    let (mut values, mut days) = (vec![8.0; 60], vec![7; 60]);
    values[45..].fill(0.0);
    days[45..].fill(0);
    panel.push_with_days(&values, &days, Traits::default()).unwrap();
    panel.push_with_days(&values, &days, Traits { has_incoming: true, ..Traits::default() }).unwrap();
    let found = forecast_all(&panel, &Settings { horizon: HORIZON, ..Settings::default() });
    is_sound(&found);
    assert_eq!(
        (found.series[0].class, found.series[0].status, found.series[0].points[0].mean),
        (Class::Dormant, Status::Dormant, 8.0)
    );
    assert_eq!((found.series[1].status, found.series[1].points[3].mean), (Status::Ready, 8.0), "as before it ran out");
    assert_eq!(found.series[1].naive, 8.0, "the naive forecast says what was known last, not that nobody wants any");
}

#[test]
fn a_giant_among_the_first_weeks_of_a_product_is_cut_and_told() {
    let mut values = vec![0.0; 23];
    values.extend([5.0, 6.0, 5.0, 1_000.0, 5.0, 6.0, 5.0]);
    let found = run(&many(&values), 1);
    is_sound(&found);
    let product = &found.series[7];
    assert_eq!(product.status, Status::New);
    let [giant] = product.excluded.as_slice() else { panic!("{:?}", product.excluded) };
    assert_eq!((giant.week, giant.recorded, giant.reason), (26, 1_000.0, Reason::Capped));
    // The median is 5: exp(ln 6 + 3 × 0.35) − 1 = 16.1. Seven weeks with it have a mean of 6.9.
    let used = giant.used.unwrap();
    assert!((used - 16.146).abs() < 0.01 && (product.points[0].mean - 6.878).abs() < 0.01, "{used} {}", product.points[0].mean);
}

#[test]
fn weeks_without_stock_are_as_if_they_were_cut_away() {
    let sold = |week: usize| 20.0 + ((week * 7) % 11) as f32;
    let gap = 20..28;
    let values: Vec<f32> = (0..34).map(|week| if gap.contains(&week) { 0.0 } else { sold(week) }).collect();
    let days: Vec<u8> = (0..34).map(|week| if gap.contains(&week) { 0 } else { 7 }).collect();
    let cut: Vec<f32> = (0..34).filter(|week| !gap.contains(week)).map(sold).collect();
    let mean = |values: &[f32], days: Option<&[u8]>| {
        let mut panel = Panel::new(values.len()).unwrap();
        match days {
            Some(days) => panel.push_with_days(values, days, Traits::default()).unwrap(),
            None => panel.push(values, Traits::default()).unwrap(),
        }
        f64::from(forecast_all(&panel, &Settings::default()).series[0].points[0].mean)
    };
    let (known, expected, as_zeros) = (mean(&values, Some(&days)), mean(&cut, None), mean(&values, None));
    assert!((known / expected - 1.0).abs() < 0.05, "{known} {expected}");
    assert!(as_zeros < known * 0.9, "zeros would teach that nobody wants it: {as_zeros}");
}

#[test]
fn a_random_walk_is_best_forecast_by_its_last_week() {
    let mut state = 1_u64;
    let mut step = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f32 / (1_u64 << 31) as f32 - 0.5
    };
    let walk = |step: &mut dyn FnMut() -> f32| {
        let mut level = 1_000.0;
        (0..60)
            .map(|_| {
                level = (level + 200.0 * step()).max(50.0);
                level
            })
            .collect::<Vec<f32>>()
    };
    let mut series: Vec<Vec<f32>> = (0..120).map(|_| walk(&mut step)).collect();
    series[3][10] *= 20.0;
    let found = run(&series, 1);
    is_sound(&found);
    assert!(found.series.iter().all(|one| one.status == Status::NaiveWasBetter), "{:?}", found.choices.tenant);
    assert_eq!(found.series[3].points[5].mean, series[3][59]);
    assert!(found.explain(3).starts_with("No method beat the naive one"));
    assert_eq!(found.series[3].excluded, [], "a giant that the method sees as it was is not told as cut");
}

fn week() -> impl Strategy<Value = f32> {
    prop_oneof![
        6 => 0.0_f32..40.0,
        4 => Just(0.0_f32),
        1 => -50.0_f32..0.0,
        1 => prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY), Just(f32::MAX), Just(1e-40_f32), Just(8e15_f32)],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_weeks_give_sound_figures_on_any_number_of_threads(
        (weeks, cells, days) in (0_usize..70).prop_flat_map(|weeks| {
            (Just(weeks), proptest::collection::vec(week(), weeks * 35), proptest::collection::vec(0_u8..12, weeks * 35))
        }),
        is_archived in any::<bool>(),
    ) {
        let mut panel = Panel::new(weeks).unwrap();
        for series in 0..35 {
            let range = series * weeks..(series + 1) * weeks;
            let traits = Traits { category: series as u32 % 3, is_archived: is_archived && series == 4, late_share: cells.first().copied().unwrap_or(0.0), ..Traits::default() };
            if series % 2 == 0 {
                panel.push(&cells[range], traits).unwrap();
            } else {
                panel.push_with_days(&cells[range.clone()], &days[range], traits).unwrap();
            }
        }
        let settings = |threads: usize| Settings { horizon: HORIZON, threads, incumbent: None };
        let (one, two) = (forecast_all(&panel, &settings(1)), forecast_all(&panel, &settings(2)));
        is_sound(&one);
        prop_assert_eq!(one.fingerprint(), two.fingerprint());
        prop_assert_eq!(format!("{one:?}"), format!("{two:?}"));
    }

    #[test]
    fn every_model_answers_any_weeks(values in proptest::collection::vec(week(), 0..130), origin in 0_usize..140) {
        let mut prepared = PreparedSeries::default();
        prepare(&mut prepared, &values, None);
        let mut scratch = Scratch::default();
        let models = [
            Model::Naive, Model::SeasonalNaive, Model::MovingAverage(0), Model::MovingAverage(8), Model::Ses, Model::Adida, Model::Imapa,
            Model::Sba, Model::Tsb, Model::DampedHolt, Model::Seasonal(SeasonalBase::Ses), Model::Seasonal(SeasonalBase::Imapa),
        ];
        for model in models {
            for cap in [Cap::None, Cap::Deviations(25), Cap::OwnPercentile] {
                let mut out = [f64::NAN; 26];
                let view = View::at(&prepared.known, origin, None, &mut Vec::new());
                Method::single(Configuration::new(model, cap)).path(&view, &mut scratch, &mut out);
                prop_assert!(out.iter().all(|units| units.is_finite() && *units >= 0.0), "{model} {out:?}");
            }
        }
    }
}
