//! The filter of the list of exchange rates, as clients write it.

use async_graphql::InputObject;
use entity::prelude::Currency;
use inventory::currency::rows::RateFilter;
use platform::storage::Nested;

use crate::{
    catalog::{moments, texts},
    graphql::{
        fault::{Answer, TopError},
        filters::{DateFilter, DateTimeFilter, IdFilter, StringFilter},
        nested::{field_path, read_nested},
        refusal::Path,
        scalars::CurrencyCode,
    },
    orders::filters::{below, check_list_length},
    purchasing::filter::day_span,
};

/// Exchange rates that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ExchangeRateFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<ExchangeRateFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<ExchangeRateFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<ExchangeRateFilter>>,
    /// Condition on the ID of the rate.
    pub id: Option<IdFilter>,
    /// Base currencies to include, at most 250; an empty list matches nothing.
    pub base_code: Option<Vec<CurrencyCode>>,
    /// Quote currencies to include, at most 250; an empty list matches nothing.
    pub quote_code: Option<Vec<CurrencyCode>>,
    /// Day from which the rate is used.
    pub day: Option<DateFilter>,
    /// Name of the source, as in ECB, compared exactly.
    pub source: Option<StringFilter>,
    /// True for rates that another rate corrected, false for those in force, null for both.
    pub is_replaced: Option<bool>,
    /// Members and integrations that entered the rate.
    pub entered_by: Option<IdFilter>,
    /// Time at which the rate was entered.
    pub recorded_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(ExchangeRateFilter);
crate::keyed_filter!(
    ExchangeRateFilter, "enteredBy" entered_by MemberEmail;
    [] "day" day, "recordedAt" recorded_at
);

impl ExchangeRateFilter {
    /// The filter as rows understand it.
    pub(super) fn read(self) -> Answer<Nested<RateFilter>> {
        read_nested(self, &mut Self::tests)
    }

    /// Compiles the tests of one filter, without its nested filters.
    fn tests(self, at: &Path) -> Answer<RateFilter> {
        Ok(RateFilter {
            ids: self.id.map(|filter| filter.ids(&field_path(at, "id"))).transpose()?.flatten(),
            bases: self.base_code.map(|codes| currencies(&codes, &below(at, "baseCode"))).transpose()?,
            quotes: self.quote_code.map(|codes| currencies(&codes, &below(at, "quoteCode"))).transpose()?,
            day: day_span(self.day, &below(at, "day"))?,
            sources: texts(self.source, &below(at, "source"))?,
            is_replaced: self.is_replaced,
            entered_by: self.entered_by.map(|filter| filter.of_any_kind(&field_path(at, "enteredBy"))).transpose()?.flatten(),
            recorded: moments(self.recorded_at),
        })
    }
}

/// The currencies of a list at a place. A code that there is not is refused at its own.
fn currencies(codes: &[CurrencyCode], at: &Path) -> Answer<Vec<Currency>> {
    check_list_length(codes.len(), at)?;
    codes.iter().enumerate().map(|(index, code)| currency(code, || below(at, &index))).collect()
}

/// The currency of a code at a place.
pub(super) fn currency(code: &CurrencyCode, at: impl FnOnce() -> Path) -> Answer<Currency> {
    Currency::parse(&code.0).ok_or_else(|| TopError::bad_input(format!("{} is no currency of ISO 4217 in use", code.0), at()))
}
