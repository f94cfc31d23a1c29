//! Expected totals, and the table that compares them with the ones found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde_json::Value;

use super::error::ReplayError;
use super::flat_values::{self, FlatValues};
use super::plan::Plan;
use super::section;

/// Leaves of a section that are words about it, not figures.
const IGNORED_LEAVES: [&str; 2] = ["file", "note"];
/// Lists in which nothing may be found that is not expected; an empty one expects nothing.
const COMPLETE_LISTS: [&str; 3] = ["monthly", "rows_by_kind", "top10_by_units"];
/// Number of products that [`from_plan`] checks one by one.
const SPOT_CHECKS: usize = 5;

/// The figures that a replay of one file must end with.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    figures: FlatValues,
    spots: BTreeSet<String>,
    /// The SKUs of the ten best, in their order.
    best: Vec<String>,
    /// Lists of [`COMPLETE_LISTS`] that the section has.
    whole: Vec<&'static str>,
}

impl Expected {
    /// One section of `expected.json`.
    pub fn from_section(section: &Value) -> Self {
        let mut section = section.clone();
        // A product without sales is no best product.
        if let Some(best) = section.get_mut("top10_by_units").and_then(Value::as_array_mut) {
            best.retain(|row| row.get("units").and_then(Value::as_i64) != Some(0));
        }
        let mut figures = flat_values::flatten(&section);
        figures.retain(|path, _| !IGNORED_LEAVES.contains(&path.as_str()));
        let spots = section.get("spot_checks").and_then(Value::as_object);
        let spots = spots.map(|s| s.keys().cloned().collect()).unwrap_or_default();
        let best = section.get("top10_by_units").and_then(Value::as_array).into_iter().flatten();
        let best = best.filter_map(|row| row.get("sku")?.as_str().map(str::to_owned)).collect();
        let whole = COMPLETE_LISTS.into_iter().filter(|list| section.get(list).is_some()).collect();
        Self { figures, spots, best, whole }
    }

    /// Whether there is something to compare.
    pub fn is_empty(&self) -> bool {
        self.figures.is_empty() && self.whole.is_empty()
    }

    pub fn best_skus(&self) -> &[String] {
        &self.best
    }

    pub fn figures(&self) -> &FlatValues {
        &self.figures
    }

    /// The SKUs that are checked individually.
    pub fn spots(&self) -> &BTreeSet<String> {
        &self.spots
    }
}

/// The figures that follow from the file itself, for files without independent figures.
pub fn from_plan(plan: &Plan) -> Expected {
    let all = section::build_section(plan, &BTreeSet::new());
    let top = all.get("top10_by_units").and_then(Value::as_array);
    let skus = top.into_iter().flatten().filter_map(|t| t.get("sku").and_then(Value::as_str));
    let spots: BTreeSet<String> = skus.take(SPOT_CHECKS).map(str::to_owned).collect();
    Expected::from_section(&section::build_section(plan, &spots))
}

/// Reads `expected.json` and takes the section whose `csv_sha256` is the file's, or the only one there is.
pub fn load(path: &Path, csv_sha256: &str) -> Result<Expected, ReplayError> {
    let file = path.display().to_string();
    let text = std::fs::read(path).map_err(|source| ReplayError::Unreadable { file: file.clone(), source })?;
    let fault = |reason: String| ReplayError::Expectation { file: file.clone(), reason };
    let all: Value = serde_json::from_slice(&text).map_err(|e| fault(e.to_string()))?;
    let expected = find_section(&all, csv_sha256).map(Expected::from_section).map_err(fault)?;
    if expected.is_empty() {
        Err(fault("there is no figure in its section, so nothing would be checked".to_owned()))
    } else {
        Ok(expected)
    }
}

fn find_section<'a>(all: &'a Value, csv_sha256: &str) -> Result<&'a Value, String> {
    let sha = |section: &Value| section.get("csv_sha256").and_then(Value::as_str).map(str::to_owned);
    // A section may also be the whole file.
    let sections: Vec<&Value> = match all {
        whole if sha(whole).is_some() => vec![whole],
        Value::Object(fields) => fields.values().filter(|v| v.is_object()).collect(),
        _ => Vec::new(),
    };
    if let Some(matching_section) = sections.iter().find(|s| sha(s).as_deref() == Some(csv_sha256)) {
        return Ok(matching_section);
    }
    match sections[..] {
        [only_section] => Ok(only_section),
        [] => Err("there is no section in it".to_owned()),
        _ => Err(format!("none of its {} sections has the file's csv_sha256 {csv_sha256}", sections.len())),
    }
}

/// Figures found, with their sources: one figure may have several, and all must agree.
#[derive(Debug, Default)]
pub struct FoundFigures {
    figures: BTreeMap<String, Vec<(&'static str, Value)>>,
}

impl FoundFigures {
    /// Adds every leaf of a section, with `source` as its origin.
    pub fn add(&mut self, source: &'static str, section: &Value) {
        for (path, value) in flat_values::flatten(section) {
            self.figures.entry(path).or_default().push((source, value));
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    pub figure: String,
    pub expected: String,
    pub got: String,
    pub source: &'static str,
    pub ok: bool,
}

/// One row for each figure and source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    pub checks: Vec<Check>,
}

impl Comparison {
    pub fn differences(&self) -> usize {
        self.checks.iter().filter(|c| !c.ok).count()
    }
}

/// Compares every expected figure with all that were found for it. An expected figure that was not
/// found is a difference, and so is a month, or a kind of row, that was found and not expected.
pub fn compare(expected: &Expected, found: &FoundFigures) -> Comparison {
    let mut checks = Vec::new();
    for (figure, want) in &expected.figures {
        let reports = found.figures.get(figure).map(Vec::as_slice).unwrap_or_default();
        if reports.is_empty() {
            checks.push(build_check(figure, Some(want), None, "nobody"));
        }
        checks.extend(reports.iter().map(|(source, actual)| build_check(figure, Some(want), Some(actual), source)));
    }
    for (figure, reports) in &found.figures {
        if expected.whole.iter().any(|list| is_in(figure, list)) && !expected.figures.contains_key(figure) {
            checks.extend(reports.iter().map(|(source, actual)| build_check(figure, None, Some(actual), source)));
        }
    }
    for list in &expected.whole {
        let is_reported = |figure: &String| is_in(figure, list);
        if !expected.figures.keys().any(is_reported) && !found.figures.keys().any(is_reported) {
            let placeholder = Value::from("nothing");
            checks.push(build_check(list, Some(&placeholder), Some(&placeholder), "all"));
        }
    }
    Comparison { checks }
}

fn is_in(figure: &str, list: &str) -> bool {
    figure.strip_prefix(list).is_some_and(|rest| rest.starts_with('.'))
}

fn build_check(figure: &str, want: Option<&Value>, actual: Option<&Value>, source: &'static str) -> Check {
    let text = |value: Option<&Value>| match value {
        None => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let (expected, actual) = (text(want), text(actual));
    Check { figure: figure.to_owned(), ok: want.is_some() && expected == actual, expected, got: actual, source }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Checksums are shown by their beginning where they agree, and whole where they do not.
        let shorten = |text: &str, ok: bool| {
            if ok && text.len() == 64 { format!("{}…", &text[..16]) } else { text.to_owned() }
        };
        let rows: Vec<[String; 5]> = std::iter::once(["figure", "expected", "got", "source", "ok"].map(str::to_owned))
            .chain(self.checks.iter().map(|c| {
                let verdict = if c.ok { "ok" } else { "DIFFERS" };
                [c.figure.clone(), shorten(&c.expected, c.ok), shorten(&c.got, c.ok), c.source.to_owned(), verdict.to_owned()]
            }))
            .collect();
        let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or_default();
        let widths = [0, 1, 2, 3].map(width);
        for [figure, expected, actual, source, ok] in &rows {
            let [w0, w1, w2, w3] = widths;
            writeln!(f, "{figure:w0$}  {expected:>w1$}  {actual:>w2$}  {source:w3$}  {ok}")?;
        }
        let differ = self.differences();
        write!(f, "{} figures agree, {differ} differ", self.checks.len() - differ)
    }
}
