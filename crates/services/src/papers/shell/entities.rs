//! Companies that issue invoices.

use entity::prelude::*;
use iam::access::{Permit, code, kind};
use inventory::{catalog::core::archiving::Step, ledger::Mode};
use platform::{
    audit::{self, Fields},
    clock,
    stages::{Refusals, Stage},
    storage::{
        Fault, Reads, Work,
        idempotency::{self, CallResult, Key, hash_of, settle},
    },
};
use serde::Serialize;

use super::{
    call::{ChangeResult, InvoiceRefusal, end, find_receipt},
    service::Papers,
};
use crate::papers::{
    core::{CREDIT_NOTE_PREFIX, EntityFields, LegalEntity, Numbers},
    events::{LEGAL_ENTITY_ARCHIVED, LEGAL_ENTITY_RESTORED, LEGAL_ENTITY_UPDATED, LegalEntityEvent},
    rows,
};

/// Maximum companies of a tenant.
pub const MAX_ENTITIES: usize = 100;

/// Input of a company. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct EntityUpsert {
    #[serde(skip)]
    pub idempotency_key: String,
    /// If the prefix of credit notes was left out, it is the former default here, so that repeated
    /// calls keep their hash.
    pub fields: EntityFields,
    /// An existing company keeps its prefix, and a new one gets the default.
    #[serde(skip)]
    pub is_prefix_left_out: bool,
}

/// Input to archive or restore a company. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct EntityStatusChange {
    #[serde(skip)]
    pub idempotency_key: String,
    pub id: LegalEntityId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    #[serde(skip)]
    pub step: Step,
}

impl Papers {
    /// Returns all companies, by code.
    pub async fn entities<P>(&self, permit: &Permit<P>) -> Result<Vec<LegalEntity>, Fault> {
        rows::entities(&permit.scope(&self.0.db)).await
    }

    /// Creates or changes the company with a code.
    ///
    /// # Errors
    /// All refusals of the first stage that has any.
    pub async fn entity_upsert(
        &self,
        permit: Permit<kind::TenantWrite>,
        input: EntityUpsert,
        mode: Mode,
    ) -> ChangeResult<LegalEntity> {
        let mut refusals = Refusals::default();
        refusals.extend(idempotency::check_key(&input.idempotency_key).err().map(InvoiceRefusal::BadKey));
        refusals.extend(field_refusals(&input.fields));
        refusals.end(Stage::Shape)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = self.apply_upsert(&mut work, &permit, input).await;
        settle(work, outcome, mode.is_dry()).await
    }

    async fn apply_upsert(
        &self,
        work: &mut Work,
        permit: &Permit<kind::TenantWrite>,
        input: EntityUpsert,
    ) -> ChangeResult<LegalEntity> {
        let hash = hash_of(&input);
        let EntityUpsert { idempotency_key, mut fields, is_prefix_left_out } = input;
        let key = Key { owner: permit.actor().id, mutation: "legalEntityUpsert", key: idempotency_key, hash };
        if let Some(receipt) = find_receipt(work, &key).await? {
            let value = rows::entity(work, LegalEntityId::from_uuid(receipt.id)).await?;
            let value = value.ok_or_else(|| Fault::corrupt("legal_entity", "a company stays"))?;
            return Ok(CallResult { value, seq: receipt.seq, is_replayed: true });
        }
        let all_entities = rows::entities(work).await?;
        if is_prefix_left_out {
            let existing = all_entities.iter().find(|entity| entity.fields.code == fields.code);
            fields.credit_note_prefix =
                existing.map_or_else(|| CREDIT_NOTE_PREFIX.to_owned(), |entity| entity.fields.credit_note_prefix.clone());
        }
        let mut refusals = Refusals::default();
        refusals.extend(field_refusals(&fields));
        let existing_stores = rows::find_existing_stores(work, &fields.stores).await?;
        let unknown = fields.stores.iter().enumerate().filter(|(_, store)| !existing_stores.contains(*store));
        refusals.extend(unknown.map(|(index, _)| InvoiceRefusal::NoStore { index }));
        refusals.end(Stage::Value)?;
        fields.stores.sort_unstable();
        fields.stores.dedup();
        let now = self.0.clock.now();
        let has_room = all_entities.len() < MAX_ENTITIES;
        let before = all_entities.into_iter().find(|entity| entity.fields.code == fields.code);
        match &before {
            Some(before) => {
                refusals.extend(before.archived_at.is_some().then_some(InvoiceRefusal::ArchivedEntity));
                refusals.extend((!keeps_prefixes(before, &fields)).then_some(InvoiceRefusal::Numbered));
            }
            None => refusals.extend((!has_room).then_some(InvoiceRefusal::TooMany)),
        }
        refusals.end(Stage::State)?;
        let old_fields = before.as_ref().map(audit_fields);
        let after = if let Some(before) = before {
            let after = LegalEntity { fields, version: before.version + 1, updated_at: now, ..before };
            rows::change_entity(work, &after).await?;
            after
        } else {
            let id = self.0.clock.id();
            let numbers = Numbers::default();
            let (version, archived_at) = (1, None);
            let after = LegalEntity { id, fields, numbers, version, created_at: now, updated_at: now, archived_at };
            rows::insert_entity(work, &after).await?;
            after
        };
        rows::set_stores(work, &after).await?;
        audit_changes(work, old_fields.as_ref(), &after);
        let event = LegalEntityEvent { id: after.id, code: after.fields.code.clone(), version: after.version };
        end(work, &key, (LEGAL_ENTITY_UPDATED, event), (after.id.uuid(), after), now).await
    }

    /// Archives a company without stores, or restores it.
    pub async fn entity_turn(
        &self,
        permit: Permit<kind::TenantWrite>,
        input: EntityStatusChange,
        mode: Mode,
    ) -> ChangeResult<LegalEntity> {
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = self.apply_archive(&mut work, &permit, &input).await;
        settle(work, outcome, mode.is_dry()).await
    }

    /// If the company has the requested state already, nothing changes.
    async fn apply_archive(
        &self,
        work: &mut Work,
        permit: &Permit<kind::TenantWrite>,
        input: &EntityStatusChange,
    ) -> ChangeResult<LegalEntity> {
        let archives = input.step == Step::Archive;
        let mutation = if archives { "legalEntityArchive" } else { "legalEntityRestore" };
        let key = Key { owner: permit.actor().id, mutation, key: input.idempotency_key.clone(), hash: hash_of(input) };
        if let Some(receipt) = find_receipt(work, &key).await? {
            let value = rows::entity(work, LegalEntityId::from_uuid(receipt.id)).await?;
            let value = value.ok_or_else(|| Fault::corrupt("legal_entity", "a company stays"))?;
            return Ok(CallResult { value, seq: receipt.seq, is_replayed: true });
        }
        let before = rows::entity(work, input.id).await?.ok_or(InvoiceRefusal::NoSuchEntity)?;
        let (is_done, stores) = (before.archived_at.is_some() == archives, before.fields.stores.len());
        let mut refusals = Refusals::default();
        let is_stale = input.expected_version.is_some_and(|expected| expected != before.version);
        refusals.extend(is_stale.then_some(InvoiceRefusal::Stale { actual: before.version }));
        let is_sold_for = archives && !is_done && stores > 0;
        refusals.extend(is_sold_for.then_some(InvoiceRefusal::SoldFor { stores }));
        refusals.end(Stage::State)?;
        if is_done {
            return Ok(CallResult { value: before, seq: None, is_replayed: false });
        }
        let (now, old_fields) = (self.0.clock.now(), audit_fields(&before));
        let archived_at = archives.then_some(now);
        let after = LegalEntity { archived_at, version: before.version + 1, updated_at: now, ..before };
        rows::change_entity(work, &after).await?;
        audit_changes(work, Some(&old_fields), &after);
        let event = LegalEntityEvent { id: after.id, code: after.fields.code.clone(), version: after.version };
        let kind = if archives { LEGAL_ENTITY_ARCHIVED } else { LEGAL_ENTITY_RESTORED };
        end(work, &key, (kind, event), (after.id.uuid(), after), now).await
    }
}

/// Adds the differences of a company to the audit log, as fields of the tenant under the company's
/// code.
fn audit_changes(work: &mut Work, old_fields: Option<&Fields>, after: &LegalEntity) {
    let tenant = work.tenant();
    audit::changed(work, tenant, old_fields, Some(&audit_fields(after)), None);
}

fn audit_fields(entity: &LegalEntity) -> Fields {
    const MASK: &str = code::<kind::TenantWrite>();
    let fields = &entity.fields;
    let path = |field: &str| format!("legalEntities.{}.{field}", fields.code);
    let stores: Vec<String> = fields.stores.iter().map(ToString::to_string).collect();
    Fields::default()
        .masked(path("name"), MASK, &fields.name)
        .masked(path("address"), MASK, &fields.address)
        .masked(path("taxId"), MASK, &fields.tax_id)
        .masked(path("invoicePrefix"), MASK, &fields.invoice_prefix)
        .masked(path("creditNotePrefix"), MASK, &fields.credit_note_prefix)
        .masked(path("stores"), MASK, stores)
        .masked(path("archivedAt"), MASK, entity.archived_at.map(clock::rfc3339))
}

/// Whether the change keeps the prefixes, which are fixed once a number was assigned: two prefixes
/// in one series would look like a gap.
fn keeps_prefixes(before: &LegalEntity, fields: &EntityFields) -> bool {
    let is_kept = |kind: InvoiceKind| {
        before.numbers.last_number(kind) == 0 || before.fields.format_number(kind, 0) == fields.format_number(kind, 0)
    };
    is_kept(InvoiceKind::Invoice) && is_kept(InvoiceKind::CreditNote)
}

fn field_refusals(fields: &EntityFields) -> impl Iterator<Item = InvoiceRefusal> {
    fields.problems().into_iter().map(InvoiceRefusal::Field)
}
