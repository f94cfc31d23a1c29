//! The schema of all rooms: built with their services or without them, and printed as SDL.

use async_graphql::{Request, ValidationMode};
use iam::{access::Access, identity::Identity};
use inventory::ledger::Ledger;
use platform::{audit::Audit, jobs::Jobs, paging::CursorSigner, realtime::Hubs, storage::TenantScope};
use services::{alerts::Alerts, media::Media, papers::Papers, suggestions::Suggestions, webhooks::Webhooks};

use crate::graphql::{lazy::Lazy, limits::Limits, upstream::query_root::RootDirective, yielding::YieldDirective};

mod builder;
mod engine;
mod validation;
mod nodes;
mod object_fields;
mod payloads;
mod registry_loan;
mod roots;
mod sizes;
mod versioned;
mod weights;
use builder::schema_builder;
pub use engine::EntrepotSchema;
pub use nodes::NodeQuery;
pub use object_fields::object_fields;
pub use objects::events;
pub use objects::nodes::{Node, current_document, find, reference};
pub use payloads::Payload;
pub use roots::{Mutation, Query, Subscription};
pub use validation::{PendingSchema, ValidatorBuild};
pub use versioned::Versioned;
pub use weights::WEIGHTS;

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
pub fn build(resolver_services: ResolverServices) -> EntrepotSchema {
    build_on(None, resolver_services)
}

/// Builds the schema like `build`, from a schema that another thread has begun to make, if there is
/// one.
pub fn build_on(pending: Option<PendingSchema>, resolver_services: ResolverServices) -> EntrepotSchema {
    let media = Media::new(
        resolver_services.ledger.database().clone(),
        resolver_services.ledger.clock().clone(),
        resolver_services.exchange.files().clone(),
    );
    let papers = Papers::new(
        resolver_services.ledger.database().clone(),
        resolver_services.ledger.clock().clone(),
        resolver_services.exchange.files().clone(),
    );
    let suggestions = Suggestions::new(resolver_services.catalog.clone(), &resolver_services.webhooks);
    let export_schedules =
        services::export_schedules::ExportSchedules::new(&resolver_services.exchange, &resolver_services.webhooks);
    let hubs = Hubs::new(resolver_services.ledger.database().clone(), events::registry());
    let schema = pending
        .map_or_else(schema_builder, PendingSchema::builder)
        .data(hubs)
        .data(resolver_services.identity)
        .data(resolver_services.access)
        .data(resolver_services.catalog)
        .data(resolver_services.ledger)
        .data(resolver_services.audit)
        .data(resolver_services.jobs)
        .data(resolver_services.webhooks)
        .data(resolver_services.alerts)
        .data(resolver_services.exchange.files().clone())
        .data(media)
        .data(papers)
        .data(suggestions)
        .data(export_schedules)
        .data(resolver_services.exchange)
        .data(resolver_services.saved_views)
        .data(resolver_services.signer)
        .data(resolver_services.limits)
        .directive(YieldDirective)
        .directive(RootDirective::new(Query::default()))
        .validation_mode(ValidationMode::Fast)
        .finish();
    EntrepotSchema::new(schema)
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
