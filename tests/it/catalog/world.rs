//! A tenant, its owner, and the schema of the catalogue to ask.
#![allow(dead_code, reason = "several targets have it, and each calls a part")]

use std::sync::Arc;

use async_graphql::{EmptySubscription, Request, Schema, Variables};
use entity::prelude::{Actor, MemberId, SessionId, TenantId, UserId};
use entrepot::{
    access::{Caller, PermissionSet, REGISTRY},
    api::catalog::{CatalogMutation, CatalogQuery},
    catalog::{self, Catalog},
    clock::Clock,
    graphql::{answer::data_json, fault::TopError, price::UnusedPoints},
    identity::{Identity, Session, Settings},
    paging::CursorSigner,
    schema::{Payload, Versioned, attach, object_fields},
    secrets::{self, KeyRing, KeySource},
    storage::{Database, Options, journal},
};
use serde_json::{Value, json};

use crate::{
    databases::Home,
    world::{self, Bare, Hands, OurTenant, Setup, keys, rows},
};

pub type World = world::World<Catalogue>;

pub struct Catalogue {
    pub schema: Schema<CatalogQuery, CatalogMutation, EmptySubscription>,
    pub owner: Caller,
    identity: Identity,
}

impl Setup for Catalogue {
    async fn set_up(home: Home) -> World {
        let options = match &home.url {
            url if url.starts_with("sqlite:") => Options::default(),
            _ => Options { readers: 4, writers: 4, ..Options::default() },
        };
        let db = Database::open(&home.url, options).await.unwrap();
        let hands = Hands::ticking(1_790_000_000_000_000);
        let clock = hands.clock(7);
        let owner = tenant(&db, &clock, "first").await;
        db.extensions().insert(unkept_ring());
        let service = Catalog { db: db.clone(), clock: clock.clone(), signer: CursorSigner::new([7; 32]) };
        // A clock of its own: reading it for sessions does not advance the scenarios' time.
        let (minute, ring) = (Hands::ticking(1_790_000_000_000_000).clock(8), unkept_ring());
        let identity = Identity::open(db.clone(), minute, Settings::default(), Arc::new(Bare), ring).await.unwrap();
        let schema = Schema::build(CatalogQuery::default(), CatalogMutation::default(), EmptySubscription)
            .register_output_type::<Payload>()
            .register_output_type::<Versioned>()
            .data(service)
            .data(identity.clone())
            .data(object_fields())
            .finish();
        World::new(home, db, (hands, clock), Self { schema, owner, identity })
    }
}

impl OurTenant for Catalogue {
    fn our_tenant(&self) -> TenantId {
        self.owner.tenant
    }
}

impl World {
    /// Creates another tenant of the same database, and returns its owner.
    pub async fn other_tenant(&self) -> Caller {
        tenant(&self.db, &self.clock, "other").await
    }
    /// The same member with only the given permissions.
    pub fn with(&self, codes: &[&str]) -> Caller {
        let mut permissions = PermissionSet::default();
        for (index, _) in REGISTRY.iter().enumerate().filter(|(_, known)| codes.contains(&known.code)) {
            permissions.insert(index);
        }
        Caller { permissions, ..self.owner.clone() }
    }

    /// Sends a query as the owner, and expects an answer without errors.
    pub async fn execute(&self, query: &str, variables: Value) -> Value {
        let answer = self.execute_as(Some(self.owner.clone()), query, variables).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"].clone()
    }
    /// The only error of the owner's query.
    pub async fn fails(&self, query: &str, variables: Value) -> Value {
        let answer = self.execute_as(Some(self.owner.clone()), query, variables).await;
        assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer:#}");
        answer["errors"][0].clone()
    }
    pub async fn execute_as(&self, caller: Option<Caller>, query: &str, variables: Value) -> Value {
        let mut request = Request::new(query).variables(Variables::from_json(variables));
        if let Some(caller) = caller {
            let scope = self.db.tenant(caller.tenant);
            request = attach(request.data(self.just_logged_in(&caller)).data(caller), &scope);
        }
        let response = self.schema.execute(request).await;
        let errors: Vec<Value> = response
            .errors
            .iter()
            .map(|error| {
                let top = error.source::<TopError>();
                let field = top.and_then(TopError::field);
                json!({ "code": top.map(|top| top.code().as_str()), "message": error.message, "field": field })
            })
            .collect();
        let data: Value = serde_json::from_slice(&data_json(&response.data)).unwrap();
        json!({ "data": data, "errors": if errors.is_empty() { Value::Null } else { Value::from(errors) } })
    }
    /// The points that the owner is given back after an answer.
    pub async fn given_back(&self, query: &str, variables: Value) -> u32 {
        let (caller, unused_points) = (self.owner.clone(), UnusedPoints::default());
        let request = Request::new(query).variables(Variables::from_json(variables)).data(unused_points.clone());
        let request = request.data(self.just_logged_in(&caller)).data(caller);
        let response = self.schema.execute(attach(request, &self.db.tenant(self.owner.tenant))).await;
        assert!(response.errors.is_empty(), "{:?}", response.errors);
        unused_points.get()
    }
    fn just_logged_in(&self, caller: &Caller) -> Session {
        Session {
            id: SessionId::from_uuid(caller.actor.id),
            user: UserId::from_uuid(caller.actor.id),
            tenant: caller.tenant,
            member: MemberId::from_uuid(caller.actor.id),
            authenticated_at: self.identity.clock().now(),
            mfa: false,
            risk: 0,
            visit: Default::default(),
        }
    }
    /// Sends a query, and counts the statements of the answer.
    pub async fn counted(&self, query: &str, variables: Value) -> (Value, u64) {
        let before = self.db.statements();
        let answer = self.execute(query, variables).await;
        (answer, self.db.statements() - before)
    }

    /// The events of the tenant: kind and payload.
    pub async fn events(&self) -> Vec<(String, Value)> {
        let events = journal::after(&self.db.tenant(self.owner.tenant), 0, 10_000).await.unwrap();
        assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq), "the journal has a gap");
        events.into_iter().map(|event| (event.kind, serde_json::from_str(&event.payload).unwrap())).collect()
    }
}

/// The keys of scenarios without a trace in the database.
pub fn unkept_ring() -> KeyRing {
    let KeySource::Given(text) = keys() else { panic!("keys of scenarios are given") };
    KeyRing::new(secrets::Keys::parse(&text).unwrap(), Clock::system(), Arc::new(secrets::EnvironmentKeys(text)))
}

async fn tenant(db: &Database, clock: &Clock, slug: &str) -> Caller {
    let id: TenantId = clock.id();
    let work = rows::begin_tenant(db, rows::tenant(id, slug, clock.now()), clock.uuid()).await;
    catalog::begin_tenant(&work, clock).await.unwrap();
    work.commit().await.unwrap();
    let member: MemberId = clock.id();
    Caller::new(id, Actor::member(member), PermissionSet::all())
}
