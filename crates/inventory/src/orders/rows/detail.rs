//! Details of orders beside their lines. Personal data is encrypted under a key of the order's own,
//! which is read in the same statement as the row: so an order without a customer can be erased
//! like any other, and a customer's new key leaves their orders readable.

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{order_detail, subject, subject_history},
};
use platform::{
    secrets::{KeyRing, Texts, row_context},
    storage::{Bulk, Fault, Finds, Reads, Rows},
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::orders::core::{DetailChange, OrderDetail, Personal, Sealed};

#[derive(Record)]
struct SealedDetail {
    detail: DetailRow,
    #[record(of = subject, alias = "s", outer)]
    key_sealed: Option<Vec<u8>>,
}

/// A detail's row.
#[derive(Record)]
#[record(of = order_detail, alias = "d")]
struct DetailRow {
    order_id: OrderId,
    personal: Option<Vec<u8>>,
    note_for_customer: Option<String>,
    note_for_staff: Option<String>,
    tags: String,
    metadata: String,
    requested_for: Option<Timestamp>,
    delivery_method: DeliveryMethod,
}

#[derive(Record)]
#[record(of = subject)]
struct Key {
    id: Uuid,
    key_sealed: Vec<u8>,
    created_at: Timestamp,
}

#[derive(Record)]
#[record(of = subject)]
struct KeyId {
    id: Uuid,
}

/// The names of sealed texts.
const CONTACT: &str = "contact";
const SHIPPING: &str = "shippingAddress";
const BILLING: &str = "billingAddress";

/// The value, without a key, of an order whose personal data was lost.
const LOST_VALUE: u8 = 0;

/// Reads the details of these orders; those without any are left out.
pub async fn details(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<OrderDetail>, Fault> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM order_detail d LEFT JOIN subject s ON s.tenant_id = d.tenant_id AND s.id = d.order_id
         WHERE d.tenant_id = $1 AND {of}",
        select = SealedDetail::SELECT,
        of = backend.in_ids("d.order_id", 2)
    );
    let rows = reads.records::<SealedDetail>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    rows.into_iter().map(SealedDetail::detail).collect()
}

impl SealedDetail {
    fn detail(self) -> Result<OrderDetail, Fault> {
        let (row, key) = (self.detail, self.key_sealed);
        let personal = row.personal.filter(|body| !body.is_empty());
        let tags = serde_json::from_str(&row.tags).map_err(|_| Fault::corrupt("order_detail", "tags are a list of texts"))?;
        Ok(OrderDetail {
            order: row.order_id,
            // A value cannot be read without its key. Erasing deletes both: a value without a key
            // was lost with the keys of the deployment.
            is_lost: personal.is_some() && key.is_none(),
            personal: personal.zip(key).map(|(body, key)| Sealed { body, key }),
            note_for_customer: row.note_for_customer,
            note_for_staff: row.note_for_staff,
            tags,
            metadata: row.metadata,
            requested_for: row.requested_for,
            delivery_method: row.delivery_method,
        })
    }
}

impl From<&OrderDetail> for DetailRow {
    fn from(detail: &OrderDetail) -> Self {
        Self {
            order_id: detail.order,
            personal: detail
                .personal
                .as_ref()
                .map(|sealed| sealed.body.clone())
                .or_else(|| detail.is_lost.then(|| vec![LOST_VALUE])),
            note_for_customer: detail.note_for_customer.clone(),
            note_for_staff: detail.note_for_staff.clone(),
            // A list of texts always has a JSON form.
            tags: serde_json::to_string(&detail.tags).unwrap_or_default(),
            metadata: detail.metadata.clone(),
            requested_for: detail.requested_for,
            delivery_method: detail.delivery_method,
        }
    }
}

/// The key of the audit log's marks of an order.
#[derive(Record)]
#[record(of = subject_history)]
struct HistoryKey {
    id: Uuid,
    key_sealed: Vec<u8>,
    created_at: Timestamp,
}

#[derive(Record)]
#[record(of = subject_history)]
struct HistoryKeyId {
    id: Uuid,
}

/// Returns the rows of details after a batch, and those of the keys of their sealed values: each
/// write has a new key, and the previous key is replaced or deleted with the value. The key of the
/// audit log's marks is created once, and deleted when all personal data of the order is removed.
pub fn detail_rows<'a>(tenant: TenantId, changes: impl IntoIterator<Item = &'a DetailChange>, now: Timestamp) -> [Bulk; 7] {
    let mut changes_by_order: BTreeMap<OrderId, (Option<&OrderDetail>, &OrderDetail)> = BTreeMap::new();
    let mut history_keys: BTreeMap<OrderId, &[u8]> = BTreeMap::new();
    for change in changes {
        let change_pair = changes_by_order.entry(change.after.order).or_insert((change.before.as_ref(), &change.after));
        change_pair.1 = &change.after;
        history_keys.extend(change.history_key.as_deref().map(|key| (change.after.order, key)));
    }
    let (mut new_rows, mut changed_rows) = (Rows::<DetailRow>::insert(tenant), Rows::<DetailRow>::update(tenant));
    let (mut new_keys, mut changed_keys) = (Rows::<Key>::insert(tenant), Rows::<Key>::update(tenant));
    let mut removed_keys = Rows::<KeyId>::delete(tenant);
    let (mut new_marks, mut removed_marks) = (Rows::<HistoryKey>::insert(tenant), Rows::<HistoryKeyId>::delete(tenant));
    for (order, (before, after)) in changes_by_order {
        if before.is_some() {
            changed_rows.push(after.into());
        } else {
            new_rows.push(after.into());
        }
        let key = |sealed: &Sealed| Key { id: order.uuid(), key_sealed: sealed.key.clone(), created_at: now };
        match (before.and_then(|before| before.personal.as_ref()), &after.personal) {
            (None, Some(sealed)) => new_keys.push(key(sealed)),
            (Some(old_sealed), Some(sealed)) if old_sealed != sealed => changed_keys.push(key(sealed)),
            (Some(_), None) => {
                removed_keys.push(KeyId { id: order.uuid() });
                removed_marks.push(HistoryKeyId { id: order.uuid() });
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        if let Some(key) = history_keys.get(&order).filter(|_| after.personal.is_some()) {
            new_marks.push(HistoryKey { id: order.uuid(), key_sealed: key.to_vec(), created_at: now });
        }
    }
    [
        new_rows.into(),
        changed_rows.into(),
        new_keys.into(),
        changed_keys.into(),
        removed_keys.into(),
        new_marks.into(),
        removed_marks.into(),
    ]
}

/// Seals the personal data of an order's recipient under a new key; None if there is none.
pub fn seal_personal(reads: &impl Reads, order: OrderId, personal: &Personal) -> Result<Option<Sealed>, Fault> {
    if personal.is_empty() {
        return Ok(None);
    }
    let ring = key_ring(reads)?;
    let mut texts = Texts::new();
    insert_sealed_text(&mut texts, CONTACT, personal.contact.as_ref())?;
    insert_sealed_text(&mut texts, SHIPPING, personal.shipping_address.as_ref())?;
    insert_sealed_text(&mut texts, BILLING, personal.billing_address.as_ref())?;
    let (data_key, key) = ring.new_data_key(reads.tenant(), order.uuid())?;
    let body = ring.seal_texts(&data_key, &context(reads.tenant(), order), &texts)?;
    Ok(Some(Sealed { body, key }))
}

/// Decrypts the personal data of an order's recipient.
pub fn open_personal(reads: &impl Reads, order: OrderId, sealed: &Sealed) -> Result<Personal, Fault> {
    let key = key_ring(reads)?.data_key(reads.tenant(), order.uuid(), &sealed.key)?;
    let texts = key.open_texts(&context(reads.tenant(), order), &sealed.body)?;
    Ok(Personal {
        contact: parse_text(&texts, CONTACT)?,
        shipping_address: parse_text(&texts, SHIPPING)?,
        billing_address: parse_text(&texts, BILLING)?,
    })
}

fn insert_sealed_text(texts: &mut Texts, name: &str, value: Option<&impl Serialize>) -> Result<(), Fault> {
    if let Some(value) = value {
        let text = serde_json::to_string(value).map_err(|err| Fault::Broken(err.to_string()))?;
        texts.insert(name.to_owned(), text);
    }
    Ok(())
}

fn parse_text<T: DeserializeOwned>(texts: &Texts, name: &str) -> Result<Option<T>, Fault> {
    let read =
        |text: &String| serde_json::from_str(text).map_err(|_| Fault::corrupt("order_detail", "a sealed value is valid JSON"));
    texts.get(name).map(read).transpose()
}

fn key_ring(reads: &impl Reads) -> Result<KeyRing, Fault> {
    reads.extensions().get().ok_or_else(|| Fault::Broken("orders are sealed, and no keys were opened".to_owned()))
}

fn context(tenant: TenantId, order: OrderId) -> String {
    row_context("order_detail", tenant, order.uuid())
}
