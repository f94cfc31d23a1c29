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
    /// Sealed together with name and e-mail address; has no column of its own.
    #[sea_orm(ignore)]
    pub particulars: CustomerDetails,
    /// True if the sealed values were lost with their key and have not been replaced; not a column
    /// either.
    #[sea_orm(ignore)]
    pub is_lost: bool,
}

/// Further data of a customer: JSON texts, each None if nothing was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerDetails {
    pub contacts: Option<String>,
    pub addresses: Option<String>,
    pub tax_ids: Option<String>,
    pub payment_terms: Option<String>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl Model {
    /// Whether it has any data of the person, or had before they were lost.
    pub fn is_known(&self) -> bool {
        self.is_lost || self.external_ref.is_some() || self.name.is_some() || self.email.is_some()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl crate::Tenanted for Entity {
    const TENANT: Column = Column::TenantId;
}
