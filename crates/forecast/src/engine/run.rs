//! One run over a panel, and its result.

use crate::{
    engine::{
        MethodPools,
        chunks::CHUNK_SIZE,
        forecast::{SeriesResult, SharedInputs},
        new_products::Groups,
        pool_errors,
        pools::pool_origins,
        run_in_chunks,
        score::{Protocol, ScoredMethod},
        score_panel,
        season::seasons,
        series_forecast::{SeriesForecast, Status},
    },
    intervals::{LeadTimeDemand, sum_scale},
    models::{SEASON_HISTORY, Scratch, Seasons, View},
    panel::Panel,
    selection::{
        Candidate, Choices, DEFAULT_METHOD, Incumbent, MIN_CLASS_SERIES, MIN_ORIGINS, Purpose, WAPE_MARGIN, candidates,
        choice_origins, choose, means_of_best,
    },
    series::{Class, PreparedSeries, cap_units, classify, prepare, settle_class},
};

/// The most weeks ahead.
pub const MAX_HORIZON: usize = 52;

/// Settings of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Weeks ahead, 1 to 52.
    pub horizon: usize,
    /// Threads; the results do not depend on it.
    pub threads: usize,
    /// The methods of the last run. None: the order of the candidates decides alone.
    pub incumbent: Option<Incumbent>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { horizon: 26, threads: 1, incumbent: None }
    }
}

/// A finished run. It never changes; its accuracy is measured on its forecasts as they were made.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Weeks of the panel that it saw.
    pub weeks: usize,
    /// Origins of the choice, as numbers of weeks.
    pub origins: Vec<usize>,
    /// All methods that were compared, with their losses, in the order of preference.
    pub candidates: Vec<Candidate>,
    pub choices: Choices,
    /// Methods for the mean that are used, and the pools of their errors.
    pub pools: Vec<MethodPools>,
    pub series: Vec<SeriesForecast>,
}

impl Run {
    /// The demand of a series over coming weeks. `path` is a buffer for it.
    pub fn demand<'a>(&'a self, series: usize, path: &'a mut Vec<f64>) -> LeadTimeDemand<'a> {
        let forecast = &self.series[series];
        path.clear();
        path.extend(forecast.points.iter().map(|point| f64::from(point.mean)));
        let pools = &self.pools[usize::from(forecast.method)].sums;
        LeadTimeDemand { path, scale: sum_scale(f64::from(forecast.mean_step)), pools, days: None }
    }
    /// Explains the forecast of a series in words.
    pub fn explain(&self, series: usize) -> String {
        let forecast = &self.series[series];
        let method = &self.pools[usize::from(forecast.method)].method;
        let choice = self.choices.of(forecast.class);
        let percent = |share: Option<f64>| share.map_or_else(|| "unknown".to_owned(), |share| format!("{:.1} %", share * 100.0));
        match forecast.status {
            Status::TooLittle => "The product was never sold. It is forecast after its first sale.".to_owned(),
            Status::Ended => {
                "The product is archived or has not sold for a long time though in stock. The forecast is 0.".to_owned()
            }
            Status::Dormant => {
                "The product has been out of stock for more than 8 weeks with nothing incoming. This is its last forecast."
                    .to_owned()
            }
            Status::New => {
                let week_count = match forecast.known_weeks {
                    1 => "1 week is".to_owned(),
                    weeks => format!("{weeks} weeks are"),
                };
                format!("Only {week_count} known. The mean is blended with new products of the category.")
            }
            Status::NaiveWasBetter => {
                format!(
                    "No method beat the naive one in class {} (its WAPE: {}).",
                    forecast.class.name(),
                    percent(choice.naive_wape)
                )
            }
            Status::Ready => format!(
                "{method}: WAPE {} at {} origins in class {}, naive {}.",
                percent(choice.wape),
                self.origins.len(),
                forecast.class.name(),
                percent(choice.naive_wape)
            ),
        }
    }
    /// A fingerprint of every figure (FNV-1a, 64 bits): equal runs have equal ones.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |bits: u32| {
            for byte in bits.to_le_bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        for series in &self.series {
            add(u32::from(series.method) << 8 | series.class.index() as u32);
            add(series.mean_step.to_bits());
            for point in &series.points {
                let bounds = point.bounds.map_or([0.0; 4], |b| [b.lower80, b.upper80, b.lower95, b.upper95]);
                [point.mean, point.median].iter().chain(&bounds).for_each(|figure| add(figure.to_bits()));
            }
        }
        for pools in &self.pools {
            pools.weeks.sorted().iter().for_each(|score| add(score.to_bits()));
        }
        hash
    }
}

/// Forecasts every series of a panel. Never fails: a series without a forecast has a [`Status`].
/// Equal panels and settings give equal runs.
pub fn forecast_all(panel: &Panel, settings: &Settings) -> Run {
    let threads = settings.threads.max(1);
    let origins = choice_origins(panel.weeks());
    let classes = classify_series(panel, threads);
    let assigned: Vec<Class> = classes.iter().map(|(_, assigned)| *assigned).collect();
    let first = origins.first().copied().unwrap_or(0);
    let seasons = if first >= SEASON_HISTORY {
        let with_last = [pool_origins(panel.weeks()), vec![panel.weeks()]].concat();
        seasons(panel, &with_last, threads)
    } else {
        Seasons::default()
    };
    let mut counts = [0; Class::ALL.len()];
    assigned.iter().for_each(|class| counts[class.index()] += 1);
    let protocol = Protocol { methods: &[], origins: &origins, seasons: &seasons, classes: &assigned, threads };
    let candidates = score_candidates(panel, &protocol, &counts);
    let choices = choose(&candidates, &counts, settings.incumbent.as_ref());
    let mut methods = choices.methods();
    methods.truncate(usize::from(u16::MAX));
    let pools: Vec<MethodPools> = methods.iter().map(|method| pool_errors(panel, method, &seasons, threads)).collect();
    let horizon = settings.horizon.clamp(1, MAX_HORIZON);
    let finish = SharedInputs { panel, choices: &choices, pools: &pools, seasons: &seasons, horizon };
    let finished: Vec<SeriesResult> =
        run_in_chunks(panel.len(), CHUNK_SIZE, threads, |range| finish.forecast_range(range, &classes))
            .into_iter()
            .flatten()
            .collect();
    let examples: Vec<_> = finished.iter().filter_map(|result| result.example).collect();
    let groups = Groups::of(&examples);
    let series = finished.into_iter().enumerate().map(|(index, result)| finish.finish_forecast(index, result, &groups)).collect();
    Run { weeks: panel.weeks(), origins, candidates, choices, pools, series }
}

/// All candidates with their losses; without enough origins none is scored.
fn score_candidates(panel: &Panel, protocol: &Protocol<'_>, counts: &[usize; Class::ALL.len()]) -> Vec<Candidate> {
    let score = |mut candidates: Vec<Candidate>| {
        let scored = |candidate: &'_ Candidate| candidate.purpose == Purpose::SporadicMean;
        let methods: Vec<ScoredMethod<'_>> =
            candidates.iter().map(|one| ScoredMethod { method: &one.method, is_for_sporadic: scored(one) }).collect();
        let losses = score_panel(panel, &Protocol { methods: &methods, ..*protocol });
        candidates.iter_mut().zip(losses).for_each(|(candidate, losses)| candidate.losses = losses);
        candidates
    };
    let single = candidates(protocol.origins.first().copied().unwrap_or(0));
    if protocol.origins.len() < MIN_ORIGINS {
        return single;
    }
    let mut all = score(single);
    let large: Vec<Class> = Class::ALL.into_iter().filter(|class| counts[class.index()] >= MIN_CLASS_SERIES).collect();
    let means = means_of_best(&all, &large, WAPE_MARGIN);
    all.extend(score(means));
    all
}

/// The computed and the assigned class of each series.
fn classify_series(panel: &Panel, threads: usize) -> Vec<(Class, Class)> {
    let chunks = run_in_chunks(panel.len(), CHUNK_SIZE, threads, |range| {
        let (mut prepared, mut scratch, mut capped_units) = (PreparedSeries::default(), Scratch::default(), Vec::new());
        let class_of = |series: usize| {
            prepare(&mut prepared, panel.values(series), panel.days(series));
            let view = View::at(&prepared.known, panel.weeks(), None, &mut scratch.values);
            cap_units(view.units(), DEFAULT_METHOD.limit(&view, &mut scratch.values), &mut capped_units);
            let traits = panel.traits(series);
            let computed = classify(&prepared, &capped_units, traits);
            (computed, settle_class(computed, traits.last))
        };
        range.map(class_of).collect::<Vec<_>>()
    });
    chunks.concat()
}
