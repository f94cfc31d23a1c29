//! An invoice or a credit note. It never changes, but that whom it is for is forgotten: `personal` is sealed under its own key in `subject`.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "invoice")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InvoiceId,
    pub kind: InvoiceKind,
    pub legal_entity_id: LegalEntityId,
    /// 1, 2, 3 … for each company and kind, without gaps.
    pub number: i64,
    /// Printed number.
    pub label: String,
    pub order_id: OrderId,
    pub store_id: StoreId,
    /// Invoice that a credit note credits.
    pub credits_id: Option<InvoiceId>,
    pub currency: String,
    pub net_minor: i64,
    pub tax_minor: i64,
    pub total_minor: i64,
    /// Days since 1970-01-01, in the store's own time.
    pub issued_on: i32,
    pub issued_at: Timestamp,
    /// Other printed facts, as JSON.
    pub facts: String,
    pub personal: Option<Vec<u8>>,
    pub reason: Option<String>,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    /// Currency of the books if it is another one, the tax and the total in it, and the conversion
    /// rate.
    pub books_currency: Option<String>,
    pub books_tax_minor: Option<i64>,
    pub books_total_minor: Option<i64>,
    pub rate_numerator: Option<String>,
    pub rate_denominator: Option<String>,
    /// Days since 1970-01-01.
    pub rate_day: Option<i32>,
    pub rate_source: Option<String>,
}
