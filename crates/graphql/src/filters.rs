//! Operators that lists are filtered with. An operator that is null counts as absent; `in: []` matches nothing.

use async_graphql::{ID, InputObject};
use entity::{
    id::{Id, Kind, prefix_of},
    prelude::{Currency, Money, Timestamp},
};
use platform::clock::resolve_local_time;
use uuid::Uuid;

use super::{
    fault::TopError,
    relative_period::RelativePeriod,
    scalars::{CurrencyCode, Date, DateTime, Decimal, Quantity},
};

/// The most values in one list of a filter.
pub const MAX_VALUES: usize = 250;
/// Maximum nesting of `and`, `or` and `not`.
pub const MAX_NESTING: usize = 4;
/// The most conditions of a filter with those inside it: fields that are given, besides `and`, `or` and `not`. An empty filter counts for one.
pub const MAX_LEAVES: usize = 50;
/// The most filters in one `or`.
pub const MAX_BRANCHES: usize = 10;
/// The most tests that the conditions of a filter become, such as one for each operator of a text: bounds a statement.
pub const MAX_TESTS: usize = 100;

/// Intersects values that a filter accepts under two field names: both apply, as all fields of a
/// filter do.
pub fn intersect_values<T: PartialEq>(values: Option<Vec<T>>, others: Option<Vec<T>>) -> Option<Vec<T>> {
    match (values, others) {
        (Some(values), Some(others)) => Some(values.into_iter().filter(|value| others.contains(value)).collect()),
        (values, others) => values.or(others),
    }
}

/// Rows whose ID matches; an operator that is null is ignored. An ID that does not exist, or is not yours, matches nothing.
#[derive(Debug, Clone, Default, InputObject)]
pub struct IdFilter {
    /// ID that must be equal.
    pub eq: Option<ID>,
    /// IDs of which one must be equal, at most 250; an empty list matches nothing.
    #[graphql(name = "in")]
    pub one_of: Option<Vec<ID>>,
    /// Keys of things of which one must match, at most 250: codes of stores, channels and suppliers, SKUs of products, slugs of categories, and your
    /// references of customers. A key that names nothing matches nothing; an empty list matches nothing. Taken wherever a filter or a report asks for a
    /// store, channel, supplier, product, category or customer; `storeGroup` of levels takes codes of store groups. For orders, purchase orders and blanket
    /// orders, and for `reference` of movements and `document` of reversals, numbers of documents that you may see, at most 20 in a filter; for members
    /// their e-mail addresses, which need member.read; both without `eq` and `in`. Refused by `id` and for other kinds.
    pub key: Option<Vec<String>>,
    /// True for rows without an ID, false for rows with one, null for both. Taken by category, supplier and family of products, category and supplier of
    /// stock levels, category of lines of plans, customer of orders and returns, blanketOrder of purchase orders, assignee of alerts and of
    /// fulfilment works, and reference of movements; refused elsewhere.
    pub is_null: Option<bool>,
}

/// Stores that match all of these, by ID or by code; an operator that is null is ignored. A store that does not exist, or is not yours,
/// matches nothing.
#[derive(Debug, Clone, Default, InputObject)]
pub struct StoreIdFilter {
    /// ID of the store.
    pub eq: Option<ID>,
    /// IDs of stores, at most 250; an empty list matches nothing.
    #[graphql(name = "in")]
    pub one_of: Option<Vec<ID>>,
    /// Codes of stores, at most 250, in any spelling of capitals; an empty list matches nothing.
    pub key: Option<Vec<String>>,
}

/// Rows whose text matches; an operator that is null is ignored. Case does not count.
#[derive(Debug, Clone, Default, InputObject)]
pub struct StringFilter {
    /// Text that must be equal.
    pub eq: Option<String>,
    /// Texts of which one must be equal, at most 250; an empty list matches nothing.
    #[graphql(name = "in")]
    pub one_of: Option<Vec<String>>,
    /// Text that must be the beginning.
    pub starts_with: Option<String>,
    /// Text that must be contained.
    pub contains: Option<String>,
    /// True for rows without a text, false for rows with one, null for both. Codes, SKUs, slugs and numbers are never missing.
    pub is_null: Option<bool>,
}

/// Range of quantities, in smallest units.
#[derive(Debug, Clone, Default, InputObject)]
pub struct QuantityFilter {
    /// Quantity that matches, in the product's smallest unit. Null for any.
    pub eq: Option<Quantity>,
    /// Lower bound, included, in the product's smallest unit. Null for none.
    pub gte: Option<Quantity>,
    /// Upper bound, included, in the product's smallest unit. Null for none.
    pub lte: Option<Quantity>,
    /// Lower bound, excluded, in the product's smallest unit. Null for none.
    pub gt: Option<Quantity>,
    /// Upper bound, excluded, in the product's smallest unit. Null for none.
    pub lt: Option<Quantity>,
}

/// Range of time.
#[derive(Debug, Clone, Default, InputObject)]
pub struct DateTimeFilter {
    /// Start of the range, included. Null for none.
    pub gte: Option<DateTime>,
    /// End of the range, excluded. Null for none.
    pub lt: Option<DateTime>,
    /// Days of the time, in the time zone of the store that the filter names, else of the tenant. Null for any. Refused by subscriptions: no event
    /// reports the end of a day.
    pub period: Option<RelativePeriod>,
    /// True for rows without a time, false for rows with one, null for both.
    pub is_null: Option<bool>,
}

/// Rows whose calendar day is in this range. Rows without a day match `isNull: true` alone.
#[derive(Debug, Clone, Default, InputObject)]
pub struct DateFilter {
    /// First day that matches. Null for no lower bound.
    pub gte: Option<Date>,
    /// First day after the days that match. Null for no upper bound.
    pub lt: Option<Date>,
    /// Days that match; today is the day in the time zone of the store that the filter names, else of the tenant. Null for any.
    pub period: Option<RelativePeriod>,
    /// True for rows without a day, false for rows with one, null for both.
    pub is_null: Option<bool>,
    /// The days of the period: the first, and the day after the last.
    #[graphql(skip)]
    days: Option<[i32; 2]>,
}

/// A checked `DateFilter`: the first day that matches, the day after the last, and whether rows are without a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayRange {
    pub from: Option<i32>,
    pub before: Option<i32>,
    pub is_null: Option<bool>,
}

/// Rows whose amount is in this range of one currency. Amounts in other currencies do not match.
#[derive(Debug, Clone, InputObject)]
pub struct MoneyFilter {
    /// Currency of the amounts.
    pub currency_code: CurrencyCode,
    /// Least amount that matches, with at most the currency's decimals. Null for no lower bound.
    pub gte: Option<Decimal>,
    /// Greatest amount that matches, with at most the currency's decimals. Null for no upper bound.
    pub lte: Option<Decimal>,
}

/// A checked `MoneyFilter`: bounds in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyRange {
    pub currency: Currency,
    pub least: Option<i64>,
    pub most: Option<i64>,
}

impl MoneyFilter {
    /// Returns the range. An unknown currency, an invalid amount and an empty range are refused
    /// with their place in `path`.
    pub fn range(&self, path: &[String]) -> Result<MoneyRange, TopError> {
        let path_to = |name: &str| path.iter().cloned().chain([name.to_owned()]).collect::<Vec<_>>();
        let currency = Currency::parse(&self.currency_code.0)
            .ok_or_else(|| TopError::bad_input("a currency code of ISO 4217 is expected, as in GBP", path_to("currencyCode")))?;
        let minor = |amount: &Option<Decimal>, name: &str| {
            let parsed = amount.as_ref().map(|amount| Money::parse(&amount.0, currency).map(|money| money.minor));
            parsed.transpose().map_err(|error| TopError::bad_input(error.to_string(), path_to(name)))
        };
        let (least, most) = (minor(&self.gte, "gte")?, minor(&self.lte, "lte")?);
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            return Err(TopError::bad_input("lte must not be less than gte", path_to("lte")));
        }
        Ok(MoneyRange { currency, least, most })
    }
}

/// Refuses a text that no row can have: one with a NUL, which Postgres refuses in parameters.
pub fn refuse_nul(text: &str, field: impl FnOnce() -> Vec<String>) -> Result<(), TopError> {
    if text.contains('\0') { Err(TopError::bad_input("a text without NUL characters is expected", field())) } else { Ok(()) }
}

/// Characters of the text of a search.
const MAX_CHARACTERS: usize = 255;

/// Refuses a search text that no row can have, or that is too long.
pub fn searchable(text: &str, field: impl Fn() -> Vec<String>) -> Result<(), TopError> {
    refuse_nul(text, &field)?;
    if text.chars().count() > MAX_CHARACTERS {
        return Err(TopError::bad_input(format!("at most {MAX_CHARACTERS} characters are taken"), field()));
    }
    Ok(())
}

/// Whether one of the texts contains the search text. Case is ignored for A to Z; an empty search
/// matches all.
pub fn has_text(search: &str, texts: &[&str]) -> bool {
    let needle = search.to_ascii_lowercase();
    texts.iter().any(|text| text.to_ascii_lowercase().contains(&needle))
}

/// Parses an ID of a query's argument; another kind or an invalid ID is BAD_USER_INPUT, and no SQL
/// is run for it.
pub fn id_of<K: Kind>(id: &ID, field: &[&str]) -> Result<Id<K>, TopError> {
    id.parse()
        .map_err(|err: entity::id::IdError| TopError::bad_input(err.to_string(), field.iter().map(ToString::to_string).collect()))
}

impl IdFilter {
    /// Refuses `isNull` and `key` at the field's place, for fields that do not support them.
    pub fn reject_operators(&self, field: impl FnOnce() -> Vec<String>) -> Result<(), TopError> {
        if self.is_null.is_none() {
            return self.reject_key(field);
        }
        let path = field().into_iter().chain(["isNull".to_owned()]).collect();
        Err(TopError::bad_input("isNull is not taken here", path))
    }

    /// Refuses `key` if the kind has no keys, or if keys are not resolved here.
    pub fn reject_key(&self, field: impl FnOnce() -> Vec<String>) -> Result<(), TopError> {
        if self.key.is_none() {
            return Ok(());
        }
        let path = field().into_iter().chain(["key".to_owned()]).collect();
        Err(TopError::bad_input("key is not taken here", path))
    }

    /// Returns the IDs that match; `None` if the filter has no condition on them.
    pub fn ids<K: Kind>(&self, field: &[&str]) -> Result<Option<Vec<Id<K>>>, TopError> {
        self.reject_operators(|| field.iter().map(ToString::to_string).collect())?;
        let equal_id = self.eq.as_ref().map(|id| id_of(id, &[field, &["eq"]].concat())).transpose()?;
        let Some(listed_ids) = &self.one_of else { return Ok(equal_id.map(|id| vec![id])) };
        let path = [field, &["in"]].concat();
        if listed_ids.len() > MAX_VALUES {
            return Err(TopError::limit_exceeded(
                format!("at most {MAX_VALUES} ids"),
                path.iter().map(ToString::to_string).collect(),
            ));
        }
        let mut ids = listed_ids.iter().map(|id| id_of(id, &path)).collect::<Result<Vec<_>, _>>()?;
        ids.retain(|id| equal_id.is_none_or(|equal_id| equal_id == *id));
        Ok(Some(ids))
    }
}

impl IdFilter {
    /// Like `ids`, for IDs of any kind. An invalid ID is BAD_USER_INPUT at the filter itself.
    pub fn of_any_kind(&self, field: &[&str]) -> Result<Option<Vec<Uuid>>, TopError> {
        let path = || field.iter().map(ToString::to_string).collect();
        self.reject_operators(path)?;
        let parse_id =
            |id: &ID| prefix_of(id).map(|(_, uuid)| uuid).ok_or_else(|| TopError::bad_input("not one of our ids", path()));
        let equal_id = self.eq.as_ref().map(parse_id).transpose()?;
        let Some(listed_ids) = &self.one_of else { return Ok(equal_id.map(|id| vec![id])) };
        if listed_ids.len() > MAX_VALUES {
            return Err(TopError::bad_input(format!("at most {MAX_VALUES} ids"), path()));
        }
        let mut ids = listed_ids.iter().map(parse_id).collect::<Result<Vec<_>, _>>()?;
        ids.retain(|id| equal_id.is_none_or(|equal_id| equal_id == *id));
        Ok(Some(ids))
    }
}

impl StringFilter {
    /// Refuses too many texts, and texts that no row can have.
    pub fn check(&self, field: &[&str]) -> Result<(), TopError> {
        let path = |name: &str| [field, &[name]].concat().iter().map(ToString::to_string).collect();
        if self.one_of.as_ref().is_some_and(|list| list.len() > MAX_VALUES) {
            return Err(TopError::bad_input(format!("at most {MAX_VALUES} texts"), path("in")));
        }
        let single = [(&self.eq, "eq"), (&self.starts_with, "startsWith"), (&self.contains, "contains")];
        let single = single.into_iter().filter_map(|(text, name)| Some((text.as_ref()?, name)));
        let mut texts = single.chain(self.one_of.iter().flatten().map(|text| (text, "in")));
        texts.try_for_each(|(text, name)| refuse_nul(text, || path(name)))
    }
}

/// A range that may be given as a period.
pub trait PeriodTest {
    fn period(&self) -> Option<RelativePeriod>;
    /// Replaces the name of a period by its days, relative to today in a time zone.
    fn resolve_period(&mut self, today: i32, time_zone: &str);
}

impl PeriodTest for DateTimeFilter {
    fn period(&self) -> Option<RelativePeriod> {
        self.period
    }
    fn resolve_period(&mut self, today: i32, time_zone: &str) {
        let Some(days) = self.period.take().map(|period| period.days(today)) else { return };
        let [start, end] = days.map(|day| resolve_local_time((day, 0), time_zone, Timestamp(i64::MIN)));
        self.gte = Some(DateTime(self.gte.map_or(start, |gte| gte.0.max(start))));
        self.lt = Some(DateTime(self.lt.map_or(end, |lt| lt.0.min(end))));
    }
}

impl PeriodTest for DateFilter {
    fn period(&self) -> Option<RelativePeriod> {
        self.period
    }
    fn resolve_period(&mut self, today: i32, _time_zone: &str) {
        self.days = self.period.take().map(|period| period.days(today)).or(self.days);
    }
}

impl DateTimeFilter {
    /// Returns the range, for a column that always has a time: `isNull: true` is the empty range.
    /// Readers of a nullable column handle `isNull` before. A period without its days is an empty
    /// range too, so that it is not ignored silently.
    pub fn range(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        if self.is_null == Some(true) || self.period.is_some() {
            return (Some(Timestamp(0)), Some(Timestamp(0)));
        }
        (self.gte.map(|bound| bound.0), self.lt.map(|bound| bound.0))
    }
}

impl DateFilter {
    /// # Errors
    /// `lt` is not after `gte`.
    pub fn range(&self, path: &[String]) -> Result<DayRange, TopError> {
        let (gte, lt) = (self.gte.map(|day| day.0), self.lt.map(|day| day.0));
        if gte.zip(lt).is_some_and(|(gte, lt)| gte >= lt) {
            let field = path.iter().cloned().chain(["lt".to_owned()]).collect();
            return Err(TopError::bad_input("lt must be a day after gte", field));
        }
        // A period without its days matches nothing, so that it is not ignored silently.
        let days = self.days.or(self.period.map(|_| [0, 0]));
        Ok(DayRange {
            from: [gte, days.map(|[from, _]| from)].into_iter().flatten().max(),
            before: [lt, days.map(|[_, before]| before)].into_iter().flatten().min(),
            is_null: self.is_null,
        })
    }
}

impl QuantityFilter {
    /// The least and the greatest quantity that match, in smallest units, which are whole: more than 4 is 5 or more.
    pub fn range(&self) -> (Option<i64>, Option<i64>) {
        let units = |quantity: Option<Quantity>| quantity.map(|quantity| quantity.0.get());
        let lower_bounds = [units(self.eq), units(self.gte), units(self.gt).map(|bound| bound.saturating_add(1))];
        let upper_bounds = [units(self.eq), units(self.lte), units(self.lt).map(|bound| bound.saturating_sub(1))];
        (lower_bounds.into_iter().flatten().max(), upper_bounds.into_iter().flatten().min())
    }
}

#[cfg(test)]
mod tests {
    use entity::prelude;

    use super::*;

    #[test]
    fn bounds_that_are_excluded_are_the_next_unit() {
        let units = |count: i64| Some(Quantity(prelude::Quantity::new(count).unwrap()));
        let range = |gt, lt| QuantityFilter { gt, lt, ..QuantityFilter::default() }.range();
        assert_eq!(range(units(4), units(9)), (Some(5), Some(8)));
        assert_eq!(range(units(-1), None), (Some(0), None));
        let all = QuantityFilter { eq: units(7), gte: units(3), lte: units(8), gt: units(4), lt: units(9) };
        assert_eq!(all.range(), (Some(7), Some(7)));
        assert_eq!(QuantityFilter::default().range(), (None, None));
    }

    #[test]
    fn a_period_narrows_what_stands_beside_it() {
        // 2026-03-29, on which clocks in London go from 01:00 to 02:00.
        let today = 20_541;
        let hour = |day: i64, hour: i64| Timestamp((day * 24 + hour) * 3_600_000_000);
        let mut test = DateTimeFilter { period: Some(RelativePeriod::Today), ..DateTimeFilter::default() };
        assert_eq!(test.range(), (Some(Timestamp(0)), Some(Timestamp(0))), "its days are missing");
        test.resolve_period(today, "Europe/London");
        assert_eq!(test.range(), (Some(hour(20_541, 0)), Some(hour(20_541, 23))));
        let gte = Some(DateTime(hour(20_541, 9)));
        let mut test = DateTimeFilter { gte, period: Some(RelativePeriod::Today), ..DateTimeFilter::default() };
        test.resolve_period(today, "Europe/London");
        assert_eq!(test.range(), (Some(hour(20_541, 9)), Some(hour(20_541, 23))));
        let mut test = DateFilter { gte: Some(Date(20_000)), period: Some(RelativePeriod::Today), ..DateFilter::default() };
        let at = ["expiresOn".to_owned()];
        test.resolve_period(today, "Europe/London");
        assert_eq!(test.range(&at).unwrap(), DayRange { from: Some(20_541), before: Some(20_542), is_null: None });
        assert!(DateFilter { lt: Some(Date(20_000)), ..test }.range(&at).is_err());
    }

    #[test]
    fn values_under_two_names_are_those_of_both() {
        assert_eq!(intersect_values(Some(vec![1, 2]), Some(vec![2, 3])), Some(vec![2]));
        assert_eq!(intersect_values(Some(vec![1]), Some(vec![2])), Some(vec![]), "which matches nothing");
        assert_eq!(
            (intersect_values(Some(vec![1]), None), intersect_values(None, Some(vec![2]))),
            (Some(vec![1]), Some(vec![2]))
        );
        assert_eq!(intersect_values::<u8>(None, None), None);
    }
}
