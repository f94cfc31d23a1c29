//! What a request's resolvers ask for together is read together.

use std::{collections::HashMap, sync::Arc};

use async_graphql::dataloader::Loader;
use entity::prelude::*;
use iam::tenancy;
use inventory::{
    currency::core::{FrozenRate, RateAsk},
    purchasing::{
        core::{BlanketOrder, Discrepancy, GoodsReceipt, PurchaseOrder, SupplierReturn, SupplierReturnLine},
        rows,
    },
};
use platform::storage::Fault;

use crate::{currency::frozen_rates, graphql::immediate_loader::grouped};

crate::tenant_rows!(
    /// Reads the rows of one tenant.
    Rows
);

/// Receipts of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReceiptsOf(pub PurchaseOrderId);
/// Discrepancies of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DiscrepanciesOf(pub PurchaseOrderId);
/// Above which total somebody else approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApprovalLimit;
/// Lines of a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinesOf(pub SupplierReturnId);

impl Loader<PurchaseOrderId> for Rows {
    type Value = Arc<PurchaseOrder>;
    type Error = Fault;
    /// Whole: four statements, however many there are.
    async fn load(&self, keys: &[PurchaseOrderId]) -> Result<HashMap<PurchaseOrderId, Arc<PurchaseOrder>>, Fault> {
        Ok(rows::orders(&self.0, keys).await?.into_iter().map(|order| (order.id, Arc::new(order))).collect())
    }
}

impl Loader<BlanketOrderId> for Rows {
    type Value = Arc<BlanketOrder>;
    type Error = Fault;
    /// Whole: two statements, however many there are.
    async fn load(&self, keys: &[BlanketOrderId]) -> Result<HashMap<BlanketOrderId, Arc<BlanketOrder>>, Fault> {
        Ok(rows::blankets(&self.0, keys).await?.into_iter().map(|blanket| (blanket.id, Arc::new(blanket))).collect())
    }
}

impl Loader<ReceiptsOf> for Rows {
    type Value = Arc<Vec<GoodsReceipt>>;
    type Error = Fault;
    async fn load(&self, keys: &[ReceiptsOf]) -> Result<HashMap<ReceiptsOf, Arc<Vec<GoodsReceipt>>>, Fault> {
        let ids: Vec<PurchaseOrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::receipts_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|one| (ReceiptsOf(one.order), one))))
    }
}

impl Loader<DiscrepanciesOf> for Rows {
    type Value = Arc<Vec<Discrepancy>>;
    type Error = Fault;
    async fn load(&self, keys: &[DiscrepanciesOf]) -> Result<HashMap<DiscrepanciesOf, Arc<Vec<Discrepancy>>>, Fault> {
        let ids: Vec<PurchaseOrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::discrepancies_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|one| (DiscrepanciesOf(one.order), one))))
    }
}

impl Loader<ApprovalLimit> for Rows {
    type Value = Option<Money>;
    type Error = Fault;
    async fn load(&self, keys: &[ApprovalLimit]) -> Result<HashMap<ApprovalLimit, Option<Money>>, Fault> {
        let limit = tenancy::approval_limit(&self.0).await?;
        Ok(keys.iter().map(|key| (*key, limit)).collect())
    }
}

impl Loader<SupplierReturnId> for Rows {
    type Value = Arc<SupplierReturn>;
    type Error = Fault;
    /// Without their lines.
    async fn load(&self, keys: &[SupplierReturnId]) -> Result<HashMap<SupplierReturnId, Arc<SupplierReturn>>, Fault> {
        Ok(rows::returns(&self.0, keys).await?.into_iter().map(|ret| (ret.id, Arc::new(ret))).collect())
    }
}

impl Loader<LinesOf> for Rows {
    type Value = Arc<Vec<SupplierReturnLine>>;
    type Error = Fault;
    async fn load(&self, keys: &[LinesOf]) -> Result<HashMap<LinesOf, Arc<Vec<SupplierReturnLine>>>, Fault> {
        let ids: Vec<SupplierReturnId> = keys.iter().map(|key| key.0).collect();
        let all = rows::return_lines(&self.0, &ids).await?;
        Ok(all.into_iter().map(|(id, lines)| (LinesOf(id), Arc::new(lines))).collect())
    }
}

impl Loader<RateAsk> for Rows {
    type Value = Arc<FrozenRate>;
    type Error = Fault;
    async fn load(&self, keys: &[RateAsk]) -> Result<HashMap<RateAsk, Arc<FrozenRate>>, Fault> {
        frozen_rates(&self.0, keys).await
    }
}

/// The time zone of the store of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZoneOf(pub PurchaseOrderId);

impl Loader<ZoneOf> for Rows {
    type Value = String;
    type Error = Fault;
    async fn load(&self, keys: &[ZoneOf]) -> Result<HashMap<ZoneOf, String>, Fault> {
        let ids: Vec<PurchaseOrderId> = keys.iter().map(|key| key.0).collect();
        Ok(rows::zones_of(&self.0, &ids).await?.into_iter().map(|(order, zone)| (ZoneOf(order), zone)).collect())
    }
}
