//! The inputs of mutations on works.

use async_graphql::{ID, InputObject};
use inventory::fulfilment::shell;
use platform::path;

use super::{carrier_refs::CarrierRef, enums::RejectReason};
use crate::{
    graphql::{
        reading::InputErrors,
        refusal::Path,
        scalars::{DateTime, Long, Quantity},
    },
    orders::links::{LotRef, ShortagePolicy, StoreRef},
    papers::PaperLocale,
};

/// Quantity of a work's line.
#[derive(Debug, Clone, InputObject)]
pub struct WorkLineQuantity {
    /// ID of the work's line.
    pub line_id: ID,
    /// Quantity in the product's smallest unit; above 0. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs instead of `quantity`: `packs` times the units in a pack of `barcode`. Null where `quantity` is given.
    pub packs: Option<i32>,
    /// Barcode of the packs, one of the line's product; another product's is INVALID. Null where `quantity` is given.
    pub barcode: Option<String>,
    /// Lots or serial numbers of the line that are in a parcel, with quantities that add up to the line's: these leave, and no others. Only where goods
    /// are packed, elsewhere INVALID. Null or empty for the first to expire when the parcel leaves. At most 2,000 in a call.
    pub lots: Option<Vec<ParcelLotInput>>,
}

/// Quantity of a lot in a parcel.
#[derive(Debug, Clone, InputObject)]
pub struct ParcelLotInput {
    /// The lot, or a serial number: of the line's product, and in the work's store.
    pub lot: LotRef,
    /// Quantity of the lot, in the product's smallest unit; above 0.
    pub quantity: Quantity,
}

/// Works to accept.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWorkAcceptInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// IDs of the works; 1 to 200.
    pub ids: Vec<ID>,
}

/// Goods that the store does not send.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWorkRejectInput {
    /// ID of the work.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Reason for which the goods are not sent.
    pub reason: RejectReason,
    /// Note that is kept with the work that is refused whole, at most 1,000 characters. Null for none.
    pub note: Option<String>,
    /// Lines that the store does not send; all of the work when it is left out. At most 2,000. One part of a kit names the whole kit.
    pub lines: Option<Vec<WorkLineQuantity>>,
}

/// Goods that were picked.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWorkPickInput {
    /// ID of the work.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Lines and quantities; all that can be when it is left out. At most 2,000. With isShort an empty list says that nothing was found.
    pub lines: Option<Vec<WorkLineQuantity>>,
    /// True if the missing units are not in the store: they are sourced from other stores, as after
    /// a rejection for NO_STOCK. Default false.
    #[graphql(default = false)]
    pub is_short: bool,
}

/// Goods that were put back.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWorkUnpickInput {
    /// ID of the work.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Lines and quantities; all that is picked or packed and has not left when it is left out. At most 2,000.
    pub lines: Option<Vec<WorkLineQuantity>>,
}

/// Parcel to pack.
#[derive(Debug, Clone, InputObject)]
pub struct ParcelInput {
    /// Goods in the parcel, at most the picked quantities. Null for all picked goods.
    pub lines: Option<Vec<WorkLineQuantity>>,
    /// Weight of the parcel in grams; above 0. Null when it was not weighed.
    pub weight: Option<Long>,
    /// Deprecated form of `carrier`: its ID.
    #[graphql(deprecation = "2026-11-28: use carrier. Removed after 2027-11-28.")]
    pub carrier_id: Option<ID>,
    /// Carrier of the parcel. Null for none.
    pub carrier: Option<CarrierRef>,
    /// Service of the carrier; at most 128 characters. Null for none.
    pub service: Option<String>,
    /// Number by which the carrier tracks the parcel, in the carrier's form; at most 128 characters. Null for none.
    pub tracking_number: Option<String>,
}

/// Goods that are packed.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWorkPackInput {
    /// ID of the work.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Parcels; 1 to 200.
    pub parcels: Vec<ParcelInput>,
}

/// A step of a work.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWorkActionInput {
    /// ID of the work.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Language of an e-mail to the contact of the order that says the store and the code: of an order with the delivery method COLLECT
    /// whose contact has an e-mail address. Null for the language and the choice of readyEmailSet, which sends none at first.
    pub notify_in: Option<PaperLocale>,
    /// True if the e-mail is sent, whatever is set for the store. Null for true where notifyIn is given, else for the choice of readyEmailSet.
    pub notify: Option<bool>,
}

/// Label of a parcel that leaves. Fields that are left out or null stay as they are.
#[derive(Debug, Clone, InputObject)]
pub struct ParcelLabelInput {
    /// ID of the parcel.
    pub id: ID,
    /// Deprecated form of `carrier`: its ID.
    #[graphql(deprecation = "2026-11-28: use carrier. Removed after 2027-11-28.")]
    pub carrier_id: Option<ID>,
    /// Carrier of the parcel.
    pub carrier: Option<CarrierRef>,
    /// Service of the carrier; at most 128 characters.
    pub service: Option<String>,
    /// Number by which the carrier tracks the parcel, in the carrier's form; at most 128 characters.
    pub tracking_number: Option<String>,
}

/// Parcels that leave.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWorkShipInput {
    /// ID of the work.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Parcels that leave; all that are packed when it is left out. At most 200.
    pub parcels: Option<Vec<ParcelLabelInput>>,
    /// Time at which the parcels left, at most five minutes ahead and not in a closed period. Null for now.
    pub occurred_at: Option<DateTime>,
    /// Policy for taking what was promised or was not there. Default REFUSE.
    #[graphql(default_with = "ShortagePolicy::Refuse")]
    pub on_shortage: ShortagePolicy,
}

/// Goods that the customer collects.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWorkCollectInput {
    /// ID of the work.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Code that the customer says; fulfilmentWorkReady gave it.
    pub code: String,
}

/// Goods that go to another store.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentWorkMoveInput {
    /// ID of the work.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Store that is to send the goods.
    pub to_store: StoreRef,
    /// Lines to move, at most 2,000; one part of a kit names the whole kit. Null for all that is
    /// not picked.
    pub lines: Option<Vec<WorkLineQuantity>>,
}

pub(super) fn lines(lines: Option<Vec<WorkLineQuantity>>, reader: &mut InputErrors, at: impl Fn(usize) -> Path) -> shell::Lines {
    let field = |index: usize, name: &str| {
        let mut path = at(index);
        path.push(name.to_owned());
        path
    };
    let read_line = |(index, line_quantity): (usize, WorkLineQuantity)| {
        let line = reader.id(&line_quantity.line_id, || field(index, "lineId"));
        if line_quantity.lots.is_some_and(|lots| !lots.is_empty()) {
            reader.invalid("lots are named when goods are packed (fulfilmentWorkPack)", || field(index, "lots"));
        }
        (line, reader.units(line_quantity.quantity, || field(index, "quantity")))
    };
    Some(lines?.into_iter().enumerate().map(read_line).collect())
}

/// Takes the lots that the lines of a parcel name off them.
fn take_lots(
    lines: &mut Option<Vec<WorkLineQuantity>>,
    reader: &mut InputErrors,
    at: impl Fn(usize) -> Path,
) -> Vec<shell::PackLot> {
    let mut pack_lots = Vec::new();
    for (row, line) in lines.iter_mut().flatten().enumerate() {
        for (nth, line_lot) in line.lots.take().into_iter().flatten().enumerate() {
            let field = || {
                let mut path = at(row);
                path.extend(["lots".to_owned(), nth.to_string(), "lot".to_owned()]);
                path
            };
            pack_lots.push(shell::PackLot { row, nth, lot: reader.lot(line_lot.lot, field), quantity: line_lot.quantity.0 });
        }
    }
    pack_lots
}

fn at_line(index: usize) -> Path {
    path!["input", "lines", index]
}

impl FulfilmentWorkAcceptInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WorksAccept {
        shell::WorksAccept { idempotency_key: self.idempotency_key, works: reader.ids(Some(self.ids), "ids") }
    }
}

impl FulfilmentWorkRejectInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WorkReject {
        shell::WorkReject {
            idempotency_key: self.idempotency_key,
            work: reader.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            reason: self.reason.into(),
            note: self.note,
            lines: lines(self.lines, reader, at_line),
        }
    }
}

impl FulfilmentWorkPickInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WorkPick {
        shell::WorkPick {
            idempotency_key: self.idempotency_key,
            work: reader.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            lines: lines(self.lines, reader, at_line),
            is_short: self.is_short,
        }
    }
}

impl FulfilmentWorkUnpickInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WorkPick {
        let (id, idempotency_key, expected_version) = (self.id, self.idempotency_key, self.expected_version);
        FulfilmentWorkPickInput { id, idempotency_key, expected_version, lines: self.lines, is_short: false }.read(reader)
    }
}

impl FulfilmentWorkPackInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WorkPack {
        let mut parcels = Vec::with_capacity(self.parcels.len());
        for (index, mut parcel) in self.parcels.into_iter().enumerate() {
            let lots = take_lots(&mut parcel.lines, reader, |line| path!["input", "parcels", index, "lines", line]);
            let carrier = reader.id_opt(parcel.carrier_id.as_ref(), || path!["input", "parcels", index, "carrierId"]);
            let (service, tracking_number) = (parcel.service, parcel.tracking_number);
            parcels.push(shell::PackParcel {
                lines: lines(parcel.lines, reader, |line| path!["input", "parcels", index, "lines", line]),
                lots,
                weight: parcel.weight.map(|weight| weight.0),
                label: shell::LabelFields { carrier, service, tracking_number },
            });
        }
        shell::WorkPack {
            idempotency_key: self.idempotency_key,
            work: reader.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            parcels,
        }
    }
}

impl FulfilmentWorkActionInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WorkAct {
        shell::WorkAct {
            idempotency_key: self.idempotency_key,
            work: reader.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            notify: self.notify_in.map(Into::into),
            is_notified: self.notify,
        }
    }
}

impl FulfilmentWorkShipInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WorkShip {
        let parcels = self.parcels.map(|labels| {
            let read_label = |(index, parcel_label): (usize, ParcelLabelInput)| {
                let carrier = reader.id_opt(parcel_label.carrier_id.as_ref(), || path!["input", "parcels", index, "carrierId"]);
                let label =
                    shell::LabelFields { carrier, service: parcel_label.service, tracking_number: parcel_label.tracking_number };
                shell::ShipParcel { parcel: reader.id(&parcel_label.id, || path!["input", "parcels", index, "id"]), label }
            };
            labels.into_iter().enumerate().map(read_label).collect()
        });
        shell::WorkShip {
            idempotency_key: self.idempotency_key,
            work: reader.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            parcels,
            occurred_at: self.occurred_at.map(|at| at.0),
            on_shortage: self.on_shortage.into(),
        }
    }
}

impl FulfilmentWorkCollectInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WorkCollect {
        shell::WorkCollect {
            idempotency_key: self.idempotency_key,
            work: reader.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            code: self.code,
        }
    }
}

impl FulfilmentWorkMoveInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::WorkMove {
        shell::WorkMove {
            idempotency_key: self.idempotency_key,
            work: reader.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            to: reader.store(self.to_store, || path!["input", "toStore"]),
            lines: lines(self.lines, reader, at_line),
        }
    }
}
