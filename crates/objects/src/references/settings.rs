//! Roles and saved views that an input names by a key or a slug. Asking by one of these needs the permission to see such things, whether there is one or not.

use std::collections::{HashMap, HashSet};

use async_graphql::{Context, ID};
use entity::prelude::{RoleId, SavedViewId};
use platform::path;

use super::{
    ids::{UnknownIds, one_of},
    names::Name,
    reference::{NamedReference, ResolvedReference},
};
use crate::{access::roles_named, graphql::fault::Answer, saved_views::views_named};

/// Roles and views by the names in one call.
#[derive(Default)]
pub struct Settings {
    /// Several roles may share a key: a new version of Entrepot may add a default role with the key
    /// of a tenant's own role.
    roles: HashMap<String, Vec<RoleId>>,
    views: HashMap<String, SavedViewId>,
}

impl Settings {
    /// Looks up the roles and views that the references name. No statement without any.
    pub async fn of(ctx: &Context<'_>, named: &[NamedReference<'_>]) -> Answer<Self> {
        let is_setting = |one: &NamedReference<'_>| matches!(one.name, Name::RoleKey(_) | Name::ViewSlug(_));
        if !named.iter().any(is_setting) {
            return Ok(Self::default());
        }
        Box::pin(Self::read(ctx, named)).await
    }

    async fn read(ctx: &Context<'_>, named: &[NamedReference<'_>]) -> Answer<Self> {
        let role = |one: &NamedReference<'_>| if let Name::RoleKey(key) = &one.name { Some(key.clone()) } else { None };
        let view = |one: &NamedReference<'_>| if let Name::ViewSlug(slug) = &one.name { Some(slug.clone()) } else { None };
        let roles: HashSet<String> = named.iter().filter_map(role).collect();
        let views: HashSet<String> = named.iter().filter_map(view).collect();
        let mut found = Self::default();
        if !roles.is_empty() {
            found.roles = roles_named(ctx, &roles).await?;
        }
        if !views.is_empty() {
            found.views = views_named(ctx, &views).await?;
        }
        Ok(found)
    }

    /// Resolves the key of a role, beside an ID. If two roles have the key, the refusal names both,
    /// to choose from.
    pub fn role(&self, key: &str, beside: Option<&ID>, unknown: &mut UnknownIds) -> ResolvedReference {
        let found = self.roles.get(key).map(Vec::as_slice).unwrap_or_default();
        let (id, is_shared) = one_of(found, beside, || RoleId::from_uuid(unknown.next_id()));
        let shared = is_shared.then(|| {
            let ids: Vec<String> = found.iter().map(ToString::to_string).collect();
            format!("{} roles have this key; use id: {}", ids.len(), ids.join(", "))
        });
        ResolvedReference { id, last: path!["key"], shared }
    }

    /// Resolves the slug of a saved view.
    pub fn view(&self, slug: &str, unknown: &mut UnknownIds) -> ResolvedReference {
        let known = self.views.get(slug).copied();
        let id = known.unwrap_or_else(|| SavedViewId::from_uuid(unknown.next_id()));
        ResolvedReference { id: ID(id.to_string()), last: path!["slug"], shared: None }
    }
}
