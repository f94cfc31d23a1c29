//! What a caller may do, compiled: a bit for each permission, and the stores of those that are not for all.

use std::{collections::BTreeMap, sync::Arc};

use entity::prelude::{StoreId, Timestamp};

use super::permissions::{Bits, Class, PermissionInfo, REGISTRY};

/// The stores that a permission is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    Everywhere,
    /// These, in order; none of them twice.
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
    /// The store itself where it is covered, and nobody's elsewhere: whoever looks it up finds nothing, as if it did not exist.
    #[must_use]
    pub fn or_nobodys(&self, store: StoreId) -> StoreId {
        if self.covers(store) { store } else { StoreId::NIL }
    }
}

/// The permissions of a caller, each with its stores.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PermissionSet {
    /// For one store at least.
    held: Bits,
    everywhere: Bits,
    /// The stores of what is held but not everywhere; none when there is nothing of the kind.
    limited: Option<Arc<BTreeMap<usize, Reach>>>,
    /// When the first of the grants behind it ends.
    pub until: Option<Timestamp>,
}

impl PermissionSet {
    /// All that are in the registry, for all stores.
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
    /// Adds a permission for some stores to what is there. A permission for the whole tenant cannot be had for some stores.
    pub fn grant(&mut self, index: usize, reach: &Reach) {
        if let Reach::Stores(stores) = reach
            && (stores.is_empty() || REGISTRY[index].class == Class::Tenant)
        {
            return;
        }
        let whole = if self.held.holds(index) { self.reach(index).or(reach) } else { reach.clone() };
        self.held.insert(index);
        let mut limited = self.limited.take().map(Arc::unwrap_or_clone).unwrap_or_default();
        if whole == Reach::Everywhere {
            self.everywhere.insert(index);
            limited.remove(&index);
        } else {
            limited.insert(index, whole);
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
    /// What of `other` is not within this set: the first permission that is missing, or held for too few stores.
    pub fn lacks(&self, other: &Self) -> Option<&'static PermissionInfo> {
        other.held.indices().find(|index| self.is_beyond(*index, other)).map(|index| &REGISTRY[index])
    }
    /// All permissions of `other` that are missing, or held for too few stores.
    pub fn missing(&self, other: &Self) -> Bits {
        other.held.indices().filter(|index| self.is_beyond(*index, other)).collect()
    }
    fn is_beyond(&self, index: usize, other: &Self) -> bool {
        !self.holds(index) || !self.reach(index).contains(&other.reach(index))
    }
    /// What is in both, for the stores that both have.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = Self { until: [self.until, other.until].into_iter().flatten().min(), ..Self::default() };
        for index in self.held.and(other.held).indices() {
            both.grant(index, &self.reach(index).and(&other.reach(index)));
        }
        both
    }
}
