//! The mark that tells the deployment's file store from a folder that one process has for itself.

use std::sync::atomic::Ordering;

use super::{Files, Store, StoreError};

/// What lies in the mark, for whoever finds it.
const TEXT: &[u8] = b"This is a file store of Entrepot. The database names this mark; keep it with the files.\n";

fn blob(mark: &str) -> String {
    format!(".deployment-{mark}")
}

impl Store {
    /// Whether it carries this mark, which is written over.
    ///
    /// # Errors
    /// The store cannot be reached, or takes no writes.
    pub async fn carries(&self, mark: &str) -> Result<bool, StoreError> {
        let carries = self.holds(&blob(mark)).await?;
        if carries {
            self.put(&blob(mark), TEXT).await?;
        }
        Ok(carries)
    }
}

impl Files {
    /// Whether the store carries this mark. One that does takes writes too: the mark is written over, which finds a full or read-only store.
    ///
    /// # Errors
    /// The store cannot be reached, or takes no writes.
    pub async fn carries(&self, mark: &str) -> Result<bool, StoreError> {
        let carries = self.store()?.carries(mark).await?;
        self.0.strange.store(!carries, Ordering::Relaxed);
        Ok(carries)
    }

    /// Puts the mark into the store.
    ///
    /// # Errors
    /// The store cannot be reached, or takes no writes.
    pub async fn mark(&self, mark: &str) -> Result<(), StoreError> {
        self.store()?.put(&blob(mark), TEXT).await
    }

    /// Takes a mark away that does not count.
    ///
    /// # Errors
    /// The store cannot be reached, or takes no writes.
    pub async fn unmark(&self, mark: &str) -> Result<(), StoreError> {
        self.store()?.remove(&blob(mark)).await
    }
}
