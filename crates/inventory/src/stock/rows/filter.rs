//! Filters of movements for lists and reports, compiled to conditions with parameters.

use entity::prelude::*;
use platform::storage::Backend;
use sea_orm::Value;
use uuid::Uuid;

use crate::catalog::{
    core::text,
    rows::conditions::{never_null, null_test},
};

/// A filter of movements; None does not restrict, and an empty list matches nothing. `stores` and
/// `products` must hold for the same entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MovementFilterSpec {
    pub kinds: Option<Vec<MovementKind>>,
    pub stores: Option<Vec<StoreId>>,
    pub products: Option<Vec<ProductId>>,
    /// IDs of the movement's objects: orders, returns, reservations.
    pub references: Option<Vec<Uuid>>,
    /// Whether the movement belongs to something.
    pub has_reference: Option<bool>,
    /// All of these must hold.
    pub external_ref: Vec<TextTest>,
    pub occurred_from: Option<Timestamp>,
    /// Exclusive.
    pub occurred_before: Option<Timestamp>,
    /// Recorded from this moment on, and before that one.
    pub recorded: [Option<Timestamp>; 2],
    pub reasons: Option<Vec<ReasonCode>>,
    /// IDs of members, keys and programs that caused the movement.
    pub actors: Option<Vec<Uuid>>,
    /// SKUs of products, case-folded; each must hold for one and the same entry, like `products`.
    pub skus: Vec<TextTest>,
    /// Codes of lots, case-folded; each must hold for one and the same entry, like `products`.
    pub lots: Vec<TextTest>,
}

/// Test of a text, which is compared byte by byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    In(Vec<String>),
    StartsWith(String),
    Contains(String),
    /// Whether there is no text at all.
    IsNull(bool),
}

/// Conditions that begin with ` AND `, or are empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MovementFilter {
    /// On the table `movement` as `m`.
    pub movement: String,
    /// On the table `entry` as `e`.
    pub entry: String,
    /// The parameters of both, in the order of their numbers.
    pub values: Vec<Value>,
    /// True if lists begin with the entries. SQLite would scan all movements for those of a product
    /// with few movements; for a store, most of the newest ones match.
    begins_with_entries: bool,
}

impl MovementFilter {
    /// Returns the whole as one condition on `m`, for lists of movements: it has an entry that
    /// matches.
    pub fn on_movements(&self) -> String {
        if self.entry.is_empty() {
            return self.movement.clone();
        }
        let (movement, entry) = (&self.movement, &self.entry);
        if self.begins_with_entries {
            return format!("{movement} AND m.seq IN (SELECT e.seq FROM entry e WHERE e.tenant_id = $1{entry})");
        }
        format!("{movement} AND EXISTS (SELECT 1 FROM entry e WHERE e.tenant_id = $1 AND e.seq = m.seq{entry})")
    }
}

/// Parameters are numbered from `next`; `$1` is the tenant.
pub fn movement_filter(backend: Backend, spec: &MovementFilterSpec, next: usize) -> MovementFilter {
    let mut filter = MovementFilter::default();
    if let Some(kinds) = &spec.kinds {
        let number = bind(&mut filter, next, backend.texts(kinds.iter().map(|kind| kind.as_str())));
        and(&mut filter.movement, &backend.in_texts("m.kind", number));
    }
    if let Some(stores) = &spec.stores {
        let number = bind(&mut filter, next, backend.ids(stores.iter().copied()));
        and(&mut filter.entry, &backend.in_ids("e.store_id", number));
    }
    if let Some(products) = &spec.products {
        filter.begins_with_entries = backend == Backend::Sqlite;
        let number = bind(&mut filter, next, backend.ids(products.iter().copied()));
        and(&mut filter.entry, &backend.in_ids("e.product_id", number));
    }
    for test in &spec.skus {
        filter.begins_with_entries = backend == Backend::Sqlite;
        sku(&mut filter, backend, next, test);
    }
    for test in &spec.lots {
        filter.begins_with_entries = backend == Backend::Sqlite;
        lot(&mut filter, backend, next, test);
    }
    if let Some(reasons) = &spec.reasons {
        let number = bind(&mut filter, next, backend.texts(reasons.iter().map(|reason| reason.as_str())));
        and(&mut filter.movement, "m.reason_code IS NOT NULL");
        and(&mut filter.movement, &backend.in_texts("m.reason_code", number));
    }
    if let Some(actors) = &spec.actors {
        let ids = actors.iter().map(|id| MemberId::from_uuid(*id));
        let number = bind(&mut filter, next, backend.ids(ids));
        and(&mut filter.movement, &backend.in_ids("m.actor_id", number));
    }
    if let Some(references) = &spec.references {
        let ids = references.iter().map(|id| ReferenceId::from_uuid(*id));
        let number = bind(&mut filter, next, backend.ids(ids));
        and(&mut filter.movement, "m.reference_id IS NOT NULL");
        and(&mut filter.movement, &backend.in_ids("m.reference_id", number));
    }
    if let Some(has_one) = spec.has_reference {
        and(&mut filter.movement, &null_test("m.reference_id", !has_one));
    }
    for test in &spec.external_ref {
        external_ref(&mut filter, backend, next, test);
    }
    let moments = [("m.occurred_at", [spec.occurred_from, spec.occurred_before]), ("m.recorded_at", spec.recorded)];
    for (column, bounds) in moments {
        for (bound, operator) in bounds.into_iter().zip([">=", "<"]) {
            if let Some(bound) = bound {
                let number = bind(&mut filter, next, bound.micros().into());
                and(&mut filter.movement, &format!("{column} {operator} ${number}"));
            }
        }
    }
    filter
}

fn and(sql: &mut String, condition: &str) {
    sql.push_str(" AND ");
    sql.push_str(condition);
}

fn bind(filter: &mut MovementFilter, next: usize, value: Value) -> usize {
    filter.values.push(value);
    next + filter.values.len() - 1
}

/// Adds the condition that the product of an entry has such a SKU.
fn sku(filter: &mut MovementFilter, backend: Backend, next: usize, test: &TextTest) {
    let condition = sku_condition(backend, test, &mut |value| bind(filter, next, value));
    let products = format!("e.product_id IN (SELECT p.id FROM product p WHERE p.tenant_id = $1 AND {condition})");
    and(&mut filter.entry, &products);
}

/// Adds the condition that the lot of an entry has such a code.
fn lot(filter: &mut MovementFilter, backend: Backend, next: usize, test: &TextTest) {
    let condition = key_condition(backend, "x.code_key", test, &mut |value| bind(filter, next, value));
    // With this explicit condition, the partial index on lots can be used.
    and(&mut filter.entry, "e.lot_id IS NOT NULL");
    and(&mut filter.entry, &format!("e.lot_id IN (SELECT x.id FROM lot x WHERE x.tenant_id = $1 AND {condition})"));
}

/// Returns the condition that the table `product` as `p` has such a SKU, case-folded. `bind` stores
/// a value and returns its parameter's number.
pub(crate) fn sku_condition(backend: Backend, test: &TextTest, bind: &mut impl FnMut(Value) -> usize) -> String {
    key_condition(backend, "p.sku_key", test, bind)
}

/// Returns the condition that a column of case-folded texts passes, which is never null.
fn key_condition(backend: Backend, column: &str, test: &TextTest, bind: &mut impl FnMut(Value) -> usize) -> String {
    match test {
        TextTest::IsNull(is_null) => never_null(*is_null).to_owned(),
        TextTest::In(keys) => {
            let number = bind(backend.texts(keys.iter().map(String::as_str)));
            backend.in_texts(column, number)
        }
        TextTest::StartsWith(prefix) => {
            let from = bind(prefix.as_str().into());
            let below = text::prefix_upper_bound(prefix).map(|after| bind(after.into()));
            let below = below.map(|to| format!(" AND {column} < ${to}")).unwrap_or_default();
            format!("{column} >= ${from}{below}")
        }
        TextTest::Contains(part) => {
            let number = bind(part.as_str().into());
            format!("{}({column}, ${number}) > 0", position_function(backend))
        }
    }
}

fn position_function(backend: Backend) -> &'static str {
    match backend {
        Backend::Postgres => "strpos",
        Backend::Sqlite => "instr",
    }
}

fn external_ref(filter: &mut MovementFilter, backend: Backend, next: usize, test: &TextTest) {
    let condition = match test {
        TextTest::IsNull(is_null) => return and(&mut filter.movement, &null_test("m.external_ref", *is_null)),
        TextTest::In(texts) => {
            let number = bind(filter, next, backend.texts(texts.iter().map(String::as_str)));
            backend.in_texts("m.external_ref", number)
        }
        TextTest::StartsWith(prefix) => {
            // Both databases compare by bytes, so the lower bound can use the index; the rest is
            // exact.
            let (number, length) = (bind(filter, next, prefix.as_str().into()), prefix.chars().count());
            format!("m.external_ref >= ${number} AND substr(m.external_ref, 1, {length}) = ${number}")
        }
        TextTest::Contains(part) => {
            let number = bind(filter, next, part.as_str().into());
            format!("{}(m.external_ref, ${number}) > 0", position_function(backend))
        }
    };
    // With this explicit condition, the partial index on references can be used.
    and(&mut filter.movement, "m.external_ref IS NOT NULL");
    and(&mut filter.movement, &condition);
}
