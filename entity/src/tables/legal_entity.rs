//! A company that issues invoices, with how many it has issued.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "legal_entity")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LegalEntityId,
    pub code: String,
    pub name: String,
    /// A JSON list of lines.
    pub address: String,
    pub tax_id: Option<String>,
    pub invoice_prefix: String,
    pub credit_note_prefix: String,
    /// The last number of an invoice.
    pub invoices: i64,
    /// The last number of a credit note.
    pub credit_notes: i64,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub archived_at: Option<Timestamp>,
}
