//! Prints the comparison on a file, or measures made panels: `measure FILE`, `measure SERIES WEEKS THREADS`.

#![expect(clippy::unwrap_used, reason = "a test, or a tool of developers: it may panic")]

use std::{env, fs, time::Instant};

use forecast::{
    Panel, Run, Settings, Traits, bench,
    engine::{Days, day_errors, day_origins},
    forecast_all,
};

/// Series whose days are scored.
const SCORED_SERIES: usize = 4_000;

fn next(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Demand of many kinds: steady and wild, frequent and rare, with giants, stock-outs and late starts.
fn generate_panel(series: usize, weeks: usize) -> Panel {
    let (mut panel, mut state) = (Panel::new(weeks).unwrap(), 7_u64);
    for index in 0..series {
        let (rate, chance) = ((next(&mut state) * 5.0).exp(), if index % 5 == 0 { 0.2 + 0.5 * next(&mut state) } else { 0.95 });
        let start = if index % 7 == 0 { (next(&mut state) * weeks as f64 * 0.5) as usize } else { 0 };
        let mut values = vec![0.0_f32; weeks];
        let mut days = vec![7_u8; weeks];
        for week in start..weeks {
            let size = rate * (0.9 * (next(&mut state) + next(&mut state) + next(&mut state) - 1.5)).exp();
            let giant = if next(&mut state) < 0.005 { 30.0 } else { 1.0 };
            values[week] = if next(&mut state) < chance { (size * giant).ceil() as f32 } else { 0.0 };
            if next(&mut state) < 0.02 {
                days[week] = (next(&mut state) * 7.0) as u8;
            }
        }
        let traits = Traits { category: (index % 40) as u32, ..Traits::default() };
        panel.push_with_days(&values, &days, traits).unwrap();
    }
    panel
}

/// The errors of days, each of them a seventh of its week.
fn score_days(panel: &Panel, run: &Run, threads: usize) -> usize {
    let origins = day_origins(panel.weeks());
    let first = origins.first().copied().unwrap_or(panel.weeks());
    let shares = vec![vec![[1.0 / 7.0; 7]; panel.len()]; origins.len()];
    let every = panel.len().div_ceil(SCORED_SERIES).max(1);
    let scored: Vec<usize> = (0..panel.len()).step_by(every).collect();
    let group = |series: usize| series.is_multiple_of(every).then_some((series / every) as u32);
    let groups_of: Vec<Vec<u32>> = (0..panel.len()).map(|series| group(series).into_iter().collect()).collect();
    let units: Vec<[f32; 7]> =
        scored.iter().flat_map(|series| panel.values(*series)[first..].iter().map(|units| [*units / 7.0; 7])).collect();
    let pools = vec![0; scored.len()];
    let days = Days { origins: &origins, shares: &shares, groups_of: &groups_of, pools: &pools, units: &units };
    day_errors(panel, run, &days, 1, threads).iter().flatten().flatten().count()
}

fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or_default() / 1024.0
}

#[expect(clippy::disallowed_methods, reason = "it measures by the wall clock, which the crate does not know")]
fn main() {
    let begun = Instant::now();
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [file] = arguments.as_slice() {
        let report = bench::run_benchmark(&fs::read_to_string(file).unwrap(), &|| begun.elapsed().as_secs_f64()).unwrap();
        println!("{}\nSeconds: {:.3} a run, {:.3} in all.", report.text, report.seconds.0, report.seconds.1);
        return;
    }
    let number = |index: usize, usual: usize| arguments.get(index).map_or(usual, |text| text.parse().unwrap());
    let panel = generate_panel(number(0, 5_000), number(1, 52));
    let before = begun.elapsed().as_secs_f64();
    let run = forecast_all(&panel, &Settings { threads: number(2, 2), ..Settings::default() });
    let seconds = begun.elapsed().as_secs_f64() - before;
    let bounded = score_days(&panel, &run, number(2, 2));
    let day_seconds = begun.elapsed().as_secs_f64() - before - seconds;
    println!(
        "{} series × {} weeks: {seconds:.2} s, days {day_seconds:.2} s ({bounded} pools), peak {:.0} MiB, {}, fingerprint {:016x}",
        panel.len(),
        panel.weeks(),
        peak_mib(),
        run.choices.tenant.mean,
        run.fingerprint()
    );
}
