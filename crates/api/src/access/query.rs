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
    loads::loads,
    permission::Permission,
};
use crate::{
    graphql::{connection::PageArgs, context::ContextExt, fault::Answer, nested::read_nested, scalars::Cursor},
    periods::in_days,
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
        let list = ShortList::sorted(ctx, "permissions", sort.map(PermissionSort::named), &args)?;
        let filter = read_nested(filter.unwrap_or_default(), &mut |filter: PermissionFilter, at| {
            Ok((SearchText::read_at(filter.search, at)?, filter.class))
        })?;
        let found = REGISTRY.iter().map(Permission::from).filter(|one| {
            filter.holds(&|(search, class)| {
                search.matches_row(&[one.code, one.description]) && class.is_none_or(|class| class == one.class)
            })
        });
        let nodes = found.map(|one| {
            let first = sort.map(|sort| sort.key(&one));
            let keys: Vec<Key> = first.into_iter().chain([Key::Text(one.code.to_owned())]).collect();
            (one, keys)
        });
        Ok(list.page(nodes).into())
    }

    /// Roles: the default ones, then the tenant's own by key.
    #[field(permit = RoleRead, deprecation = "2026-11-26: use rolesList, which has pages. Removed after 2027-11-26.")]
    async fn roles(&self, ctx: &Context<'_>) -> Answer<Vec<Role>> {
        let all = loads(ctx)?.roles(ctx.given::<Access>()?).await?;
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
        let list = ShortList::sorted(ctx, "roles", sort.map(RoleSort::named), &PageArgs { first, after, last, before })?;
        let filter = read_nested(in_days(ctx, filter).await?.unwrap_or_default(), &mut |filter: RoleFilter, at| {
            Ok((IdAndTextFilter::read_at(filter.id.as_ref(), filter.search, at)?, filter.created_at, filter.updated_at))
        })?;
        let all = loads(ctx)?.roles(ctx.given::<Access>()?).await?;
        let is_sought = |role: &core::Role| {
            filter.holds(&|(sought, created, updated)| {
                sought.matches_row(role.id, &[&role.key, &role.name])
                    && is_within(created.as_ref(), role.created_at)
                    && is_within(updated.as_ref(), role.updated_at)
            })
        };
        let found = all.iter().filter(|one| is_sought(&one.role)).map(|one| {
            let keys = match sort {
                None => vec![Key::Int((!one.is_built_in).into()), Key::Text(one.role.key.clone()), Key::from(one.role.id)],
                Some(sort) => vec![sort.key(&one.role), Key::from(one.role.id)],
            };
            (Role(one.clone()), keys)
        });
        Ok(list.page(found).into())
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
        let scope = permit.scope(ctx.given::<Access>()?.database());
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
        let list = ShortList::sorted(ctx, "storeGroups", sort.map(StoreGroupSort::named), &args)?;
        let filter = read_nested(in_days(ctx, filter).await?.unwrap_or_default(), &mut |filter: StoreGroupFilter, at| {
            Ok((IdAndTextFilter::read_at(filter.id.as_ref(), filter.search, at)?, filter.created_at, filter.updated_at))
        })?;
        let groups = rows::groups(&permit.scope(ctx.given::<Access>()?.database())).await?.into_iter();
        let groups = groups.filter(|group| matches_archived(group.archived_at, is_archived));
        let is_sought = |group: &core::StoreGroup| {
            filter.holds(&|(sought, created, updated)| {
                sought.matches_row(group.id, &[&group.code, &group.name])
                    && is_within(created.as_ref(), group.created_at)
                    && is_within(updated.as_ref(), group.updated_at)
            })
        };
        let found = groups.filter(is_sought).map(|group| {
            let first = sort.map_or_else(|| Key::Text(group.code.to_lowercase()), |sort| sort.key(&group));
            let keys = vec![first, Key::from(group.id)];
            (StoreGroup::new(group.into()), keys)
        });
        Ok(list.page(found).into())
    }

    /// Integrations of the tenant, the oldest first.
    #[field(permit = ApikeyRead, deprecation = "2026-11-26: use integrationsList, which has pages. Removed after 2027-11-26.")]
    async fn integrations(&self, ctx: &Context<'_>) -> Answer<Vec<Integration>> {
        let scope = permit.scope(ctx.given::<Access>()?.database());
        Ok(rows::integrations(&scope).await?.into_iter().map(|one| Integration(one.into())).collect())
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
        let list = ShortList::sorted(ctx, "integrations", sort.map(IntegrationSort::named), &args)?;
        let filter = read_nested(in_days(ctx, filter).await?.unwrap_or_default(), &mut |filter: IntegrationFilter, at| {
            let sought = IdAndTextFilter::read_at(filter.id.as_ref(), filter.search, at)?;
            Ok((sought, filter.is_enabled, filter.created_at, filter.updated_at))
        })?;
        let all = rows::integrations(&permit.scope(ctx.given::<Access>()?.database())).await?.into_iter();
        let is_sought = |one: &core::Integration| {
            filter.holds(&|(sought, is_enabled, created, updated)| {
                sought.matches_row(one.id, &[&one.name])
                    && is_enabled.is_none_or(|wanted| one.disabled_at.is_none() == wanted)
                    && is_within(created.as_ref(), one.created_at)
                    && is_within(updated.as_ref(), one.updated_at)
            })
        };
        let found = all.filter(is_sought).map(|one| {
            let first = sort.map(|sort| sort.key(&one));
            let keys: Vec<Key> = first.into_iter().chain([Key::from(one.id)]).collect();
            (Integration(one.into()), keys)
        });
        Ok(list.page(found).into())
    }
}
