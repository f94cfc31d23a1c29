//! Validation of documents: the index of the schema and the validator, which a thread of their own
//! makes, and the schema that it hands over.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use async_graphql::{EmptyMutation, EmptySubscription, Schema, registry::Registry};

use super::{
    builder::{Builder, schema_builder},
    registry_loan::{RegistryLoan, copy_registry},
};
use crate::graphql::{
    schema_index::{SchemaIndex, Unreadable},
    validation_cache::{DocumentValidator, ValidationOnly},
};

/// Validation of documents: the schema index, and the validator of the rules that the schema of
/// `build` does not check.
pub struct ValidatorBuild(JoinHandle<Result<(SchemaIndex, DocumentValidator), Unreadable>>);

/// Schema that executes validated documents, before the rooms' services are added.
pub struct PendingSchema(Receiver<Builder>);

impl ValidatorBuild {
    /// Begins to make the index and the validator on a thread of their own: the start opens the
    /// database meanwhile, and only the first request needs them.
    pub fn spawn() -> Self {
        Self::spawn_with_schema().0
    }

    /// Begins to make the index and the validator, and the schema that they validate for. The engine
    /// then describes all types once for both.
    pub fn spawn_with_schema() -> (Self, PendingSchema) {
        let (hand_over, pending) = sync_channel(1);
        (Self(thread::spawn(move || build_validator(hand_over))), PendingSchema(pending))
    }

    /// Waits until the index and the validator are made.
    ///
    /// # Errors
    /// The schema is invalid GraphQL.
    pub fn join(self) -> Result<(Arc<SchemaIndex>, DocumentValidator), Unreadable> {
        let (schema_index, validator) = self.0.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok((Arc::new(schema_index), validator))
    }
}

impl PendingSchema {
    /// Waits until the schema is made.
    pub(super) fn builder(self) -> Builder {
        // The sender is gone only if its thread panicked; `ValidatorBuild::join` reports that.
        self.0.recv().unwrap_or_else(|_| schema_builder())
    }
}

fn build_validator(hand_over: SyncSender<Builder>) -> Result<(SchemaIndex, DocumentValidator), Unreadable> {
    let (builder, registry) = describe_schema();
    // Without a `PendingSchema` the receiver is gone, and the send fails.
    let _ = hand_over.send(builder);
    let schema_index = SchemaIndex::of_registry(&registry)?;
    let strict = strict_schema(registry);
    let validator = DocumentValidator::new(move |request| {
        let strict = strict.clone();
        Box::pin(async move { strict.execute(request).await })
    });
    Ok((schema_index, validator))
}

/// Returns the schema before the rooms' services are added, and a copy of its types.
fn describe_schema() -> (Builder, Registry) {
    let copy = Arc::new(Mutex::new(Registry::default()));
    let shared_copy = copy.clone();
    let builder = schema_builder()
        .directive(RegistryLoan(move |registry: &mut Registry| *lock_registry(&shared_copy) = copy_registry(registry)));
    let registry = mem::take(&mut *lock_registry(&copy));
    (builder, registry)
}

/// Returns a schema of these types with all of the engine's rules. It resolves nothing, so its own
/// roots are empty.
fn strict_schema(registry: Registry) -> Schema<EmptyMutation, EmptyMutation, EmptySubscription> {
    let registry = Mutex::new(registry);
    Schema::build(EmptyMutation, EmptyMutation, EmptySubscription)
        .directive(RegistryLoan(move |loaned: &mut Registry| *loaned = mem::take(&mut *lock_registry(&registry))))
        .extension(ValidationOnly)
        .finish()
}

fn lock_registry(registry: &Mutex<Registry>) -> MutexGuard<'_, Registry> {
    registry.lock().unwrap_or_else(PoisonError::into_inner)
}
