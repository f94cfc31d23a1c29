//! Look-ups of a request that are made when the first of them is asked for.

use std::sync::{Arc, OnceLock};

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

/// A room's look-ups: most requests need those of one room or of none, and making and dropping all of them took longer than some requests.
pub struct Lazy<T> {
    scope: Arc<TenantScope>,
    made: OnceLock<Box<T>>,
}

impl<T: OfTenant> Lazy<T> {
    pub fn new(scope: &Arc<TenantScope>) -> Self {
        Self { scope: scope.clone(), made: OnceLock::new() }
    }
    pub fn get(&self) -> &T {
        self.made.get_or_init(|| Box::new(T::of(self.scope.as_ref().clone())))
    }
    /// They, if anything was asked of them.
    pub fn made(&self) -> Option<&T> {
        self.made.get().map(AsRef::as_ref)
    }
}
