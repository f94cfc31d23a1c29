//! Groups of stores.

use std::sync::Arc;

use async_graphql::{Context, ID, OneofObject};
use entity::prelude::GroupId;
use iam::access::{core, kind};
use inventory::catalog::rows::keys::{KeyKind, ids_by_keys};
use macros::resolvers;

use super::loads::loads;
use crate::{
    catalog::{self, Store},
    graphql::{
        context::ContextExt,
        fault::Answer,
        filters::id_of,
        scalars::{DateTime, Long},
    },
    orders::links,
};

/// Reference to a store group: exactly one field.
#[derive(Debug, Clone, OneofObject)]
pub enum StoreGroupRef {
    /// ID of the store group.
    Id(ID),
    /// Code of the store group; case is ignored.
    Code(String),
}

/// Stores that rights and filters take together.
#[derive(Clone)]
pub struct StoreGroup(pub Arc<core::StoreGroup>);

/// Stores that rights and filters take together.
#[resolvers]
impl StoreGroup {
    /// TypeID of the group, which begins with grp_.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Code of the group of stores, unique in the tenant; case is ignored.
    async fn code(&self) -> &str {
        &self.0.code
    }
    /// Name of the group of stores.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Stores of the group.
    #[field(permit = StoreRead)]
    async fn stores(&self, ctx: &Context<'_>) -> Answer<Vec<Store>> {
        let members = loads(ctx)?.members(self.0.id).await?;
        futures_util::future::try_join_all(members.iter().map(|store| links::store(ctx, *store))).await
    }
    tagged!("group of stores", self.0.id, StoreRead);
    /// Time at which the group of stores was archived. Null while it is in use.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
    /// Version of the group of stores: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time at which the group of stores was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
    /// Time of the last change of the group.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

pub async fn group(ctx: &Context<'_>, id: GroupId) -> Answer<Option<StoreGroup>> {
    Ok(loads(ctx)?.group(id).await?.map(StoreGroup))
}

/// The group that an argument of a query names; None where a code names none. Codes need store.read, as those of stores do.
pub async fn group_named(ctx: &Context<'_>, named: &StoreGroupRef, field: &[&str]) -> Answer<Option<GroupId>> {
    let code = match named {
        StoreGroupRef::Id(id) => return Ok(Some(id_of(id, &[field, &["id"]].concat())?)),
        StoreGroupRef::Code(code) => code.as_str(),
    };
    ctx.permit::<kind::StoreRead>()?;
    let found = ids_by_keys(catalog::loads(ctx)?.scope(), KeyKind::StoreGroupCode, &[code]).await?;
    Ok(found.get(code).copied().map(GroupId::from_uuid))
}
