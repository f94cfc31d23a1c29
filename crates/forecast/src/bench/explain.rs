//! One product, step by step: limit, smoothing, interval, order. The input is lines of `name:
//! numbers`; its quantiles are given, since one product has no pool.

use std::fmt::Write;

use crate::{
    bench::BenchError,
    intervals::{LeadTimeDemand, SumPools, error_scale, mean_step, sum_scale},
    models::ses_by_grid,
    reorder::{Levels, Position, Terms, propose},
    series::{LogSpread, PreparedSeries, cap_limit, cap_units, prepare},
};

const DEVIATIONS: f64 = 3.0;

#[derive(Default)]
struct Example {
    demand: Vec<f32>,
    /// Scaled errors at the ends of the 80 % interval.
    lower80: Option<f64>,
    upper80: Option<f64>,
    /// The scaled error of the sum over the lead time.
    sum_quantile: Option<f64>,
    lead_weeks: Option<f64>,
    position: Option<f64>,
    minimum: Option<f64>,
    pack: Option<f64>,
}

fn parse_example(text: &str) -> Result<Example, BenchError> {
    let mut example = Example::default();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')) {
        let line_number = index + 1;
        let (name, rest) = line.split_once(':').ok_or(BenchError::Example { line: line_number })?;
        let mut numbers = Vec::new();
        for text in rest.split_whitespace() {
            let number: f64 = text.parse().map_err(|_| BenchError::Number { line: line_number, text: text.to_owned() })?;
            numbers.push(number);
        }
        let first = numbers.first().copied().filter(|number| number.is_finite());
        match name.trim() {
            "demand" => example.demand = numbers.iter().map(|number| *number as f32).collect(),
            "lower80" => example.lower80 = first,
            "upper80" => example.upper80 = first,
            "sum_quantile" => example.sum_quantile = first,
            "lead_weeks" => example.lead_weeks = first,
            "position" => example.position = first,
            "minimum" => example.minimum = first,
            "pack" => example.pack = first,
            _ => return Err(BenchError::Example { line: line_number }),
        }
    }
    Ok(example)
}

/// The steps of an example, one a line.
pub fn explain(text: &str) -> Result<String, BenchError> {
    let example = parse_example(text)?;
    let mut prepared = PreparedSeries::default();
    prepare(&mut prepared, &example.demand, None);
    let known_weeks = &prepared.known;
    if known_weeks.units.is_empty() {
        return Err(BenchError::Lacks("demand"));
    }
    let mut out = String::new();
    let spread = LogSpread::of(&known_weeks.logs, &mut Vec::new());
    let limit = spread.and_then(|spread| cap_limit(&known_weeks.units, spread, DEVIATIONS));
    match (spread, limit) {
        (Some(LogSpread { median, deviation }), Some(limit)) => {
            let _ = writeln!(out, "log(1 + units): median {median:.4}, deviation {deviation:.4}; weeks are cut at {limit:.2}");
        }
        _ => out.push_str("No week is cut.\n"),
    }
    let mut capped_units = Vec::new();
    cap_units(&known_weeks.units, limit, &mut capped_units);
    let above = known_weeks.units.iter().zip(&known_weeks.weeks).filter(|(units, _)| limit.is_some_and(|limit| **units > limit));
    for (units, week) in above {
        let _ = writeln!(out, "week {}: {units} is cut", week + 1);
    }
    let smoothed = ses_by_grid(capped_units.iter().copied());
    let step = mean_step(&capped_units, &known_weeks.weeks);
    let scale = error_scale(step, smoothed.level);
    let _ = writeln!(out, "SES: α {:.2} has the least squared errors; forecast {:.3} a week", smoothed.alpha, smoothed.level);
    let _ = writeln!(out, "mean step D {step:.4}; scale of a week {scale:.4}");
    if let (Some(lower), Some(upper)) = (example.lower80, example.upper80) {
        let (lower, upper) = ((smoothed.level + lower * scale).max(0.0), smoothed.level + upper * scale);
        let _ = writeln!(out, "80 % interval: {lower:.2} to {upper:.2}");
    }
    order(&mut out, &example, smoothed.level, step);
    Ok(out)
}

fn order(out: &mut String, example: &Example, level: f64, step: f64) {
    let (Some(quantile), Some(weeks)) = (example.sum_quantile, example.lead_weeks) else { return };
    let (path, pools, scale) = ([level], SumPools::default(), sum_scale(step));
    let demand = LeadTimeDemand { path: &path, scale, pools: &pools, days: None };
    let mean = demand.mean(weeks);
    let point = (mean + quantile * scale).max(0.0);
    let _ = writeln!(out, "over {weeks} weeks: mean {mean:.3}, quantile {quantile:.3} × {scale:.4}: {point:.2} units");
    let whole = |number: Option<f64>, usual: i64| number.map_or(usual, |number| number as i64);
    let levels = Levels { point, up_to: point, ..Levels::NOT_STOCKED };
    let terms = Terms { minimum: whole(example.minimum, 0), pack: whole(example.pack, 1), breaks: None, shelf: None };
    let position = Position { available: whole(example.position, 0), ..Position::default() };
    match propose(&levels, position, &terms, &demand) {
        Some(proposal) => {
            let _ = writeln!(
                out,
                "point {} and target {} after one rounding up; position {}; needed {}; in packs of {}: {}",
                proposal.point, proposal.up_to, proposal.position, proposal.needed, terms.pack, proposal.quantity
            );
        }
        None => {
            let _ = writeln!(out, "position {}: nothing is ordered", position.units());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example() {
        let text = "demand: 10 12 9 0 14 11 8 13 60 10 12 9 11 7 12 10\nlower80: -0.928\nupper80: 1.55\n\
                    sum_quantile: 6.447\nlead_weeks: 3\nposition: 18\nminimum: 24\npack: 12\n";
        let expected = "\
log(1 + units): median 2.4849, deviation 0.3500; weeks are cut at 33.29
week 9: 60 is cut
SES: α 0.10 has the least squared errors; forecast 11.126 a week
mean step D 6.7056; scale of a week 7.8108
80 % interval: 3.88 to 23.23
over 3 weeks: mean 33.379, quantile 6.447 × 6.7056: 76.61 units
point 77 and target 77 after one rounding up; position 18; needed 59; in packs of 12: 60
";
        assert_eq!(explain(text).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(explain("demand 1 2"), Err(BenchError::Example { line: 1 }));
        assert_eq!(explain("\ndemand: 1 x"), Err(BenchError::Number { line: 2, text: "x".into() }));
        assert_eq!(explain("pack: 3"), Err(BenchError::Lacks("demand")));
        assert_eq!(explain("demand: 0 0"), Err(BenchError::Lacks("demand")));
        assert!(explain("demand: 5").unwrap().starts_with("No week is cut."));
    }
}
