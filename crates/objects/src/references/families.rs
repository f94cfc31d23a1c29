//! Product families that an input names by their names, which others may have. Asking by a name needs the permission to see families, whether there is
//! one or not.

use std::collections::{HashMap, HashSet};

use async_graphql::{Context, ID};
use entity::prelude::FamilyId;
use iam::access::kind;
use inventory::catalog::rows::keys::families_by_names;
use platform::path;

use super::{
    ids::{UnknownIds, select_id},
    names::Name,
    reference::{NamedReference, ResolvedReference},
};
use crate::{
    catalog::catalog_loaders,
    graphql::{context::ContextExt, fault::Answer},
};

/// Families by the names in one call, as they were sent.
#[derive(Default)]
pub struct Families(HashMap<String, Vec<FamilyId>>);

impl Families {
    /// Looks up the families that the references name. No statement without any.
    pub async fn of(ctx: &Context<'_>, references: &[NamedReference<'_>]) -> Answer<Self> {
        let name =
            |reference: &NamedReference<'_>| if let Name::FamilyName(name) = &reference.name { Some(name.clone()) } else { None };
        let names: HashSet<String> = references.iter().filter_map(name).collect();
        if names.is_empty() {
            return Ok(Self::default());
        }
        ctx.permit::<kind::ProductRead>()?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Ok(Self(Box::pin(families_by_names(catalog_loaders(ctx)?.scope(), &names)).await?))
    }

    /// Resolves a name, beside an ID, which chooses one of several.
    pub fn resolve_name(&self, name: &str, sibling_id: Option<&ID>, unknown: &mut UnknownIds) -> ResolvedReference {
        let candidates = self.0.get(name).map(Vec::as_slice).unwrap_or_default();
        let (id, is_shared) = select_id(candidates, sibling_id, || FamilyId::from_uuid(unknown.next_id()));
        let ambiguity = is_shared.then(|| format!("{} families have this name; use id", candidates.len()));
        ResolvedReference { id, last: path!["name"], shared: ambiguity }
    }
}
