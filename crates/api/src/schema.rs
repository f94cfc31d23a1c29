//! Merges the rooms' roots, finds things by id across rooms, and prints the SDL.

use async_graphql::{Context, ID, Interface, Request, Schema, ValidationMode, dataloader::DataLoader};
use entity::id::{Kind, kind, prefix_of};
use iam::{
    access::{Access, kind as may},
    identity::Identity,
};
use inventory::{ledger::Ledger, stock::core::Movement};
use macros::resolvers;
use platform::{audit::Audit, jobs::Jobs, paging::CursorSigner, realtime::Hubs, storage::TenantScope};
use services::{alerts::Alerts, media::Media, papers::Papers, suggestions::Suggestions, webhooks::Webhooks};

use crate::{
    access::{self as access, ApiKey, Integration, Role, StoreGroup},
    alerts::{self as alerts, Alert, AlertRule},
    anomalies::{self as anomalies, StockAnomaly},
    audit::{AuditEntry, audit_entry},
    catalog::{self as catalog, Category, Channel, Customer, Product, ProductFamily, Store, Supplier},
    costing::{self as costing, StockRevaluation},
    counts::{self as counts, Stocktake},
    currency::{self, ExchangeRate},
    exchange,
    fulfilment::{self, FulfilmentWave, FulfilmentWork, Parcel, ShippingCarrier},
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        lazy::Lazy,
        limits::Limits,
        query_root::RootDirective,
        scalars::{DateTime, Long},
        yielding::YieldDirective,
    },
    identity::{LoginSession, Member, Tenant, own_session, own_tenant},
    jobs::{self as job, BackgroundJob},
    liquidation::{self, LiquidationPlan},
    media::{ProductDocument, ProductImage},
    notes::{self, Note},
    orders::{self as orders, Fulfilment, Order, OrderLine},
    papers::{self, Invoice, LegalEntity, Paper},
    payments::{self as payments, Payment},
    purchasing::{self as purchasing, BlanketOrder, GoodsReceipt, PurchaseOrder, PurchaseOrderLine, SupplierReturn},
    replenishment::{self, ReplenishmentPlan, ReplenishmentPolicy},
    returns::{self as returns, Return},
    reversals::{self as reversals, DocumentReversal},
    saved_views::{self, SavedView},
    stock::{self as stock, Lot, Reservation, StockEntry, StockLevel, StockMovement},
    transfers::{self as transfers, Transfer},
    webhooks::{self as webhook, WebhookEndpoint},
};

mod documents;
mod engine;
pub mod events;
mod judges;
mod payloads;
mod registry_loan;
mod roots;
mod sizes;
mod weights;
pub use documents::{current_document, reference};
pub use engine::EntrepotSchema;
pub use judges::{Judges, PendingSchema};
pub use payloads::Payload;
pub use roots::{Mutation, Query, Subscription};

/// Object with an ID.
#[derive(Interface, Clone)]
#[graphql(field(name = "id", ty = "ID", desc = "TypeID of the object, equal in all fields that return it."))]
pub enum Node {
    Product(Product),
    Category(Category),
    Supplier(Supplier),
    ProductFamily(ProductFamily),
    Store(Store),
    Customer(Customer),
    Channel(Channel),
    StoreGroup(StoreGroup),
    StockLevel(StockLevel),
    StockMovement(StockMovement),
    StockEntry(StockEntry),
    Reservation(Reservation),
    Lot(Lot),
    Order(Order),
    OrderLine(OrderLine),
    Fulfilment(Fulfilment),
    FulfilmentWork(FulfilmentWork),
    FulfilmentWave(FulfilmentWave),
    Parcel(Parcel),
    Carrier(ShippingCarrier),
    Return(Return),
    Payment(Payment),
    Transfer(Transfer),
    Stocktake(Stocktake),
    PurchaseOrder(PurchaseOrder),
    PurchaseOrderLine(PurchaseOrderLine),
    GoodsReceipt(GoodsReceipt),
    SupplierReturn(SupplierReturn),
    StockRevaluation(StockRevaluation),
    BlanketOrder(BlanketOrder),
    DocumentReversal(DocumentReversal),
    ExchangeRate(ExchangeRate),
    Tenant(Tenant),
    Member(Member),
    Role(Role),
    Integration(Integration),
    ApiKey(ApiKey),
    Session(LoginSession),
    AuditEntry(AuditEntry),
    BackgroundJob(BackgroundJob),
    WebhookEndpoint(WebhookEndpoint),
    File(crate::files::File),
    ProductImage(ProductImage),
    ProductDocument(ProductDocument),
    DataJob(exchange::DataJob),
    Alert(Alert),
    AlertRule(AlertRule),
    StockAnomaly(StockAnomaly),
    ReplenishmentPlan(ReplenishmentPlan),
    ReplenishmentPolicy(ReplenishmentPolicy),
    LiquidationPlan(LiquidationPlan),
    Note(Note),
    Attachment(crate::attachments::Attachment),
    SavedView(SavedView),
    Paper(Paper),
    Invoice(Invoice),
    LegalEntity(LegalEntity),
}

/// Object with a version for optimistic locking.
#[derive(Interface)]
#[graphql(
    field(name = "version", ty = "Long", desc = "Version of the object, +1 for each change."),
    field(name = "updated_at", ty = "DateTime", desc = "Time of the last change.")
)]
pub enum Versioned {
    Product(Product),
    Category(Category),
    Supplier(Supplier),
    ProductFamily(ProductFamily),
    Store(Store),
    Customer(Customer),
    Channel(Channel),
    StoreGroup(StoreGroup),
    StockLevel(StockLevel),
    Reservation(Reservation),
    Lot(Lot),
    Order(Order),
    FulfilmentWork(FulfilmentWork),
    FulfilmentWave(FulfilmentWave),
    Return(Return),
    Transfer(Transfer),
    Stocktake(Stocktake),
    PurchaseOrder(PurchaseOrder),
    BlanketOrder(BlanketOrder),
    Member(Member),
    Role(Role),
    Integration(Integration),
    WebhookEndpoint(WebhookEndpoint),
    Alert(Alert),
    AlertRule(AlertRule),
    ReplenishmentPlan(ReplenishmentPlan),
    ReplenishmentPolicy(ReplenishmentPolicy),
    LiquidationPlan(LiquidationPlan),
    Note(Note),
    SavedView(SavedView),
    LegalEntity(LegalEntity),
}

#[derive(Default)]
pub struct NodeQuery;

/// The most ids in one `nodes` call.
const MAX_NODES: usize = 250;

#[resolvers]
impl NodeQuery {
    /// Object with the given ID; null when there is none, or you may not see it.
    #[field(authenticated)]
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "ID of an object of any kind.")] id: ID) -> Option<Answer<Node>> {
        find(ctx, &id).await.transpose()
    }

    /// Objects with the given IDs, in the order of the IDs; an entry is null when there is no such object, or you may not see it.
    #[field(authenticated, list_size(arguments("ids")))]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "IDs of objects of any kind, at most 250.")] ids: Vec<ID>,
    ) -> Answer<Vec<Option<Answer<Node>>>> {
        if ids.len() > MAX_NODES {
            return Err(TopError::bad_input(format!("at most {MAX_NODES} ids"), vec!["ids".to_owned()]));
        }
        Ok(futures_util::future::join_all(ids.iter().map(|id| find(ctx, id))).await.into_iter().map(Result::transpose).collect())
    }

    /// Product or order that a scanned code identifies: a product by its barcode or SKU, else an order by its number. Only objects that
    /// you may see are found; null when there is none.
    #[field(
        authenticated,
        deprecation = "2026-11-23: use scanCode, which returns every match and reads GS1 codes. Removed after 2027-11-23."
    )]
    async fn scan(&self, ctx: &Context<'_>, #[graphql(desc = "The code, as it was read.")] code: String) -> Option<Answer<Node>> {
        scanned(ctx, &code).await.transpose()
    }
}

/// Whoever may see neither products nor orders is told what is missing.
async fn scanned(ctx: &Context<'_>, code: &str) -> Answer<Option<Node>> {
    let (products, orders) = (ctx.permit::<may::ProductRead>(), ctx.permit::<may::OrderRead>());
    if orders.is_err() {
        products.clone()?;
    }
    if products.is_ok()
        && let Some(product) = catalog::product_scanned(ctx, code).await?
    {
        return Ok(Some(product.into()));
    }
    match orders {
        Ok(_) => Ok(orders::order_numbered(ctx, code).await?.map(Node::Order)),
        Err(_) => Ok(None),
    }
}

pub async fn find(ctx: &Context<'_>, id: &str) -> Answer<Option<Node>> {
    ctx.caller()?;
    let Some((prefix, uuid)) = prefix_of(id) else {
        return Err(TopError::bad_input("not one of our ids", vec!["id".to_owned()]));
    };
    if let Some(found) = catalog::find_node(ctx, id).await? {
        return Ok(found);
    }
    let apart = access::find(ctx, id).await?;
    if let Some(found) = if apart.is_some() { apart } else { exchange::find(ctx, prefix, uuid).await? } {
        return Ok(found);
    }
    if let Some(found) = purchasing::find_node(ctx, id).await? {
        return Ok(found);
    }
    Ok(match prefix {
        kind::LevelId::PREFIX | kind::MovementId::PREFIX | kind::EntryId::PREFIX | kind::ReservationId::PREFIX => {
            find_stock(ctx, prefix, uuid).await?
        }
        kind::LotId::PREFIX => stock::lot_seen(ctx, entity::id::LotId::from_uuid(uuid)).await?.map(Node::Lot),
        kind::OrderId::PREFIX => orders::load_order(ctx, entity::id::OrderId::from_uuid(uuid)).await?.map(Node::Order),
        kind::OrderLineId::PREFIX => {
            orders::nodes::order_line(ctx, entity::id::OrderLineId::from_uuid(uuid)).await?.map(Node::OrderLine)
        }
        kind::FulfilmentId::PREFIX => {
            orders::nodes::fulfilment(ctx, entity::id::FulfilmentId::from_uuid(uuid)).await?.map(Node::Fulfilment)
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
        kind::TenantId::PREFIX => own_tenant(ctx, entity::id::TenantId::from_uuid(uuid)).await?.map(Node::Tenant),
        kind::SessionId::PREFIX => own_session(ctx, entity::id::SessionId::from_uuid(uuid)).await?.map(Node::Session),
        kind::EndpointId::PREFIX => {
            webhook::endpoint(ctx, entity::id::EndpointId::from_uuid(uuid)).await?.map(Node::WebhookEndpoint)
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
        kind::JobId::PREFIX => job::job(ctx, entity::id::JobId::from_uuid(uuid)).await?.map(Node::BackgroundJob),
        kind::AuditId::PREFIX => audit_entry(ctx, entity::id::AuditId::from_uuid(uuid)).await?.map(Node::AuditEntry),
        kind::MemberId::PREFIX => crate::identity::member(ctx, entity::id::MemberId::from_uuid(uuid)).await?.map(Node::Member),
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
            stock::level_seen(ctx, loader.load_one(entity::id::LevelId::from_uuid(uuid)).await?)?.map(Node::StockLevel)
        }
        kind::MovementId::PREFIX => {
            ctx.permit::<may::StockMovementRead>()?;
            let movement = loader.load_one(entity::id::MovementId::from_uuid(uuid)).await?;
            stock::movement_seen(ctx, movement)?.map(Node::StockMovement)
        }
        kind::EntryId::PREFIX => {
            let reach = ctx.permit::<may::StockMovementRead>()?.reach();
            let (movement, line) = entity::id::EntryId::from_uuid(uuid).split_line::<kind::MovementId>();
            let movement = loader.load_one(movement).await?;
            let has = |m: &std::sync::Arc<Movement>| m.entries.iter().any(|e| e.line == line && reach.covers(e.key.store));
            movement.filter(has).map(|movement| StockEntry { movement, line }.into())
        }
        _ => {
            let permit = ctx.permit::<may::StockRead>()?;
            let held = loader.load_one(entity::id::ReservationId::from_uuid(uuid)).await?;
            held.filter(|held| stock::sees_reservation(&permit, held)).map(|held| Reservation(None, held).into())
        }
    })
}

/// What resolvers are given besides their request's own data.
pub struct Given {
    pub identity: Identity,
    pub access: Access,
    pub catalog: inventory::catalog::Catalog,
    pub ledger: Ledger,
    pub audit: Audit,
    pub jobs: Jobs,
    pub webhooks: Webhooks,
    pub alerts: Alerts,
    pub exchange: services::exchange::Exchange,
    pub saved_views: services::saved_views::SavedViews,
    pub signer: CursorSigner,
    pub limits: Limits,
}

/// The schema with its rooms. It executes what has been validated.
pub fn build(given: Given) -> EntrepotSchema {
    build_on(None, given)
}

/// The same, of a schema that is being made already where there is one.
pub fn build_on(pending: Option<PendingSchema>, given: Given) -> EntrepotSchema {
    let media = Media::new(given.ledger.database().clone(), given.ledger.clock().clone(), given.exchange.files().clone());
    let papers = Papers::new(given.ledger.database().clone(), given.ledger.clock().clone(), given.exchange.files().clone());
    let suggestions = Suggestions::new(given.catalog.clone(), &given.webhooks);
    let export_schedules = services::export_schedules::ExportSchedules::new(&given.exchange, &given.webhooks);
    let hubs = Hubs::new(given.ledger.database().clone(), events::registry());
    let schema = pending
        .map_or_else(plain, PendingSchema::builder)
        .data(hubs)
        .data(given.identity)
        .data(given.access)
        .data(given.catalog)
        .data(given.ledger)
        .data(given.audit)
        .data(given.jobs)
        .data(given.webhooks)
        .data(given.alerts)
        .data(given.exchange.files().clone())
        .data(media)
        .data(papers)
        .data(suggestions)
        .data(export_schedules)
        .data(given.exchange)
        .data(given.saved_views)
        .data(given.signer)
        .data(given.limits)
        .directive(YieldDirective)
        .directive(RootDirective::new(Query::default()))
        .validation_mode(ValidationMode::Fast)
        .finish();
    EntrepotSchema::new(schema)
}

fn plain() -> judges::Builder {
    // Depth, width and cost are the guard's business; suggestions would tell names to whoever may not look.
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_output_type::<Versioned>()
        .register_output_type::<Payload>()
        .directive(sizes::Sizes)
        .directive(weights::Weights)
        .disable_suggestions()
}

/// The schema without what its resolvers need: for whoever reads it.
pub fn bare() -> EntrepotSchema {
    EntrepotSchema::new(plain().finish())
}

/// The SDL as it is served and committed: types by name, what they have in the order in which it is declared.
pub fn sdl() -> String {
    bare().sdl_with_options(async_graphql::SDLExportOptions::new().include_specified_by())
}

/// Gives an operation of a caller the look-ups of every room.
pub fn attach(request: Request, scope: &TenantScope) -> Request {
    // The handle is as old as the session, and the request's reads may go elsewhere.
    request.data(Lazy::new(scope.of_this_request()))
}
