//! The report builder: one statement, its groups as rows, and their totals.

use std::collections::HashMap;

use iam::access::{Permit, kind};
use platform::{paging::Key, storage::Database};
use uuid::Uuid;

use super::{
    builder_error::BuilderError,
    builder_levels::{Levels, add_levels},
    report_context::{RankedRow, ReportSource, costs_source, facts_source, restrict_to_permit, sort_rows, to_safe_integer},
};
use crate::{
    demand::rows::FactKey,
    insight::shell::ReportError,
    reports::{
        core::{
            Base, BaseSource, BuilderRefusal, ComparisonPeriod, Figure, MAX_GROUPS, ReportDimension, ReportMeasure, ReportSpec,
        },
        rows::{self, BuiltGroup, ReportFilter},
    },
};

/// A figure of a row, and the one that it is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReportCell {
    pub measure: ReportMeasure,
    /// None if the figure is unknown, or hidden.
    pub now: Option<Figure>,
    /// None also without a comparison.
    pub before: Option<Figure>,
    /// Whether the caller may not see it.
    pub is_hidden: bool,
}

/// A row: one key for each dimension, one figure for each measure.
#[derive(Debug, Clone, PartialEq)]
pub struct BuiltRow {
    pub keys: Vec<FactKey>,
    pub cells: Vec<ReportCell>,
}

/// A report with its comparison and rows.
#[derive(Debug, Clone)]
pub struct BuiltReport {
    pub source: ReportSource,
    /// The compared days.
    pub before: Option<ComparisonPeriod>,
    pub totals: BuiltRow,
    pub rows: Vec<RankedRow<BuiltRow>>,
}

/// Computes a report within the permit.
pub async fn built_report(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    report_filter: ReportFilter,
    mut spec: ReportSpec,
) -> Result<BuiltReport, BuilderError> {
    let scope = permit.scope(db).long();
    let report_filter = restrict_to_permit(&permit, report_filter);
    spec.is_of_channels = report_filter.channels.is_some();
    spec.check()?;
    let (source, method) = if spec.sums(BaseSource::Values) {
        let (source, method) = costs_source(db, &scope, report_filter.span).await?;
        (source, Some(method))
    } else {
        (facts_source(db, &scope, report_filter.span).await?, None)
    };
    let before = spec.comparison.map(|with| ComparisonPeriod::of(report_filter.span, spec.unit(), with));
    let found = rows::built_groups(&scope, &report_filter, &spec, before.as_ref(), source.currency).await;
    let mut groups = found.map_err(ReportError::from)?;
    if groups.len() > MAX_GROUPS {
        return Err(BuilderRefusal::Groups.into());
    }
    let currency = source.currency;
    let levels = Levels { scope: &scope, filter: &report_filter, spec: &spec, before: before.as_ref(), currency, method };
    Box::pin(add_levels(levels, &mut groups)).await?;
    if groups.len() > MAX_GROUPS {
        return Err(BuilderRefusal::Groups.into());
    }
    add_missing_rows(&mut groups, &spec, &report_filter);
    let sheet = Sheet { bases: spec.bases(), spec: &spec, is_compared: before.is_some() };
    let totals = sheet.totals(&groups)?;
    let mut rows = Vec::with_capacity(groups.len());
    for group in groups {
        let row = sheet.row(group)?;
        let sort_keys = sheet.sort_keys_of(&row);
        rows.push((row, sort_keys));
    }
    Ok(BuiltReport { source, before, totals, rows: sort_rows(rows) })
}

/// Returns the names of the objects of a dimension.
pub async fn report_names(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    dimension: ReportDimension,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, String>, ReportError> {
    Ok(rows::names_of(&permit.scope(db), dimension, ids).await?)
}

/// Adds rows of zeros for days, weeks and months without data, if time is the only dimension.
fn add_missing_rows(groups: &mut Vec<BuiltGroup>, spec: &ReportSpec, report_filter: &ReportFilter) {
    let ([_], Some(unit)) = (spec.dimensions.as_slice(), spec.unit()) else { return };
    let zeros = vec![0; spec.bases().len()];
    let mut missing: Vec<BuiltGroup> = Vec::new();
    for bucket in unit.buckets(report_filter.span) {
        let keys = vec![FactKey::Date(bucket.key)];
        if !groups.iter().any(|group| group.keys == keys) {
            missing.push(BuiltGroup { keys, now: zeros.clone(), before: zeros.clone() });
        }
    }
    groups.extend(missing);
}

/// Conversion of sums to figures.
struct Sheet<'a> {
    bases: Vec<Base>,
    spec: &'a ReportSpec,
    is_compared: bool,
}

impl Sheet<'_> {
    /// The figures computed from a row's sums; None for an unknown sum.
    fn cells(&self, now: &[Option<i64>], before: &[Option<i64>]) -> Vec<ReportCell> {
        let cell = |measure: &ReportMeasure| {
            let figure_of = |sums: &[Option<i64>]| {
                let sum =
                    |base: Base| self.bases.iter().position(|one| *one == base).and_then(|nth| sums.get(nth).copied().flatten());
                measure.figure(sum)
            };
            let is_hidden = self.spec.hides(*measure);
            ReportCell {
                measure: *measure,
                now: figure_of(now).filter(|_| !is_hidden),
                before: figure_of(before).filter(|_| self.is_compared && !is_hidden),
                is_hidden,
            }
        };
        self.spec.measures.iter().map(cell).collect()
    }

    fn row(&self, group: BuiltGroup) -> Result<BuiltRow, ReportError> {
        let exact_sums =
            |sums: &[i64]| sums.iter().map(|sum| to_safe_integer((*sum).into()).map(Some)).collect::<Result<Vec<_>, _>>();
        let cells = self.cells(&exact_sums(&group.now)?, &exact_sums(&group.before)?);
        Ok(BuiltRow { keys: group.keys, cells })
    }

    /// The total of all rows. Measures that count in several rows have no total.
    fn totals(&self, groups: &[BuiltGroup]) -> Result<BuiltRow, ReportError> {
        let sum = |nth: usize, side: fn(&BuiltGroup) -> &[i64]| {
            let adds = self.spec.dimensions.iter().all(|dimension| self.bases[nth].adds_over(*dimension));
            let sum: i128 = groups.iter().map(|group| i128::from(side(group)[nth])).sum();
            if adds { to_safe_integer(sum).map(Some) } else { Ok(None) }
        };
        let all =
            |side: fn(&BuiltGroup) -> &[i64]| (0..self.bases.len()).map(|nth| sum(nth, side)).collect::<Result<Vec<_>, _>>();
        let (now, before) = (all(|group| &group.now)?, all(|group| &group.before)?);
        Ok(BuiltRow { keys: Vec::new(), cells: self.cells(&now, &before) })
    }

    /// Sort keys of a row: the figure of the sort, if there is one, and then its own keys.
    fn sort_keys_of(&self, row: &BuiltRow) -> Vec<Key> {
        let sort_measure = match self.spec.sort {
            Some(sort) => Some((sort.measure, sort.is_descending)),
            None if self.spec.is_by_time() => None,
            None => self.spec.measures.first().map(|measure| (*measure, true)),
        };
        let sort_key = sort_measure.map(|(measure, is_descending)| {
            let cell = row.cells.iter().find(|cell| cell.measure == measure);
            figure_key(cell.and_then(|cell| cell.now), is_descending)
        });
        let keys = row.keys.iter().map(|key| match key {
            FactKey::Date(day) => Key::Int((*day).into()),
            FactKey::Id(id) => Key::Id(*id),
        });
        sort_key.into_iter().chain(keys).collect()
    }
}

/// A figure as a sort key; unknown figures come last.
fn figure_key(figure: Option<Figure>, is_descending: bool) -> Key {
    let number = match figure {
        None => return Key::Int(i64::MAX),
        Some(Figure::Count(number) | Figure::Minor(number)) => number,
        // In millionths, as shares are shown, within the exact range of JSON numbers.
        Some(Figure::Ratio(number)) => {
            let max = entity::quantity::MAX_SAFE as f64;
            (number * 1e6).round().clamp(-max, max) as i64
        }
    };
    Key::Int(if is_descending { -number } else { number })
}
