//! People that an input names by their e-mail addresses: customers, and members of the tenant. Asking by an address needs the permission to see addresses.

use std::collections::{HashMap, HashSet};

use async_graphql::{Context, ID};
use entity::prelude::{CustomerId, MemberId};
use iam::access::kind;
use inventory::catalog::rows::customer::ids_by_email;
use platform::path;

use super::{
    ids::{UnknownIds, select_id},
    names::Name,
    reference::{NamedReference, ResolvedReference},
};
use crate::{
    catalog::catalog_loaders,
    graphql::{context::ContextExt, fault::Answer},
    identity::find_members_by_email,
};

/// People by the addresses in one call, as they were sent.
pub struct PeopleByEmail {
    /// Several customers may have one.
    customers: HashMap<String, Vec<CustomerId>>,
    /// Members by address, including former ones. An address belongs to one account, which is a
    /// member at most once.
    members: HashMap<String, MemberId>,
}

impl PeopleByEmail {
    /// Looks up the people whose addresses the references have. No statement without any.
    pub async fn of(ctx: &Context<'_>, references: &[NamedReference<'_>]) -> Answer<Self> {
        let customer =
            |reference: &NamedReference<'_>| if let Name::Email(email) = &reference.name { Some(email.clone()) } else { None };
        let member = |reference: &NamedReference<'_>| {
            if let Name::MemberEmail(email) = &reference.name { Some(email.clone()) } else { None }
        };
        let members: HashSet<String> = references.iter().filter_map(member).collect();
        let members: Vec<String> = members.into_iter().collect();
        Ok(Self {
            customers: customers_of(ctx, references.iter().filter_map(customer).collect()).await?,
            members: if members.is_empty() { HashMap::new() } else { find_members_by_email(ctx, &members).await? },
        })
    }

    /// Resolves the address of a customer, beside an ID.
    pub fn customer(&self, email: &str, sibling_id: Option<&ID>, unknown: &mut UnknownIds) -> ResolvedReference {
        let candidates = self.customers.get(email).map(Vec::as_slice).unwrap_or_default();
        let (id, is_shared) = select_id(candidates, sibling_id, || CustomerId::from_uuid(unknown.next_id()));
        let ambiguity = is_shared.then(|| format!("{} customers have this e-mail; use id", candidates.len()));
        ResolvedReference { id, last: path!["email"], shared: ambiguity }
    }

    /// Resolves the address of a member.
    pub fn member(&self, email: &str, unknown: &mut UnknownIds) -> ResolvedReference {
        let member_id = self.members.get(email).copied();
        let id = member_id.unwrap_or_else(|| MemberId::from_uuid(unknown.next_id()));
        ResolvedReference { id: ID(id.to_string()), last: path!["email"], shared: None }
    }
}

/// The customers that have these e-mail addresses.
async fn customers_of(ctx: &Context<'_>, emails: HashSet<String>) -> Answer<HashMap<String, Vec<CustomerId>>> {
    let mut ids_of_emails = HashMap::new();
    if emails.is_empty() {
        return Ok(ids_of_emails);
    }
    ctx.permit::<kind::CustomerContactRead>()?;
    for email in emails {
        let ids = ids_by_email(catalog_loaders(ctx)?.scope(), &email).await?;
        ids_of_emails.insert(email, ids);
    }
    Ok(ids_of_emails)
}
