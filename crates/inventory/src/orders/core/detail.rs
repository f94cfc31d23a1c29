//! Details of an order beside its lines: contact, addresses, delivery and notes.

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

/// Maximum tags of an order, and maximum characters of each.
pub const MAX_TAGS: usize = 50;
pub const MAX_TAG_LENGTH: usize = 64;

/// Personal data of an order's recipient, encrypted under a key of the order's own.
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

/// Personal data as stored: the sealed value, and its key, sealed under the master keys.
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
    /// True if the sealed value was lost with its key and has not been replaced.
    pub is_lost: bool,
    pub note_for_customer: Option<String>,
    pub note_for_staff: Option<String>,
    /// In the order in which they were added; tags that differ only in case are equal.
    pub tags: Vec<String>,
    /// JSON object, as text.
    pub metadata: String,
    pub requested_for: Option<Timestamp>,
    pub delivery_method: DeliveryMethod,
}

impl OrderDetail {
    /// Returns the details of an order that has none stored.
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

/// Details of an order before a change (None without a row) and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailChange {
    pub before: Option<OrderDetail>,
    pub after: OrderDetail,
    /// The new key of the audit log's marks of personal data, sealed under the master keys. None if
    /// there is a key already, or none is needed.
    pub history_key: Option<Vec<u8>>,
    /// True if the shipping address, which is sealed, was removed.
    pub is_unaddressed: bool,
}

/// Personal data that was sealed again, based on a value that was read before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resealed {
    /// The value that was read. If it has changed, the command is refused as a conflict, as data
    /// erased meanwhile would return.
    pub from: Option<Vec<u8>>,
    pub to: Option<Sealed>,
    /// The changed fields.
    pub changed: Vec<&'static str>,
    /// The changed fields with marks of their values, for the audit log.
    pub marks: Vec<Value>,
    /// The key of the marks, if it is new.
    pub history_key: Option<Vec<u8>>,
    /// True if the shipping address was removed.
    pub is_unaddressed: bool,
}

/// Changes of details by an edit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DetailPatch {
    pub personal: Option<Resealed>,
    pub note_for_customer: Patch<String>,
    pub note_for_staff: Patch<String>,
    pub tags_add: Vec<String>,
    pub tags_remove: Vec<String>,
    /// JSON object, as text.
    pub metadata: Patch<String>,
    pub requested_for: Patch<Timestamp>,
    pub delivery_method: Option<DeliveryMethod>,
}

impl DetailPatch {
    /// True if the patch changes more than notes, tags and metadata, which can change in every
    /// status.
    pub fn changes_restricted_fields(&self) -> bool {
        self.personal.is_some() || !self.requested_for.is_keep() || self.delivery_method.is_some()
    }

    /// Returns the change of a detail by the patch.
    pub(super) fn change(&self, before: Option<&OrderDetail>, after: OrderDetail) -> DetailChange {
        let history_key = self.personal.as_ref().and_then(|resealed| resealed.history_key.clone());
        let is_unaddressed = self.personal.as_ref().is_some_and(|resealed| resealed.is_unaddressed);
        DetailChange { before: before.cloned(), after, history_key, is_unaddressed }
    }

    /// Returns the marks that the audit log stores of the changed personal data.
    pub(super) fn marks(&self) -> Vec<Value> {
        self.personal.as_ref().map_or_else(Vec::new, |resealed| resealed.marks.clone())
    }

    /// Returns the detail with the patch applied, and the names of the changed fields.
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
        let differences = [
            ("requestedFor", before.requested_for != after.requested_for),
            ("deliveryMethod", before.delivery_method != after.delivery_method),
            ("noteForCustomer", before.note_for_customer != after.note_for_customer),
            ("noteForStaff", before.note_for_staff != after.note_for_staff),
            ("tags", before.tags != after.tags),
            ("metadata", before.metadata != after.metadata),
        ];
        changed.extend(differences.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name));
        Ok((after, changed))
    }

    fn tags(&self, before: &[String]) -> Result<Vec<String>, Rejection> {
        let mut tags = before.to_vec();
        tags.retain(|tag| !self.tags_remove.iter().any(|removed_tag| is_same(removed_tag, tag)));
        for tag in &self.tags_add {
            if !tags.iter().any(|existing_tag| is_same(existing_tag, tag)) {
                tags.push(tag.clone());
            }
        }
        if tags.len() > MAX_TAGS {
            return Err(Refusal::TooManyTags { most: MAX_TAGS }.at(At::input(Field::TagsAdd)));
        }
        Ok(tags)
    }
}

/// Compares tags without regard to case.
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
