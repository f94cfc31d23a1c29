//! Filters and sorts of lists of lots.

use entity::prelude::*;
use platform::{
    paging::{Key, SortBy, Sorted},
    storage::Backend,
};
use sea_orm::Value;

use super::filter::{TextTest, sku_condition};
use crate::{catalog::rows::conditions::null_test, stock::core::Lot};

/// Lots that match all of these; None does not restrict, and an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LotFilterSpec {
    pub ids: Option<Vec<LotId>>,
    pub products: Option<Vec<ProductId>>,
    /// SKUs of the product, folded.
    pub skus: Vec<TextTest>,
    /// With stock in one of these stores.
    pub stores: Option<Vec<StoreId>>,
    /// Stores that the caller may see: lots that ever were in one of these.
    pub seen_in: Option<Vec<StoreId>>,
    pub statuses: Option<Vec<LotStatus>>,
    /// Expiring on this day or later.
    pub expires_from: Option<i32>,
    /// Expiring before this day.
    pub expires_before: Option<i32>,
    /// Whether it has a day on which it expires.
    pub expires: Option<bool>,
    /// Folded codes: one of these.
    pub codes: Option<Vec<String>>,
    /// The beginning of a folded code.
    pub code_starts: Option<String>,
    pub on_hand: OnHandTest,
    pub created: [Option<Timestamp>; 2],
    pub updated: [Option<Timestamp>; 2],
}

/// Bounds of a lot's stock; `None` is no bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnHandTest {
    pub least: Option<i64>,
    pub most: Option<i64>,
    /// The stores that are summed; None for all.
    pub within: Option<Vec<StoreId>>,
}

impl LotFilterSpec {
    /// Restricts the filter to stock in these stores. The caller adds the stores that a lot must
    /// have been in, to one filter only.
    pub fn restrict_to_stores(&mut self, visible_stores: &[StoreId]) {
        if let Some(requested_stores) = &mut self.stores {
            requested_stores.retain(|store| visible_stores.contains(store));
        }
        self.on_hand.within = Some(visible_stores.to_vec());
    }

    /// Conditions on `lot l`, each beginning with ` AND `; parameters are numbered from `next`.
    pub(super) fn sql(&self, backend: Backend, next: usize) -> (String, Vec<Value>) {
        let (mut sql, mut values) = (String::new(), Vec::new());
        let mut bind = |value: Value| {
            values.push(value);
            next + values.len() - 1
        };
        if let Some(ids) = &self.ids {
            sql += &format!(" AND {}", backend.in_ids("l.id", bind(backend.ids(ids.iter().copied()))));
        }
        if let Some(ids) = &self.products {
            sql += &format!(" AND {}", backend.in_ids("l.product_id", bind(backend.ids(ids.iter().copied()))));
        }
        for test in &self.skus {
            let condition = sku_condition(backend, test, &mut bind);
            sql += &format!(" AND l.product_id IN (SELECT p.id FROM product p WHERE p.tenant_id = $1 AND {condition})");
        }
        for (stores, stock_condition) in [(&self.stores, " AND v.on_hand > 0"), (&self.seen_in, "")] {
            if let Some(ids) = stores {
                let condition = backend.in_ids("v.store_id", bind(backend.ids(ids.iter().copied())));
                sql += &format!(
                    " AND l.id IN (SELECT v.lot_id FROM lot_level v WHERE v.tenant_id = $1 AND {condition}{stock_condition})"
                );
            }
        }
        if let Some(statuses) = &self.statuses {
            sql += &format!(
                " AND {}",
                backend.in_texts("l.status", bind(backend.texts(statuses.iter().map(|status| status.as_str()))))
            );
        }
        for (bound, operator) in [(self.expires_from, ">="), (self.expires_before, "<")] {
            if let Some(day) = bound {
                sql += &format!(" AND l.expires_on IS NOT NULL AND l.expires_on {operator} ${}", bind(day.into()));
            }
        }
        if let Some(expires) = self.expires {
            sql += &format!(" AND {}", null_test("l.expires_on", !expires));
        }
        if let Some(codes) = &self.codes {
            sql += &format!(" AND {}", backend.in_texts("l.code_key", bind(backend.texts(codes.iter().map(String::as_str)))));
        }
        if let Some(prefix) = &self.code_starts {
            let (number, length) = (bind(prefix.as_str().into()), prefix.chars().count());
            sql += &format!(" AND l.code_key >= ${number} AND substr(l.code_key, 1, {length}) = ${number}");
        }
        sql += &self.on_hand.sql(backend, &mut bind);
        for (column, moments) in [("l.created_at", self.created), ("l.updated_at", self.updated)] {
            for (bound, operator) in moments.into_iter().zip([">=", "<"]) {
                if let Some(bound) = bound {
                    let test = format!("{column} {operator} ${}", bind(bound.micros().into()));
                    sql += &format!(" AND {}", backend.rarely_matches(&test));
                }
            }
        }
        (sql, values)
    }
}

impl OnHandTest {
    fn sql(&self, backend: Backend, bind: &mut impl FnMut(Value) -> usize) -> String {
        let bounds = [(self.least, ">="), (self.most, "<=")];
        if bounds.iter().all(|(bound, _)| bound.is_none()) {
            return String::new();
        }
        let amount = match &self.within {
            None => "l.on_hand".to_owned(),
            Some(stores) => {
                let store_condition = backend.in_ids("w.store_id", bind(backend.ids(stores.iter().copied())));
                format!(
                    "(SELECT CAST(coalesce(sum(w.on_hand), 0) AS bigint) FROM lot_level w
                      WHERE w.tenant_id = $1 AND w.lot_id = l.id AND {store_condition})"
                )
            }
        };
        let mut sql = String::new();
        for (bound, operator) in bounds {
            if let Some(bound) = bound {
                sql += &format!(" AND {amount} {operator} ${}", bind(bound.into()));
            }
        }
        sql
    }
}

/// Sort of a list of lots; ties are broken by ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LotSort {
    /// By their IDs, which increase with time.
    Id,
    Code,
    /// A lot without an expiry date comes after all others.
    ExpiresOn,
    CreatedAt,
}

/// A sort and its direction.
pub type LotSorted = Sorted<LotSort>;

/// Sort value of lots without an expiry date, as in the index of migration 107.
const NO_EXPIRY: i32 = i32::MAX;

impl SortBy for LotSort {
    type Row = Lot;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Id, descending: true };
    const IS_DEFAULT_PLAIN: bool = true;

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Id => ("ID", &["l.id"]),
            Self::Code => ("CODE", &["l.code_key", "l.id"]),
            Self::ExpiresOn => {
                ("EXPIRES_ON", &["(CASE WHEN l.expires_on IS NULL THEN 2147483647 ELSE l.expires_on END)", "l.id"])
            }
            Self::CreatedAt => ("CREATED_AT", &["l.created_at", "l.id"]),
        }
    }
    fn keys(self, lot: &Lot) -> Vec<Key> {
        let first = match self {
            Self::Id => None,
            Self::Code => Some(Key::Text(lot.key.clone())),
            Self::ExpiresOn => Some(Key::Int(i64::from(lot.expires_on.unwrap_or(NO_EXPIRY)))),
            Self::CreatedAt => Some(Key::Int(lot.created_at.micros())),
        };
        first.into_iter().chain([lot.id.into()]).collect()
    }
}
