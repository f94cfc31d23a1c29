//! Companies that issue invoices, and their stores.

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{legal_entity, store_legal_entity},
};
use platform::storage::{Fault, Finds, Reads, Row, Rows, Work};
use sea_orm::Value;

use crate::papers::core::{EntityFields, LegalEntity, Numbers};

#[derive(Record)]
#[record(of = legal_entity, alias = "e")]
struct EntityRow {
    id: LegalEntityId,
    code: String,
    name: String,
    address: String,
    tax_id: Option<String>,
    invoice_prefix: String,
    credit_note_prefix: String,
    invoices: i64,
    credit_notes: i64,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    archived_at: Option<Timestamp>,
}

#[derive(Record)]
#[record(of = store_legal_entity, alias = "x")]
struct StoreRow {
    store_id: StoreId,
    legal_entity_id: LegalEntityId,
}

impl EntityRow {
    fn entity(self, stores: Vec<StoreId>) -> Result<LegalEntity, Fault> {
        let address =
            serde_json::from_str(&self.address).map_err(|_| Fault::corrupt("legal_entity", "an address is a list of lines"))?;
        Ok(LegalEntity {
            id: self.id,
            fields: EntityFields {
                code: self.code,
                name: self.name,
                address,
                tax_id: self.tax_id,
                invoice_prefix: self.invoice_prefix,
                credit_note_prefix: self.credit_note_prefix,
                stores,
            },
            numbers: Numbers { invoices: self.invoices, credit_notes: self.credit_notes },
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            archived_at: self.archived_at,
        })
    }
}

fn model_of(tenant_id: TenantId, entity: &LegalEntity) -> legal_entity::Model {
    let fields = &entity.fields;
    legal_entity::Model {
        tenant_id,
        id: entity.id,
        code: fields.code.clone(),
        name: fields.name.clone(),
        // A list of texts always has a JSON form.
        address: serde_json::to_string(&fields.address).unwrap_or_default(),
        tax_id: fields.tax_id.clone(),
        invoice_prefix: fields.invoice_prefix.clone(),
        credit_note_prefix: fields.credit_note_prefix.clone(),
        invoices: entity.numbers.invoices,
        credit_notes: entity.numbers.credit_notes,
        version: entity.version,
        created_at: entity.created_at,
        updated_at: entity.updated_at,
        archived_at: entity.archived_at,
    }
}

async fn select(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<LegalEntity>, Fault> {
    let sql = format!("SELECT {} FROM legal_entity e WHERE e.tenant_id = $1{conditions}", EntityRow::SELECT);
    let rows = reads.records::<EntityRow>(&sql, values).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM store_legal_entity x WHERE x.tenant_id = $1 AND {} ORDER BY x.store_id",
        StoreRow::SELECT,
        backend.in_ids("x.legal_entity_id", 2)
    );
    let mut stores: HashMap<LegalEntityId, Vec<StoreId>> = HashMap::new();
    for row in reads.records::<StoreRow>(&sql, vec![backend.ids(rows.iter().map(|row| row.id))]).await? {
        stores.entry(row.legal_entity_id).or_default().push(row.store_id);
    }
    rows.into_iter()
        .map(|row| {
            let stores = stores.remove(&row.id).unwrap_or_default();
            row.entity(stores)
        })
        .collect()
}

/// Reads all companies, by code.
pub async fn entities(reads: &impl Reads) -> Result<Vec<LegalEntity>, Fault> {
    select(reads, " ORDER BY e.code", Vec::new()).await
}
pub async fn entity(reads: &impl Reads, id: LegalEntityId) -> Result<Option<LegalEntity>, Fault> {
    Ok(select(reads, " AND e.id = $2", vec![id.into()]).await?.pop())
}
/// Reads the company of a store.
pub async fn entity_of_store(reads: &impl Reads, store: StoreId) -> Result<Option<LegalEntity>, Fault> {
    let conditions =
        " AND e.id = (SELECT x.legal_entity_id FROM store_legal_entity x WHERE x.tenant_id = $1 AND x.store_id = $2)";
    Ok(select(reads, conditions, vec![store.into()]).await?.pop())
}

/// Returns those of the stores that exist.
pub async fn find_existing_stores(reads: &impl Reads, ids: &[StoreId]) -> Result<HashSet<StoreId>, Fault> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let sql = format!("SELECT id FROM store WHERE tenant_id = $1 AND {}", backend.in_ids("id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter().map(Row::scalar).collect()
}

pub async fn insert_entity(work: &Work, entity: &LegalEntity) -> Result<(), Fault> {
    work.insert::<legal_entity::Entity>(model_of(work.tenant(), entity)).await
}
pub async fn change_entity(work: &Work, entity: &LegalEntity) -> Result<(), Fault> {
    work.update::<legal_entity::Entity>(model_of(work.tenant(), entity)).await
}

/// Sets the stores of a company. A store that belonged to another company no longer does.
pub async fn set_stores(work: &Work, entity: &LegalEntity) -> Result<(), Fault> {
    let backend = work.backend();
    let sql = format!(
        "DELETE FROM store_legal_entity WHERE tenant_id = $1 AND (legal_entity_id = $2 OR {})",
        backend.in_ids("store_id", 3)
    );
    let stores = &entity.fields.stores;
    work.execute(&sql, vec![entity.id.into(), backend.ids(stores.iter().copied())]).await?;
    let mut rows = Rows::<StoreRow>::insert(work.tenant());
    rows.extend(stores.iter().map(|store| StoreRow { store_id: *store, legal_entity_id: entity.id }));
    work.write(rows.into()).await
}

/// Returns the later of the day of the company's last number and that of the credited invoice;
/// `None` if there is neither.
pub async fn last_day(
    reads: &impl Reads,
    entity: LegalEntityId,
    (kind, number): (InvoiceKind, i64),
    credits: Option<InvoiceId>,
) -> Result<Option<i32>, Fault> {
    let sql = "SELECT max(issued_on) FROM invoice
         WHERE tenant_id = $1 AND (legal_entity_id = $2 AND kind = $3 AND number = $4 OR id = $5)";
    let rows = reads.rows(sql, vec![entity.into(), kind.as_str().into(), number.into(), credits.into()]).await?;
    rows.first().map_or(Ok(None), Row::scalar)
}

/// Stores the last number that a company assigned. The lock of the tenant's counter serializes the
/// assignments.
pub async fn store_last_number(work: &Work, entity: LegalEntityId, kind: InvoiceKind, number: i64) -> Result<(), Fault> {
    let column = match kind {
        InvoiceKind::Invoice => "invoices",
        InvoiceKind::CreditNote => "credit_notes",
    };
    let sql = format!("UPDATE legal_entity SET {column} = $3 WHERE tenant_id = $1 AND id = $2");
    work.execute(&sql, vec![entity.into(), number.into()]).await.map(drop)
}
