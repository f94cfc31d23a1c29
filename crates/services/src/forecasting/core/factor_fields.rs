//! Fields of external factors of demand: checks, and the stored form.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::stages::{Stage, Staged, keep_earliest};
use serde::Serialize;

use super::factors::{FactorGoods, FactorSeries};

/// Maximum days of a series.
pub const MAX_DAYS: usize = 4_000;
/// Maximum absolute value.
const MAX_VALUE: f64 = 1e9;
/// Maximum characters of a code and of a name.
const MAX_CODE: usize = 64;
const MAX_NAME: usize = 200;

/// Input of a series. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactorFields {
    pub code: String,
    pub kind: FactorKind,
    pub name: String,
    pub store: Option<StoreId>,
    #[serde(skip_serializing_if = "FactorGoods::is_all")]
    pub goods: FactorGoods,
    pub country: Option<String>,
    /// First and last day on which the series is known; `None` for the day of its first or last
    /// value.
    pub from: Option<i32>,
    pub until: Option<i32>,
    pub values: Vec<(i32, f64)>,
}

/// Reason to refuse a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorProblem {
    NoCode,
    Code,
    NoName,
    Name,
    Country,
    /// The series has both a store and a country.
    TwoPlaces,
    NoValues,
    TooManyValues,
    /// The nth value is no number, or too large.
    Value(usize),
    /// The nth value is for a day that has a value already.
    SameDay(usize),
    /// The series ends before it begins, or a value is outside its days.
    Span,
}

impl Staged for FactorProblem {
    fn stage(&self) -> Stage {
        match self {
            Self::NoCode | Self::Code | Self::NoName | Self::Name | Self::Country | Self::NoValues | Self::TooManyValues => {
                Stage::Shape
            }
            Self::TwoPlaces | Self::Value(_) | Self::SameDay(_) | Self::Span => Stage::Value,
        }
    }
}

/// Returns the problem of a required text.
fn text_problem(text: &str, max_chars: usize, (missing, invalid): (FactorProblem, FactorProblem)) -> Option<FactorProblem> {
    let text = text.trim();
    if text.is_empty() {
        return Some(missing);
    }
    (text.chars().count() > max_chars || text.chars().any(char::is_control)).then_some(invalid)
}

impl FactorFields {
    /// Returns all faults of the fields.
    pub fn problems(&self) -> Vec<FactorProblem> {
        let mut found = Vec::new();
        found.extend(text_problem(&self.code, MAX_CODE, (FactorProblem::NoCode, FactorProblem::Code)));
        found.extend(text_problem(&self.name, MAX_NAME, (FactorProblem::NoName, FactorProblem::Name)));
        let country = self.country();
        if country.as_ref().is_some_and(|country| country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase())) {
            found.push(FactorProblem::Country);
        }
        if self.store.is_some() && country.is_some() {
            found.push(FactorProblem::TwoPlaces);
        }
        let Some((first, last)) = self.day_range() else {
            found.push(FactorProblem::NoValues);
            return found;
        };
        if self.values.len() > MAX_DAYS {
            found.push(FactorProblem::TooManyValues);
            return found;
        }
        let mut seen_days = BTreeSet::new();
        for (nth, (day, value)) in self.values.iter().enumerate() {
            if !seen_days.insert(*day) {
                found.push(FactorProblem::SameDay(nth));
            }
            if !value.is_finite() || value.abs() > MAX_VALUE {
                found.push(FactorProblem::Value(nth));
            }
        }
        if self.from.is_some_and(|from| from > first) || self.until.is_some_and(|until| until < last) {
            found.push(FactorProblem::Span);
        }
        found
    }

    fn country(&self) -> Option<String> {
        self.country.as_deref().map(|country| country.trim().to_ascii_uppercase())
    }

    /// Returns the first and the last day with a value.
    fn day_range(&self) -> Option<(i32, i32)> {
        let days = || self.values.iter().map(|(day, _)| *day);
        days().min().zip(days().max())
    }

    /// Returns the series to store.
    ///
    /// # Errors
    /// All problems of the first stage that has any.
    pub fn validate(&self, version: i64, now: Timestamp) -> Result<FactorSeries, Vec<FactorProblem>> {
        let problems = self.problems();
        let Some((first, last)) = self.day_range().filter(|_| problems.is_empty()) else { return Err(keep_earliest(problems)) };
        let mut values = self.values.clone();
        values.sort_unstable_by_key(|(day, _)| *day);
        Ok(FactorSeries {
            code: self.code.trim().to_owned(),
            kind: self.kind,
            name: self.name.trim().to_owned(),
            store: self.store,
            goods: self.goods,
            country: self.country(),
            from: self.from.unwrap_or(first),
            until: self.until.unwrap_or(last),
            values,
            version,
            updated_at: now,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: i32 = 20_716;

    fn fields(kind: FactorKind, values: &[(i32, f64)]) -> FactorFields {
        let (code, name) = ("SALE".to_owned(), "Sale".to_owned());
        let goods = FactorGoods::All;
        FactorFields { code, kind, name, store: None, goods, country: None, from: None, until: None, values: values.to_vec() }
    }

    fn validated(fields: &FactorFields) -> Result<FactorSeries, Vec<FactorProblem>> {
        fields.validate(1, Timestamp(0))
    }

    #[test]
    fn what_is_wrong_is_said() {
        let day = (MONDAY, 1.0);
        let problems = |change: fn(&mut FactorFields)| {
            let mut wrong = fields(FactorKind::Price, &[day]);
            change(&mut wrong);
            validated(&wrong).unwrap_err()
        };
        let problem = |change: fn(&mut FactorFields)| {
            let told = problems(change);
            assert_eq!(told.len(), 1, "{told:?}");
            told[0]
        };
        assert_eq!(problem(|one| one.code = "  ".to_owned()), FactorProblem::NoCode);
        assert_eq!(problem(|one| one.code = "a\nb".to_owned()), FactorProblem::Code);
        assert_eq!(problem(|one| one.name.clear()), FactorProblem::NoName);
        assert_eq!(problem(|one| one.name = "x".repeat(201)), FactorProblem::Name);
        assert_eq!(problem(|one| one.country = Some("GBR".to_owned())), FactorProblem::Country);
        assert_eq!(problem(|one| one.values.clear()), FactorProblem::NoValues);
        assert_eq!(problem(|one| one.values.push((MONDAY, 2.0))), FactorProblem::SameDay(1));
        assert_eq!(problem(|one| one.values.push((MONDAY + 1, f64::NAN))), FactorProblem::Value(1));
        assert_eq!(problem(|one| one.until = Some(MONDAY - 1)), FactorProblem::Span);
        assert_eq!(problem(|one| one.values = vec![(0, 1.0); MAX_DAYS + 1]), FactorProblem::TooManyValues);
        let both = |one: &mut FactorFields| {
            (one.store, one.country) = (Some(StoreId::NIL), Some("gb".to_owned()));
        };
        assert_eq!(problem(both), FactorProblem::TwoPlaces);
        let many = |one: &mut FactorFields| {
            (one.code, one.country) = (" ".to_owned(), Some("GBR".to_owned()));
            one.values.push((MONDAY, f64::NAN));
        };
        assert_eq!(problems(many), [FactorProblem::NoCode, FactorProblem::Country], "the form comes first");
        let figures = |one: &mut FactorFields| {
            one.values.push((MONDAY, f64::NAN));
            one.from = Some(MONDAY + 1);
        };
        assert_eq!(problems(figures), [FactorProblem::SameDay(1), FactorProblem::Value(1), FactorProblem::Span]);
    }
}
