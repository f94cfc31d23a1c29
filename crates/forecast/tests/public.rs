//! The targets on the public hold-out, and the page that shows them.

#![expect(clippy::unwrap_used, reason = "a test, or a tool of developers: it may panic")]

mod shared;

use std::fs;

use forecast::{
    Panel, Settings, Traits,
    abc::rank_by_revenue,
    bench::{HELD_OUT_WEEKS, evaluate_held_out, parse_panel, run_benchmark},
    forecast_all,
    models::Method,
    reorder::{LeadTime, Policy, SafetyMethod, Terms},
    selection::{DEFAULT_METHOD, Loss},
    series::Class,
    simulate::{
        DailyDemand, DayRule, DaySimulation, MIN_CYCLES, OrderUpTo, Outcome, Past, PlanRule, RecordedDay, Target, UnmetDemand,
        calibrate_service, corrections, service_for_fill, simulate, simulate_days,
    },
};

const FILE: &str = "weekly-demand-300.csv";
const BEGIN: &str = "<!-- entrepot forecast bench -->\n";
const END: &str = "<!-- end -->\n";

fn text() -> Option<String> {
    shared::bytes(FILE).map(|bytes| String::from_utf8(bytes).unwrap())
}

fn panel() -> Option<Panel> {
    text().map(|text| parse_panel(&text).unwrap())
}

#[test]
fn the_targets_are_met() {
    let Some(panel) = panel() else { return };
    let found = evaluate_held_out(&panel, 44, 2);
    let (mean, median) = (found.all.mean, found.all.median);
    assert!(mean.wape().unwrap() <= 0.60 && mean.bias().unwrap().abs() <= 0.10, "{mean:?}");
    assert!(median.wape().unwrap() <= 0.58, "{median:?}");
    let (eighty, ninety_five) = (found.all.eighty, found.all.ninety_five);
    assert!((0.75..=0.85).contains(&eighty.share().unwrap()) && eighty.width().unwrap() <= 1.7, "{eighty:?}");
    assert!((0.92..=0.98).contains(&ninety_five.share().unwrap()), "{ninety_five:?}");
    let mut pooled = Loss::default();
    [28, 36, 44].into_iter().for_each(|origin| pooled += evaluate_held_out(&panel, origin, 1).all.mean);
    assert!(pooled.wape().unwrap() <= 0.63, "chosen anew at each origin: {:?}", pooled.wape());
    let counts = [Class::Smooth, Class::Erratic, Class::Intermittent, Class::Lumpy]
        .map(|class| found.run.series.iter().filter(|series| series.class == class).count());
    assert_eq!(counts, [88, 191, 2, 19]);
}

#[test]
fn the_held_out_weeks_change_nothing() {
    let Some(panel) = panel() else { return };
    let mut changed = Panel::new(panel.weeks()).unwrap();
    for series in 0..panel.len() {
        let mut values = panel.values(series).to_vec();
        values[44..].iter_mut().for_each(|units| *units = *units * 7.0 + 1_000.0);
        changed.push(&values, Traits::default()).unwrap();
    }
    let (known, other) = (evaluate_held_out(&panel, 44, 1), evaluate_held_out(&changed, 44, 2));
    assert_eq!(known.run, other.run);
    assert_ne!(known.all, other.all, "what came true differs");
    let seen = forecast_all(&panel, &Settings { horizon: HELD_OUT_WEEKS, ..Settings::default() });
    assert_ne!(seen.fingerprint(), known.run.fingerprint(), "weeks that are seen do change it");
}

#[test]
fn promised_service_holds_in_simulation() {
    let Some(panel) = panel() else { return };
    let classes: Vec<Class> = evaluate_held_out(&panel, 44, 2).run.series.iter().map(|series| series.class).collect();
    let past = Past::new(&panel, &Method::single(DEFAULT_METHOD), 3, (20, 2));
    let terms = Terms { minimum: 0, pack: 1, breaks: None, shelf: None };
    let policy = |service: f64| OrderUpTo {
        service,
        lead_weeks: 2,
        review_weeks: 1,
        terms,
        unmet: UnmetDemand::Lost,
        weeks: 32..52,
        warm_up: 0,
        seed: 1,
    };
    for service in [0.90, 0.95, 0.98] {
        let found = simulate(&panel, &classes, &past, &policy(service));
        assert_eq!(found.all.cycles, 6_000);
        assert!((found.all.service().unwrap() - service).abs() <= 0.02, "{service}: {:?}", found.all.service());
        assert_eq!(found, simulate(&panel, &classes, &past, &policy(service)), "two runs are equal");
    }
    // Smooth products are served better than promised: their own level is lower, and holds on weeks that it was not found on.
    let asked = policy(0.90);
    let found = calibrate_service(&panel, &classes, &past, (&asked, Some(Class::Smooth)));
    let of_class = |outcomes: &forecast::simulate::Outcomes| outcomes.classes[Class::Smooth.index()].service().unwrap();
    assert!(found.service < 0.90 && of_class(&found.first_half) >= 0.90, "{found:?}");
    assert!((of_class(&found.second_half) - 0.90).abs() <= 0.02, "{}", of_class(&found.second_half));
    let level = service_for_fill(&panel, &classes, &past, (&asked, 0.95));
    let filled = simulate(&panel, &classes, &past, &policy(level)).all.fill().unwrap();
    assert!((filled - 0.95).abs() < 0.003, "{level} {filled}");
}

/// The file has weeks; each is spread over its days, with the remainder on the first ones.
fn spread(units: f32) -> impl Iterator<Item = RecordedDay> {
    let units = units.max(0.0).round() as i64;
    (0..7).map(move |day| RecordedDay { units: units / 7 + i64::from(day < units % 7), is_known: true })
}

#[test]
fn promised_service_holds_by_days() {
    let Some(panel) = panel() else { return };
    let past = Past::new(&panel, &Method::single(DEFAULT_METHOD), 3, (20, 2));
    let mut demand = DailyDemand::new(panel.weeks(), 1);
    for series in 0..panel.len() {
        let days: Vec<RecordedDay> = panel.values(series).iter().flat_map(|units| spread(*units)).collect();
        demand.push(&days, series as u64);
    }
    let terms = Terms { minimum: 0, pack: 1, breaks: None, shelf: None };
    let play = DaySimulation { review_days: 7, terms, unmet: UnmetDemand::Lost, weeks: 32..52, warm_up: 0, seed: 1 };
    for service in [0.90, 0.95, 0.98] {
        let policy = Policy::Periodic { service, review_days: 7.0 };
        let target = Target::Rule(PlanRule { policy, safety: SafetyMethod::Quantile, cover_days: None });
        let rules = vec![Some(DayRule::new(target, LeadTime::Stated(14.0))); panel.len()];
        let found = simulate_days(&demand, &past, &play, &rules);
        let mut total = Outcome::default();
        found.iter().for_each(|one| total += one.total);
        assert_eq!(total.cycles, 6_000);
        let given = total.service().unwrap();
        assert!((given - service).abs() <= 0.02, "{service}: {given}");
        assert_eq!(found, simulate_days(&demand, &past, &play, &rules), "two runs are equal");
    }
}

/// Weeks 1–44 alone: the gain was chosen on them, each week's level on the weeks before it.
#[test]
fn a_corrected_promise_holds_for_each_abc_class() {
    let Some(all) = panel() else { return };
    let (mut known, mut skus) = (Panel::new(44).unwrap(), Vec::new());
    for series in 0..all.len() {
        known.push(&all.values(series)[..44], Traits::default()).unwrap();
        skus.push(format!("{series:03}"));
    }
    let units = |series: usize| known.values(series).iter().map(|units| *units as i64).sum::<i64>();
    let items: Vec<(&str, i64)> = skus.iter().enumerate().map(|(series, sku)| (sku.as_str(), units(series))).collect();
    let mut groups = vec![None; known.len()];
    rank_by_revenue(&items).iter().for_each(|ranked| groups[ranked.item] = Some(ranked.class as usize));
    let past = Past::new(&known, &Method::single(DEFAULT_METHOD), 3, (8, 1)).with_pool_cache();
    let terms = Terms { minimum: 0, pack: 1, breaks: None, shelf: None };
    let asked = OrderUpTo {
        service: 0.90,
        lead_weeks: 2,
        review_weeks: 1,
        terms,
        unmet: UnmetDemand::Lost,
        weeks: 24..44,
        warm_up: 8,
        seed: 1,
    };
    let found = corrections(&known, (&groups, 3), &past, &asked);
    assert!(found.iter().any(|one| (one.plain.service().unwrap() - 0.90).abs() > 0.02), "nothing was to be corrected: {found:?}");
    for service in [0.90, 0.95, 0.98] {
        let found = corrections(&known, (&groups, 3), &past, &OrderUpTo { service, ..asked.clone() });
        for (class, one) in found.iter().enumerate() {
            let given = one.corrected.service().unwrap();
            assert!((given - service).abs() <= 0.02, "class {class}, {service}: {given}");
            assert!(one.plain.cycles >= MIN_CYCLES && one.plain.cycles == one.corrected.cycles, "class {class}: {one:?}");
        }
    }
}

#[test]
fn the_page_is_the_output_of_the_command() {
    let Some(text) = text() else { return };
    let found = run_benchmark(&text, &|| 0.0).unwrap();
    assert_eq!(found.seconds, (0.0, 0.0));
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/insight.md");
    let paper = fs::read_to_string(page).unwrap();
    let (before, rest) = paper.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    if std::env::var("ENTREPOT_GOLDEN").as_deref() == Ok("write") {
        fs::write(page, format!("{before}{BEGIN}{}{END}{after}", found.text)).unwrap();
        return;
    }
    assert!(
        shown == found.text,
        "docs/insight.md is old: run this test with ENTREPOT_GOLDEN=write, and read the difference\n{}",
        found.text
    );
}
