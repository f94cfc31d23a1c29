//! What an order says beside its lines: whom to reach and where it goes, how and when it comes, and what was noted of it.

use entity::prelude::*;
use serde_json::Value;

use super::refusal::Refusal;
use crate::{
    catalog::core::{
        Patch,
        company::{Address, Contact},
        text::fold,
    },
    stock::core::{At, Field, Noun, Rejection, RoomRefusal},
};

/// Tags of an order at most, and the characters of one.
pub const MAX_TAGS: usize = 50;
pub const MAX_TAG: usize = 64;

/// What tells who an order is for. It is sealed under a key of the order's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Personal {
    pub contact: Option<Contact>,
    pub shipping_address: Option<Address>,
    pub billing_address: Option<Address>,
}

impl Personal {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Personal data as the database keeps it: the sealed value, and its key, sealed under the master keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    pub body: Vec<u8>,
    pub key: Vec<u8>,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed")
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderDetail {
    pub order: OrderId,
    pub personal: Option<Sealed>,
    /// Its sealed value was lost with its key, and nothing took its place.
    pub is_lost: bool,
    pub note_for_customer: Option<String>,
    pub note_for_staff: Option<String>,
    /// In the order in which they were added, each in one spelling of capitals.
    pub tags: Vec<String>,
    /// The text of a JSON object.
    pub metadata: String,
    pub requested_for: Option<Timestamp>,
    pub delivery_method: DeliveryMethod,
}

impl OrderDetail {
    /// Of an order that says nothing.
    pub fn of(order: OrderId) -> Self {
        Self {
            order,
            personal: None,
            is_lost: false,
            note_for_customer: None,
            note_for_staff: None,
            tags: Vec::new(),
            metadata: "{}".to_owned(),
            requested_for: None,
            delivery_method: DeliveryMethod::Ship,
        }
    }
}

/// What was said of an order: as it was, None without a row, and as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailChange {
    pub before: Option<OrderDetail>,
    pub after: OrderDetail,
    /// The new key of the marks that the audit log keeps of who the order is for, sealed under the master keys. None where there is one, or none is needed.
    pub history_key: Option<Vec<u8>>,
    /// Its shipping address, which is sealed, was taken off.
    pub is_unaddressed: bool,
}

/// Personal data that was sealed anew, on top of what was read before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resealed {
    /// The value that was read; another one by now is a conflict, or what was erased meanwhile would be back.
    pub from: Option<Vec<u8>>,
    pub to: Option<Sealed>,
    /// The fields that differ.
    pub changed: Vec<&'static str>,
    /// The same with marks of their values, for the audit log.
    pub marks: Vec<Value>,
    /// The key of the marks, where it is new.
    pub history_key: Option<Vec<u8>>,
    /// There is no shipping address any more.
    pub is_unaddressed: bool,
}

/// What an edit says beside lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DetailPatch {
    pub personal: Option<Resealed>,
    pub note_for_customer: Patch<String>,
    pub note_for_staff: Patch<String>,
    pub tags_add: Vec<String>,
    pub tags_remove: Vec<String>,
    /// The text of a JSON object.
    pub metadata: Patch<String>,
    pub requested_for: Patch<Timestamp>,
    pub delivery_method: Option<DeliveryMethod>,
}

impl DetailPatch {
    /// Whether it says more than notes, tags and metadata, which change in every state.
    pub fn says_more_than_notes(&self) -> bool {
        self.personal.is_some() || !self.requested_for.is_keep() || self.delivery_method.is_some()
    }

    /// What became of a detail by it.
    pub(super) fn change(&self, before: Option<&OrderDetail>, after: OrderDetail) -> DetailChange {
        let history_key = self.personal.as_ref().and_then(|resealed| resealed.history_key.clone());
        let is_unaddressed = self.personal.as_ref().is_some_and(|resealed| resealed.is_unaddressed);
        DetailChange { before: before.cloned(), after, history_key, is_unaddressed }
    }

    /// What the audit log keeps of the personal data that it changes.
    pub(super) fn marks(&self) -> Vec<Value> {
        self.personal.as_ref().map_or_else(Vec::new, |resealed| resealed.marks.clone())
    }

    /// The detail with what the patch says of it, and the names of the fields that differ.
    pub fn apply(&self, before: &OrderDetail, version: i64) -> Result<(OrderDetail, Vec<&'static str>), Rejection> {
        let mut after = before.clone();
        let mut changed = Vec::new();
        if let Some(resealed) = &self.personal {
            if before.personal.as_ref().map(|sealed| &sealed.body) != resealed.from.as_ref() {
                return Err(Rejection::stale(Noun::Order, before.order.uuid(), version));
            }
            if !resealed.changed.is_empty() {
                after.personal.clone_from(&resealed.to);
                after.is_lost &= after.personal.is_none();
                changed.extend(&resealed.changed);
            }
        }
        self.note_for_customer.apply(&mut after.note_for_customer);
        self.note_for_staff.apply(&mut after.note_for_staff);
        self.requested_for.apply(&mut after.requested_for);
        after.delivery_method = self.delivery_method.unwrap_or(before.delivery_method);
        match &self.metadata {
            Patch::Keep => {}
            Patch::Clear => "{}".clone_into(&mut after.metadata),
            Patch::Set(text) => after.metadata.clone_from(text),
        }
        after.tags = self.tags(&before.tags)?;
        let named = [
            ("requestedFor", before.requested_for != after.requested_for),
            ("deliveryMethod", before.delivery_method != after.delivery_method),
            ("noteForCustomer", before.note_for_customer != after.note_for_customer),
            ("noteForStaff", before.note_for_staff != after.note_for_staff),
            ("tags", before.tags != after.tags),
            ("metadata", before.metadata != after.metadata),
        ];
        changed.extend(named.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name));
        Ok((after, changed))
    }

    fn tags(&self, before: &[String]) -> Result<Vec<String>, Rejection> {
        let mut tags = before.to_vec();
        tags.retain(|tag| !self.tags_remove.iter().any(|gone| is_same(gone, tag)));
        for tag in &self.tags_add {
            if !tags.iter().any(|there| is_same(there, tag)) {
                tags.push(tag.clone());
            }
        }
        if tags.len() > MAX_TAGS {
            return Err(Refusal::TooManyTags { most: MAX_TAGS }.at(At::input(Field::TagsAdd)));
        }
        Ok(tags)
    }
}

/// Tags are told apart without their capitals.
fn is_same(one: &str, other: &str) -> bool {
    fold(one) == fold(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(add: &[&str], remove: &[&str]) -> DetailPatch {
        let owned = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
        DetailPatch { tags_add: owned(add), tags_remove: owned(remove), ..DetailPatch::default() }
    }

    #[test]
    fn tags_are_told_apart_without_their_capitals() {
        let before = OrderDetail { tags: vec!["Gift".to_owned(), "late".to_owned()], ..OrderDetail::of(OrderId::NIL) };
        let (after, changed) = patch(&["GIFT", "vip"], &["LATE"]).apply(&before, 1).unwrap();
        assert_eq!((after.tags, changed), (vec!["Gift".to_owned(), "vip".to_owned()], vec!["tags"]));
        let same = patch(&["gift"], &["nobody's"]).apply(&before, 1).unwrap();
        assert_eq!(same, (before, vec![]), "what is said again changes nothing");
    }

    #[test]
    fn what_was_erased_meanwhile_does_not_come_back() {
        let sealed = |byte| Sealed { body: vec![byte], key: vec![byte] };
        let read = OrderDetail { personal: Some(sealed(1)), ..OrderDetail::of(OrderId::NIL) };
        let resealed = Resealed { from: Some(vec![1]), to: Some(sealed(2)), changed: vec!["contact"], ..Resealed::default() };
        let patch = DetailPatch { personal: Some(resealed), ..DetailPatch::default() };
        let (after, changed) = patch.apply(&read, 1).unwrap();
        assert_eq!((after.personal, changed), (Some(sealed(2)), vec!["contact"]));
        assert!(patch.apply(&OrderDetail::of(OrderId::NIL), 1).is_err());
    }
}
