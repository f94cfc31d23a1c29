//! A proposal of a plan: what to do with the units of a product in a store.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "liquidation_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub plan_id: LiquidationPlanId,
    /// From 1; the line of the highest value comes first.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub id: LiquidationLineId,
    pub action: LiquidationAction,
    pub state: LiquidationLineState,
    pub product_id: ProductId,
    pub store_id: StoreId,
    /// Receiving store of a transfer.
    pub to_store_id: Option<StoreId>,
    /// Supplier of a return.
    pub supplier_id: Option<SupplierId>,
    pub quantity: i64,
    /// Expected proceeds, in the plan's currency.
    pub low_minor: i64,
    pub likely_minor: i64,
    pub high_minor: i64,
    /// The last day of that.
    pub until_date: i32,
    pub approved_date: Option<i32>,
    /// Steps of a markdown that were made.
    pub steps_done: i32,
    /// Group of lines that are carried out together: the group's document has it as external
    /// reference.
    pub group_id: Option<Uuid>,
    /// The member or integration that is carrying it out.
    pub claimed_by: Option<Uuid>,
    pub transfer_id: Option<TransferId>,
    pub supplier_return_id: Option<SupplierReturnId>,
    pub movement_id: Option<MovementId>,
    pub issue: Option<LiquidationIssue>,
    /// Other product of a bundle.
    pub partner_id: Option<ProductId>,
    /// Kit that was created for an approved bundle.
    pub kit_id: Option<ProductId>,
    /// Steps, figures and reasons, as JSON.
    pub body: String,
    /// Once scored: how its proceeds until its last day (`recovered_minor`) compare with the
    /// bounds.
    pub outcome: Option<LiquidationOutcome>,
    pub recovered_minor: Option<i64>,
}
