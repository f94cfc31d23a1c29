//! Operators that lists are filtered with. An operator that is null counts as absent; `in: []` matches nothing.

use async_graphql::{ID, InputObject};
use entity::{
    id::{Id, Kind, prefix_of},
    prelude::{Currency, Money, Timestamp},
};
use uuid::Uuid;

use super::{
    fault::TopError,
    scalars::{CurrencyCode, Date, DateTime, Decimal, Quantity},
};

/// The most values in one list of a filter.
pub const MAX_VALUES: usize = 250;
/// How deep `and`, `or` and `not` may nest.
pub const MAX_NESTING: usize = 4;
/// The most conditions of a filter with those inside it: fields that are given, besides `and`, `or` and `not`. An empty filter counts for one.
pub const MAX_LEAVES: usize = 50;
/// The most filters in one `or`.
pub const MAX_BRANCHES: usize = 10;
/// The most tests that the conditions of a filter become, such as one for each operator of a text: bounds a statement.
pub const MAX_TESTS: usize = 100;

/// Values that a row may have, asked for under two names: both hold, as all fields of a filter do.
pub fn of_both<T: PartialEq>(values: Option<Vec<T>>, others: Option<Vec<T>>) -> Option<Vec<T>> {
    match (values, others) {
        (Some(values), Some(others)) => Some(values.into_iter().filter(|value| others.contains(value)).collect()),
        (values, others) => values.or(others),
    }
}

/// Rows whose id is one of these. An id that does not exist, or is not yours, matches nothing.
#[derive(Debug, Clone, Default, InputObject)]
pub struct IdFilter {
    /// ID that must be equal.
    pub eq: Option<ID>,
    /// IDs of which one must be equal, at most 250; an empty list matches nothing.
    #[graphql(name = "in")]
    pub one_of: Option<Vec<ID>>,
    /// Keys of things of which one must match, at most 250: codes of stores, channels and suppliers, SKUs of products, slugs of categories, and your
    /// references of customers. A key that names nothing matches nothing; an empty list matches nothing. Taken wherever a filter or a report asks for a
    /// store, channel, supplier, product, category or customer; `storeGroup` of levels takes codes of store groups, `reference` of movements numbers of
    /// documents, at most 20 in a filter. Refused by `id` and for other kinds.
    pub key: Option<Vec<String>>,
    /// True for rows without an ID, false for rows with one, null for both. Taken by category, supplier and family of products, customer of orders and
    /// returns, and blanketOrder of purchase orders; refused elsewhere.
    pub is_null: Option<bool>,
}

/// Stores that match all of these: by ID or by code. A store that does not exist, or is not yours, matches nothing.
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

/// Rows whose text matches. Case does not count.
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
}

/// Range of time.
#[derive(Debug, Clone, Default, InputObject)]
pub struct DateTimeFilter {
    /// Start of the range, included. Null for none.
    pub gte: Option<DateTime>,
    /// End of the range, excluded. Null for none.
    pub lt: Option<DateTime>,
}

/// Rows whose calendar day is in this range. Rows without a day do not match.
#[derive(Debug, Clone, Default, InputObject)]
pub struct DateFilter {
    /// First day that matches. Null for no lower bound.
    pub gte: Option<Date>,
    /// First day after the days that match. Null for no upper bound.
    pub lt: Option<Date>,
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
    /// The range. A currency that there is not, an amount that is none, and a range that nothing lies in are refused at their place in `at`.
    pub fn range(&self, at: &[String]) -> Result<MoneyRange, TopError> {
        let place = |name: &str| at.iter().cloned().chain([name.to_owned()]).collect::<Vec<_>>();
        let currency = Currency::parse(&self.currency_code.0)
            .ok_or_else(|| TopError::bad_input("a currency code of ISO 4217 is expected, as in GBP", place("currencyCode")))?;
        let minor = |amount: &Option<Decimal>, name: &str| {
            let read = amount.as_ref().map(|amount| Money::parse(&amount.0, currency).map(|money| money.minor));
            read.transpose().map_err(|why| TopError::bad_input(why.to_string(), place(name)))
        };
        let (least, most) = (minor(&self.gte, "gte")?, minor(&self.lte, "lte")?);
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            return Err(TopError::bad_input("lte must not be less than gte", place("lte")));
        }
        Ok(MoneyRange { currency, least, most })
    }
}

/// Refuses a text that no row has: one with a NUL, which Postgres does not even look for.
pub fn plain(text: &str, field: impl FnOnce() -> Vec<String>) -> Result<(), TopError> {
    if text.contains('\0') { Err(TopError::bad_input("a text without NUL characters is expected", field())) } else { Ok(()) }
}

/// Characters of the text of a search.
const MOST_CHARACTERS: usize = 255;

/// Refuses the text of a search that no row has, or that is too long to look for.
pub fn searchable(text: &str, field: impl Fn() -> Vec<String>) -> Result<(), TopError> {
    plain(text, &field)?;
    if text.chars().count() > MOST_CHARACTERS {
        return Err(TopError::bad_input(format!("at most {MOST_CHARACTERS} characters are taken"), field()));
    }
    Ok(())
}

/// Whether one of the texts has the text of a search in it. Case is ignored for A to Z; an empty search finds all.
pub fn has_text(search: &str, texts: &[&str]) -> bool {
    let sought = search.to_ascii_lowercase();
    texts.iter().any(|text| text.to_ascii_lowercase().contains(&sought))
}

/// Reads an id of a query's argument; another kind or junk is BAD_USER_INPUT, and no SQL is run for it.
pub fn id_of<K: Kind>(id: &ID, field: &[&str]) -> Result<Id<K>, TopError> {
    id.parse()
        .map_err(|err: entity::id::IdError| TopError::bad_input(err.to_string(), field.iter().map(ToString::to_string).collect()))
}

impl IdFilter {
    /// Refuses `isNull` and `key` at the field's place: for those who have not taken them.
    pub fn refuse_more(&self, field: impl FnOnce() -> Vec<String>) -> Result<(), TopError> {
        if self.is_null.is_none() {
            return self.refuse_key(field);
        }
        let path = field().into_iter().chain(["isNull".to_owned()]).collect();
        Err(TopError::bad_input("isNull is not taken here", path))
    }

    /// Refuses `key` where the kind has none, or where keys are not looked up.
    pub fn refuse_key(&self, field: impl FnOnce() -> Vec<String>) -> Result<(), TopError> {
        if self.key.is_none() {
            return Ok(());
        }
        let path = field().into_iter().chain(["key".to_owned()]).collect();
        Err(TopError::bad_input("key is not taken here", path))
    }

    /// The ids that are allowed; None when the filter says nothing.
    pub fn ids<K: Kind>(&self, field: &[&str]) -> Result<Option<Vec<Id<K>>>, TopError> {
        self.refuse_more(|| field.iter().map(ToString::to_string).collect())?;
        let one = self.eq.as_ref().map(|id| id_of(id, &[field, &["eq"]].concat())).transpose()?;
        let Some(many) = &self.one_of else { return Ok(one.map(|id| vec![id])) };
        let path = [field, &["in"]].concat();
        if many.len() > MAX_VALUES {
            return Err(TopError::limit_exceeded(
                format!("at most {MAX_VALUES} ids"),
                path.iter().map(ToString::to_string).collect(),
            ));
        }
        let mut ids = many.iter().map(|id| id_of(id, &path)).collect::<Result<Vec<_>, _>>()?;
        ids.retain(|id| one.is_none_or(|one| one == *id));
        Ok(Some(ids))
    }
}

impl IdFilter {
    /// The same for ids of any kind. What is not one of our ids is BAD_USER_INPUT at the filter itself.
    pub fn of_any_kind(&self, field: &[&str]) -> Result<Option<Vec<Uuid>>, TopError> {
        let path = || field.iter().map(ToString::to_string).collect();
        self.refuse_more(path)?;
        let read = |id: &ID| prefix_of(id).map(|(_, uuid)| uuid).ok_or_else(|| TopError::bad_input("not one of our ids", path()));
        let one = self.eq.as_ref().map(read).transpose()?;
        let Some(many) = &self.one_of else { return Ok(one.map(|id| vec![id])) };
        if many.len() > MAX_VALUES {
            return Err(TopError::bad_input(format!("at most {MAX_VALUES} ids"), path()));
        }
        let mut ids = many.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        ids.retain(|id| one.is_none_or(|one| one == *id));
        Ok(Some(ids))
    }
}

impl StringFilter {
    /// Refuses more texts than are taken, and what no row has.
    pub fn check(&self, field: &[&str]) -> Result<(), TopError> {
        let path = |name: &str| [field, &[name]].concat().iter().map(ToString::to_string).collect();
        if self.one_of.as_ref().is_some_and(|list| list.len() > MAX_VALUES) {
            return Err(TopError::bad_input(format!("at most {MAX_VALUES} texts"), path("in")));
        }
        let single = [(&self.eq, "eq"), (&self.starts_with, "startsWith"), (&self.contains, "contains")];
        let single = single.into_iter().filter_map(|(text, name)| Some((text.as_ref()?, name)));
        let mut all = single.chain(self.one_of.iter().flatten().map(|text| (text, "in")));
        all.try_for_each(|(text, name)| plain(text, || path(name)))
    }
}

impl DateTimeFilter {
    pub fn range(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        (self.gte.map(|t| t.0), self.lt.map(|t| t.0))
    }
}

#[cfg(test)]
mod tests {
    use super::of_both;

    #[test]
    fn values_under_two_names_are_those_of_both() {
        assert_eq!(of_both(Some(vec![1, 2]), Some(vec![2, 3])), Some(vec![2]));
        assert_eq!(of_both(Some(vec![1]), Some(vec![2])), Some(vec![]), "which matches nothing");
        assert_eq!((of_both(Some(vec![1]), None), of_both(None, Some(vec![2]))), (Some(vec![1]), Some(vec![2])));
        assert_eq!(of_both::<u8>(None, None), None);
    }
}
