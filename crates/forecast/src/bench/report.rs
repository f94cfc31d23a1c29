//! The tables of the comparison, in Markdown. Everything but the seconds is the same on every machine.

use std::fmt::Write;

use crate::{
    bench::{BenchError, HELD_OUT_WEEKS, HeldOutRun, evaluate_held_out, held_out::method_loss, parse_panel},
    engine::seasons,
    models::{Cap, Configuration, Method, Model},
    panel::Panel,
    reorder::Terms,
    selection::{Choice, ChoiceReason, DEFAULT_METHOD, Loss, WAPE_MARGIN},
    series::Class,
    simulate::{OrderUpTo, Outcome, Past, UnmetDemand, simulate},
};

/// Weeks between the three origins.
const ORIGIN_STEP_WEEKS: usize = 8;
/// The least weeks of a file.
const MIN_WEEKS: usize = 40;

/// Series, weeks and units of the public file, whose last weeks the references are about.
const PUBLIC_FILE: (usize, usize, f64) = (300, 52, 2_595_096.0);

/// References on the public hold-out: WAPE, bias, WAPE of three origins pooled (none: not known). Boosted trees, MSTL and AutoETS cap 3 are of
/// `bench/models.sh`, the others of statsforecast 2.1.1 as the paper beside the file names them.
const REFERENCE_RESULTS: [(&str, f64, f64, Option<f64>); 18] = [
    ("boosted trees, mean, half of it SES cap 3", 0.599, -0.06, Some(0.621)),
    ("AutoETS cap 3", 0.599, -0.10, Some(0.648)),
    ("boosted trees, median", 0.603, -0.36, Some(0.600)),
    ("IMAPA", 0.613, -0.05, Some(0.645)),
    ("moving average of 8", 0.614, -0.10, Some(0.636)),
    ("boosted trees, mean", 0.615, -0.03, Some(0.625)),
    ("ADIDA", 0.616, -0.06, Some(0.646)),
    ("CrostonOptimized", 0.616, -0.06, Some(0.676)),
    ("TSB", 0.625, -0.05, Some(0.750)),
    ("selection per product", 0.642, -0.06, None),
    ("SES, α free", 0.647, -0.01, Some(0.672)),
    ("MSTL cap 3, season of 4 weeks", 0.652, -0.05, Some(0.700)),
    ("AutoETS", 0.657, -0.02, Some(0.697)),
    ("AutoTheta", 0.668, 0.02, Some(0.704)),
    ("SBA", 0.705, -0.07, Some(0.860)),
    ("MSTL, season of 4 weeks", 0.715, 0.02, Some(0.742)),
    ("Croston", 0.717, -0.02, Some(0.882)),
    ("naive", 0.956, 0.26, Some(0.880)),
];

/// The text of a report, and the seconds that its parts took by the clock that was given.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedReport {
    /// Equal for equal files.
    pub text: String,
    /// For the run with choice and intervals, and for everything.
    pub seconds: (f64, f64),
}

/// The comparison on a file. `clock` returns seconds since any moment; this crate has no clock.
pub fn run_benchmark(text: &str, clock: &dyn Fn() -> f64) -> Result<TimedReport, BenchError> {
    let start_seconds = clock();
    let panel = parse_panel(text)?;
    let weeks = panel.weeks();
    if weeks < MIN_WEEKS {
        return Err(BenchError::TooShort { weeks, least: MIN_WEEKS });
    }
    let last = weeks - HELD_OUT_WEEKS;
    let run_start = clock();
    let runs: Vec<HeldOutRun> =
        [last - 2 * ORIGIN_STEP_WEEKS, last - ORIGIN_STEP_WEEKS, last].map(|origin| evaluate_held_out(&panel, origin, 2)).into();
    let run_seconds = (clock() - run_start) / runs.len() as f64;
    let mut out = String::new();
    write_report(&mut out, &panel, &runs);
    Ok(TimedReport { text: out, seconds: (run_seconds, clock() - start_seconds) })
}

fn write_report(out: &mut String, panel: &Panel, runs: &[HeldOutRun]) {
    let Some(newest) = runs.last() else { return };
    let line = |out: &mut String, text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    line(
        out,
        format!(
            "{} series, {} weeks. Choice and pools see weeks 1–{}; the last {HELD_OUT_WEEKS} are for these tables alone.\nVersion {}. Seed 1, for the simulation; nothing else is drawn.\n",
            panel.len(),
            panel.weeks(),
            newest.run.weeks,
            env!("CARGO_PKG_VERSION"),
        ),
    );
    write_comparison(out, panel, runs);
    write_origins(out, runs);
    write_coverage(out, newest);
    write_sums(out, newest);
    write_simulation(out, panel, newest);
    write_settings(out, newest);
}

fn is_public_file(panel: &Panel) -> bool {
    let units = (0..panel.len()).flat_map(|series| panel.values(series)).map(|units| f64::from(*units)).sum::<f64>();
    (panel.len(), panel.weeks(), units) == PUBLIC_FILE
}

fn format_number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

fn format_percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{:+.1} %", value * 100.0))
}

fn pool_losses(losses: impl Iterator<Item = Loss>) -> Loss {
    losses.fold(Loss::default(), |mut sum, loss| {
        sum += loss;
        sum
    })
}

fn write_row(out: &mut String, name: &str, last: Loss, last_three: Loss) {
    let _ = writeln!(
        out,
        "| {name} | {} | {} | {} |",
        format_number(last.wape()),
        format_percent(last.bias()),
        format_number(last_three.wape())
    );
}

fn write_comparison(out: &mut String, panel: &Panel, runs: &[HeldOutRun]) {
    let Some(newest) = runs.last() else { return };
    out.push_str("| method | WAPE | bias | WAPE, three origins |\n|---|---|---|---|\n");
    write_row(out, "**mean, as chosen**", newest.all.mean, pool_losses(runs.iter().map(|run| run.all.mean)));
    write_row(out, "**median, as chosen**", newest.all.median, pool_losses(runs.iter().map(|run| run.all.median)));
    let mut methods: Vec<Method> = newest.run.candidates.iter().map(|candidate| candidate.method.clone()).collect();
    methods.push(Method::single(Configuration::new(Model::Adida, Cap::None)));
    let origins: Vec<usize> = runs.iter().map(|run| run.run.weeks).collect();
    let seasons = seasons(panel, &origins, 1);
    for method in methods {
        let losses: Vec<Loss> = origins.iter().map(|origin| method_loss(panel, &method, *origin, &seasons)).collect();
        let last = losses.last().copied().unwrap_or_default();
        write_row(out, &method.to_string(), last, pool_losses(losses.into_iter()));
    }
    if is_public_file(panel) {
        for (name, wape, bias, three) in REFERENCE_RESULTS {
            let _ = writeln!(out, "| reference: {name} | {wape:.3} | {:+.0} % | {} |", bias * 100.0, format_number(three));
        }
    } else {
        out.push_str("\nReferences are known of the public file alone, and this is another one.\n");
    }
    out.push('\n');
}

fn write_origins(out: &mut String, runs: &[HeldOutRun]) {
    out.push_str(
        "| weeks known | method for the mean | WAPE | bias | median: WAPE | naive at its origins |\n|---|---|---|---|---|---|\n",
    );
    for run in runs {
        let (tenant, measures) = (&run.run.choices.tenant, &run.all);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            run.run.weeks,
            tenant.mean,
            format_number(measures.mean.wape()),
            format_percent(measures.mean.bias()),
            format_number(measures.median.wape()),
            format_number(tenant.naive_wape),
        );
    }
    out.push('\n');
}

fn write_coverage(out: &mut String, newest: &HeldOutRun) {
    out.push_str("| class | series | 80 % covers | its width | 95 % covers | its width |\n|---|---|---|---|---|---|\n");
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{:.1} %", value * 100.0));
    let width = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
    let classes = Class::ALL.into_iter().map(|class| (class.name(), newest.classes[class.index()], Some(class)));
    for (name, measures, class) in std::iter::once(("all", newest.all, None)).chain(classes) {
        let series = newest.run.series.iter().filter(|one| class.is_none_or(|class| one.class == class)).count();
        if series > 0 {
            let (eighty, ninety_five) = (measures.eighty, measures.ninety_five);
            let _ = writeln!(
                out,
                "| {name} | {series} | {} | {} | {} | {} |",
                share(eighty.share()),
                width(eighty.width()),
                share(ninety_five.share()),
                width(ninety_five.width()),
            );
        }
    }
    out.push_str("\nWidths are in multiples of the mean demand of the class.\n\n");
}

fn write_sums(out: &mut String, newest: &HeldOutRun) {
    out.push_str("| weeks summed | q 0.80 | q 0.90 | q 0.95 | q 0.98 |\n|---|---|---|---|---|\n");
    let Some(pools) = newest.run.pools.first() else { return };
    for weeks in 1..=4 {
        let quantile =
            |share: f64| pools.sums.quantile(share, weeks).map_or_else(|| "–".to_owned(), |(score, _)| format!("{score:.2}"));
        let _ = writeln!(out, "| {weeks} | {} | {} | {} | {} |", quantile(0.80), quantile(0.90), quantile(0.95), quantile(0.98));
    }
    let longest = pools.sums.longest();
    let _ = writeln!(out, "\nErrors of sums ÷ their series' scale; measured up to {longest} weeks, extrapolated beyond.\n");
}

/// Weeks of the simulation, from the end.
const SIMULATED_WEEKS: usize = 20;

/// Order-up-to every week, two weeks of lead time, from the data known at each week. The classes
/// are those of the newest run.
fn write_simulation(out: &mut String, panel: &Panel, newest: &HeldOutRun) {
    let classes: Vec<Class> = newest.run.series.iter().map(|series| series.class).collect();
    let first = newest.run.origins.first().copied().unwrap_or_default();
    let past = Past::new(panel, &Method::single(DEFAULT_METHOD), 3, (first, 2));
    out.push_str("| promised | service | units met | mean stock | SMOOTH | ERRATIC | other |\n|---|---|---|---|---|---|---|\n");
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{:.1} %", value * 100.0));
    for service in [0.90, 0.95, 0.98] {
        let weeks = panel.weeks().saturating_sub(SIMULATED_WEEKS)..panel.weeks();
        let terms = Terms { minimum: 0, pack: 1, breaks: None, shelf: None };
        let policy =
            OrderUpTo { service, lead_weeks: 2, review_weeks: 1, terms, unmet: UnmetDemand::Lost, weeks, warm_up: 0, seed: 1 };
        let outcomes = simulate(panel, &classes, &past, &policy);
        let mut other = Outcome::default();
        Class::ALL.iter().skip(2).for_each(|class| other += outcomes.classes[class.index()]);
        let [smooth, erratic] = [Class::Smooth, Class::Erratic].map(|class| share(outcomes.classes[class.index()].service()));
        let stock = outcomes.mean_stock().map_or_else(|| "–".to_owned(), |units| format!("{units:.0}"));
        let (all, fill, other) = (share(outcomes.all.service()), share(outcomes.all.fill()), share(other.service()));
        let _ = writeln!(out, "| {:.0} % | {all} | {fill} | {stock} | {smooth} | {erratic} | {other} |", service * 100.0);
    }
    let _ = writeln!(
        out,
        "\nEach week is ordered up to Q_p of three weeks' demand. The lead time is two weeks, unmet demand is lost.\nLast {SIMULATED_WEEKS} weeks; errors are pooled from week {first} on. Stock is counted at the end of each week.\n"
    );
}

/// The settings that a run chose: everything that another run on the same weeks has to choose again.
pub(crate) fn write_settings(out: &mut String, newest: &HeldOutRun) {
    let run = &newest.run;
    let origins: Vec<String> = run.origins.iter().map(ToString::to_string).collect();
    let _ = writeln!(out, "Origins of the choice: {}. Weeks seen: 1–{}. Margin {WAPE_MARGIN}.\n", origins.join(", "), run.weeks);
    out.push_str("| for | mean | median | reached | WAPE at the origins | bias |\n|---|---|---|---|---|---|\n");
    let mut choice = |name: &str, choice: &Choice| {
        let reached = match choice.reached {
            ChoiceReason::Default => "default",
            ChoiceReason::Chosen => "first within the margin",
            ChoiceReason::ClassChosen => "of its class",
            ChoiceReason::NaiveWasBetter => "NAIVE_WAS_BETTER",
        };
        let (wape, bias) = (format_number(choice.wape), format_percent(choice.bias));
        let _ = writeln!(out, "| {name} | {} | {} | {reached} | {wape} | {bias} |", choice.mean, choice.median);
    };
    choice("tenant", &run.choices.tenant);
    for class in Class::ALL {
        if run.series.iter().any(|series| series.class == class) {
            choice(class.name(), run.choices.of(class));
        }
    }
    if let Some(pools) = run.pools.first() {
        let upper_score = |share: f64| pools.weeks.upper(share).map_or_else(|| "–".to_owned(), |score| format!("{score:.2}"));
        let lower = |share: f64| pools.weeks.lower(share).map_or_else(|| "–".to_owned(), |score| format!("{score:.2}"));
        let _ = writeln!(
            out,
            "\nPool of {} scaled errors; 2.5, 10, 50, 90, 97.5 %: {}, {}, {}, {}, {}.",
            pools.weeks.scores,
            lower(0.025),
            lower(0.10),
            upper_score(0.5),
            upper_score(0.90),
            upper_score(0.975),
        );
    }
}
