//! Whether this process keeps files where the deployment's other processes do, and `entrepot files adopt`.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use iam::identity::{Identity, Settings};
use inventory::ledger::Grouping;
use platform::{clock::Clock, storage::Fault};
use server::State;
use services::files::{Files, StoreError};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{Node, StartError, print_stdout};
use crate::config::{FilesAction, FilesArgs};

/// Time between two checks of a store that was fine, and of one that was not.
const CHECK_INTERVAL: Duration = Duration::from_secs(30);
const RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// Timeout of one check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// Checks the file store periodically; readiness reports the result of the last check.
#[derive(Clone)]
pub(super) struct FileStore {
    files: Files,
    identity: Identity,
    clock: Clock,
    state: Arc<RwLock<State>>,
}

impl FileStore {
    pub fn new(files: Files, identity: Identity, clock: Clock) -> Self {
        Self { files, identity, clock, state: Arc::new(RwLock::new(State::Fine)) }
    }

    /// Returns the result of the last check.
    pub fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub async fn watch(self) {
        loop {
            let state = match timeout(CHECK_TIMEOUT, self.check_store()).await {
                Ok(state) => state,
                Err(_) => State::Degraded("the file store does not answer in time: files cannot be sent or fetched".to_owned()),
            };
            let pause = if state == State::Fine { CHECK_INTERVAL } else { RETRY_INTERVAL };
            {
                let mut last_state = self.state.write().unwrap_or_else(PoisonError::into_inner);
                match &state {
                    State::Degraded(reason) | State::Failed(reason) if *last_state != state => tracing::warn!("{reason}"),
                    State::Fine if *last_state != state => tracing::info!("the file store can be used again"),
                    _ => {}
                }
                *last_state = state;
            }
            sleep(pause).await;
        }
    }

    async fn check_store(&self) -> State {
        match self.check_mark().await {
            Ok(true) => State::Fine,
            Ok(false) => State::Degraded(
                "--files is not the file store that the other nodes use, so no files are written here: give all nodes and workers the same folder or \
                 bucket; if its files are lost, run `entrepot files adopt`"
                    .to_owned(),
            ),
            Err(reason) => State::Degraded(format!("files cannot be kept: {reason}")),
        }
    }

    /// Whether the store carries the deployment's mark. The first process of a deployment puts it there.
    async fn check_mark(&self) -> Result<bool, String> {
        let of_database = |fault: Fault| {
            tracing::warn!(%fault, "the mark of the file store could not be read from the database");
            "the database could not be read to find the deployment's store".to_owned()
        };
        let of_store = |error: StoreError| error.to_string();
        let stored_mark = self.identity.file_store_mark().await.map_err(of_database)?;
        let mark = match stored_mark {
            Some(mark) => mark,
            None => self.mark_store().await.map_err(of_store)?.map_err(of_database)?,
        };
        self.files.verify_mark(&mark).await.map_err(of_store)
    }

    /// Marks the store before the database records the mark: a process that dies between the two
    /// leaves nothing misleading.
    async fn mark_store(&self) -> Result<Result<String, Fault>, StoreError> {
        let own_id: Uuid = self.clock.uuid();
        let name = hex::encode(own_id.as_bytes());
        self.files.mark(&name).await?;
        let stored_name = self.identity.store_file_store_mark(own_id).await;
        if !matches!(&stored_name, Ok(stored_name) if *stored_name == name) {
            self.files.unmark(&name).await?;
        }
        Ok(stored_name)
    }
}

/// `entrepot files`.
pub async fn run(args: FilesArgs) -> Result<(), StartError> {
    let FilesAction::Adopt { of, files: kept } = args.action;
    let (url, options, keys) = (&of.database.database_url, of.database.options(), of.keys.source(&of.database.database_url));
    let node =
        Node::open_with_redis((None, None), url, options, Clock::system(), Settings::default(), Grouping::Alone, &keys).await?;
    let location = kept.resolve_location(url);
    node.files.set_location(location.clone());
    let of_store = |error: StoreError| Fault::Broken(format!("{location:?}: {error}"));
    let store = FileStore::new(node.files.clone(), node.identity.clone(), node.clock.clone());
    if store.check_mark().await.map_err(Fault::Broken)? {
        print_stdout(&format!("{location:?} is the file store of this deployment already"))?;
    } else {
        let mark = node.identity.file_store_mark().await?.unwrap_or_default();
        node.files.mark(&mark).await.map_err(of_store)?;
        print_stdout(&format!(
            "{location:?} is the file store of this deployment from now on; nodes notice it within {RETRY_INTERVAL:?}"
        ))?;
    }
    node.db.close().await?;
    Ok(())
}
