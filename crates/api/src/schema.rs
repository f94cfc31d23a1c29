//! Merges the rooms' roots, and prints the SDL.

use async_graphql::{Context, ID, Interface, Request, Schema, ValidationMode};
use iam::{
    access::{Access, kind as may},
    identity::Identity,
};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{audit::Audit, jobs::Jobs, paging::CursorSigner, realtime::Hubs, storage::TenantScope};
use services::{alerts::Alerts, media::Media, papers::Papers, suggestions::Suggestions, webhooks::Webhooks};

use crate::{
    access::{Integration, Role, StoreGroup},
    alerts::{Alert, AlertRule},
    catalog::{self, Category, Channel, Customer, Product, ProductFamily, Store, Supplier},
    counts::Stocktake,
    fulfilment::{FulfilmentWave, FulfilmentWork},
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        lazy::Lazy,
        limits::Limits,
        scalars::{DateTime, Long},
        upstream::query_root::RootDirective,
        yielding::YieldDirective,
    },
    identity::Member,
    liquidation::LiquidationPlan,
    notes::Note,
    orders::{self, Order},
    papers::LegalEntity,
    purchasing::{BlanketOrder, PurchaseOrder},
    replenishment::{ReplenishmentPlan, ReplenishmentPolicy},
    returns::Return,
    saved_views::SavedView,
    stock::{Lot, Reservation, StockLevel},
    transfers::Transfer,
    webhooks::WebhookEndpoint,
};

mod engine;
mod judges;
mod object_fields;
mod payloads;
mod registry_loan;
mod roots;
mod sizes;
mod weights;
pub use engine::EntrepotSchema;
pub use judges::{PendingSchema, ValidatorBuild};
pub use object_fields::object_fields;
pub use objects::events;
pub use objects::nodes::{Node, current_document, find, reference};
pub use payloads::Payload;
pub use roots::{Mutation, Query, Subscription};
pub use weights::WEIGHTS;

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
    /// you may see are found; null when there is none, also for the number of a purchase order or any other document, which scanCode finds.
    #[field(
        authenticated,
        deprecation = "2026-11-23: use scanCode, which returns every match and reads GS1 codes. Removed after 2027-11-23."
    )]
    async fn scan(&self, ctx: &Context<'_>, #[graphql(desc = "The code, as it was read.")] code: String) -> Option<Answer<Node>> {
        find_by_code(ctx, &code).await.transpose()
    }
}

/// Returns the product or the order of a code. A caller who may see neither gets the missing
/// permission as an error.
async fn find_by_code(ctx: &Context<'_>, code: &str) -> Answer<Option<Node>> {
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

/// Data that resolvers get besides that of their request.
pub struct ResolverServices {
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

/// Builds the schema with the services of all rooms. It executes documents that have been validated
/// before.
pub fn build(given: ResolverServices) -> EntrepotSchema {
    build_on(None, given)
}

/// Builds the schema like `build`, from a schema that another thread has begun to make, if there is
/// one.
pub fn build_on(pending: Option<PendingSchema>, given: ResolverServices) -> EntrepotSchema {
    let media = Media::new(given.ledger.database().clone(), given.ledger.clock().clone(), given.exchange.files().clone());
    let papers = Papers::new(given.ledger.database().clone(), given.ledger.clock().clone(), given.exchange.files().clone());
    let suggestions = Suggestions::new(given.catalog.clone(), &given.webhooks);
    let export_schedules = services::export_schedules::ExportSchedules::new(&given.exchange, &given.webhooks);
    let hubs = Hubs::new(given.ledger.database().clone(), events::registry());
    let schema = pending
        .map_or_else(schema_builder, PendingSchema::builder)
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

fn schema_builder() -> judges::Builder {
    // The guard limits depth, width and cost; suggestions would reveal names to callers who may not
    // see them.
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_output_type::<Versioned>()
        .register_output_type::<Payload>()
        .data(object_fields())
        .directive(sizes::Sizes)
        .directive(weights::Weights)
        .disable_suggestions()
}

/// Builds the schema without the services of its resolvers, for introspection and the SDL.
pub fn schema_without_services() -> EntrepotSchema {
    EntrepotSchema::new(schema_builder().finish())
}

/// Returns the SDL that is served and committed: types sorted by name, members in the order of
/// declaration.
pub fn sdl() -> String {
    schema_without_services().sdl_with_options(async_graphql::SDLExportOptions::new().include_specified_by())
}

/// Attaches the dataloaders of every room to a caller's operation.
pub fn attach(request: Request, scope: &TenantScope) -> Request {
    // The handle is as old as the session, and the request's reads may go elsewhere.
    request.data(Lazy::new(scope.of_this_request()))
}
