//! Roles and saved views that an input names by a key or a slug. Asking by one of these needs the permission to see such things, whether there is one or not.

use std::collections::{HashMap, HashSet};

use async_graphql::{Context, ID};
use entity::prelude::{RoleId, SavedViewId};
use platform::path;

use super::{
    ids::{UnknownIds, select_id},
    names::Name,
    reference::{NamedReference, ResolvedReference},
};
use crate::{access::find_roles_by_key, graphql::fault::Answer, saved_views::find_views_by_slug};

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
    pub async fn of(ctx: &Context<'_>, references: &[NamedReference<'_>]) -> Answer<Self> {
        let is_setting = |reference: &NamedReference<'_>| matches!(reference.name, Name::RoleKey(_) | Name::ViewSlug(_));
        if !references.iter().any(is_setting) {
            return Ok(Self::default());
        }
        Box::pin(Self::read(ctx, references)).await
    }

    async fn read(ctx: &Context<'_>, references: &[NamedReference<'_>]) -> Answer<Self> {
        let role =
            |reference: &NamedReference<'_>| if let Name::RoleKey(key) = &reference.name { Some(key.clone()) } else { None };
        let view =
            |reference: &NamedReference<'_>| if let Name::ViewSlug(slug) = &reference.name { Some(slug.clone()) } else { None };
        let roles: HashSet<String> = references.iter().filter_map(role).collect();
        let views: HashSet<String> = references.iter().filter_map(view).collect();
        let mut resolved = Self::default();
        if !roles.is_empty() {
            resolved.roles = find_roles_by_key(ctx, &roles).await?;
        }
        if !views.is_empty() {
            resolved.views = find_views_by_slug(ctx, &views).await?;
        }
        Ok(resolved)
    }

    /// Resolves the key of a role, beside an ID. If two roles have the key, the refusal names both,
    /// to choose from.
    pub fn role(&self, key: &str, sibling_id: Option<&ID>, unknown: &mut UnknownIds) -> ResolvedReference {
        let candidates = self.roles.get(key).map(Vec::as_slice).unwrap_or_default();
        let (id, is_shared) = select_id(candidates, sibling_id, || RoleId::from_uuid(unknown.next_id()));
        let shared = is_shared.then(|| {
            let ids: Vec<String> = candidates.iter().map(ToString::to_string).collect();
            format!("{} roles have this key; use id: {}", ids.len(), ids.join(", "))
        });
        ResolvedReference { id, last: path!["key"], shared }
    }

    /// Resolves the slug of a saved view.
    pub fn view(&self, slug: &str, unknown: &mut UnknownIds) -> ResolvedReference {
        let view_id = self.views.get(slug).copied();
        let id = view_id.unwrap_or_else(|| SavedViewId::from_uuid(unknown.next_id()));
        ResolvedReference { id: ID(id.to_string()), last: path!["slug"], shared: None }
    }
}
