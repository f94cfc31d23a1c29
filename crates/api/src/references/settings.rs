//! Roles, integrations and saved views that an input names: by the key, the name or the slug. Asking by one of these needs the permission to see such
//! things, whether there is one or not.

use std::collections::{HashMap, HashSet};

use async_graphql::{Context, ID};
use entity::{
    id::{Id, Kind},
    prelude::{IntegrationId, RoleId, SavedViewId},
};
use platform::path;

use super::{Meant, Name, Named, UnknownIds, one_of};
use crate::{
    access::{integrations_named, roles_named},
    graphql::fault::Answer,
    saved_views::views_named,
};

/// IDs that the refusal of a shared name tells at most.
const MOST_CANDIDATES: usize = 5;

/// Roles, integrations and views by the names of one call.
#[derive(Default)]
pub(super) struct Settings {
    /// A default role of a new version of Entrepot may have the key that a tenant gave one of its own before.
    roles: HashMap<String, Vec<RoleId>>,
    /// Several integrations may have one name.
    integrations: HashMap<String, Vec<IntegrationId>>,
    views: HashMap<String, SavedViewId>,
}

impl Settings {
    /// Reads what the names of settings stand for. None without any.
    pub(super) async fn of(ctx: &Context<'_>, named: &[Named<'_>]) -> Answer<Self> {
        let is_setting = |one: &Named<'_>| matches!(one.name, Name::RoleKey(_) | Name::IntegrationName(_) | Name::ViewSlug(_));
        if !named.iter().any(is_setting) {
            return Ok(Self::default());
        }
        Box::pin(Self::read(ctx, named)).await
    }

    async fn read(ctx: &Context<'_>, named: &[Named<'_>]) -> Answer<Self> {
        let role = |one: &Named<'_>| if let Name::RoleKey(key) = &one.name { Some(key.clone()) } else { None };
        let integration = |one: &Named<'_>| if let Name::IntegrationName(name) = &one.name { Some(name.clone()) } else { None };
        let view = |one: &Named<'_>| if let Name::ViewSlug(slug) = &one.name { Some(slug.clone()) } else { None };
        let roles: HashSet<String> = named.iter().filter_map(role).collect();
        let integrations: HashSet<String> = named.iter().filter_map(integration).collect();
        let views: HashSet<String> = named.iter().filter_map(view).collect();
        let mut found = Self::default();
        if !roles.is_empty() {
            found.roles = roles_named(ctx, &roles).await?;
        }
        if !integrations.is_empty() {
            found.integrations = integrations_named(ctx, &integrations).await?;
        }
        if !views.is_empty() {
            found.views = views_named(ctx, &views).await?;
        }
        Ok(found)
    }

    /// What the key of a role stands for, beside an ID.
    pub(super) fn role(&self, key: &str, beside: Option<&ID>, unknown: &mut UnknownIds) -> Meant {
        chosen(self.roles.get(key), beside, ("roles", "key"), unknown)
    }

    /// What the name of an integration stands for, beside an ID.
    pub(super) fn integration(&self, name: &str, beside: Option<&ID>, unknown: &mut UnknownIds) -> Meant {
        chosen(self.integrations.get(name), beside, ("integrations", "name"), unknown)
    }

    /// What the slug of a saved view stands for.
    pub(super) fn view(&self, slug: &str, unknown: &mut UnknownIds) -> Meant {
        let known = self.views.get(slug).copied();
        let id = known.unwrap_or_else(|| SavedViewId::from_uuid(unknown.next_id()));
        Meant { id: ID(id.to_string()), last: path!["slug"], shared: None }
    }
}

/// The one that has the text of a field, beside an ID. Of several the refusal names the first few, to choose from.
fn chosen<K: Kind>(
    found: Option<&Vec<Id<K>>>,
    beside: Option<&ID>,
    (things, field): (&str, &str),
    unknown: &mut UnknownIds,
) -> Meant {
    let found = found.map(Vec::as_slice).unwrap_or_default();
    let (id, is_shared) = one_of(found, beside, unknown);
    let shared = is_shared.then(|| format!("{} {things} have this {field}; use id: {}", found.len(), candidates(found)));
    Meant { id, last: path![field], shared }
}

fn candidates<K: Kind>(found: &[Id<K>]) -> String {
    let mut told: Vec<String> = found.iter().take(MOST_CANDIDATES).map(ToString::to_string).collect();
    if found.len() > MOST_CANDIDATES {
        told.push("…".to_owned());
    }
    told.join(", ")
}
