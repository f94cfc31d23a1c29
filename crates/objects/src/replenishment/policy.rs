//! A policy as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude::ReplenishmentPolicyId;
use iam::access::kind;
use inventory::ledger::Ledger;
use macros::resolvers;
use services::replenishment::{
    core::{self, Rule, SERVICE_SCALE},
    shell,
};

use super::enums::{ReplenishmentPolicyKind, SafetyStockMethod, xyz_of};
use crate::{
    catalog::Supplier,
    counts::AbcClass,
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{Date, DateTime, Long},
    },
    purchasing::links::{self, Money, Product, Store},
    reports::XyzClass,
};

/// A policy's row.
#[derive(Clone)]
pub struct ReplenishmentPolicy(pub Arc<core::Policy>);

crate::connection!(counted ReplenishmentPolicyConnection, ReplenishmentPolicyEdge, ReplenishmentPolicy, "policies of replenishment");

impl From<core::Policy> for ReplenishmentPolicy {
    fn from(policy: core::Policy) -> Self {
        Self(Arc::new(policy))
    }
}

/// Rule by which plans fill stock up: for a product, classes or a supplier, in one store or all, for a store, or for the whole tenant. The most specific rule
/// applies: product and store, product, ABC and XYZ class and store, ABC class and store, ABC and XYZ class, ABC class, XYZ class, supplier and store, supplier,
/// store, tenant.
#[resolvers(requires = StockPolicy)]
impl ReplenishmentPolicy {
    /// ID of the policy.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Kind of rule.
    async fn kind(&self) -> ReplenishmentPolicyKind {
        self.0.rule.kind().into()
    }
    /// Product that the policy is for. Null for a class, a supplier or the tenant.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.0.scope.product?).await)
    }
    /// Store that the policy is for. Null for all.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        Some(links::store(ctx, self.0.scope.store?).await)
    }
    /// ABC class that the policy is for, by each store's own revenue of 52 weeks. Null for all.
    async fn abc_class(&self) -> Option<AbcClass> {
        self.0.scope.class.map(Into::into)
    }
    /// XYZ class that the policy is for, by how evenly each store sold in 52 weeks. Null for all.
    async fn xyz_class(&self) -> Option<XyzClass> {
        self.0.scope.xyz.map(xyz_of)
    }
    /// Supplier whose products the policy is for. Null for all.
    async fn supplier(&self, ctx: &Context<'_>) -> Option<Answer<Supplier>> {
        Some(links::supplier(ctx, self.0.scope.supplier?).await)
    }
    /// Share of order cycles without running out that is promised, or of units with FILL_RATE, from 0.5 to 0.999. Null where the kind
    /// promises none, and of SERVICE, which takes it by class.
    async fn service_level(&self) -> Option<f64> {
        match self.0.rule {
            Rule::ReorderPoint { service, .. } | Rule::Periodic { service, .. } => Some(f64::from(service) / SERVICE_SCALE),
            _ => None,
        }
    }
    /// Days of demand that an order covers beyond the point, from 0 to 365. Null where the kind has none.
    async fn cover_days(&self) -> Option<i32> {
        match self.0.rule {
            Rule::ReorderPoint { cover_days, .. } | Rule::Service { cover_days, .. } => Some(cover_days),
            _ => None,
        }
    }
    /// Days from one review to the next, from 1 to 182. Null unless PERIODIC.
    async fn review_days(&self) -> Option<i32> {
        match self.0.rule {
            Rule::Periodic { review_days, .. } => Some(review_days),
            _ => None,
        }
    }
    /// Date of one of the review days. Null unless PERIODIC.
    async fn review_from(&self) -> Option<Date> {
        match self.0.rule {
            Rule::Periodic { review_from, .. } => Some(Date(review_from)),
            _ => None,
        }
    }
    /// Days of mean demand beyond the lead time at which the product is ordered, from 0 to 365. Null unless TARGET_DAYS.
    async fn safety_days(&self) -> Option<i32> {
        match self.0.rule {
            Rule::TargetDays { safety_days, .. } => Some(safety_days),
            _ => None,
        }
    }
    /// Days of mean demand beyond the lead time up to which stock is filled, from 1 to 365. Null unless TARGET_DAYS.
    async fn target_days(&self) -> Option<i32> {
        match self.0.rule {
            Rule::TargetDays { target_days, .. } => Some(target_days),
            _ => None,
        }
    }
    /// Cost of one order, for economic lots. Null where lots are by days alone.
    async fn order_cost(&self) -> Option<Money> {
        match self.0.rule {
            Rule::ReorderPoint { order_cost, .. } | Rule::Service { order_cost, .. } => order_cost.map(Money::from),
            _ => None,
        }
    }
    /// Method by which stock is found that keeps the service level. Null where the kind promises none.
    async fn safety_stock_method(&self) -> Option<SafetyStockMethod> {
        self.0.rule.is_service_level().then(|| self.0.method.into())
    }
    /// Version of the policy: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time at which the policy was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
    /// Time of the policy's last change.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

/// The policy of an id, if it is of a store of the caller's or of none.
pub async fn find_policy(ctx: &Context<'_>, id: uuid::Uuid) -> Answer<Option<ReplenishmentPolicy>> {
    let permit = ctx.permit::<kind::StockPolicy>()?;
    let id = ReplenishmentPolicyId::from_uuid(id);
    let policy = shell::find_policy(&permit, ctx.required_data::<Ledger>()?.database(), id).await?;
    Ok(policy.map(Into::into))
}
