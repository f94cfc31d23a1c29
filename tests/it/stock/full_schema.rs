//! The whole schema over a company of the catalogue.

use std::sync::Arc;

use async_graphql::{Request, Variables};
use entrepot::{
    access::{Access, Policies},
    alerts::Alerts,
    api::exchange::RefusalMessages,
    audit::{Audit, AuditWriter},
    catalog::Catalog,
    exchange::Exchange,
    files::{FileLocation, Files, core::link::Signer},
    graphql::{answer::data_json, limits::Limits},
    identity::{Identity, Settings},
    jobs::Jobs,
    ledger::{Grouping, Ledger},
    paging::CursorSigner,
    saved_views::SavedViews,
    schema::{self, EntrepotSchema, ResolverServices},
    webhooks::{AllowedNetworks, Sender, Webhooks},
};
use serde_json::Value;

use crate::{catalog::world::World, world::Bare};

pub async fn whole_schema(world: &World) -> EntrepotSchema {
    schema::build(given(world).await)
}

/// Returns the data that the schema's resolvers get.
pub async fn given(world: &World) -> ResolverServices {
    let ring = crate::world::ring(&world.db, &world.clock).await;
    let audit = Audit::start(world.db.clone(), AuditWriter::new(ring.clone(), world.clock.clone())).unwrap();
    let identity =
        Identity::open(world.db.clone(), world.clock.clone(), Settings::default(), Arc::new(Bare), ring.clone()).await.unwrap();
    let signer = CursorSigner::new([7; 32]);
    let catalog = Catalog { db: world.db.clone(), clock: world.clock.clone(), signer: signer.clone() };
    let ledger = Ledger::start(world.db.clone(), world.clock.clone(), Grouping::Together, entrepot::documents()).unwrap();
    let access = Access::new(world.db.clone(), world.clock.clone(), Policies::load().await.unwrap());
    let jobs = Jobs::new(world.db.clone(), world.clock.clone());
    let sender = Sender::new(AllowedNetworks::default(), world.clock.clone());
    let webhooks = Webhooks::new(identity.clone(), ring, access.clone(), sender, schema::events::registry());
    let audit_writer = AuditWriter::new(crate::world::ring(&world.db, &world.clock).await, world.clock.clone());
    let alerts = Alerts::new(identity.clone(), access.clone(), audit_writer.clone());
    let place = FileLocation::Folder(std::env::temp_dir().join("entrepot-no-files"));
    let files = Files::new(world.db.clone(), world.clock.clone(), audit_writer.clone(), Signer::from_secret(&[7; 32]), place);
    let exchange =
        Exchange::new((access.clone(), audit_writer), catalog.clone(), ledger.clone(), files.clone(), Arc::new(RefusalMessages));
    let limits = Limits::default();
    let saved_views = SavedViews::new(world.db.clone(), world.clock.clone(), files, &webhooks);
    ResolverServices { identity, access, catalog, ledger, audit, jobs, webhooks, alerts, exchange, saved_views, signer, limits }
}

pub async fn execute_on(schema: &EntrepotSchema, world: &World, query: &str, variables: Value) -> Value {
    let request = Request::new(query).variables(Variables::from_json(variables));
    let request = schema::attach(request, &world.db.tenant(world.owner.tenant)).data(world.owner.clone());
    let response = schema.execute(request).await;
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    // Written and read again, as a client would: ready JSON inside the answer is a matter of the writer.
    serde_json::from_slice(&data_json(&response.data)).unwrap()
}
