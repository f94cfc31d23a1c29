//! Finds objects by their IDs across rooms.

use async_graphql::{Context, dataloader::DataLoader};
use entity::id::{Kind, kind, prefix_of};
use iam::access::kind as may;
use inventory::stock::core::Movement;

use crate::{
    access, alerts, anomalies,
    audit::find_audit_entry,
    catalog, costing, counts, currency, exchange, fulfilment,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
    },
    identity::{find_own_session, find_own_tenant},
    jobs as job, liquidation, notes, orders, papers, payments, purchasing, replenishment, returns, reversals, saved_views,
    stock::{self, Reservation, StockEntry},
    transfers, webhooks as webhook,
};

pub mod documents;
mod node;

pub use documents::{current_document, reference};
pub use node::Node;

pub async fn find(ctx: &Context<'_>, id: &str) -> Answer<Option<Node>> {
    ctx.caller()?;
    let Some((prefix, uuid)) = prefix_of(id) else {
        return Err(TopError::bad_input("not one of our ids", vec!["id".to_owned()]));
    };
    if let Some(found) = catalog::find_node(ctx, id).await? {
        return Ok(found);
    }
    let access_node = access::find(ctx, id).await?;
    if let Some(found) = if access_node.is_some() { access_node } else { exchange::find(ctx, prefix, uuid).await? } {
        return Ok(found);
    }
    if let Some(found) = purchasing::find_node(ctx, id).await? {
        return Ok(found);
    }
    Ok(match prefix {
        kind::LevelId::PREFIX | kind::MovementId::PREFIX | kind::EntryId::PREFIX | kind::ReservationId::PREFIX => {
            find_stock(ctx, prefix, uuid).await?
        }
        kind::LotId::PREFIX => stock::visible_lot(ctx, entity::id::LotId::from_uuid(uuid)).await?.map(Node::Lot),
        kind::OrderId::PREFIX => orders::load_order(ctx, entity::id::OrderId::from_uuid(uuid)).await?.map(Node::Order),
        kind::OrderLineId::PREFIX => {
            orders::nodes::find_order_line(ctx, entity::id::OrderLineId::from_uuid(uuid)).await?.map(Node::OrderLine)
        }
        kind::FulfilmentId::PREFIX => {
            orders::nodes::find_fulfilment(ctx, entity::id::FulfilmentId::from_uuid(uuid)).await?.map(Node::Fulfilment)
        }
        kind::FulfilmentWorkId::PREFIX | kind::FulfilmentWaveId::PREFIX | kind::ParcelId::PREFIX | kind::CarrierId::PREFIX => {
            fulfilment::find_node(ctx, prefix, uuid).await?
        }
        kind::ReturnId::PREFIX => returns::load_return(ctx, entity::id::ReturnId::from_uuid(uuid)).await?.map(Node::Return),
        kind::PaymentId::PREFIX => payments::find_payment(ctx, entity::id::PaymentId::from_uuid(uuid)).await?.map(Node::Payment),
        kind::TransferId::PREFIX => {
            transfers::load_transfer(ctx, entity::id::TransferId::from_uuid(uuid)).await?.map(Node::Transfer)
        }
        kind::CountId::PREFIX => counts::load_count(ctx, entity::id::CountId::from_uuid(uuid)).await?.map(Node::Stocktake),
        kind::RevaluationId::PREFIX => costing::find_revaluation(ctx, uuid).await?.map(Node::StockRevaluation),
        kind::ReversalId::PREFIX => reversals::find_reversal(ctx, uuid).await?.map(Node::DocumentReversal),
        kind::ExchangeRateId::PREFIX => currency::find_rate(ctx, uuid).await?.map(Node::ExchangeRate),
        kind::TenantId::PREFIX => find_own_tenant(ctx, entity::id::TenantId::from_uuid(uuid)).await?.map(Node::Tenant),
        kind::SessionId::PREFIX => find_own_session(ctx, entity::id::SessionId::from_uuid(uuid)).await?.map(Node::Session),
        kind::EndpointId::PREFIX => {
            webhook::find_endpoint(ctx, entity::id::EndpointId::from_uuid(uuid)).await?.map(Node::WebhookEndpoint)
        }
        kind::AlertId::PREFIX => alerts::load_alert(ctx, entity::id::AlertId::from_uuid(uuid)).await?.map(Node::Alert),
        kind::AlertRuleId::PREFIX => alerts::load_rule(ctx, entity::id::AlertRuleId::from_uuid(uuid)).await?.map(Node::AlertRule),
        kind::NoteId::PREFIX => notes::find_note(ctx, uuid).await?.map(Node::Note),
        kind::AnomalyId::PREFIX => anomalies::find_anomaly(ctx, uuid).await?.map(Node::StockAnomaly),
        kind::ReplenishmentPlanId::PREFIX => replenishment::find_plan(ctx, uuid).await?.map(Node::ReplenishmentPlan),
        kind::LiquidationPlanId::PREFIX => liquidation::find_plan(ctx, uuid).await?.map(Node::LiquidationPlan),
        kind::LegalEntityId::PREFIX => papers::find_entity(ctx, uuid).await?.map(Node::LegalEntity),
        kind::InvoiceId::PREFIX => papers::find_invoice(ctx, uuid).await?.map(Node::Invoice),
        kind::PaperId::PREFIX => papers::find_paper(ctx, uuid).await?.map(Node::Paper),
        kind::SavedViewId::PREFIX => saved_views::find_view(ctx, uuid).await?.map(Node::SavedView),
        kind::ReplenishmentPolicyId::PREFIX => replenishment::find_policy(ctx, uuid).await?.map(Node::ReplenishmentPolicy),
        kind::JobId::PREFIX => job::find_job(ctx, entity::id::JobId::from_uuid(uuid)).await?.map(Node::BackgroundJob),
        kind::AuditId::PREFIX => find_audit_entry(ctx, entity::id::AuditId::from_uuid(uuid)).await?.map(Node::AuditEntry),
        kind::MemberId::PREFIX => {
            crate::identity::find_member(ctx, entity::id::MemberId::from_uuid(uuid)).await?.map(Node::Member)
        }
        _ => {
            return Err(TopError::bad_input(format!("nothing is found by ids that begin with {prefix}_"), vec!["id".to_owned()]));
        }
    })
}

/// A level, a movement, an entry or a reservation.
async fn find_stock(ctx: &Context<'_>, prefix: &str, uuid: uuid::Uuid) -> Answer<Option<Node>> {
    let loader = ctx.lazy::<DataLoader<stock::StockLoader>>()?;
    Ok(match prefix {
        kind::LevelId::PREFIX => {
            ctx.permit::<may::StockRead>()?;
            stock::visible_level(ctx, loader.load_one(entity::id::LevelId::from_uuid(uuid)).await?)?.map(Node::StockLevel)
        }
        kind::MovementId::PREFIX => {
            ctx.permit::<may::StockMovementRead>()?;
            let movement = loader.load_one(entity::id::MovementId::from_uuid(uuid)).await?;
            stock::visible_movement(ctx, movement)?.map(Node::StockMovement)
        }
        kind::EntryId::PREFIX => {
            let reach = ctx.permit::<may::StockMovementRead>()?.reach();
            let (movement, line) = entity::id::EntryId::from_uuid(uuid).split_line::<kind::MovementId>();
            let movement = loader.load_one(movement).await?;
            let has_line = |candidate: &std::sync::Arc<Movement>| {
                candidate.entries.iter().any(|entry| entry.line == line && reach.covers(entry.key.store))
            };
            movement.filter(has_line).map(|movement| StockEntry { movement, line }.into())
        }
        _ => {
            let permit = ctx.permit::<may::StockRead>()?;
            let reservation = loader.load_one(entity::id::ReservationId::from_uuid(uuid)).await?;
            reservation
                .filter(|reservation| stock::sees_reservation(&permit, reservation))
                .map(|reservation| Reservation(None, reservation).into())
        }
    })
}
