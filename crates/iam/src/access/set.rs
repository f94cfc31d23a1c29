//! Compiled permissions of a caller: a bit for each permission, and the stores of those that are
//! not for all stores.

use std::{collections::BTreeMap, sync::Arc};

use entity::prelude::{StoreId, Timestamp};

use super::permissions::{Bits, Class, PermissionInfo, REGISTRY};

/// The stores that a permission is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    Everywhere,
    /// These stores, sorted and without duplicates.
    Stores(Arc<[StoreId]>),
}

impl Reach {
    pub fn stores(stores: impl IntoIterator<Item = StoreId>) -> Self {
        let mut stores: Vec<StoreId> = stores.into_iter().collect();
        stores.sort_unstable();
        stores.dedup();
        Self::Stores(stores.into())
    }
    pub fn covers(&self, store: StoreId) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Stores(stores) => stores.binary_search(&store).is_ok(),
        }
    }
    /// Whether all of `other` lies within.
    pub fn contains(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everywhere, _) => true,
            (Self::Stores(_), Self::Everywhere) => false,
            (Self::Stores(_), Self::Stores(others)) => others.iter().all(|store| self.covers(*store)),
        }
    }
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Everywhere, reach) | (reach, Self::Everywhere) => reach.clone(),
            (Self::Stores(own), Self::Stores(_)) => Self::stores(own.iter().copied().filter(|store| other.covers(*store))),
        }
    }
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Everywhere, _) | (_, Self::Everywhere) => Self::Everywhere,
            (Self::Stores(own), Self::Stores(others)) => Self::stores(own.iter().chain(others.iter()).copied()),
        }
    }
    /// The store itself if it is covered, else `StoreId::NIL`: a lookup then finds nothing, as if
    /// the store did not exist.
    #[must_use]
    pub fn or_nil(&self, store: StoreId) -> StoreId {
        if self.covers(store) { store } else { StoreId::NIL }
    }
}

/// The permissions of a caller, each with its stores.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PermissionSet {
    /// For one store at least.
    held: Bits,
    everywhere: Bits,
    /// The stores of permissions that are not held everywhere; None if there are no such
    /// permissions.
    limited: Option<Arc<BTreeMap<usize, Reach>>>,
    /// Earliest end of the grants that make up the set.
    pub until: Option<Timestamp>,
}

impl PermissionSet {
    /// All permissions of the registry, for all stores.
    pub fn all() -> Self {
        Self::everywhere(Bits::all())
    }
    pub fn everywhere(bits: Bits) -> Self {
        Self { held: bits, everywhere: bits, ..Self::default() }
    }
    /// Adds a permission for all stores.
    pub fn insert(&mut self, index: usize) {
        self.grant(index, &Reach::Everywhere);
    }
    /// Adds a permission for some stores. A permission of class `Tenant` cannot be limited to
    /// stores.
    pub fn grant(&mut self, index: usize, reach: &Reach) {
        if let Reach::Stores(stores) = reach
            && (stores.is_empty() || REGISTRY[index].class == Class::Tenant)
        {
            return;
        }
        let merged_reach = if self.held.holds(index) { self.reach(index).or(reach) } else { reach.clone() };
        self.held.insert(index);
        let mut limited = self.limited.take().map(Arc::unwrap_or_clone).unwrap_or_default();
        if merged_reach == Reach::Everywhere {
            self.everywhere.insert(index);
            limited.remove(&index);
        } else {
            limited.insert(index, merged_reach);
        }
        self.limited = (!limited.is_empty()).then(|| Arc::new(limited));
    }
    /// Whether it is held for one store at least.
    pub fn holds(&self, index: usize) -> bool {
        self.held.holds(index)
    }
    /// The stores that it is held for.
    pub fn reach(&self, index: usize) -> Reach {
        if self.everywhere.holds(index) {
            return Reach::Everywhere;
        }
        let limited = self.limited.as_ref().and_then(|limited| limited.get(&index));
        limited.cloned().unwrap_or_else(|| Reach::stores([]))
    }
    pub fn bits(&self) -> Bits {
        self.held
    }
    pub fn codes(&self) -> impl Iterator<Item = &'static PermissionInfo> {
        self.held.infos()
    }
    /// Returns the first permission of `other` that is missing here, or held for too few stores.
    pub fn first_missing(&self, other: &Self) -> Option<&'static PermissionInfo> {
        other.held.indices().find(|index| self.is_missing(*index, other)).map(|index| &REGISTRY[index])
    }
    /// All permissions of `other` that are missing, or held for too few stores.
    pub fn missing_permissions(&self, other: &Self) -> Bits {
        other.held.indices().filter(|index| self.is_missing(*index, other)).collect()
    }
    fn is_missing(&self, index: usize, other: &Self) -> bool {
        !self.holds(index) || !self.reach(index).contains(&other.reach(index))
    }
    /// Returns the permissions in both, for the stores that both have.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut intersection = Self { until: [self.until, other.until].into_iter().flatten().min(), ..Self::default() };
        for index in self.held.and(other.held).indices() {
            intersection.grant(index, &self.reach(index).and(&other.reach(index)));
        }
        intersection
    }
}
