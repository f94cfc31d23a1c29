//! Keeping views, and reading them.

mod change;
mod engine;
mod links;
mod live;
mod read;

use std::sync::{Arc, PoisonError, RwLock, Weak};

use platform::{
    clock::Clock,
    storage::{Database, Fault},
};

pub use change::{ViewCreate, ViewDelete, ViewUpdate};
pub use engine::{DocumentProblem, Outcome, Reader, Refused, ViewEngine};
pub use links::{LinkCreate, LinkRevoke, Linked, OpenedLink};
pub use live::{Live, NotLive};
pub use read::{ReadError, Status, ViewRequest, ViewResult};

use super::core::Problem;

/// Why a call came to nothing: nothing was written.
#[derive(Debug)]
pub enum SavedViewError {
    NotFound,
    /// There is no view to make a link of.
    NoView,
    NoLink,
    TooManyLinks,
    Field(Problem),
    Document(DocumentProblem),
    /// It costs so many points with its own variables.
    TooDear(i64),
    /// Another view has this slug.
    SlugTaken,
    TooMany,
    /// Somebody has changed it since it was read: its version now.
    Stale(i64),
    KeyReused,
    Fault(Fault),
}

impl From<Fault> for SavedViewError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct SavedViews(Arc<Inner>);

struct Inner {
    db: Database,
    clock: Clock,
    /// It knows the schema, which knows this room: so it is not held, only known.
    engine: RwLock<Option<Weak<dyn ViewEngine>>>,
}

impl SavedViews {
    pub fn new(db: Database, clock: Clock) -> Self {
        Self(Arc::new(Inner { db, clock, engine: RwLock::default() }))
    }

    pub fn database(&self) -> &Database {
        &self.0.db
    }

    /// Documents are run by this one from now on, for as long as whoever made it keeps it. Said at the start.
    pub fn run_by(&self, engine: &Arc<dyn ViewEngine>) {
        *self.0.engine.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(engine));
    }

    fn engine(&self) -> Result<Arc<dyn ViewEngine>, Fault> {
        let known = self.0.engine.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().and_then(Weak::upgrade).ok_or(Fault::ShuttingDown)
    }
}
