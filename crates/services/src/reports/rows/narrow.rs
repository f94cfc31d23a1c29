//! Filter that all reports share, and the parameters of their statements.

use entity::prelude::*;
use inventory::catalog::rows::page::ProductCondition;
use platform::{
    clock::resolve_local_time,
    storage::{Backend, Reads},
};
use sea_orm::Value;

use crate::{demand::rows::CURRENT, insight::rows::IdRange, reports::core::Span};

/// The orders that have sold something.
pub const SOLD: &str = "o.status IN ('CONFIRMED', 'PARTIALLY_FULFILLED', 'FULFILLED', 'CLOSED')";
/// A condition that a return has received units.
pub(super) const RECEIVED_RETURN: &str = "r.status IN ('PARTIALLY_RECEIVED', 'RECEIVED', 'INSPECTED', 'CLOSED')";

pub(super) const DAY_MICROS: i64 = 86_400_000_000;

/// Microseconds since 1970 between which business days lie in any time zone, the later one not
/// included: a day begins within 14 hours of UTC's.
pub(super) fn moments(days: Span) -> [i64; 2] {
    [i64::from(days.from) - 1, i64::from(days.to) + 2].map(|day| day * DAY_MICROS)
}

/// The first moment of the days in one time zone and the moment after the last, in microseconds
/// since 1970.
pub(super) fn local_moments(time_zone: &str, days: Span) -> [i64; 2] {
    let [earliest, latest] = moments(days).map(Timestamp);
    let first = resolve_local_time((days.from, 0), time_zone, earliest);
    let end = resolve_local_time((days.to.saturating_add(1), 0), time_zone, earliest);
    // The last day of the calendar has no next one; a day that the time zone skips is empty.
    [first, if end < first { latest } else { end }].map(Timestamp::micros)
}

/// Days, products, stores and channels of a report; a list that is None has all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportFilter {
    pub span: Span,
    pub products: ProductCondition,
    pub stores: Option<Vec<StoreId>>,
    pub channels: Option<Vec<ChannelId>>,
}

/// The parameters of a statement: those of the condition on products, which are numbered from `$2`,
/// and then values that are bound one by one. A statement whose `ReportFilter` has products uses
/// their parameters, so that Postgres knows the type of each.
pub(super) struct SqlParameters {
    backend: Backend,
    pub values: Vec<Value>,
}

impl SqlParameters {
    pub fn of(reads: &impl Reads, report_filter: &ReportFilter) -> Self {
        Self { backend: reads.backend(), values: report_filter.products.values.clone() }
    }
    pub const fn backend(&self) -> Backend {
        self.backend
    }
    /// The mark of a value.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len() + 1)
    }
    /// A condition that a column is one of the products; empty for all.
    pub fn of_products(report_filter: &ReportFilter, column: &str) -> String {
        report_filter.products.on(column).map(|condition| format!(" AND {condition}")).unwrap_or_default()
    }
    /// A condition that a column is one of these IDs; empty for all.
    fn of_ids<K>(&mut self, ids: Option<&[Id<K>]>, column: &str) -> String {
        self.backend.and_ids(column, ids, &mut self.values)
    }
    pub fn of_stores(&mut self, report_filter: &ReportFilter, column: &str) -> String {
        self.of_ids(report_filter.stores.as_deref(), column)
    }
    pub fn of_channels(&mut self, report_filter: &ReportFilter, column: &str) -> String {
        self.of_ids(report_filter.channels.as_deref(), column)
    }
    /// A condition that orders `o` are in a part of all orders; empty for all.
    pub fn of_part(&mut self, part: Option<IdRange>) -> String {
        let Some(part) = part else { return String::new() };
        let mark = self.bind(part.id());
        part.id_condition("o.id", &mark)
    }
    /// The rows of `demand_day` as `d` on the days of the narrowing, without the condition on
    /// products.
    pub fn of_days(&mut self, report_filter: &ReportFilter) -> String {
        let (from, to) = (self.bind(i64::from(report_filter.span.from)), self.bind(i64::from(report_filter.span.to)));
        let (stores, channels) = (self.of_stores(report_filter, "d.store_id"), self.of_channels(report_filter, "d.channel_id"));
        format!(
            "d.tenant_id = $1 AND d.generation = {CURRENT} AND d.business_date >= {from} AND d.business_date <= {to}{stores}{channels}"
        )
    }
    /// The sold orders `o` that were placed on the days of `report_filter`. The moments bound the
    /// scan of the index of placed orders: a day begins within 14 hours of UTC's.
    pub fn of_orders(&mut self, report_filter: &ReportFilter) -> String {
        let Span { from, to } = report_filter.span;
        let [since, until] = moments(report_filter.span).map(|at| self.bind(at));
        let (from, to) = (self.bind(i64::from(from)), self.bind(i64::from(to)));
        let (stores, channels) = (self.of_stores(report_filter, "o.store_id"), self.of_channels(report_filter, "o.channel_id"));
        format!(
            "o.tenant_id = $1 AND {SOLD} AND o.placed_at >= {since} AND o.placed_at < {until}
             AND o.business_date >= {from} AND o.business_date <= {to}{stores}{channels}"
        )
    }
}

#[cfg(test)]
mod tests {
    use platform::clock::{local_day, parse_day};

    use super::*;

    #[test]
    fn a_local_day_is_between_its_midnights() {
        const HOUR: i64 = DAY_MICROS / 24;
        for (day, zone, hours) in [
            ("2026-03-28", "Europe/London", 24),
            ("2026-03-29", "Europe/London", 23),
            ("2026-10-25", "Europe/London", 25),
            ("2026-04-04", "America/Santiago", 25),
            ("2026-09-06", "America/Santiago", 23),
            ("2026-11-28", "Pacific/Kiritimati", 24),
            ("2026-11-28", "Pacific/Pago_Pago", 24),
        ] {
            let day = parse_day(day).unwrap();
            let [first, behind] = local_moments(zone, Span { from: day, to: day });
            assert_eq!(behind - first, hours * HOUR, "{zone} {day}");
            let at = |micros: i64| local_day(Timestamp(micros), zone);
            assert_eq!([first - 1, first, behind - 1, behind].map(at), [day - 1, day, day, day + 1], "{zone}");
        }
        let none = parse_day("2011-12-30").unwrap();
        let [first, behind] = local_moments("Pacific/Apia", Span { from: none, to: none });
        assert_eq!(first, behind, "a day that clocks left out");
        let last = parse_day("9999-12-31").unwrap();
        let [first, behind] = local_moments("Europe/London", Span { from: last - 1, to: last });
        assert!(behind - first >= 2 * DAY_MICROS, "all of it, to the end of the calendar");
    }
}
