//! The rules that documents are held to before they are run, and the schema that runs them as far as it needs no rooms.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use async_graphql::{EmptyMutation, EmptySubscription, Schema, SchemaBuilder, registry::Registry};

use super::{
    Mutation, Query, Subscription, plain,
    registry_loan::{RegistryLoan, copied},
};
use crate::graphql::{
    schema_index::{SchemaIndex, Unreadable},
    validation_cache::{DocumentValidator, ValidationOnly},
};

pub(super) type Builder = SchemaBuilder<Query, Mutation, Subscription>;

/// What documents are judged by: the schema in short, and who holds them to the rules that the schema of `build` does without.
pub struct Judges(JoinHandle<Result<(SchemaIndex, DocumentValidator), Unreadable>>);

/// The schema that runs what the judges let pass, before it has its rooms.
pub struct PendingSchema(Receiver<Builder>);

impl Judges {
    /// Begins to make them, in a thread of their own: a start has a database to open meanwhile, and the first request needs them.
    pub fn begin() -> Self {
        Self::with_schema().0
    }

    /// The same, and the schema that they judge for: the engine describes all types once for both.
    pub fn with_schema() -> (Self, PendingSchema) {
        let (hand_over, pending) = sync_channel(1);
        (Self(thread::spawn(move || make(hand_over))), PendingSchema(pending))
    }

    /// Waits until they are made.
    ///
    /// # Errors
    /// The schema is no GraphQL.
    pub fn made(self) -> Result<(Arc<SchemaIndex>, DocumentValidator), Unreadable> {
        let (schema_index, validator) = self.0.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok((Arc::new(schema_index), validator))
    }
}

impl PendingSchema {
    /// Waits until it is made.
    pub(super) fn builder(self) -> Builder {
        // It is missing only where its thread panicked, which `Judges::made` passes on.
        self.0.recv().unwrap_or_else(|_| plain())
    }
}

fn make(hand_over: SyncSender<Builder>) -> Result<(SchemaIndex, DocumentValidator), Unreadable> {
    let (builder, registry) = described();
    // Whoever only judges takes none.
    let _ = hand_over.send(builder);
    let schema_index = SchemaIndex::of_registry(&registry)?;
    let strict = strict(registry);
    let validator = DocumentValidator::new(move |request| {
        let strict = strict.clone();
        Box::pin(async move { strict.execute(request).await })
    });
    Ok((schema_index, validator))
}

/// The schema of the API before it has its rooms, and a copy of its types.
fn described() -> (Builder, Registry) {
    let copy = Arc::new(Mutex::new(Registry::default()));
    let kept = copy.clone();
    let builder = plain().directive(RegistryLoan(move |registry: &mut Registry| *lock(&kept) = copied(registry)));
    let registry = mem::take(&mut *lock(&copy));
    (builder, registry)
}

/// A schema of these types with all of the engine's rules. It resolves nothing, so its own roots are empty.
fn strict(registry: Registry) -> Schema<EmptyMutation, EmptyMutation, EmptySubscription> {
    let registry = Mutex::new(registry);
    Schema::build(EmptyMutation, EmptyMutation, EmptySubscription)
        .directive(RegistryLoan(move |own: &mut Registry| *own = mem::take(&mut *lock(&registry))))
        .extension(ValidationOnly)
        .finish()
}

fn lock(registry: &Mutex<Registry>) -> MutexGuard<'_, Registry> {
    registry.lock().unwrap_or_else(PoisonError::into_inner)
}
