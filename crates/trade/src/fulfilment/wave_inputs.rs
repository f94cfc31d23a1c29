//! The inputs of mutations on waves.

use async_graphql::{ID, InputObject};
use inventory::fulfilment::shell;
use platform::path;

use super::{
    carrier_refs::CarrierRef,
    inputs::{WorkLineQuantity, lines},
};
use crate::{
    graphql::{reading::InputErrors, scalars::DateTime},
    orders::links::StoreRef,
    papers::PaperLocale,
};

/// Works to send together.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWaveCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Store that the goods leave from.
    pub store: StoreRef,
    /// IDs of ACCEPTED works of the store that are in no open wave; 1 to 200. Null for all such works, the 200 that are due first.
    pub works: Option<Vec<ID>>,
    /// Moment before which works are due, where works are not named. Null for any.
    pub due_before: Option<DateTime>,
}

/// Goods that were found for a work of a wave.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWaveFoundInput {
    /// ID of the work.
    pub work_id: ID,
    /// Lines and quantities that were picked; all that can be when it is left out. With isShort an empty list says that nothing was found.
    pub lines: Option<Vec<WorkLineQuantity>>,
    /// True if the missing units are not in the store: they are sourced from other stores, as after
    /// a rejection for NO_STOCK. Default false.
    #[graphql(default = false)]
    pub is_short: bool,
}

/// Goods that were picked for a wave.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWavePickInput {
    /// ID of the wave.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result of the works that were done, and tries the others again while
    /// the wave is open.
    pub idempotency_key: String,
    /// Works of which not all was picked, at most 200 with 2,000 lines together. Works that are not named were picked whole. Empty by default.
    #[graphql(default)]
    pub found: Vec<FulfilmentWaveFoundInput>,
}

/// Goods that were packed for a wave: one parcel for each work.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWavePackInput {
    /// ID of the wave.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result of the works that were done, and tries the others again while
    /// the wave is open.
    pub idempotency_key: String,
    /// Deprecated form of `carrier`: its ID.
    #[graphql(deprecation = "2026-11-28: use carrier. Removed after 2027-11-28.")]
    pub carrier_id: Option<ID>,
    /// Carrier of all parcels. Null for none.
    pub carrier: Option<CarrierRef>,
    /// Service of the carrier; at most 128 characters. Null for none.
    pub service: Option<String>,
}

/// Goods of a wave that customers can collect: all that are packed, of orders with the delivery method COLLECT.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWaveReadyInput {
    /// ID of the wave.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result of the works that were done, and tries the others again while
    /// the wave is open.
    pub idempotency_key: String,
    /// Language of the e-mails to the contacts of the orders. Null for the language and the choice of readyEmailSet, which sends none at first.
    pub notify_in: Option<PaperLocale>,
    /// True if the e-mails are sent, whatever is set for the store. Null for true where notifyIn is given, else for the choice of readyEmailSet.
    pub notify: Option<bool>,
}

/// Parcels of a wave that leave: all that are packed.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWaveShipInput {
    /// ID of the wave.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result of the works that were done, and tries the others again while
    /// the wave is open.
    pub idempotency_key: String,
    /// Time at which the parcels left, at most five minutes ahead and not in a closed period. Null for now.
    pub occurred_at: Option<DateTime>,
}

/// Wave that lets its works go.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWaveCloseInput {
    /// ID of the wave.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
}

impl FulfilmentWaveCreateInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WaveCreate {
        shell::WaveCreate {
            idempotency_key: self.idempotency_key,
            store: reader.store(self.store, || path!["input", "store"]),
            works: self.works.map(|works| reader.ids(Some(works), "works")),
            due_before: self.due_before.map(|at| at.0),
        }
    }
}

impl FulfilmentWavePickInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WavePick {
        let mut found = Vec::with_capacity(self.found.len());
        for (index, work_input) in self.found.into_iter().enumerate() {
            found.push(shell::FoundQuantities {
                work: reader.id(&work_input.work_id, || path!["input", "found", index, "workId"]),
                lines: lines(work_input.lines, reader, |line| path!["input", "found", index, "lines", line]),
                is_short: work_input.is_short,
            });
        }
        shell::WavePick { idempotency_key: self.idempotency_key, wave: reader.id(&self.id, || path!["input", "id"]), found }
    }
}

impl FulfilmentWavePackInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WavePack {
        let carrier = reader.id_opt(self.carrier_id.as_ref(), || path!["input", "carrierId"]);
        shell::WavePack {
            idempotency_key: self.idempotency_key,
            wave: reader.id(&self.id, || path!["input", "id"]),
            label: shell::LabelFields { carrier, service: self.service, tracking_number: None },
        }
    }
}

impl FulfilmentWaveReadyInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WaveReady {
        shell::WaveReady {
            idempotency_key: self.idempotency_key,
            wave: reader.id(&self.id, || path!["input", "id"]),
            notify: self.notify_in.map(Into::into),
            is_notified: self.notify,
        }
    }
}

impl FulfilmentWaveShipInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WaveShip {
        shell::WaveShip {
            idempotency_key: self.idempotency_key,
            wave: reader.id(&self.id, || path!["input", "id"]),
            occurred_at: self.occurred_at.map(|at| at.0),
        }
    }
}

impl FulfilmentWaveCloseInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WaveClose {
        shell::WaveClose { idempotency_key: self.idempotency_key, wave: reader.id(&self.id, || path!["input", "id"]) }
    }
}
