//! Permissions to read and to write a node, for notes: they are stored and shown with the rights of
//! their node.

use async_graphql::{Context, ID};
use entity::prelude::*;
use iam::access::{Caller, Permission, REGISTRY, Reach, kind};
use inventory::{ledger::Ledger, stock::rows::lot_list::lot_levels_of};
use platform::{audit::Target, path};
use services::notes::shell::Readers;

use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        refusal::{ErrorCode, UserError},
    },
    nodes::{self, Node},
    orders, purchasing,
};

/// The permissions to read and to write a node, each in one of its stores if it has any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeAccess {
    /// None: every member may read it.
    read: Option<usize>,
    write: usize,
    stores: Vec<StoreId>,
}

impl NodeAccess {
    fn of<R: Permission, W: Permission>() -> Self {
        Self { read: Some(R::INDEX), write: W::INDEX, stores: Vec::new() }
    }
    /// Returns the permissions for a wave of a store.
    pub fn of_wave(store: StoreId) -> Self {
        Self::of::<kind::FulfilmentRead, kind::FulfilmentWork>().at([store])
    }
    fn at(self, stores: impl IntoIterator<Item = StoreId>) -> Self {
        Self { stores: stores.into_iter().collect(), ..self }
    }
    /// Limits the access to a store; without a store, to callers who hold the permission for all
    /// stores, since no grant names the nil store.
    fn for_store_or_all(self, store: Option<StoreId>) -> Self {
        self.at([store.unwrap_or(StoreId::NIL)])
    }

    fn covers(&self, caller: &Caller, index: usize) -> bool {
        let reach: Reach = caller.permissions.reach(index);
        let covers_store = self.stores.is_empty() || self.stores.iter().any(|store| reach.covers(*store));
        caller.permissions.holds(index) && covers_store
    }
    /// Whether the caller may read the node.
    pub fn may_read(&self, caller: &Caller) -> bool {
        caller.channel.is_none() && self.read.is_none_or(|index| self.covers(caller, index))
    }
    /// The permission to write the node, if the caller lacks it.
    pub fn missing_write_permission(&self, caller: &Caller) -> Option<&'static str> {
        (!self.covers(caller, self.write)).then(|| REGISTRY[self.write].code)
    }
    /// The permission to write the node, if the caller lacks it or holds it for some stores only.
    pub fn missing_write_permission_for_all(&self, caller: &Caller) -> Option<&'static str> {
        (caller.permissions.reach(self.write) != Reach::Everywhere).then(|| REGISTRY[self.write].code)
    }
    pub fn readers(&self) -> Readers {
        Readers { permission: self.read.map(|index| REGISTRY[index].code), stores: self.stores.clone() }
    }
}

/// Returns the permissions for a node; None if it can have no notes: sessions, files and exchanges,
/// which only their creators see, papers, notes and attachments.
pub async fn node_access(ctx: &Context<'_>, node: &Node) -> Answer<Option<NodeAccess>> {
    if let Some(access) = of_document(node) {
        return Ok(Some(access));
    }
    Ok(Some(match node {
        Node::Product(_)
        | Node::Category(_)
        | Node::Supplier(_)
        | Node::ProductFamily(_)
        | Node::ProductImage(_)
        | Node::ProductDocument(_) => NodeAccess::of::<kind::ProductRead, kind::ProductWrite>(),
        Node::Store(_) | Node::StoreGroup(_) => NodeAccess::of::<kind::StoreRead, kind::StoreWrite>(),
        Node::Customer(_) => NodeAccess::of::<kind::CustomerRead, kind::CustomerWrite>(),
        Node::Channel(_) => NodeAccess::of::<kind::ChannelRead, kind::ChannelWrite>(),
        Node::Lot(lot) => {
            let scope = ctx.required_data::<Ledger>()?.database().tenant(ctx.caller()?.tenant);
            let levels = lot_levels_of(&scope, &[lot.0.id]).await?;
            let stores: Vec<StoreId> = levels.iter().map(|level| level.key.store).collect();
            // A lot without stock is visible to callers who see all stores.
            let fallback_store = stores.is_empty().then_some(StoreId::NIL);
            NodeAccess::of::<kind::StockRead, kind::LotWrite>().at(stores.into_iter().chain(fallback_store))
        }
        Node::Fulfilment(fulfilment) => {
            let Some(order) = orders::load_order(ctx, fulfilment.order_id()).await? else { return Ok(None) };
            NodeAccess::of::<kind::OrderRead, kind::OrderWrite>().at([order.row().store])
        }
        Node::GoodsReceipt(receipt) => {
            let Some(order) = purchasing::load_order(ctx, receipt.row().order).await? else { return Ok(None) };
            NodeAccess::of::<kind::PurchaseRead, kind::PurchaseReceive>().at([order.row().store])
        }
        Node::Parcel(parcel) => NodeAccess::of::<kind::FulfilmentRead, kind::FulfilmentWork>().at([parcel.store()]),
        Node::Carrier(_) => NodeAccess::of::<kind::FulfilmentRead, kind::StoreWrite>(),
        Node::Payment(payment) => {
            let Some(order) = orders::load_order(ctx, payment.order_id()).await? else { return Ok(None) };
            NodeAccess::of::<kind::OrderRead, kind::OrderWrite>().at([order.row().store])
        }
        Node::StockRevaluation(_) => NodeAccess::of::<kind::ProductCostRead, kind::CostWrite>(),
        Node::ExchangeRate(_) => NodeAccess::of::<kind::RateRead, kind::RateWrite>(),
        Node::Tenant(_) => NodeAccess { read: None, ..NodeAccess::of::<kind::TenantWrite, kind::TenantWrite>() },
        Node::LegalEntity(_) => NodeAccess::of::<kind::TenantWrite, kind::TenantWrite>(),
        Node::Member(_) => NodeAccess::of::<kind::MemberRead, kind::MemberWrite>(),
        Node::Role(_) => NodeAccess::of::<kind::RoleRead, kind::RoleWrite>(),
        Node::Integration(_) | Node::ApiKey(_) => NodeAccess::of::<kind::ApikeyRead, kind::ApikeyWrite>(),
        Node::AuditEntry(_) => NodeAccess::of::<kind::AuditRead, kind::AuditRead>(),
        Node::BackgroundJob(_) => NodeAccess::of::<kind::JobRead, kind::JobManage>(),
        Node::WebhookEndpoint(_) => NodeAccess::of::<kind::WebhookRead, kind::WebhookManage>(),
        // Notes on a view with limited readers are for callers who may see all views.
        Node::SavedView(view) if view.0.readers.is_some() => NodeAccess::of::<kind::ViewManage, kind::ViewManage>(),
        Node::SavedView(_) => NodeAccess::of::<kind::ViewRead, kind::ViewManage>(),
        _ => return Ok(None),
    }))
}

/// Returns the permissions for the node of an ID; None if the caller does not find it, or it can
/// have no notes.
pub async fn node_access_by_id(ctx: &Context<'_>, target: &Target) -> Answer<Option<NodeAccess>> {
    match nodes::find(ctx, &target.to_string()).await? {
        Some(node) => node_access(ctx, &node).await,
        None => Ok(None),
    }
}

/// The node that an input names as `nodeId`, with its access; a refusal if the caller cannot see
/// it, or if its kind is not accepted, with the message `invalid_message`.
pub async fn find_target_node(
    ctx: &Context<'_>,
    id: &ID,
    invalid_message: &str,
) -> Answer<Result<(Target, NodeAccess), UserError>> {
    let at = || path!["input", "nodeId"];
    let Some(target) = Target::parse(id) else {
        return Ok(Err(UserError::new(ErrorCode::Invalid, "not one of our IDs", at())));
    };
    let Some(node) = nodes::find(ctx, id).await? else { return Ok(Err(UserError::not_found("node", at()))) };
    let access = node_access(ctx, &node).await?;
    Ok(access.map(|access| (target, access)).ok_or_else(|| UserError::new(ErrorCode::Invalid, invalid_message, at())))
}

/// Returns the permissions for a node that belongs to stores.
fn of_document(node: &Node) -> Option<NodeAccess> {
    Some(match node {
        Node::StockLevel(level) => NodeAccess::of::<kind::StockRead, kind::StockAdjust>().at([level.0.key.store]),
        Node::StockMovement(movement) => NodeAccess::of::<kind::StockMovementRead, kind::StockAdjust>().at(movement
            .0
            .entries
            .iter()
            .map(|entry| entry.key.store)),
        Node::StockEntry(entry) => {
            let entries = entry.movement.entries.iter().filter(|candidate| candidate.line == entry.line);
            NodeAccess::of::<kind::StockMovementRead, kind::StockAdjust>().at(entries.map(|candidate| candidate.key.store))
        }
        Node::Reservation(reservation) => NodeAccess::of::<kind::StockRead, kind::StockReserve>().at([reservation.1.key.store]),
        Node::Order(order) => NodeAccess::of::<kind::OrderRead, kind::OrderWrite>().at([order.row().store]),
        Node::Invoice(invoice) => NodeAccess::of::<kind::OrderRead, kind::InvoiceIssue>().at([invoice.0.store]),
        Node::FulfilmentWork(work) => NodeAccess::of::<kind::FulfilmentRead, kind::FulfilmentWork>().at([work.row().store]),
        Node::FulfilmentWave(wave) => NodeAccess::of_wave(wave.row().store),
        Node::OrderLine(line) => NodeAccess::of::<kind::OrderRead, kind::OrderWrite>().at([line.order_store()]),
        Node::Return(sales_return) => NodeAccess::of::<kind::OrderRead, kind::OrderReturn>().at([sales_return.row().store]),
        Node::Transfer(transfer) => {
            NodeAccess::of::<kind::TransferRead, kind::TransferWrite>().at([transfer.row().from, transfer.row().to])
        }
        Node::Stocktake(count) => NodeAccess::of::<kind::CountRead, kind::CountWrite>().at([count.row().store]),
        Node::PurchaseOrder(order) => NodeAccess::of::<kind::PurchaseRead, kind::PurchaseWrite>().at([order.row().store]),
        Node::PurchaseOrderLine(line) => NodeAccess::of::<kind::PurchaseRead, kind::PurchaseWrite>().at([line.order_store()]),
        Node::BlanketOrder(_) => NodeAccess::of::<kind::PurchaseRead, kind::PurchaseWrite>(),
        Node::SupplierReturn(goods) => NodeAccess::of::<kind::PurchaseRead, kind::PurchaseReceive>().at([goods.row().store]),
        Node::DocumentReversal(reversal) => {
            let subject = reversal.row().subject;
            NodeAccess::of::<kind::StockMovementRead, kind::DocumentReverse>()
                .at([subject.store].into_iter().chain(subject.other_store))
        }
        Node::ReplenishmentPlan(plan) => {
            NodeAccess::of::<kind::PurchaseRead, kind::PurchaseWrite>().at(plan.plan.scope.stores.iter().copied())
        }
        Node::LiquidationPlan(plan) => {
            NodeAccess::of::<kind::PurchaseRead, kind::PurchaseWrite>().at(plan.plan.stores.iter().copied())
        }
        Node::ReplenishmentPolicy(policy) => {
            NodeAccess::of::<kind::StockPolicy, kind::StockPolicy>().for_store_or_all(policy.0.scope.store)
        }
        Node::Alert(alert) => NodeAccess::of::<kind::AlertRead, kind::AlertWrite>().for_store_or_all(alert.0.subject.store()),
        Node::AlertRule(rule) => {
            NodeAccess::of::<kind::AlertRuleWrite, kind::AlertRuleWrite>().for_store_or_all(rule.0.scope.store)
        }
        Node::StockAnomaly(anomaly) => NodeAccess::of::<kind::ReportRead, kind::AlertWrite>().at([anomaly.0.found.key.store]),
        _ => return None,
    })
}
