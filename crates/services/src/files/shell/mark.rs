//! The mark that distinguishes the deployment's file store from a folder that only one process
//! uses.

use std::sync::atomic::Ordering;

use super::service::Files;
use crate::files::store::{Store, StoreError};

/// Text of the mark, for a person who finds it.
const MARK_TEXT: &[u8] = b"This is a file store of Entrepot. The database names this mark; keep it with the files.\n";

fn mark_object(mark: &str) -> String {
    format!(".deployment-{mark}")
}

impl Store {
    /// Whether it carries this mark, which is written over.
    ///
    /// # Errors
    /// The store cannot be reached, or takes no writes.
    pub async fn verify_mark(&self, mark: &str) -> Result<bool, StoreError> {
        let has_mark = self.holds(&mark_object(mark)).await?;
        if has_mark {
            self.put(&mark_object(mark), MARK_TEXT).await?;
        }
        Ok(has_mark)
    }
}

impl Files {
    /// Whether the store has this mark. If it does, the mark is written again, which detects a full
    /// or read-only store.
    ///
    /// # Errors
    /// The store cannot be reached, or takes no writes.
    pub async fn verify_mark(&self, mark: &str) -> Result<bool, StoreError> {
        let has_mark = self.store()?.verify_mark(mark).await?;
        self.0.lacks_mark.store(!has_mark, Ordering::Relaxed);
        Ok(has_mark)
    }

    /// Writes the mark to the store.
    ///
    /// # Errors
    /// The store cannot be reached, or takes no writes.
    pub async fn mark(&self, mark: &str) -> Result<(), StoreError> {
        self.store()?.put(&mark_object(mark), MARK_TEXT).await
    }

    /// Removes a mark that is not valid.
    ///
    /// # Errors
    /// The store cannot be reached, or takes no writes.
    pub async fn unmark(&self, mark: &str) -> Result<(), StoreError> {
        self.store()?.remove(&mark_object(mark)).await
    }
}
