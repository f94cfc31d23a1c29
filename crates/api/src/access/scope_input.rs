//! The stores that a grant is for, as clients write them.

use async_graphql::{ID, OneofObject};
use iam::access::core::Scope;

use super::StoreGroupRef;
use crate::{
    catalog::StoreRef,
    graphql::{reading::InputErrors, refusal::Path},
    references::Names,
};

/// The stores of a grant: said, never implied. Exactly one of these.
#[derive(Debug, Clone, OneofObject)]
pub enum StoreScopeInput {
    /// True for all stores. Left out where groups or stores are named; false and null are refused.
    All(bool),
    /// Deprecated form of `groups`: their IDs.
    #[graphql(deprecation = "2026-11-27: use groups. Removed after 2027-11-27.")]
    GroupIds(Vec<ID>),
    /// The stores of these groups, whichever are in them at the time.
    Groups(Vec<StoreGroupRef>),
    /// Deprecated form of `stores`: their IDs.
    #[graphql(deprecation = "2026-11-26: use stores. Removed after 2027-11-26.")]
    StoreIds(Vec<ID>),
    /// Stores that the scope names.
    Stores(Vec<StoreRef>),
}

impl StoreScopeInput {
    /// Takes the scope's references, to be resolved to IDs. Call `read` afterwards.
    pub fn names(&mut self, path: Path) -> Names<'_> {
        let (mut stores, mut groups) = (None, None);
        if let Self::Stores(references) = self {
            stores = Some(std::mem::take(references));
            *self = Self::StoreIds(Vec::new());
        }
        if let Self::Groups(references) = self {
            groups = Some(std::mem::take(references));
            *self = Self::GroupIds(Vec::new());
        }
        match self {
            Self::StoreIds(ids) => Names::of(path).or_empty(("stores", stores), ("storeIds", ids)),
            Self::GroupIds(ids) => Names::of(path).or_empty(("groups", groups), ("groupIds", ids)),
            Self::All(_) | Self::Groups(_) | Self::Stores(_) => Names::of(path),
        }
    }
    pub fn read(&self, reader: &mut InputErrors, field: impl Fn() -> Path) -> Scope {
        let id_path = |name: &str, index: usize| {
            let mut path = field();
            path.extend([name.to_owned(), index.to_string()]);
            path
        };
        match self {
            Self::All(yes) => {
                if !yes {
                    reader.invalid("all must be true; name groups or stores instead", &field);
                }
                Scope::All
            }
            Self::GroupIds(ids) => {
                Scope::Groups(ids.iter().enumerate().map(|(index, id)| reader.id(id, || id_path("groupIds", index))).collect())
            }
            Self::StoreIds(ids) => {
                Scope::Stores(ids.iter().enumerate().map(|(index, id)| reader.id(id, || id_path("storeIds", index))).collect())
            }
            // `names` has turned these into IDs; if it was not called, they grant nothing.
            Self::Groups(_) => Scope::Groups(Vec::new()),
            Self::Stores(_) => Scope::Stores(Vec::new()),
        }
    }
}
