//! Filters that name things by their keys: `store: { key: ["LONDON"] }` becomes IDs before the rest of a filter is read.

mod path;
pub mod visible_keys;

use std::collections::HashMap;

use async_graphql::{Context, ID};
use entity::id::prefix_of;
use iam::access::kind;
pub use inventory::catalog::rows::keys::KeyKind;
use inventory::catalog::rows::keys::ids_by_keys;
use uuid::Uuid;

pub use self::path::below;
use self::visible_keys::{VisibleKeyKind, VisibleKeyTest};
use crate::{
    catalog::catalog_loaders,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        filters::{IdFilter, MAX_TESTS, MAX_VALUES},
    },
    periods::{DatedFilter, resolve_period},
    references::id_of,
};

/// Keys of a whole filter, those of filters inside it included.
const MAX_KEYS: usize = 1_000;

/// Kind of the objects that keys name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestKind {
    /// Master data, by a key that its table has.
    Data(KeyKind),
    /// Documents by their numbers, or members by their e-mail addresses.
    Seen(VisibleKeyKind),
}

impl From<KeyKind> for TestKind {
    fn from(kind: KeyKind) -> Self {
        Self::Data(kind)
    }
}
impl From<VisibleKeyKind> for TestKind {
    fn from(kind: VisibleKeyKind) -> Self {
        Self::Seen(kind)
    }
}

/// The names that `keyed_filter` has for them.
pub mod kinds {
    pub use inventory::catalog::rows::keys::KeyKind::{
        CategorySlug, ChannelCode, CustomerExternalRef, ProductSku, StoreCode, StoreGroupCode, SupplierCode,
    };

    pub use super::visible_keys::VisibleKeyKind::{
        BlanketOrderNumber, GoodsNumber, MemberEmail, OrderNumber, PurchaseOrderNumber,
    };
}

/// A test with keys, the kind of object that they name, and its path.
pub struct KeyedTest<'a> {
    kind: TestKind,
    test: &'a mut IdFilter,
    at: Vec<String>,
}

impl KeyedTest<'_> {
    /// Counts the keys of the test.
    fn keys(&self) -> usize {
        self.test.key.as_ref().map_or(0, Vec::len)
    }
}

/// A filter with tests that take keys.
pub trait KeyedFilter: DatedFilter {
    /// Adds its tests with keys, and those of the filters inside it.
    fn collect_keyed_tests<'a>(&'a mut self, at: &[String], keyed_tests: &mut Vec<KeyedTest<'a>>);
}

/// Declares the tests of a filter that take keys: name, field, and kind of object. After a
/// semicolon follow its ranges, as for `dated_filter`. `flat` marks filters without `and`, `or` and
/// `not`.
#[macro_export]
macro_rules! keyed_filter {
    (flat $filter:ty, $($name:literal $field:ident $kind:ident),+ $(,)?) => {
        $crate::dated_filter!(flat $filter,);
        impl $crate::keyed_filters::KeyedFilter for $filter {
            fn collect_keyed_tests<'a>(&'a mut self, at: &[String], keyed_tests: &mut Vec<$crate::keyed_filters::KeyedTest<'a>>) {
                $($crate::keyed_filters::add($crate::keyed_filters::kinds::$kind, &mut self.$field, (at, $name), keyed_tests);)+
            }
        }
    };
    ($filter:ty, $($name:literal $field:ident $kind:ident),+ $(,)? $(; $($dated:tt)+)?) => {
        $crate::dated_filter!($filter, $($($dated)+)?);
        impl $crate::keyed_filters::KeyedFilter for $filter {
            fn collect_keyed_tests<'a>(&'a mut self, at: &[String], keyed_tests: &mut Vec<$crate::keyed_filters::KeyedTest<'a>>) {
                $($crate::keyed_filters::add($crate::keyed_filters::kinds::$kind, &mut self.$field, (at, $name), keyed_tests);)+
                for (name, parts) in [("and", &mut self.and), ("or", &mut self.or)] {
                    for (index, part) in parts.iter_mut().flatten().enumerate() {
                        let at = $crate::keyed_filters::below(at, &[name, index.to_string().as_str()]);
                        $crate::keyed_filters::KeyedFilter::collect_keyed_tests(part, &at, keyed_tests);
                    }
                }
                if let Some(part) = &mut self.not {
                    let at = $crate::keyed_filters::below(at, &["not"]);
                    $crate::keyed_filters::KeyedFilter::collect_keyed_tests(&mut **part, &at, keyed_tests);
                }
            }
        }
    };
}

/// Adds a test if it has keys.
pub fn add<'a>(
    kind: impl Into<TestKind>,
    test: &'a mut Option<IdFilter>,
    (at, name): (&[String], &str),
    keyed_tests: &mut Vec<KeyedTest<'a>>,
) {
    if let Some(test) = test.as_mut().filter(|test| test.key.is_some()) {
        keyed_tests.push(KeyedTest { kind: kind.into(), test, at: below(at, &[name]) });
    }
}

/// Returns the filter of an argument with keys replaced by IDs, and periods by ranges. Unknown keys
/// are left out, so a test whose keys are all unknown matches nothing. Keys of categories need
/// product.read, as does naming a category by its slug; numbers and addresses need the permission
/// to read the document or member. One statement per kind of object and per number, none without
/// keys.
pub async fn resolve_filter_keys<F: KeyedFilter>(ctx: &Context<'_>, filter: Option<F>, argument: &str) -> Answer<Option<F>> {
    let Some(mut filter) = filter else { return Ok(None) };
    replace_keys_with_ids(ctx, &mut filter, argument).await?;
    Ok(Some(filter))
}

/// Replaces keys and periods in place.
pub async fn replace_keys_with_ids<F: KeyedFilter>(ctx: &Context<'_>, filter: &mut F, argument: &str) -> Answer<()> {
    let mut keyed_tests = Vec::new();
    filter.collect_keyed_tests(&[argument.to_owned()], &mut keyed_tests);
    replace(ctx, keyed_tests, argument).await?;
    resolve_period(ctx, filter, argument).await
}

/// The same for a test that is an argument of its own.
pub async fn resolve_test_keys(
    ctx: &Context<'_>,
    kind: KeyKind,
    test: Option<IdFilter>,
    argument: &str,
) -> Answer<Option<IdFilter>> {
    let (mut test, mut keyed_tests) = (test, Vec::new());
    add(kind, &mut test, (&[], argument), &mut keyed_tests);
    replace(ctx, keyed_tests, argument).await?;
    Ok(test)
}

async fn replace(ctx: &Context<'_>, keyed_tests: Vec<KeyedTest<'_>>, argument: &str) -> Answer<()> {
    if keyed_tests.is_empty() {
        return Ok(());
    }
    check_key_limit(&keyed_tests, argument)?;
    let (mut data_tests, mut visible_tests) = (Vec::new(), Vec::new());
    for KeyedTest { kind, test, at } in keyed_tests {
        match kind {
            TestKind::Data(kind) => {
                if kind == KeyKind::CategorySlug {
                    ctx.permit::<kind::ProductRead>().map_err(|error| error.at(below(&at, &["key"])))?;
                }
                data_tests.push((kind, test));
            }
            TestKind::Seen(kind) => visible_tests.push(VisibleKeyTest { kind, test, at }),
        }
    }
    if !visible_tests.is_empty() {
        Box::pin(visible_keys::replace_keys_with_ids(ctx, visible_tests, argument)).await?;
    }
    replace_master_data_keys(ctx, data_tests).await
}

/// The same for master data.
async fn replace_master_data_keys(ctx: &Context<'_>, mut key_tests: Vec<(KeyKind, &mut IdFilter)>) -> Answer<()> {
    // A list that contains IDs of other kinds is refused at its path when the filter is compiled.
    key_tests.retain_mut(|(kind, test)| {
        let is_whole = test.one_of.as_ref().is_none_or(|listed_ids| listed_ids.iter().all(|id| is_of(*kind, id)));
        if !is_whole {
            test.key = None;
        }
        is_whole
    });
    if key_tests.is_empty() {
        return Ok(());
    }
    let ids_by_key = Box::pin(load_ids_by_key(ctx, &key_tests)).await?;
    for (kind, test) in key_tests {
        let keys = test.key.take().unwrap_or_default();
        let id_of_key = |key: String| ids_by_key.get(&(kind, key)).map(|id| id_of(kind, *id));
        let mut ids: Vec<ID> = keys.into_iter().filter_map(id_of_key).collect();
        if let Some(listed_ids) = &test.one_of {
            ids.retain(|id| listed_ids.contains(id));
        }
        test.one_of = Some(ids);
    }
    Ok(())
}

/// Whether it is an ID of this kind of object.
fn is_of(kind: KeyKind, id: &ID) -> bool {
    prefix_of(id).is_some_and(|(_, uuid)| id_of(kind, uuid) == *id)
}

fn check_key_limit(keyed_tests: &[KeyedTest<'_>], argument: &str) -> Answer<()> {
    if let Some(keyed_test) = keyed_tests.iter().find(|keyed_test| keyed_test.keys() > MAX_VALUES) {
        return Err(TopError::limit_exceeded(format!("at most {MAX_VALUES} keys are taken"), below(&keyed_test.at, &["key"])));
    }
    if let Some(keyed_test) = keyed_tests
        .iter()
        .find(|keyed_test| keyed_test.test.one_of.as_ref().is_some_and(|listed_ids| listed_ids.len() > MAX_VALUES))
    {
        return Err(TopError::limit_exceeded(
            format!("at most {MAX_VALUES} ids are taken beside keys"),
            below(&keyed_test.at, &["in"]),
        ));
    }
    if keyed_tests.len() > MAX_TESTS || keyed_tests.iter().map(KeyedTest::keys).sum::<usize>() > MAX_KEYS {
        let message = format!("a filter has at most {MAX_TESTS} tests, and at most {MAX_KEYS} keys in all");
        return Err(TopError::bad_input(message, vec![argument.to_owned()]));
    }
    Ok(())
}

/// The rows that keys name.
async fn load_ids_by_key(ctx: &Context<'_>, key_tests: &[(KeyKind, &mut IdFilter)]) -> Answer<HashMap<(KeyKind, String), Uuid>> {
    let scope = catalog_loaders(ctx)?.scope();
    let mut keys: HashMap<KeyKind, Vec<&str>> = HashMap::new();
    for (kind, test) in key_tests {
        keys.entry(*kind).or_default().extend(test.key.iter().flatten().map(String::as_str));
    }
    let mut known_ids = HashMap::new();
    for (kind, keys) in keys {
        let ids = ids_by_keys(scope, kind, &keys).await?;
        known_ids.extend(ids.into_iter().map(|(key, id)| ((kind, key), id)));
    }
    Ok(known_ids)
}
