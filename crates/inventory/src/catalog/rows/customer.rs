//! Customers. Personal data are sealed under a key of each row, which is read with the row in the
//! same statement; the country, which reports group by, and the caller's own key of the customer
//! are not.

mod erasure;

use std::collections::HashMap;

use entity::{
    customer::CustomerDetails,
    prelude::*,
    record::{Record, Selected},
    tables::{customer, subject},
};
use platform::{
    paging::{ListPage, ListSource, PageRequest, SortBy, Sorted},
    secrets::{DataKey, KeyRing, Texts, row_context},
    storage::{Fault, Finds, Reads, Row, Rows, Work},
};
use sea_orm::Value;
use uuid::Uuid;

use self::erasure::{delete_related_data, erase_order_contacts};
use super::{clause::Clause, history_key, merge::SURVIVOR};
use crate::catalog::core::{
    customer::{CustomerRow, tags_of},
    text,
};

#[derive(Record)]
struct SealedRow {
    customer: StoredRow,
    #[record(of = subject, alias = "s", outer)]
    key_sealed: Option<Vec<u8>>,
}

#[derive(Record)]
#[record(of = customer, alias = "c")]
struct StoredRow {
    id: CustomerId,
    external_ref: Option<String>,
    name: Option<String>,
    country: Option<String>,
    email: Option<String>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    personal: Option<Vec<u8>>,
    merged_into: Option<CustomerId>,
    tags: String,
    archived_at: Option<Timestamp>,
}

/// Name and address are sealed in `personal`, and their columns are empty. The reference to the row that it is merged into is left unchanged
/// (`rows::merge`).
#[derive(Record)]
#[record(of = customer)]
struct WrittenRow {
    id: CustomerId,
    external_ref: Option<String>,
    name: Option<String>,
    country: Option<String>,
    email: Option<String>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    personal: Option<Vec<u8>>,
    email_blind: Option<Vec<u8>>,
    tags: String,
    tag_keys: String,
    archived_at: Option<Timestamp>,
}

#[derive(Record)]
#[record(of = subject)]
struct NewSubjectKey {
    id: Uuid,
    key_sealed: Vec<u8>,
    created_at: Timestamp,
}

const FROM: &str = "FROM customer c LEFT JOIN subject s ON s.tenant_id = c.tenant_id AND s.id = c.id WHERE c.tenant_id = $1";

/// Names of sealed fields: those of the columns that had them before.
const NAME: &str = "name";
const EMAIL: &str = "email";
/// Sealed fields of the particulars, which never had columns.
const CONTACTS: &str = "contacts";
const ADDRESSES: &str = "addresses";
const TAX_IDS: &str = "tax_ids";
const PAYMENT_TERMS: &str = "payment_terms";

/// Marker of a customer whose values were lost, without a key.
const LOST_MARKER: u8 = 0;

fn key_ring(reads: &impl Reads) -> Result<KeyRing, Fault> {
    reads.extensions().get().ok_or_else(missing_keys_fault)
}
fn missing_keys_fault() -> Fault {
    Fault::Broken("customers are sealed, and no keys were opened".to_owned())
}

fn context(tenant: TenantId, id: CustomerId) -> String {
    row_context("customer", tenant, id.uuid())
}

pub(super) async fn select(reads: &impl Reads, sql_suffix: &str, values: Vec<Value>) -> Result<Vec<CustomerRow>, Fault> {
    query_decrypted(reads, &format!("SELECT {} {FROM}{sql_suffix}", SealedRow::SELECT), values).await
}

async fn query_decrypted(reads: &impl Reads, sql: &str, values: Vec<Value>) -> Result<Vec<CustomerRow>, Fault> {
    let rows = reads.records(sql, values).await?;
    let ring: Option<KeyRing> = reads.extensions().get();
    let mut customers = Vec::with_capacity(rows.len());
    for SealedRow { customer: row, key_sealed: key } in rows {
        let mut customer = CustomerRow {
            tenant_id: reads.tenant(),
            id: row.id,
            external_ref: row.external_ref,
            name: row.name,
            country: row.country,
            email: row.email,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            merged_into: row.merged_into,
            tags: row.tags,
            archived_at: row.archived_at,
            particulars: CustomerDetails::default(),
            is_lost: false,
        };
        // Without its key a value is unreadable. Erasing removes the value, too: one that is left was lost with the keys of the deployment.
        let sealed = row.personal.filter(|sealed| !sealed.is_empty());
        customer.is_lost = sealed.is_some() && key.is_none();
        if let (Some(sealed), Some(key)) = (sealed, key) {
            let key = ring.as_ref().ok_or_else(missing_keys_fault)?.data_key(customer.tenant_id, customer.id.uuid(), &key)?;
            let mut texts = key.open_texts(&context(customer.tenant_id, customer.id), &sealed)?;
            (customer.name, customer.email) = (texts.remove(NAME), texts.remove(EMAIL));
            customer.particulars = CustomerDetails {
                contacts: texts.remove(CONTACTS),
                addresses: texts.remove(ADDRESSES),
                tax_ids: texts.remove(TAX_IDS),
                payment_terms: texts.remove(PAYMENT_TERMS),
            };
        }
        customers.push(customer);
    }
    Ok(customers)
}

pub async fn by_id(reads: &impl Reads, id: CustomerId) -> Result<Option<CustomerRow>, Fault> {
    Ok(select(reads, " AND c.id = $2", vec![id.into()]).await?.pop())
}
pub async fn by_ids(reads: &impl Reads, ids: &[CustomerId]) -> Result<Vec<CustomerRow>, Fault> {
    let backend = reads.backend();
    select(reads, &format!(" AND {}", backend.in_ids("c.id", 2)), vec![backend.ids(ids.iter().copied())]).await
}
/// Returns the customer of a reference, or its survivor if it is merged.
pub async fn by_external_ref(reads: &impl Reads, text: &str) -> Result<Option<CustomerRow>, Fault> {
    let customer = select(reads, " AND c.external_ref = $2", vec![text.into()]).await?.pop();
    match customer.as_ref().and_then(|row| row.merged_into) {
        Some(into) => by_id(reads, into).await,
        None => Ok(customer),
    }
}
/// Returns the customers with one of the IDs or references, locked in the order of their IDs: callers write them next.
pub async fn lock_for_update(work: &Work, ids: &[CustomerId], refs: &[&str]) -> Result<Vec<CustomerRow>, Fault> {
    let backend = work.backend();
    let lock = backend.for_change("c");
    let sql_suffix =
        format!(" AND ({} OR {}) ORDER BY c.id{lock}", backend.in_ids("c.id", 2), backend.in_texts("c.external_ref", 3));
    select(work, &sql_suffix, vec![backend.ids(ids.iter().copied()), backend.texts(refs.iter().copied())]).await
}
/// Returns the customer's tags in their searchable form.
fn tag_keys(row: &CustomerRow) -> String {
    let tags = tags_of(row);
    if tags.is_empty() {
        return String::new();
    }
    let folded_tags: Vec<String> = tags.iter().map(|tag| text::fold(tag)).collect();
    format!("\n{}\n", folded_tags.join("\n"))
}

/// The customers that fulfil a condition, without merged ones.
fn list_source(clause: Clause) -> ListSource {
    ListSource { from: format!("{FROM}{} AND c.merged_into IS NULL", clause.sql), values: clause.values }
}

/// A page of customers in an order, without merged ones.
pub(super) async fn page(
    reads: &impl Reads,
    clause: Clause,
    sorted: Sorted<impl SortBy>,
    request: &PageRequest,
) -> Result<ListPage<CustomerRow>, Fault> {
    let source = list_source(clause);
    let (sql, values) = sorted.page(source.clone(), SealedRow::SELECT, request);
    Ok(ListPage { rows: query_decrypted(reads, &sql, values).await?, source })
}

/// Returns the customers that have this e-mail address, each once; for a merged one its survivor.
pub async fn ids_by_email(reads: &impl Reads, email: &str) -> Result<Vec<CustomerId>, Fault> {
    let Some(blind_index) = email_blind(reads, email).await? else { return Ok(Vec::new()) };
    let mut ids = ids_by_blind_index(reads, blind_index).await?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

async fn ids_by_blind_index(reads: &impl Reads, blind_index: Vec<u8>) -> Result<Vec<CustomerId>, Fault> {
    let sql = format!("SELECT {SURVIVOR} FROM customer m WHERE m.tenant_id = $1 AND m.email_blind = $2");
    let rows = reads.rows(&sql, vec![blind_index.into()]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Counts the customers of a condition that are not merged, up to one more than `limit`.
pub(super) async fn count(reads: &impl Reads, clause: Clause, limit: i64) -> Result<i64, Fault> {
    list_source(clause).count(reads, limit).await
}

/// Returns the value of `email_blind` for an e-mail address; None while no customer has an address.
pub async fn email_blind(reads: &impl Reads, email: &str) -> Result<Option<Vec<u8>>, Fault> {
    Ok(blind_key(reads).await?.map(|key| key.blind(&text::fold(email.trim()))))
}

/// Returns the key of the index of the tenant's e-mail addresses; None while there are no addresses.
pub(super) async fn blind_key(reads: &impl Reads) -> Result<Option<DataKey>, Fault> {
    let rows = reads.rows("SELECT key_sealed FROM subject WHERE tenant_id = $1 AND id = $1", vec![]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let sealed_key: Vec<u8> = Row::scalar(row)?;
    key_ring(reads)?.data_key(reads.tenant(), reads.tenant().uuid(), &sealed_key).map(Some)
}

/// Like `blind_key`; creates the key if there is none.
pub(super) async fn get_or_create_blind_key(work: &Work, now: i64) -> Result<DataKey, Fault> {
    if let Some(key) = blind_key(work).await? {
        return Ok(key);
    }
    let (_, sealed_key) = key_ring(work)?.new_data_key(work.tenant(), work.tenant().uuid())?;
    let id = work.tenant().uuid();
    work.insert_or_ignore(NewSubjectKey { id, key_sealed: sealed_key, created_at: Timestamp(now) }).await?;
    // Another transaction may have inserted its key first, which then counts.
    blind_key(work).await?.ok_or_else(|| Fault::Broken("a key that was just inserted was not found".to_owned()))
}

/// Sealed columns of a customer.
#[derive(Default)]
struct Sealed {
    /// Empty if there is nothing to seal; a bulk write stores it as null.
    body: Vec<u8>,
    blind: Vec<u8>,
    data_key: Option<Vec<u8>>,
}

/// Writes customers, new ones in the order of their references. Each write uses a new key: the earlier key is gone, with the data that it sealed.
pub async fn write(work: &Work, created: &[&CustomerRow], updated: &[(&CustomerRow, &CustomerRow)]) -> Result<(), Fault> {
    let after = || created.iter().copied().chain(updated.iter().map(|(_, row)| *row));
    let mut sealed: HashMap<Uuid, Sealed> = seal_personal_fields(work, after()).await?;
    let mut subjects = Rows::<NewSubjectKey>::insert(work.tenant());
    for row in after() {
        if let Some(key) = sealed.get_mut(&row.id.uuid()).and_then(|sealed| sealed.data_key.take()) {
            subjects.push(NewSubjectKey { id: row.id.uuid(), key_sealed: key, created_at: row.updated_at });
        }
    }
    let mut stored_row = |row: &CustomerRow| {
        let Sealed { mut body, blind, .. } = sealed.remove(&row.id.uuid()).unwrap_or_default();
        if row.is_lost && body.is_empty() {
            body.push(LOST_MARKER);
        }
        WrittenRow {
            id: row.id,
            external_ref: row.external_ref.clone(),
            name: None,
            country: row.country.clone(),
            email: None,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            personal: Some(body),
            email_blind: Some(blind),
            tags: row.tags.clone(),
            tag_keys: tag_keys(row),
            archived_at: row.archived_at,
        }
    };
    let mut new_rows = created.to_vec();
    new_rows.sort_by(|a, b| a.external_ref.cmp(&b.external_ref));
    let (mut inserts, mut updates) = (Rows::<WrittenRow>::insert(work.tenant()), Rows::<WrittenRow>::update(work.tenant()));
    inserts.extend(new_rows.into_iter().map(&mut stored_row));
    updates.extend(updated.iter().map(|(_, row)| stored_row(row)));
    destroy_keys(work, updated.iter().map(|(_, row)| row.id)).await?;
    let is_forgotten = |row: &CustomerRow| !row.is_known();
    // To archive or restore a customer without a name erases nothing.
    let is_archive_change = |before: &CustomerRow, row: &CustomerRow| before.archived_at != row.archived_at;
    let forgotten =
        updated.iter().filter(|(before, row)| is_forgotten(row) && !is_archive_change(before, row)).map(|(_, row)| row.id);
    let forgotten: Vec<CustomerId> = forgotten.collect();
    erase_order_contacts(work, &forgotten).await?;
    // Without their key, an erased customer's marks in the audit log cannot be compared with a
    // name.
    let forgotten = updated.iter().filter(|(before, after)| before.is_known() && !after.is_known());
    let forgotten: Vec<Uuid> = forgotten.map(|(_, row)| row.id.uuid()).collect();
    history_key::destroy(work, &forgotten).await?;
    delete_related_data(work, &forgotten).await?;
    work.write(subjects.into()).await?;
    work.write(inserts.into()).await?;
    work.write(updates.into()).await
}

async fn destroy_keys(work: &Work, ids: impl ExactSizeIterator<Item = CustomerId>) -> Result<(), Fault> {
    if ids.len() == 0 {
        return Ok(());
    }
    let sql = format!("DELETE FROM subject WHERE tenant_id = $1 AND {}", work.backend().in_ids("id", 2));
    work.execute(&sql, vec![work.backend().ids(ids)]).await?;
    Ok(())
}

async fn seal_personal_fields<'a>(
    work: &Work,
    rows: impl Iterator<Item = &'a CustomerRow> + Clone,
) -> Result<HashMap<Uuid, Sealed>, Fault> {
    let mut sealed = HashMap::new();
    let identified_rows =
        rows.filter(|row| row.name.is_some() || row.email.is_some() || row.particulars != CustomerDetails::default());
    let Some(first_row) = identified_rows.clone().next() else { return Ok(sealed) };
    let ring = key_ring(work)?;
    let blind = if identified_rows.clone().any(|row| row.email.is_some()) {
        Some(get_or_create_blind_key(work, first_row.updated_at.micros()).await?)
    } else {
        None
    };
    for row in identified_rows {
        let (key, data_key) = ring.new_data_key(row.tenant_id, row.id.uuid())?;
        let details = &row.particulars;
        let texts = [
            (NAME, &row.name),
            (EMAIL, &row.email),
            (CONTACTS, &details.contacts),
            (ADDRESSES, &details.addresses),
            (TAX_IDS, &details.tax_ids),
            (PAYMENT_TERMS, &details.payment_terms),
        ];
        let texts: Texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?))).collect();
        let body = ring.seal_texts(&key, &context(row.tenant_id, row.id), &texts)?;
        let blind = blind.as_ref().zip(row.email.as_deref()).map(|(key, email)| key.blind(&text::fold(email.trim())));
        sealed.insert(row.id.uuid(), Sealed { body, blind: blind.unwrap_or_default(), data_key: Some(data_key) });
    }
    Ok(sealed)
}

/// Returns the first customers from before they had keys, locked.
pub async fn lock_unsealed(work: &Work, limit: i64) -> Result<Vec<CustomerRow>, Fault> {
    let sql_suffix =
        format!(" AND (c.name IS NOT NULL OR c.email IS NOT NULL) ORDER BY c.id LIMIT $2{}", work.backend().for_change("c"));
    select(work, &sql_suffix, vec![limit.into()]).await
}
