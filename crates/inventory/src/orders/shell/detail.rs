//! Details of an order beside its lines, as input: checked, and personal data encrypted before the
//! ledger sees it.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::{
    audit::{Fields, fields::differences},
    storage::{Fault, Reads},
};
use serde::Serialize;
use serde_json::Value;

use crate::{
    catalog::{
        core::{MAX_METADATA_BYTES, Patch, customer::MAX_COUNTRY},
        rows::history_key,
    },
    ledger::{Checks, MAX_NOTE, Stop},
    orders::{
        core::{Address, AddressFacts, Contact, DetailPatch, MAX_TAG_LENGTH, MAX_TAGS, OrderDetail, Personal, Refusal, Resealed},
        rows,
    },
    stock::core::{At, Field, RoomRefusal},
};

/// Maximum characters of a text of a contact or an address, and maximum lines of an address.
const MAX_TEXT: usize = 120;
const MAX_EMAIL: usize = 254;
const MAX_ADDRESS_LINES: usize = 6;

const CONTACT: &str = code::<kind::CustomerContactRead>();

/// Details of an order beside its lines; fields that are left out stay.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct OrderDetailFields {
    pub contact: Patch<Contact>,
    pub shipping_address: Patch<Address>,
    pub billing_address: Patch<Address>,
    pub note_for_customer: Patch<String>,
    pub note_for_staff: Patch<String>,
    pub tags_add: Vec<String>,
    pub tags_remove: Vec<String>,
    pub metadata: Patch<Value>,
    pub requested_for: Patch<Timestamp>,
    pub delivery_method: Option<DeliveryMethod>,
}

impl OrderDetailFields {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the changes other than personal data. The text of metadata was checked before.
    pub(super) fn patch(&self) -> DetailPatch {
        DetailPatch {
            personal: None,
            note_for_customer: self.note_for_customer.clone(),
            note_for_staff: self.note_for_staff.clone(),
            tags_add: self.tags_add.clone(),
            tags_remove: self.tags_remove.clone(),
            metadata: self.metadata.check(|value| Some(value.to_string())),
            requested_for: self.requested_for.clone(),
            delivery_method: self.delivery_method,
        }
    }

    /// Applies the changes of the personal data; returns the changed fields.
    fn apply(&self, personal: &mut Personal) -> Vec<&'static str> {
        let before = personal.clone();
        self.contact.apply(&mut personal.contact);
        self.shipping_address.apply(&mut personal.shipping_address);
        self.billing_address.apply(&mut personal.billing_address);
        let differences = [
            ("contact", before.contact != personal.contact),
            ("shippingAddress", before.shipping_address != personal.shipping_address),
            ("billingAddress", before.billing_address != personal.billing_address),
        ];
        differences.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// Checks the details. `add_field` is the field of the input that adds tags: a new order and a change
/// have different ones.
pub(super) fn check(checks: &mut Checks, detail_input: &OrderDetailFields, add_field: Field) {
    let notes = [(&detail_input.note_for_customer, Field::NoteForCustomer), (&detail_input.note_for_staff, Field::NoteForStaff)];
    for (note, field) in notes {
        checks.text(note.set().map(String::as_str), MAX_NOTE, || At::input(field));
    }
    for (tags, list) in [(&detail_input.tags_add, add_field), (&detail_input.tags_remove, Field::TagsRemove)] {
        checks.items(tags.len(), MAX_TAGS, || At::input(list));
        // The tags of a list that is too long are not checked one by one.
        let checked_tags = Some(tags).filter(|tags| tags.len() <= MAX_TAGS);
        for (index, tag) in checked_tags.into_iter().flatten().enumerate() {
            checks.text(Some(tag), MAX_TAG_LENGTH, || At::row(list, index));
            if !tag.is_empty() && tag.trim().is_empty() {
                checks.refuse(Refusal::EmptyTag.at(At::row(list, index)));
            }
        }
    }
    if let Some(value) = detail_input.metadata.set() {
        let field = At::input(Field::Metadata);
        if !value.is_object() {
            checks.refuse(Refusal::NoObject.at(field));
        } else if value.to_string().len() > MAX_METADATA_BYTES {
            checks.refuse(Refusal::MetadataTooLarge { most_bytes: MAX_METADATA_BYTES }.at(field));
        }
    }
    check_contact(checks, detail_input.contact.set());
    check_address(checks, detail_input.shipping_address.set(), Field::ShippingAddress);
    check_address(checks, detail_input.billing_address.set(), Field::BillingAddress);
}

fn check_contact(checks: &mut Checks, contact: Option<&Contact>) {
    let Some(contact) = contact else { return };
    let at = || At::input(Field::Contact);
    if *contact == Contact::default() {
        checks.refuse(Refusal::EmptyContact.at(at()));
    }
    checks.text(contact.email.as_deref(), MAX_EMAIL, at);
    for text in [&contact.name, &contact.phone, &contact.role] {
        checks.text(text.as_deref(), MAX_TEXT, at);
    }
}

fn check_address(checks: &mut Checks, address: Option<&Address>, field: Field) {
    let Some(address) = address else { return };
    let at = || At::input(field);
    if *address == Address::default() {
        checks.refuse(Refusal::EmptyAddress.at(at()));
    }
    checks.items(address.lines.len(), MAX_ADDRESS_LINES, at);
    for line in address.lines.iter().take(MAX_ADDRESS_LINES) {
        checks.text(Some(line), MAX_TEXT, at);
    }
    let Address { name, company, lines: _, city, region, postal_code, country, phone } = address;
    for text in [name, company, city, region, postal_code, phone] {
        checks.text(text.as_deref(), MAX_TEXT, at);
    }
    checks.text(country.as_deref(), MAX_COUNTRY, at);
}

/// Returns the facts of a new order's addresses for rules.
pub(super) fn new_address_facts(detail_input: Option<&OrderDetailFields>) -> AddressFacts {
    let mut personal = Personal::default();
    let method = detail_input.and_then(|detail_input| {
        detail_input.apply(&mut personal);
        detail_input.delivery_method
    });
    AddressFacts::of(&personal, method.unwrap_or(DeliveryMethod::Ship))
}

/// Returns the detail of a new order.
pub(super) fn new_detail(reads: &impl Reads, order: OrderId, detail_input: &OrderDetailFields) -> Result<OrderDetail, Stop> {
    let (mut detail, _) = detail_input.patch().apply(&OrderDetail::of(order), 1)?;
    let mut personal = Personal::default();
    detail_input.apply(&mut personal);
    detail.personal = rows::seal_personal(reads, order, &personal)?;
    Ok(detail)
}

/// Encrypts the changed personal data on top of the stored one, and returns it with the facts of
/// the addresses for rules. The first is None if no personal data is given, the second if the
/// delivery method is not given either.
pub(super) async fn resealed(
    reads: &impl Reads,
    order: OrderId,
    detail_input: &OrderDetailFields,
) -> Result<(Option<Resealed>, Option<AddressFacts>), Fault> {
    let keeps_personal =
        detail_input.contact.is_keep() && detail_input.shipping_address.is_keep() && detail_input.billing_address.is_keep();
    if keeps_personal && detail_input.delivery_method.is_none() {
        return Ok((None, None));
    }
    let detail = rows::details(reads, &[order]).await?.pop().unwrap_or_else(|| OrderDetail::of(order));
    let method = detail_input.delivery_method.unwrap_or(detail.delivery_method);
    let sealed = detail.personal;
    let mut personal = match &sealed {
        Some(sealed) => rows::open_personal(reads, order, sealed)?,
        None => Personal::default(),
    };
    let before = personal.clone();
    let changed = detail_input.apply(&mut personal);
    let whereabouts = AddressFacts::of(&personal, method);
    if keeps_personal {
        return Ok((None, Some(whereabouts)));
    }
    let to = rows::seal_personal(reads, order, &personal)?;
    let from = sealed.map(|sealed| sealed.body);
    let is_unaddressed = changed.contains(&"shippingAddress") && personal.shipping_address.is_none();
    let mut resealed = Resealed { from, to, changed, is_unaddressed, ..Resealed::default() };
    if !resealed.changed.is_empty() {
        let (key, new_key) = history_key::load_or_new_key(reads, order.uuid()).await?;
        resealed.marks = differences(Some(&audit_fields(&before)), Some(&audit_fields(&personal)), Some(&key));
        resealed.history_key = new_key;
    }
    Ok((Some(resealed), Some(whereabouts)))
}

/// Personal fields of which the audit log keeps marks.
fn audit_fields(personal: &Personal) -> Fields {
    Fields::default()
        .personal("contact", CONTACT, &personal.contact)
        .personal("shippingAddress", CONTACT, &personal.shipping_address)
        .personal("billingAddress", CONTACT, &personal.billing_address)
}
