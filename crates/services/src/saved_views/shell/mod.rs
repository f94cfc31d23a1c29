//! Storing and reading views.

mod change;
mod due;
mod engine;
mod links;
mod live;
mod read;
mod refusal;
mod runs;
mod schedules;
mod stopped;
mod uses;

use std::sync::{Arc, PoisonError, RwLock, Weak};

use platform::{
    clock::Clock,
    storage::{Database, Fault},
};

pub use change::{ViewCreate, ViewDelete, ViewUpdate};
pub use due::next_run;
pub use engine::{DocumentProblem, Outcome, Reader, Refused, Table, TableOutcome, TableRequest, ViewEngine};
pub use links::{LinkCreate, LinkRevoke, LinkWithView, OpenedLink};
pub use live::{Live, SubscribeRefusal};
pub use read::{ReadError, Status, ViewRequest, ViewResult};
pub use refusal::{SavedViewError, SavedViewRefusal};
pub use runs::{MAX_TRIES, SCHEDULE_JOB, ScheduledRun, skip_due};
pub use schedules::{ScheduleDelete, ScheduleSet, Scheduled};
pub use stopped::{STOPPED_JOB, STOPPED_TRIES, StoppedSchedule};

use self::uses::LinkUses;
use crate::files::Files;

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct SavedViews(Arc<Inner>);

struct Inner {
    db: Database,
    clock: Clock,
    /// Store of the tables.
    files: Files,
    /// Weak, since the engine holds the schema, which holds this service.
    engine: RwLock<Option<Weak<dyn ViewEngine>>>,
    uses: LinkUses,
}

impl SavedViews {
    pub fn new(db: Database, clock: Clock, files: Files) -> Self {
        Self(Arc::new(Inner { db, clock, files, engine: RwLock::default(), uses: LinkUses::default() }))
    }

    pub fn database(&self) -> &Database {
        &self.0.db
    }

    /// Sets the engine that runs documents, at the start. The caller keeps it alive.
    pub fn run_by(&self, engine: &Arc<dyn ViewEngine>) {
        *self.0.engine.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(engine));
    }

    fn engine(&self) -> Result<Arc<dyn ViewEngine>, Fault> {
        let known = self.0.engine.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().and_then(Weak::upgrade).ok_or(Fault::ShuttingDown)
    }
}
