//! Look-ups of a request, created on first use.

use std::{any::Any, sync::OnceLock};

use async_graphql::dataloader::DataLoader;
use platform::storage::TenantScope;

use crate::immediate_loader::immediate;

/// Look-ups in the rows of one tenant.
pub trait OfTenant {
    fn of(scope: TenantScope) -> Self;
}

/// A loader of rows reads without a delay.
impl<L: From<TenantScope>> OfTenant for DataLoader<L> {
    fn of(scope: TenantScope) -> Self {
        immediate(L::from(scope))
    }
}

/// The look-ups of all rooms, in the data of a caller's request. Most requests need those of one room or of none, and making and dropping all of them,
/// or an entry of the data for each, took longer than some requests.
pub struct Lazy {
    scope: TenantScope,
    first: Link,
}

/// Link to the values in the order of their first use: a handful, found sooner than in a map.
type Link = OnceLock<Box<LoaderEntry>>;

struct LoaderEntry {
    look_ups: Box<dyn Any + Send + Sync>,
    next: Link,
}

impl Lazy {
    pub fn new(scope: TenantScope) -> Self {
        Self { scope, first: OnceLock::new() }
    }
    /// A room's look-ups: the same ones each time.
    pub fn get<T: OfTenant + Send + Sync + 'static>(&self) -> &T {
        let mut link = &self.first;
        loop {
            // If another task has filled this link meanwhile, the search continues after it.
            let entry = link.get_or_init(|| {
                let look_ups: Box<dyn Any + Send + Sync> = Box::new(T::of(self.scope.clone()));
                Box::new(LoaderEntry { look_ups, next: OnceLock::new() })
            });
            if let Some(look_ups) = entry.look_ups.downcast_ref::<T>() {
                return look_ups;
            }
            link = &entry.next;
        }
    }
    /// Returns the look-ups if they were used.
    pub fn get_if_created<T: OfTenant + Send + Sync + 'static>(&self) -> Option<&T> {
        let mut link = &self.first;
        while let Some(entry) = link.get() {
            if let Some(look_ups) = entry.look_ups.downcast_ref::<T>() {
                return Some(look_ups);
            }
            link = &entry.next;
        }
        None
    }
}
