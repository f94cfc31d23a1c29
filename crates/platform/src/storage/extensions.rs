//! What later rooms leave with the database for whoever reads and writes rows: the keys that some columns are sealed under, which storage
//! itself knows nothing of.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// A thing of each type. All clones of a database share it.
#[derive(Clone, Default)]
pub struct Extensions(Arc<RwLock<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>);

impl Extensions {
    /// Leaves a thing in the place of the one of its type that was there.
    pub fn insert<T: Send + Sync + 'static>(&self, thing: T) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(TypeId::of::<T>(), Arc::new(thing));
    }
    /// The thing of this type, if somebody left one.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<T>())?.downcast_ref::<T>().cloned()
    }
}
