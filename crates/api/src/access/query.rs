//! Looking at rights.

use async_graphql::Context;
use iam::access::{Access, REGISTRY, core, rows};
use macros::resolvers;
use platform::paging::Key;

use super::{
    Integration, Role, StoreGroup,
    lists::{
        IntegrationConnection, IntegrationFilter, IntegrationSort, PermissionConnection, PermissionFilter, PermissionSort,
        RoleConnection, RoleFilter, RoleSort, StoreGroupConnection, StoreGroupFilter, StoreGroupSort,
    },
    loads::access_loaders,
    permission::Permission,
};
use crate::{
    graphql::{connection::PageArgs, context::ContextExt, fault::Answer, nested::read_nested, scalars::Cursor},
    periods::resolve_filter_periods,
    short_lists::{IdAndTextFilter, SearchText, ShortList, is_within, matches_archived},
};

#[derive(Default)]
pub struct AccessQuery;

#[resolvers]
impl AccessQuery {
    /// Every permission there is.
    #[field(authenticated, deprecation = "2026-11-26: use permissionsList, which has pages. Removed after 2027-11-26.")]
    async fn permissions(&self, ctx: &Context<'_>) -> Answer<Vec<Permission>> {
        Ok(REGISTRY.iter().map(Permission::from).collect())
    }

    /// Permissions that roles and API keys can grant, by code unless another order is asked for.
    #[field(authenticated, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn permissions_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the permissions; all permissions by default.")] filter: Option<PermissionFilter>,
        #[graphql(desc = "Sort of the permissions. Null for CODE, ASC.")] sort: Option<PermissionSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<PermissionConnection> {
        let args = PageArgs { first, after, last, before };
        let list = ShortList::sorted(ctx, "permissions", sort.map(PermissionSort::name_and_direction), &args)?;
        let filter = read_nested(filter.unwrap_or_default(), &mut |filter: PermissionFilter, path| {
            Ok((SearchText::read_at(filter.search, path)?, filter.class))
        })?;
        let matching = REGISTRY.iter().map(Permission::from).filter(|permission| {
            filter.holds(&|(search, class)| {
                search.matches_row(&[permission.code, permission.description])
                    && class.is_none_or(|class| class == permission.class)
            })
        });
        let nodes = matching.map(|permission| {
            let first = sort.map(|sort| sort.key(&permission));
            let keys: Vec<Key> = first.into_iter().chain([Key::Text(permission.code.to_owned())]).collect();
            (permission, keys)
        });
        Ok(list.page(nodes).into())
    }

    /// Roles: the default ones, then the tenant's own by key.
    #[field(permit = RoleRead, deprecation = "2026-11-26: use rolesList, which has pages. Removed after 2027-11-26.")]
    async fn roles(&self, ctx: &Context<'_>) -> Answer<Vec<Role>> {
        let all = access_loaders(ctx)?.roles(ctx.required_data::<Access>()?).await?;
        Ok(all.iter().cloned().map(Role).collect())
    }

    /// Roles: the default ones, then the tenant's own, each by key, unless another order is asked for.
    #[field(permit = RoleRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn roles_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the roles; all roles by default.")] filter: Option<RoleFilter>,
        #[graphql(desc = "Sort of the roles. Null for the default roles, then the tenant's own, each by key.")] sort: Option<
            RoleSort,
        >,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<RoleConnection> {
        let list =
            ShortList::sorted(ctx, "roles", sort.map(RoleSort::name_and_direction), &PageArgs { first, after, last, before })?;
        let filter =
            read_nested(resolve_filter_periods(ctx, filter).await?.unwrap_or_default(), &mut |filter: RoleFilter, path| {
                Ok((IdAndTextFilter::read_at(filter.id.as_ref(), filter.search, path)?, filter.created_at, filter.updated_at))
            })?;
        let all = access_loaders(ctx)?.roles(ctx.required_data::<Access>()?).await?;
        let is_sought = |role: &core::Role| {
            filter.holds(&|(id_and_text, created, updated)| {
                id_and_text.matches_row(role.id, &[&role.key, &role.name])
                    && is_within(created.as_ref(), role.created_at)
                    && is_within(updated.as_ref(), role.updated_at)
            })
        };
        let matching = all.iter().filter(|view| is_sought(&view.role)).map(|view| {
            let keys = match sort {
                None => vec![Key::Int((!view.is_built_in).into()), Key::Text(view.role.key.clone()), Key::from(view.role.id)],
                Some(sort) => vec![sort.key(&view.role), Key::from(view.role.id)],
            };
            (Role(view.clone()), keys)
        });
        Ok(list.page(matching).into())
    }

    /// Groups of stores, by code.
    #[field(permit = StoreRead, deprecation = "2026-11-26: use storeGroupsList, which has pages. Removed after 2027-11-26.")]
    async fn store_groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "True for archived groups, false for those in use, null for both. Default false.",
            default_with = "Some(false)"
        )]
        is_archived: Option<bool>,
    ) -> Answer<Vec<StoreGroup>> {
        let scope = permit.scope(ctx.required_data::<Access>()?.database());
        let groups = rows::groups(&scope).await?.into_iter();
        let groups = groups.filter(|group| matches_archived(group.archived_at, is_archived));
        Ok(groups.map(|group| StoreGroup::new(group.into())).collect())
    }

    /// Groups of stores, by code unless another order is asked for.
    #[field(permit = StoreRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn store_groups_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "True for archived groups, false for those in use, null for both. Default false.",
            default_with = "Some(false)"
        )]
        is_archived: Option<bool>,
        #[graphql(desc = "Filter of the groups, in addition to isArchived; all groups by default.")] filter: Option<
            StoreGroupFilter,
        >,
        #[graphql(desc = "Sort of the groups. Null for CODE, ASC.")] sort: Option<StoreGroupSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<StoreGroupConnection> {
        let args = PageArgs { first, after, last, before };
        let list = ShortList::sorted(ctx, "storeGroups", sort.map(StoreGroupSort::name_and_direction), &args)?;
        let filter = read_nested(
            resolve_filter_periods(ctx, filter).await?.unwrap_or_default(),
            &mut |filter: StoreGroupFilter, path| {
                Ok((IdAndTextFilter::read_at(filter.id.as_ref(), filter.search, path)?, filter.created_at, filter.updated_at))
            },
        )?;
        let groups = rows::groups(&permit.scope(ctx.required_data::<Access>()?.database())).await?.into_iter();
        let groups = groups.filter(|group| matches_archived(group.archived_at, is_archived));
        let is_sought = |group: &core::StoreGroup| {
            filter.holds(&|(id_and_text, created, updated)| {
                id_and_text.matches_row(group.id, &[&group.code, &group.name])
                    && is_within(created.as_ref(), group.created_at)
                    && is_within(updated.as_ref(), group.updated_at)
            })
        };
        let matching = groups.filter(is_sought).map(|group| {
            let first = sort.map_or_else(|| Key::Text(group.code.to_lowercase()), |sort| sort.key(&group));
            let keys = vec![first, Key::from(group.id)];
            (StoreGroup::new(group.into()), keys)
        });
        Ok(list.page(matching).into())
    }

    /// Integrations of the tenant, the oldest first.
    #[field(permit = ApikeyRead, deprecation = "2026-11-26: use integrationsList, which has pages. Removed after 2027-11-26.")]
    async fn integrations(&self, ctx: &Context<'_>) -> Answer<Vec<Integration>> {
        let scope = permit.scope(ctx.required_data::<Access>()?.database());
        Ok(rows::integrations(&scope).await?.into_iter().map(|integration| Integration(integration.into())).collect())
    }

    /// Integrations, the oldest first unless another order is asked for.
    #[field(permit = ApikeyRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn integrations_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the integrations; all integrations by default.")] filter: Option<IntegrationFilter>,
        #[graphql(desc = "Sort of the integrations. Null for CREATED_AT, ASC.")] sort: Option<IntegrationSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<IntegrationConnection> {
        let args = PageArgs { first, after, last, before };
        let list = ShortList::sorted(ctx, "integrations", sort.map(IntegrationSort::name_and_direction), &args)?;
        let filter = read_nested(
            resolve_filter_periods(ctx, filter).await?.unwrap_or_default(),
            &mut |filter: IntegrationFilter, path| {
                let id_and_text = IdAndTextFilter::read_at(filter.id.as_ref(), filter.search, path)?;
                Ok((id_and_text, filter.is_enabled, filter.created_at, filter.updated_at))
            },
        )?;
        let all = rows::integrations(&permit.scope(ctx.required_data::<Access>()?.database())).await?.into_iter();
        let is_sought = |integration: &core::Integration| {
            filter.holds(&|(id_and_text, is_enabled, created, updated)| {
                id_and_text.matches_row(integration.id, &[&integration.name])
                    && is_enabled.is_none_or(|expected| integration.disabled_at.is_none() == expected)
                    && is_within(created.as_ref(), integration.created_at)
                    && is_within(updated.as_ref(), integration.updated_at)
            })
        };
        let matching = all.filter(is_sought).map(|integration| {
            let first = sort.map(|sort| sort.key(&integration));
            let keys: Vec<Key> = first.into_iter().chain([Key::from(integration.id)]).collect();
            (Integration(integration.into()), keys)
        });
        Ok(list.page(matching).into())
    }
}
