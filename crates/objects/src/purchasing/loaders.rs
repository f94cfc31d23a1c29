//! Loaders of purchasing, which read in batches for the resolvers of a request.

use std::{collections::HashMap, sync::Arc};

use async_graphql::dataloader::Loader;
use entity::prelude::*;
use iam::tenancy;
use inventory::{
    currency::core::{FrozenRate, RateRequest},
    purchasing::{
        core::{BlanketOrder, Discrepancy, GoodsReceipt, PurchaseOrder, SupplierReturn, SupplierReturnLine},
        rows,
    },
};
use platform::storage::Fault;

use crate::{currency::frozen_rates, graphql::immediate_loader::group_by_key};

crate::tenant_rows!(
    /// Reads the rows of one tenant.
    Rows
);

/// Receipts of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GoodsReceiptsKey(pub PurchaseOrderId);
/// Discrepancies of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DiscrepanciesKey(pub PurchaseOrderId);
/// Key of the total above which another member must approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApprovalLimit;
/// Lines of a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SupplierReturnLinesKey(pub SupplierReturnId);

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

impl Loader<GoodsReceiptsKey> for Rows {
    type Value = Arc<Vec<GoodsReceipt>>;
    type Error = Fault;
    async fn load(&self, keys: &[GoodsReceiptsKey]) -> Result<HashMap<GoodsReceiptsKey, Arc<Vec<GoodsReceipt>>>, Fault> {
        let ids: Vec<PurchaseOrderId> = keys.iter().map(|key| key.0).collect();
        let receipts = rows::receipts_of(&self.0, &ids).await?;
        Ok(group_by_key(keys, receipts.into_iter().map(|receipt| (GoodsReceiptsKey(receipt.order), receipt))))
    }
}

impl Loader<DiscrepanciesKey> for Rows {
    type Value = Arc<Vec<Discrepancy>>;
    type Error = Fault;
    async fn load(&self, keys: &[DiscrepanciesKey]) -> Result<HashMap<DiscrepanciesKey, Arc<Vec<Discrepancy>>>, Fault> {
        let ids: Vec<PurchaseOrderId> = keys.iter().map(|key| key.0).collect();
        let discrepancies = rows::discrepancies_of(&self.0, &ids).await?;
        Ok(group_by_key(keys, discrepancies.into_iter().map(|discrepancy| (DiscrepanciesKey(discrepancy.order), discrepancy))))
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
        Ok(rows::returns(&self.0, keys)
            .await?
            .into_iter()
            .map(|supplier_return| (supplier_return.id, Arc::new(supplier_return)))
            .collect())
    }
}

impl Loader<SupplierReturnLinesKey> for Rows {
    type Value = Arc<Vec<SupplierReturnLine>>;
    type Error = Fault;
    async fn load(
        &self,
        keys: &[SupplierReturnLinesKey],
    ) -> Result<HashMap<SupplierReturnLinesKey, Arc<Vec<SupplierReturnLine>>>, Fault> {
        let ids: Vec<SupplierReturnId> = keys.iter().map(|key| key.0).collect();
        let lines_by_return = rows::return_lines(&self.0, &ids).await?;
        Ok(lines_by_return.into_iter().map(|(id, lines)| (SupplierReturnLinesKey(id), Arc::new(lines))).collect())
    }
}

impl Loader<RateRequest> for Rows {
    type Value = Arc<FrozenRate>;
    type Error = Fault;
    async fn load(&self, keys: &[RateRequest]) -> Result<HashMap<RateRequest, Arc<FrozenRate>>, Fault> {
        frozen_rates(&self.0, keys).await
    }
}

/// The time zone of the store of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderTimeZoneKey(pub PurchaseOrderId);

impl Loader<OrderTimeZoneKey> for Rows {
    type Value = String;
    type Error = Fault;
    async fn load(&self, keys: &[OrderTimeZoneKey]) -> Result<HashMap<OrderTimeZoneKey, String>, Fault> {
        let ids: Vec<PurchaseOrderId> = keys.iter().map(|key| key.0).collect();
        Ok(rows::zones_of(&self.0, &ids).await?.into_iter().map(|(order, zone)| (OrderTimeZoneKey(order), zone)).collect())
    }
}
