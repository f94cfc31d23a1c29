//! Groups of stores.

use std::{collections::BTreeSet, sync::Arc};

use async_graphql::{Context, ID, OneofObject};
use entity::prelude::{GroupId, StoreId};
use iam::access::{core, kind};
use inventory::catalog::rows::keys::{KeyKind, ids_by_keys};
use macros::resolvers;

use super::loads::access_loaders;
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
pub struct StoreGroup {
    row: Arc<core::StoreGroup>,
    /// The stores of the group after a dry run. None: they are looked up.
    dry_run_stores: Option<Arc<Vec<StoreId>>>,
}

impl StoreGroup {
    pub fn new(row: Arc<core::StoreGroup>) -> Self {
        Self { row, dry_run_stores: None }
    }
    /// With the stores that a dry run would leave in it.
    #[must_use]
    pub fn with(self, stores: Vec<StoreId>) -> Self {
        let by_id: BTreeSet<StoreId> = stores.into_iter().collect();
        Self { dry_run_stores: Some(Arc::new(by_id.into_iter().collect())), ..self }
    }
}

/// Stores that rights and filters take together.
#[resolvers]
impl StoreGroup {
    /// TypeID of the group, which begins with grp_.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Code of the group of stores, unique in the tenant; case is ignored.
    async fn code(&self) -> &str {
        &self.row.code
    }
    /// Name of the group of stores.
    async fn name(&self) -> &str {
        &self.row.name
    }
    /// Stores of the group.
    #[field(permit = StoreRead)]
    async fn stores(&self, ctx: &Context<'_>) -> Answer<Vec<Store>> {
        let members = match &self.dry_run_stores {
            Some(store_ids) => store_ids.clone(),
            None => access_loaders(ctx)?.members(self.row.id).await?,
        };
        futures_util::future::try_join_all(members.iter().map(|store| links::store(ctx, *store))).await
    }
    tagged!("group of stores", self.row.id, StoreRead);
    /// Time at which the group of stores was archived. Null while it is in use.
    async fn archived_at(&self) -> Option<DateTime> {
        self.row.archived_at.map(DateTime)
    }
    /// Version of the group of stores: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.row.version)
    }
    /// Time at which the group of stores was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
    /// Time of the last change of the group.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.row.updated_at)
    }
}

pub async fn find_group(ctx: &Context<'_>, id: GroupId) -> Answer<Option<StoreGroup>> {
    Ok(access_loaders(ctx)?.group(id).await?.map(StoreGroup::new))
}

/// The group that an argument of a query names; None for an unknown code. Codes need store.read, as
/// those of stores do.
pub async fn find_group_id(ctx: &Context<'_>, group_ref: &StoreGroupRef, field: &[&str]) -> Answer<Option<GroupId>> {
    let code = match group_ref {
        StoreGroupRef::Id(id) => return Ok(Some(id_of(id, &[field, &["id"]].concat())?)),
        StoreGroupRef::Code(code) => code.as_str(),
    };
    ctx.permit::<kind::StoreRead>()?;
    let ids = ids_by_keys(catalog::catalog_loaders(ctx)?.scope(), KeyKind::StoreGroupCode, &[code]).await?;
    Ok(ids.get(code).copied().map(GroupId::from_uuid))
}
