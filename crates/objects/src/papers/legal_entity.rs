//! Companies that issue invoices, as clients see them.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject};
use iam::access::kind;
use inventory::catalog::core::archiving::Step;
use macros::resolvers;
use platform::{paging::Key, path};
use services::papers::{
    Papers,
    core::{self, EntityFields},
    shell::{EntityStatusChange, EntityUpsert},
};

use crate::{
    catalog::StoreRef,
    graphql::{
        context::ContextExt,
        fault::Answer,
        filters::{DateTimeFilter, IdFilter},
        reading::InputErrors,
        scalars::{DateTime, Long},
    },
    references::Names,
    short_lists::short_sort,
};

/// A company's row.
#[derive(Debug, Clone)]
pub struct LegalEntity(pub Arc<core::LegalEntity>);

impl From<core::LegalEntity> for LegalEntity {
    fn from(entity: core::LegalEntity) -> Self {
        Self(Arc::new(entity))
    }
}

crate::connection!(counted LegalEntityConnection, LegalEntityEdge, LegalEntity, "legal entities");

/// Filter of legal entities. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct LegalEntityFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<LegalEntityFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<LegalEntityFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<LegalEntityFilter>>,
    /// Condition on the legal entity's ID.
    pub id: Option<IdFilter>,
    /// Part of the code or the name, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// Time at which the legal entity was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the legal entity last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(LegalEntityFilter);
crate::dated_filter!(LegalEntityFilter, [] "createdAt" created_at, "updatedAt" updated_at);

short_sort!(LegalEntitySort, LegalEntitySortField of core::LegalEntity, "legal entities" by "ID", |entity| {
    Code, "CODE", "Code of the legal entity." => Key::Text(entity.fields.code.clone());
    Name, "NAME", "Name of the legal entity; the case of the letters A to Z is ignored." => Key::Text(entity.fields.name.to_ascii_lowercase());
    CreatedAt, "CREATED_AT", "Time at which the legal entity was created." => Key::Int(entity.created_at.micros());
    UpdatedAt, "UPDATED_AT", "Time at which the legal entity last changed." => Key::Int(entity.updated_at.micros());
});

/// Company that issues invoices, with series of numbers of its own.
#[resolvers]
impl LegalEntity {
    /// ID of the legal entity.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Code of the legal entity, unique in the tenant.
    async fn code(&self) -> &str {
        &self.0.fields.code
    }
    /// Name of the legal entity, as printed.
    async fn name(&self) -> &str {
        &self.0.fields.name
    }
    /// Address, 0 to 6 lines.
    async fn address(&self) -> &[String] {
        &self.0.fields.address
    }
    /// Tax ID; null when none was given.
    async fn tax_id(&self) -> Option<&str> {
        self.0.fields.tax_id.as_deref()
    }
    /// Text before the numbers of invoices.
    async fn invoice_prefix(&self) -> &str {
        &self.0.fields.invoice_prefix
    }
    /// Text before the numbers of credit notes.
    async fn credit_note_prefix(&self) -> &str {
        &self.0.fields.credit_note_prefix
    }
    /// IDs of the stores that sell for the legal entity, at most 250.
    async fn store_ids(&self) -> Vec<ID> {
        self.0.fields.stores.iter().map(|store| ID(store.to_string())).collect()
    }
    /// Number of invoices that the legal entity has issued.
    async fn invoice_count(&self) -> Long {
        Long(self.0.numbers.invoices)
    }
    /// Number of credit notes that the legal entity has issued.
    async fn credit_note_count(&self) -> Long {
        Long(self.0.numbers.credit_notes)
    }
    tagged!("legal entity", self.0.id, TenantWrite);
    /// Time at which the legal entity was archived. Null while it is in use.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
    /// Version of the legal entity, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
    /// Time at which the legal entity was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// The legal entity with an ID, for callers who may change them.
pub async fn find_entity(ctx: &Context<'_>, id: uuid::Uuid) -> Answer<Option<LegalEntity>> {
    let permit = ctx.permit::<kind::TenantWrite>()?;
    let legal_entities = ctx.required_data::<Papers>()?.entities(&permit).await?;
    Ok(legal_entities.into_iter().find(|entity| entity.id.uuid() == id).map(LegalEntity::from))
}

/// A company that issues invoices, as it is to be.
#[derive(Debug, Clone, InputObject)]
pub struct LegalEntityUpsertInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Code, 1 to 64 characters: the legal entity with this code is changed, or a new one is created.
    pub code: String,
    /// Name as it is printed, 1 to 200 characters.
    pub name: String,
    /// Address, at most 6 lines of 200 characters. Empty by default.
    #[graphql(default)]
    pub address: Vec<String>,
    /// Tax ID, 1 to 64 characters; null for none.
    pub tax_id: Option<String>,
    /// Text before the numbers of invoices, at most 16 characters. It cannot change once an invoice was issued. Default INV-.
    #[graphql(default_with = "\"INV-\".to_owned()")]
    pub invoice_prefix: String,
    /// Text before the numbers of credit notes, at most 16 characters, another one than that of invoices. It cannot change once a
    /// credit note was issued. Null keeps the legal entity's own, or is CR- for a new one.
    pub credit_note_prefix: Option<String>,
    /// Deprecated form of `stores`: their IDs.
    #[graphql(default, deprecation = "2026-11-26: use stores. Removed after 2027-11-26.")]
    pub store_ids: Vec<ID>,
    /// Stores that sell for the legal entity, at most 250. A store sells for one legal entity; others lose the stores that are
    /// named here. Null for none.
    pub stores: Option<Vec<StoreRef>>,
}

impl LegalEntityUpsertInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).or_empty(("stores", self.stores.take()), ("storeIds", &mut self.store_ids))
    }
    pub fn read(self, reader: &mut InputErrors) -> EntityUpsert {
        let stores = self.store_ids.iter().enumerate().map(|(index, id)| reader.id(id, || path!["input", "storeIds", index]));
        let stores = stores.collect();
        let is_prefix_left_out = self.credit_note_prefix.is_none();
        let fields = EntityFields {
            code: self.code,
            name: self.name,
            address: self.address,
            tax_id: self.tax_id,
            invoice_prefix: self.invoice_prefix,
            credit_note_prefix: self.credit_note_prefix.unwrap_or_else(|| "CN-".to_owned()),
            stores,
        };
        EntityUpsert { idempotency_key: self.idempotency_key, fields, is_prefix_left_out }
    }
}

/// A legal entity that goes out of use.
#[derive(Debug, Clone, InputObject)]
pub struct LegalEntityArchiveInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the legal entity.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
}

/// A legal entity that comes back into use.
#[derive(Debug, Clone, InputObject)]
pub struct LegalEntityRestoreInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the legal entity.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
}

impl From<LegalEntityRestoreInput> for LegalEntityArchiveInput {
    fn from(input: LegalEntityRestoreInput) -> Self {
        let LegalEntityRestoreInput { idempotency_key, id, expected_version } = input;
        Self { idempotency_key, id, expected_version }
    }
}

impl LegalEntityArchiveInput {
    pub fn read(self, reader: &mut InputErrors, step: Step) -> EntityStatusChange {
        let id = reader.id(&self.id, || path!["input", "id"]);
        let expected_version = self.expected_version.map(|version| version.0);
        EntityStatusChange { idempotency_key: self.idempotency_key, id, expected_version, step }
    }
}
