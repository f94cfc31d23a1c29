//! A strange day of a product in a store: one kind of movement was far from the days before. Or a pattern, such as sales below cost.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

/// Units are the product's smallest.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "stock_anomaly")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AnomalyId,
    /// Days since 1970-01-01, in the store's time zone.
    pub business_date: i32,
    pub product_id: ProductId,
    pub store_id: StoreId,
    pub kind: AnomalyKind,
    pub rule: AnomalyRule,
    pub units: i64,
    /// Units of the median active day before, in thousandths; null if no day is known.
    pub usual_milli: Option<i64>,
    /// The robust z, in thousandths; null where too few days are known.
    pub z_milli: Option<i64>,
    /// Units of the day's largest line.
    pub largest_line: i64,
    /// Decimals of the unit when the day was judged.
    pub unit_decimals: i32,
    pub state: AnomalyState,
    pub detected_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    /// Actor who accepted it.
    pub actor_kind: Option<ActorKind>,
    pub actor_id: Option<Uuid>,
    pub note: Option<String>,
    /// 0 where it is not known.
    pub value_minor: i64,
    pub value_currency: Option<String>,
    /// Lines, documents, counts or orders of a pattern; null for a day.
    pub times: Option<i64>,
    /// Actor of the documents, for returns and cancellations.
    pub who_kind: Option<ActorKind>,
    pub who_id: Option<Uuid>,
    /// The last of equal orders.
    pub order_id: Option<OrderId>,
    /// The register whose documents they are, of returns and cancellations that are no person's.
    pub register: Option<String>,
}
