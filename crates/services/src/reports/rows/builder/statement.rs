//! The parts that the builder's statements are composed of: keys, days, sums and conditions.

use entity::prelude::*;

use crate::{
    demand::rows::FactKey,
    reports::{
        core::{Base, Bucket, ComparisonPeriod, ReportDimension, ReportSpec, TimeUnit},
        rows::narrow::{ReportFilter, SqlParameters},
    },
};

/// The sums of a group, one for each of the statement's sums: of the report's days, and of the
/// compared ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltGroup {
    /// One key for each dimension; the nil ID for rows without a group.
    pub keys: Vec<FactKey>,
    pub now: Vec<i64>,
    /// Zeros without a comparison.
    pub before: Vec<i64>,
}

/// A part of the statement: its columns for days, products, stores and channels.
pub(super) struct Part {
    /// Column of the day; None for spans and closings.
    pub(super) day: Option<&'static str>,
    pub(super) product: &'static str,
    pub(super) store: &'static str,
    pub(super) channel: &'static str,
}

/// Values that the parts of the statement share.
pub(super) struct Statement<'a> {
    pub(super) bound: SqlParameters,
    pub(super) filter: &'a ReportFilter,
    pub(super) spec: &'a ReportSpec,
    pub(super) before: Option<&'a ComparisonPeriod>,
    pub(super) bases: Vec<Base>,
    pub(super) currency: Currency,
}

impl Statement<'_> {
    /// A condition that a column is one of the report's days or of the compared ones.
    pub(super) fn days_condition(&mut self, column: &str) -> String {
        let span = self.filter.span;
        let to = self.bound.bind(i64::from(span.to));
        match self.before.map(|before| before.span) {
            None => {
                let from = self.bound.bind(i64::from(span.from));
                format!("{column} >= {from} AND {column} <= {to}")
            }
            Some(before) => {
                let since = self.bound.bind(i64::from(before.from));
                let (until, from) = (self.bound.bind(i64::from(before.to)), self.bound.bind(i64::from(span.from)));
                format!("{column} >= {since} AND {column} <= {to} AND ({column} <= {until} OR {column} >= {from})")
            }
        }
    }

    /// 0 for the report's days, 1 for those before.
    pub(super) fn side(&mut self, column: &str) -> String {
        if self.before.is_none() {
            return "0".to_owned();
        }
        let from = self.bound.bind(i64::from(self.filter.span.from));
        format!("CASE WHEN {column} < {from} THEN 1 ELSE 0 END")
    }

    /// The key of the row of a day; a compared day belongs to the row that it is compared with.
    fn time_key(&mut self, unit: TimeUnit, column: &str) -> String {
        let shifted = match self.before.and_then(ComparisonPeriod::days) {
            None => column.to_owned(),
            Some(days) => {
                let from = self.bound.bind(i64::from(self.filter.span.from));
                let days = self.bound.bind(i64::from(days));
                format!("(CASE WHEN {column} < {from} THEN {column} + {days} ELSE {column} END)")
            }
        };
        match unit {
            TimeUnit::Day => shifted,
            // 1970-01-01 was a Thursday.
            TimeUnit::Week => format!("{shifted} - (({shifted} + 3) % 7 + 7) % 7"),
            TimeUnit::Month | TimeUnit::Quarter | TimeUnit::Year => {
                let mut cases = String::new();
                for bucket in self.buckets(unit).into_iter().map(|(bucket, _)| bucket) {
                    let (last, key) = (self.bound.bind(i64::from(bucket.last)), self.bound.bind(i64::from(bucket.key)));
                    cases.push_str(&format!(" WHEN {column} <= {last} THEN {key}"));
                }
                format!("CASE{cases} END")
            }
        }
    }

    /// The stretches before and those of the report, in order, each with its side.
    pub(super) fn buckets(&self, unit: TimeUnit) -> Vec<(Bucket, i32)> {
        let before = self.before.map(|before| before.buckets(unit)).unwrap_or_default();
        let now = unit.buckets(self.filter.span);
        before.into_iter().map(|bucket| (bucket, 1)).chain(now.into_iter().map(|bucket| (bucket, 0))).collect()
    }

    /// The key of a part by a dimension.
    pub(super) fn key(&mut self, part: &Part, dimension: ReportDimension) -> String {
        match (dimension, dimension.unit(), part.day) {
            (_, Some(unit), Some(day)) => self.time_key(unit, day),
            // Spans are cut at the calendar units that they are joined with.
            (_, Some(_), None) => "b.k".to_owned(),
            (ReportDimension::Weekday, _, Some(day)) => format!("(({day} + 3) % 7 + 7) % 7 + 1"),
            (ReportDimension::Category, ..) => "p.category_id".to_owned(),
            (ReportDimension::TopCategory, ..) => "u.root".to_owned(),
            (ReportDimension::Supplier, ..) => "p.supplier_id".to_owned(),
            (ReportDimension::Store, ..) => part.store.to_owned(),
            (ReportDimension::Channel, ..) => part.channel.to_owned(),
            _ => part.product.to_owned(),
        }
    }

    /// The keys of a part, and the joins that they need.
    pub(super) fn keys(&mut self, part: &Part) -> (String, String) {
        let spec = self.spec;
        let dimensions = &spec.dimensions;
        let key = |(nth, dimension): (usize, &ReportDimension)| format!("{} AS k{nth}", self.key(part, *dimension));
        let keys: Vec<String> = dimensions.iter().enumerate().map(key).collect();
        let is_of_top = dimensions.contains(&ReportDimension::TopCategory);
        let mut joins = String::new();
        if is_of_top
            || [ReportDimension::Category, ReportDimension::Supplier].iter().any(|candidate| dimensions.contains(candidate))
        {
            joins.push_str(&format!(" JOIN product p ON p.tenant_id = $1 AND p.id = {}", part.product));
        }
        if is_of_top {
            joins.push_str(" LEFT JOIN up u ON u.id = p.category_id");
        }
        (keys.join(", "), joins)
    }

    /// The sums of a part, 0 for those of other parts.
    pub(super) fn sums(&self, sum: impl Fn(Base) -> Option<String>) -> String {
        let column_of = |(nth, base): (usize, &Base)| format!("{} AS b{nth}", sum(*base).unwrap_or_else(|| "0".to_owned()));
        self.bases.iter().enumerate().map(column_of).collect::<Vec<_>>().join(", ")
    }

    /// The products, stores and channels of a part.
    pub(super) fn filter_conditions_of(&mut self, part: &Part) -> String {
        let stores = self.bound.of_stores(self.filter, part.store);
        let channels = if part.channel.is_empty() { String::new() } else { self.bound.of_channels(self.filter, part.channel) };
        format!("{}{stores}{channels}", SqlParameters::of_products(self.filter, part.product))
    }
}
