//! Suppliers of the tenant.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record, serde::Serialize, serde::Deserialize)]
#[sea_orm(table_name = "supplier")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SupplierId,
    pub code: String,
    pub code_key: String,
    pub name: String,
    pub lead_time_days: Option<i32>,
    pub email: Option<String>,
    pub archived_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// JSON: a list. Cached rows of older releases lack the field.
    #[serde(default)]
    pub contacts: String,
    #[serde(default)]
    pub address: Option<String>,
    /// JSON: a list, as contacts.
    #[serde(default)]
    pub tax_ids: String,
    #[serde(default)]
    pub payment_terms: Option<String>,
    /// The supplier that this one is merged into, which is merged into none itself. It is archived since then.
    #[serde(default)]
    pub merged_into: Option<SupplierId>,
    /// Minimum value of the goods of an order; both are null, or neither is.
    #[serde(default)]
    pub minimum_order_minor: Option<i64>,
    #[serde(default)]
    pub minimum_order_currency: Option<String>,
    /// JSON: weekdays of orders and deliveries, and closed days. Null for any day.
    #[serde(default)]
    pub calendar: Option<String>,
}

impl Model {
    /// Minimum value of the goods of an order; `None` without one.
    pub fn minimum_order(&self) -> Option<Money> {
        Some(Money::new(self.minimum_order_minor?, Currency::parse(self.minimum_order_currency.as_deref()?)?))
    }
}
