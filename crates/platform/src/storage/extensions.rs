//! Values that rooms attach to the database for the code that reads and writes rows: for example
//! the keys of sealed columns, which storage itself does not know.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// One value of each type, shared by all clones of a database.
#[derive(Clone, Default)]
pub struct Extensions(Arc<RwLock<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>);

impl Extensions {
    /// Sets the value of its type and replaces an earlier one.
    pub fn insert<T: Send + Sync + 'static>(&self, extension: T) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(TypeId::of::<T>(), Arc::new(extension));
    }
    /// Returns the value of this type, if one is set.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<T>())?.downcast_ref::<T>().cloned()
    }
}
