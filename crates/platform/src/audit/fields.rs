//! The fields of an object in the API's form, and the differences between two states of it: pure.

use std::borrow::Cow;

use entity::prelude::{Money, StoreId};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::secrets::DataKey;

/// Maximum bytes of a value's JSON in an entry. A longer value is replaced by its SHA-256 and its
/// length.
pub const MAX_VALUE: usize = 4_096;

/// Maximum differences of one document in an entry.
pub const MAX_DIFFERENCES: usize = 500;

/// Path of the difference that counts those left out of an entry.
pub const OMITTED_PATH: &str = "leftOut";

/// Whether the entry holds a value, or a mark of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    /// A commitment: it reveals nothing once the person's history key is erased.
    Personal,
}

#[derive(Debug, Clone, PartialEq)]
struct Field {
    path: Cow<'static, str>,
    value: Value,
    form: Form,
    /// Permission required to see the value, besides that of reading the object.
    mask: Option<&'static str>,
    /// Store for which the permission is required, or all of them.
    mask_store: Option<MaskStore>,
}

/// Stores for which the permission of a mask is needed. As JSON, `ALL` or the ID of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskStore {
    All,
    One(StoreId),
}

impl MaskStore {
    const ALL: &'static str = "ALL";

    fn text(self) -> String {
        match self {
            Self::All => Self::ALL.to_owned(),
            Self::One(store) => store.to_string(),
        }
    }
    /// Parses `ALL` or a store's ID; None for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        if text == Self::ALL { Some(Self::All) } else { text.parse().ok().map(Self::One) }
    }
}

/// The fields of one state of an object, in the order in which the API lists them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields(Vec<Field>);

/// An amount as the API writes it.
pub fn money(money: Option<Money>) -> Value {
    money.map_or(Value::Null, |money| json!({ "amount": money.amount(), "currencyCode": money.currency.as_str() }))
}

impl Fields {
    /// Adds a field that all readers of the object see.
    #[must_use]
    pub fn with(self, path: impl Into<Cow<'static, str>>, value: impl Serialize) -> Self {
        self.put(path.into(), value, Form::Plain, None)
    }
    /// Adds a field that is shown only to readers with the permission.
    #[must_use]
    pub fn masked(self, path: impl Into<Cow<'static, str>>, mask: &'static str, value: impl Serialize) -> Self {
        self.put(path.into(), value, Form::Plain, Some(mask))
    }
    /// Adds a field that is shown only to readers with the permission for a store, or for all of
    /// them.
    #[must_use]
    pub fn masked_for(
        self,
        path: impl Into<Cow<'static, str>>,
        (mask, store): (&'static str, MaskStore),
        value: impl Serialize,
    ) -> Self {
        let mut fields = self.masked(path, mask, value);
        if let Some(field) = fields.0.last_mut() {
            field.mask_store = Some(store);
        }
        fields
    }
    /// Adds a field with personal data: the entry stores only marks of its values, for readers with
    /// the permission.
    #[must_use]
    pub fn personal(self, path: impl Into<Cow<'static, str>>, mask: &'static str, value: impl Serialize) -> Self {
        self.put(path.into(), value, Form::Personal, Some(mask))
    }

    fn put(mut self, path: Cow<'static, str>, value: impl Serialize, form: Form, mask: Option<&'static str>) -> Self {
        // Only a map with keys other than texts has no JSON form; no field has one.
        let value = serde_json::to_value(value).unwrap_or_default();
        self.0.push(Field { path, value, form, mask, mask_store: None });
        self
    }
    fn find(&self, path: &str) -> Option<&Field> {
        self.0.iter().find(|field| field.path == path)
    }
}

/// A field that differs, in the form that an entry stores.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Difference<'a> {
    path: &'a str,
    before: Value,
    after: Value,
    is_personal: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    mask: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mask_store: Option<String>,
}

/// Returns the fields that differ between two states, in the order of the later one. An absent
/// state has no fields. Without a key the values of personal fields are left out.
pub fn differences(before: Option<&Fields>, after: Option<&Fields>, key: Option<&DataKey>) -> Vec<Value> {
    let earlier = before.map_or(&[][..], |state| state.0.as_slice());
    let later = after.map_or(&[][..], |state| state.0.as_slice());
    let removed = earlier.iter().filter(|field| after.is_none_or(|after| after.find(&field.path).is_none()));
    let mut listed = Vec::new();
    for field in later.iter().chain(removed) {
        let value = |state: Option<&Fields>| state.and_then(|state| state.find(&field.path)).map(|found| found.value.clone());
        let (before, after) = (value(before).unwrap_or_default(), value(after).unwrap_or_default());
        if before == after {
            continue;
        }
        let audit_value = |value: Value| match field.form {
            Form::Plain => shorten_value(value),
            Form::Personal => key.map_or(Value::Null, |key| mark(key, &field.path, &value)),
        };
        let difference = Difference {
            path: &field.path,
            before: audit_value(before),
            after: audit_value(after),
            is_personal: field.form == Form::Personal,
            mask: field.mask,
            mask_store: field.mask_store.map(MaskStore::text),
        };
        listed.push(serde_json::to_value(difference).unwrap_or_default());
    }
    listed
}

/// Returns the fields that differ between two states of a document's lines, compared position by
/// position. `earlier_fields` and `later_fields` list a line's fields.
pub fn line_differences<T: PartialEq>(
    (earlier, earlier_fields): (&[T], impl Fn(&T) -> Fields),
    (later, later_fields): (&[T], impl Fn(&T) -> Fields),
) -> Vec<Value> {
    let pairs = (0..earlier.len().max(later.len())).map(|index| (earlier.get(index), later.get(index)));
    let changed = pairs.filter(|(earlier_line, later_line)| earlier_line != later_line);
    changed
        .flat_map(|(earlier_line, later_line)| {
            differences(earlier_line.map(&earlier_fields).as_ref(), later_line.map(&later_fields).as_ref(), None)
        })
        .collect()
}

/// Limits the differences to the first ones, followed by the number of those left out.
pub fn cap_differences(mut listed: Vec<Value>) -> Vec<Value> {
    let left_out = listed.len().saturating_sub(MAX_DIFFERENCES);
    if left_out > 0 {
        listed.truncate(MAX_DIFFERENCES);
        listed.extend(differences(None, Some(&Fields::default().with(OMITTED_PATH, left_out)), None));
    }
    listed
}

/// Returns the value itself, or the hash and the length of its JSON.
fn shorten_value(value: Value) -> Value {
    let text = value.to_string();
    if text.len() <= MAX_VALUE {
        return value;
    }
    json!({ "sha256": hex::encode(Sha256::digest(text.as_bytes())), "length": text.len() })
}

/// Returns the HMAC-SHA-256 under the person's history key over the path, a NUL byte and the
/// value's JSON, in hex. Null stays null: it reveals nothing.
pub fn mark(key: &DataKey, path: &str, value: &Value) -> Value {
    if value.is_null() {
        return Value::Null;
    }
    Value::String(hex::encode(key.blind(&format!("{path}\0{value}"))))
}

#[cfg(test)]
mod tests {
    use entity::prelude::*;

    use super::*;
    use crate::{
        clock::Clock,
        secrets::{EnvironmentKeys, KeyRing, Keys},
    };

    fn keys(count: u128) -> Vec<DataKey> {
        let store = EnvironmentKeys("k1:H7cvDlndLShHO1JTp25WZn9ILxeC1zsS+8XK/NXdCcM=".to_owned());
        let ring = KeyRing::new(Keys::parse(&store.0).unwrap(), Clock::system(), std::sync::Arc::new(store));
        (0..count).map(|n| ring.new_history_key(TenantId::NIL, uuid::Uuid::from_u128(n)).unwrap().0).collect()
    }

    fn product(name: &str, price: i64) -> Fields {
        let price = money(Some(Money::new(price, Currency::GBP)));
        Fields::default().with("name", name).with("price", &price).masked("unitCost", "product.cost.read", &price)
    }

    #[test]
    fn only_what_differs_is_listed_as_the_api_writes_it() {
        let listed = differences(Some(&product("Mug", 1_250)), Some(&product("Mug", 1_300)), None);
        let money = |amount: &str| json!({ "amount": amount, "currencyCode": "GBP" });
        let expected = vec![
            json!({ "path": "price", "before": money("12.50"), "after": money("13.00"), "isPersonal": false }),
            json!({ "path": "unitCost", "before": money("12.50"), "after": money("13.00"), "isPersonal": false, "mask": "product.cost.read" }),
        ];
        assert_eq!(listed, expected);
        assert!(differences(Some(&product("Mug", 1)), Some(&product("Mug", 1)), None).is_empty());
    }

    #[test]
    fn a_mask_says_what_stores_its_permission_is_needed_for() {
        let store = StoreId::from_uuid(uuid::Uuid::from_u128(7));
        for (of, text) in [(MaskStore::All, "ALL".to_owned()), (MaskStore::One(store), store.to_string())] {
            let fields = Fields::default().masked_for("budget", ("stock.policy", of), 1);
            let listed = differences(None, Some(&fields), None);
            assert_eq!((&listed[0]["mask"], &listed[0]["maskStore"]), (&json!("stock.policy"), &json!(text)));
            assert_eq!(MaskStore::parse(&text), Some(of));
        }
        assert_eq!(MaskStore::parse("all"), None);
    }

    #[test]
    fn what_is_made_was_null_and_what_is_removed_becomes_null() {
        let object = Fields::default().with("name", "Mug").with("description", Option::<&str>::None);
        let made = differences(None, Some(&object), None);
        assert_eq!(made, [json!({ "path": "name", "before": null, "after": "Mug", "isPersonal": false })], "null is no news");
        let removed = differences(Some(&object), None, None);
        assert_eq!(removed, [json!({ "path": "name", "before": "Mug", "after": null, "isPersonal": false })]);
        let part = Fields::default().with("other", 1);
        let paths: Vec<Value> = differences(Some(&object), Some(&part), None).iter().map(|field| field["path"].clone()).collect();
        assert_eq!(paths, ["other", "name"]);
    }

    #[test]
    fn of_many_differences_the_last_says_how_many_are_left_out() {
        let of = |count: usize| cap_differences((0..count).map(|nth| json!({ "path": nth.to_string() })).collect());
        assert_eq!(of(MAX_DIFFERENCES).len(), MAX_DIFFERENCES);
        let more = of(MAX_DIFFERENCES + 3);
        assert_eq!((more.len(), &more[MAX_DIFFERENCES - 1]["path"]), (MAX_DIFFERENCES + 1, &json!("499")));
        assert_eq!(more[MAX_DIFFERENCES], json!({ "path": OMITTED_PATH, "before": null, "after": 3, "isPersonal": false }));
    }

    #[test]
    fn a_long_value_is_a_hash_and_a_length() {
        let text = |length: usize| "x".repeat(length);
        let one = |length| differences(None, Some(&Fields::default().with("metadata", text(length))), None)[0]["after"].clone();
        // The JSON of a text has two quotes.
        assert_eq!(one(MAX_VALUE - 2), json!(text(MAX_VALUE - 2)));
        let long = one(MAX_VALUE - 1);
        assert_eq!(long["length"], json!(MAX_VALUE + 1));
        assert_eq!(long["sha256"].as_str().map(str::len), Some(64));
    }

    #[test]
    fn a_personal_value_is_a_mark_that_shows_a_change_back_and_nothing_else() {
        let keys = keys(2);
        let person = |name: Option<&str>| Fields::default().personal("name", "customer.read", name);
        let marks = |before: Option<&str>, after: Option<&str>, key: &DataKey| {
            let field = differences(Some(&person(before)), Some(&person(after)), Some(key)).remove(0);
            (field["before"].clone(), field["after"].clone())
        };
        let (ada, bob) = marks(Some("Ada"), Some("Bob"), &keys[0]);
        assert_eq!(marks(Some("Bob"), Some("Ada"), &keys[0]), (bob.clone(), ada.clone()), "changed back");
        assert!(ada != bob && !ada.to_string().contains("Ada"));
        assert_ne!(marks(Some("Ada"), None, &keys[1]), (ada.clone(), Value::Null), "another person's");
        assert_eq!(marks(Some("Ada"), None, &keys[0]), (ada, Value::Null));
        let without = differences(Some(&person(Some("Ada"))), Some(&person(Some("Bob"))), None).remove(0);
        assert_eq!((&without["before"], &without["after"]), (&Value::Null, &Value::Null));
    }

    #[test]
    fn a_mark_is_bound_to_its_path() {
        let key = keys(1).remove(0);
        assert_ne!(mark(&key, "name", &json!("Ada")), mark(&key, "email", &json!("Ada")));
    }
}
