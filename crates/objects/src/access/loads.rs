//! Loaders of one operation.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use async_graphql::Context;
use entity::prelude::*;
use iam::access::{
    Access, RoleView,
    core::{self, Grant, Groups},
    rows,
};
use platform::storage::TenantScope;

use crate::graphql::{
    context::ContextExt,
    fault::Answer,
    lazy::{Lazy, OfTenant},
    upstream::loader::Batcher,
};

/// Loaders of rights for one operation; each value is read once.
pub struct AccessLoaders {
    pub scope: TenantScope,
    roles: Batcher<(), Arc<Vec<Arc<RoleView>>>>,
    grants: Batcher<MemberId, Arc<Vec<Grant>>>,
    groups: Batcher<GroupId, Arc<core::StoreGroup>>,
    members: Batcher<GroupId, Arc<Vec<StoreId>>>,
    of_stores: Batcher<StoreId, Arc<Vec<core::StoreGroup>>>,
    integrations: Batcher<IntegrationId, Arc<core::Integration>>,
    keys: Batcher<IntegrationId, Arc<Vec<core::ApiKey>>>,
    addresses: Batcher<ApiKeyId, Arc<Vec<core::KeyAddress>>>,
}

impl OfTenant for AccessLoaders {
    fn of(scope: TenantScope) -> Self {
        Self {
            scope,
            roles: Batcher::default(),
            grants: Batcher::default(),
            groups: Batcher::default(),
            members: Batcher::default(),
            of_stores: Batcher::default(),
            integrations: Batcher::default(),
            keys: Batcher::default(),
            addresses: Batcher::default(),
        }
    }
}

pub fn access_loaders<'c>(ctx: &'c Context<'_>) -> Answer<&'c AccessLoaders> {
    ctx.lazy::<AccessLoaders>()
}

/// Clears the loaders after a mutation has changed rights: other fields of the same operation must
/// not see the old state.
pub fn clear_loaders(ctx: &Context<'_>) {
    let Some(loads) = ctx.data_opt::<Lazy>().and_then(Lazy::get_if_created::<AccessLoaders>) else { return };
    loads.roles.forget();
    loads.grants.forget();
    loads.groups.forget();
    loads.members.forget();
    loads.of_stores.forget();
    loads.integrations.forget();
    loads.keys.forget();
}

fn index_by<I: Eq + Hash, R>(rows: Vec<R>, id: impl Fn(&R) -> I) -> HashMap<I, Arc<R>> {
    rows.into_iter().map(|row| (id(&row), Arc::new(row))).collect()
}

impl AccessLoaders {
    pub async fn roles(&self, access: &Access) -> Answer<Arc<Vec<Arc<RoleView>>>> {
        let load = |_| async {
            Ok(HashMap::from([((), Arc::new(access.roles(&self.scope).await?.into_iter().map(Arc::new).collect()))]))
        };
        Ok(self.roles.one((), load).await?.unwrap_or_default())
    }
    pub async fn grants(&self, member: MemberId) -> Answer<Arc<Vec<Grant>>> {
        let load = |ids: Vec<MemberId>| async move {
            let grants_by_id = rows::grants_of_all(&self.scope, &ids).await?;
            Ok(grants_by_id.into_iter().map(|(id, grants)| (id, Arc::new(grants))).collect())
        };
        Ok(self.grants.one(member, load).await?.unwrap_or_default())
    }
    pub async fn group(&self, id: GroupId) -> Answer<Option<Arc<core::StoreGroup>>> {
        self.groups
            .one(id, |ids: Vec<GroupId>| async move { Ok(index_by(rows::groups_by_id(&self.scope, &ids).await?, |row| row.id)) })
            .await
    }
    pub async fn members(&self, id: GroupId) -> Answer<Arc<Vec<StoreId>>> {
        let load = |ids: Vec<GroupId>| async move {
            let members_by_group = rows::members_of(&self.scope, &ids).await?;
            Ok(members_by_group.into_iter().map(|(id, stores)| (id, Arc::new(stores))).collect())
        };
        Ok(self.members.one(id, load).await?.unwrap_or_default())
    }
    pub async fn of_store(&self, id: StoreId) -> Answer<Arc<Vec<core::StoreGroup>>> {
        let load = |ids: Vec<StoreId>| async move {
            let groups_by_store = rows::groups_of_stores(&self.scope, &ids).await?;
            Ok(groups_by_store.into_iter().map(|(id, groups)| (id, Arc::new(groups))).collect())
        };
        Ok(self.of_stores.one(id, load).await?.unwrap_or_default())
    }
    pub async fn integration(&self, id: IntegrationId) -> Answer<Option<Arc<core::Integration>>> {
        let load = |ids: Vec<IntegrationId>| async move {
            Ok(index_by(rows::integrations_by_id(&self.scope, &ids).await?, |row| row.id))
        };
        self.integrations.one(id, load).await
    }
    pub async fn addresses(&self, id: ApiKeyId) -> Answer<Arc<Vec<core::KeyAddress>>> {
        let load = |ids: Vec<ApiKeyId>| async move {
            let addresses_by_id = rows::addresses_of(&self.scope, &ids).await?;
            Ok(addresses_by_id.into_iter().map(|(id, used)| (id, Arc::new(used))).collect())
        };
        Ok(self.addresses.one(id, load).await?.unwrap_or_default())
    }
    pub async fn keys(&self, id: IntegrationId) -> Answer<Arc<Vec<core::ApiKey>>> {
        let load = |ids: Vec<IntegrationId>| async move {
            let mut keys_by_integration: HashMap<IntegrationId, Vec<core::ApiKey>> = HashMap::new();
            for key in rows::keys_of(&self.scope, &ids).await? {
                keys_by_integration.entry(key.integration).or_default().push(key);
            }
            Ok(keys_by_integration.into_iter().map(|(id, keys)| (id, Arc::new(keys))).collect())
        };
        Ok(self.keys.one(id, load).await?.unwrap_or_default())
    }
}

/// The groups that a store is in.
pub async fn groups_of_store(ctx: &Context<'_>, store: StoreId) -> Answer<Vec<super::StoreGroup>> {
    let groups = access_loaders(ctx)?.of_store(store).await?;
    Ok(groups.iter().map(|group| super::StoreGroup::new(Arc::new(group.clone()))).collect())
}

/// The current stores of groups; unknown groups have none.
pub async fn stores_of_groups(ctx: &Context<'_>, ids: &[GroupId]) -> Answer<Groups> {
    if ids.is_empty() {
        return Ok(Groups::new());
    }
    Ok(rows::members_of(&access_loaders(ctx)?.scope, ids).await?)
}
