//! Whom orders are sold to. The table holds name and e-mail address only of customers from before they were sealed (`catalog::rows::customer`).

use sea_orm::entity::prelude::*;

use crate::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CustomerId,
    pub external_ref: Option<String>,
    pub name: Option<String>,
    pub country: Option<String>,
    pub email: Option<String>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The customer that this one is merged into, which is merged into none itself.
    pub merged_into: Option<CustomerId>,
    /// A JSON list of texts.
    pub tags: String,
    pub archived_at: Option<Timestamp>,
    /// Sealed with name and e-mail address; it has no column of its own.
    #[sea_orm(ignore)]
    pub particulars: Particulars,
    /// Its sealed values were lost with their key, and nothing took their place; no column either.
    #[sea_orm(ignore)]
    pub is_lost: bool,
}

/// What else is known of a customer: texts of JSON, each None where nothing was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Particulars {
    pub contacts: Option<String>,
    pub addresses: Option<String>,
    pub tax_ids: Option<String>,
    pub payment_terms: Option<String>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl Model {
    /// Whether anything tells who it is, or did before it was lost.
    pub fn is_known(&self) -> bool {
        self.is_lost || self.external_ref.is_some() || self.name.is_some() || self.email.is_some()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl crate::Tenanted for Entity {
    const TENANT: Column = Column::TenantId;
}
