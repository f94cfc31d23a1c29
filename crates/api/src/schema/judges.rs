//! What documents are held to before they are run.

use std::{sync::Arc, thread::JoinHandle};

use super::plain;
use crate::graphql::{
    schema_index::{SchemaIndex, Unreadable},
    validation_cache::{DocumentValidator, ValidationOnly},
};

/// What documents are judged by: the schema in short, and who holds them to the rules that the schema of `build` does without.
pub struct Judges(JoinHandle<Result<(SchemaIndex, DocumentValidator), Unreadable>>);

impl Judges {
    /// Begins to make them, in a thread of their own: a start has a database to open meanwhile, and the first request needs them.
    pub fn begin() -> Self {
        Self(std::thread::spawn(|| {
            let strict = plain().extension(ValidationOnly).finish();
            let schema_index = SchemaIndex::of(&strict.sdl())?;
            let validator = DocumentValidator::new(move |request| {
                let strict = strict.clone();
                Box::pin(async move { strict.execute(request).await })
            });
            Ok((schema_index, validator))
        }))
    }

    /// Waits until they are made.
    ///
    /// # Errors
    /// The SDL does not parse.
    pub fn made(self) -> Result<(Arc<SchemaIndex>, DocumentValidator), Unreadable> {
        let (schema_index, validator) = self.0.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok((Arc::new(schema_index), validator))
    }
}
