//! A document that changes the value of stock.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "revaluation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RevaluationId,
    pub number: i64,
    pub seq: i64,
    pub external_ref: Option<String>,
    pub note: String,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    /// Days since 1970-01-01, in the store's time zone.
    pub business_date: i32,
    pub created_at: Timestamp,
    /// The revaluation that this one undoes.
    pub reverses_id: Option<RevaluationId>,
    /// The order whose goods a charge made dearer after they had come; null of other revaluations, as all of the charge is.
    pub purchase_order_id: Option<PurchaseOrderId>,
    pub charge_kind: Option<ChargeKind>,
    pub charge_basis: Option<ChargeBasis>,
    pub charge_name: Option<String>,
    /// Below 0 if the bill was lower than the order's charge.
    pub charge_minor: Option<i64>,
    pub charge_currency: Option<String>,
    /// Charge in the currency of the books, frozen when it was written.
    pub charge_books_minor: Option<i64>,
    pub charge_books_currency: Option<String>,
    /// The frozen exchange rate; null where the charge is in the currency of the books.
    pub rate_numerator: Option<String>,
    pub rate_denominator: Option<String>,
    /// Days since 1970-01-01.
    pub rate_day: Option<i32>,
    pub rate_source: Option<String>,
}
