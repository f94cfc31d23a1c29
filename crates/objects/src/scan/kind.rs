//! Kinds of things that are found by their names, and who finds them.

use async_graphql::{Context, Enum};
use entity::prelude::*;
use iam::access::{Permission, kind as may};
use inventory::ledger::Ledger;
use platform::storage::TenantScope;
use services::scan::{core::Kind, rows::VisibleKind};
use uuid::Uuid;

use crate::{
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
    },
    nodes::{self, Node},
};

/// Kind of a thing that can be found by its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Kind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SearchKind {
    /// Product. Requires product.read.
    Product,
    /// Order. Requires order.read.
    Order,
    /// Customer. Requires customer.read.
    Customer,
    /// Supplier. Requires product.read.
    Supplier,
    /// Purchase order. Requires purchase.read.
    PurchaseOrder,
    /// Transfer. Requires transfer.read.
    Transfer,
    /// Return. Requires order.read.
    Return,
    /// Stocktake. Requires count.read.
    Stocktake,
    /// Lot, or a unit with a serial number. Requires stock.read.
    Lot,
    /// Store. Requires store.read.
    Store,
    /// Category. Requires product.read.
    Category,
    /// Return to a supplier. Requires purchase.read.
    SupplierReturn,
    /// Blanket order. Requires purchase.read.
    BlanketOrder,
    /// Invoice or credit note. Requires order.read.
    Invoice,
    /// Revaluation of stock. Requires product.cost.read.
    Revaluation,
    /// Reversal of a document or of a step. Requires stock.movement.read.
    Reversal,
    /// Fulfilment work: the share of an order that a store picks and packs. Requires fulfilment.read.
    FulfilmentWork,
    /// Parcel. Requires fulfilment.read.
    Parcel,
}

/// The caller's tenant, and the part of a kind that the caller's permission for it covers; an error
/// without the permission.
pub fn permitted_scope(ctx: &Context<'_>, kind: Kind) -> Answer<(TenantScope, VisibleKind)> {
    fn of<P: Permission>(ctx: &Context<'_>, kind: Kind) -> Answer<(TenantScope, VisibleKind)> {
        let permit = ctx.permit::<P>()?;
        let visible = VisibleKind { kind, reach: permit.reach(), channel: permit.channel() };
        Ok((permit.scope(ctx.required_data::<Ledger>()?.database()), visible))
    }
    match kind {
        Kind::Product | Kind::Supplier | Kind::Category => of::<may::ProductRead>(ctx, kind),
        Kind::Order | Kind::Return | Kind::Invoice => of::<may::OrderRead>(ctx, kind),
        Kind::Customer => of::<may::CustomerRead>(ctx, kind),
        Kind::PurchaseOrder | Kind::SupplierReturn | Kind::BlanketOrder => of::<may::PurchaseRead>(ctx, kind),
        Kind::Transfer => of::<may::TransferRead>(ctx, kind),
        Kind::Stocktake => of::<may::CountRead>(ctx, kind),
        Kind::Lot => of::<may::StockRead>(ctx, kind),
        Kind::Store => of::<may::StoreRead>(ctx, kind),
        Kind::Revaluation => of::<may::ProductCostRead>(ctx, kind),
        Kind::Reversal => of::<may::StockMovementRead>(ctx, kind),
        Kind::FulfilmentWork | Kind::Parcel => of::<may::FulfilmentRead>(ctx, kind),
    }
}

/// The kinds to search, and their scope: the named ones, all of which must be allowed, or else all
/// that the caller may read. None if the list of names is empty.
///
/// # Errors
/// A kind is named that the caller may not read, or none is named and the caller may read none.
pub fn resolve_search_kinds(
    ctx: &Context<'_>,
    requested_kinds: Option<Vec<SearchKind>>,
) -> Answer<Option<(Vec<VisibleKind>, TenantScope)>> {
    ctx.caller()?;
    let (kinds, is_requested) = match requested_kinds {
        Some(requested_kinds) => (requested_kinds.into_iter().map(Kind::from).collect(), true),
        None => (Kind::ALL.to_vec(), false),
    };
    let (mut visible_kinds, mut first_refusal) = (Vec::new(), None);
    let mut scope = None;
    for kind in kinds {
        match permitted_scope(ctx, kind) {
            Ok((kind_scope, visible)) => {
                visible_kinds.push(visible);
                scope = Some(kind_scope);
            }
            Err(refusal) if is_requested => return Err(refusal),
            Err(refusal) => first_refusal = first_refusal.or(Some(refusal)),
        }
    }
    match (scope, first_refusal) {
        (Some(scope), _) => Ok(Some((visible_kinds, scope))),
        (None, Some(refusal)) => Err(refusal),
        (None, None) => Ok(None),
    }
}

/// A row of a kind, as far as the caller may see it.
pub async fn node_of(ctx: &Context<'_>, kind: Kind, id: Uuid) -> Answer<Option<Node>> {
    hide_forbidden(nodes::find(ctx, &node_id(kind, id)).await)
}

/// Treats an object that the caller may not see as missing.
pub fn hide_forbidden<T>(answer: Answer<Option<T>>) -> Answer<Option<T>> {
    match answer {
        Err(TopError::Forbidden(_)) => Ok(None),
        answer => answer,
    }
}

/// The ID that a row of a kind has in the API.
pub fn node_id(kind: Kind, id: Uuid) -> String {
    match kind {
        Kind::Product => ProductId::from_uuid(id).to_string(),
        Kind::Order => OrderId::from_uuid(id).to_string(),
        Kind::Customer => CustomerId::from_uuid(id).to_string(),
        Kind::Supplier => SupplierId::from_uuid(id).to_string(),
        Kind::PurchaseOrder => PurchaseOrderId::from_uuid(id).to_string(),
        Kind::Transfer => TransferId::from_uuid(id).to_string(),
        Kind::Return => ReturnId::from_uuid(id).to_string(),
        Kind::Stocktake => CountId::from_uuid(id).to_string(),
        Kind::Lot => LotId::from_uuid(id).to_string(),
        Kind::Store => StoreId::from_uuid(id).to_string(),
        Kind::Category => CategoryId::from_uuid(id).to_string(),
        Kind::SupplierReturn => SupplierReturnId::from_uuid(id).to_string(),
        Kind::BlanketOrder => BlanketOrderId::from_uuid(id).to_string(),
        Kind::Invoice => InvoiceId::from_uuid(id).to_string(),
        Kind::Revaluation => RevaluationId::from_uuid(id).to_string(),
        Kind::Reversal => ReversalId::from_uuid(id).to_string(),
        Kind::FulfilmentWork => FulfilmentWorkId::from_uuid(id).to_string(),
        Kind::Parcel => ParcelId::from_uuid(id).to_string(),
    }
}
