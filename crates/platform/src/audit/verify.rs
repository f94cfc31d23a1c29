//! Verification of a chain: each entry is unchanged, none is missing or added, and the end was not
//! cut off.

use entity::prelude::*;

use super::{
    core::{Address, GENESIS, Hash},
    rows::{self, StoredEntry},
    writer::AuditWriter,
};
use crate::storage::{Fault, Reads};

/// Result of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    pub entries: u64,
    /// First number at which the chain breaks, and the reason.
    pub broken: Option<(i64, String)>,
    /// The hash of the last entry that holds.
    pub head: Hash,
    pub checkpoints: u64,
}

impl Verification {
    pub fn is_ok(&self) -> bool {
        self.broken.is_none()
    }
}

const PAGE: i64 = 1_000;
/// Age in seconds after which an unchained entry counts as tampered: it was changed, or its key is
/// gone.
const UNSEALED_SECONDS: i64 = 600;

/// Verifies entries `from..=to`; numbers beyond the head count as missing, like removed entries.
/// Without a writer, signatures are only compared with the public keys stored beside them.
pub async fn range(reads: &impl Reads, audit_writer: Option<&AuditWriter>, from: i64, to: i64) -> Result<Verification, Fault> {
    let mut walk = ChainWalker::begin(reads, from).await?;
    let mut expected = from;
    'pages: while expected <= to {
        let page = rows::chain(reads, expected, PAGE.min(to - expected + 1)).await?;
        if page.is_empty() {
            walk.record_break(expected, "the entry is missing".to_owned());
            break;
        }
        for stored in page {
            if let Some(reason) = find_entry_error(&stored, expected, &walk.found.head) {
                walk.record_break(expected, reason);
                break 'pages;
            }
            walk.found.head = stored.seal.map_or(GENESIS, |seal| seal.hash);
            walk.found.entries += 1;
            walk.checkpoint(expected, audit_writer);
            if walk.found.broken.is_some() {
                break 'pages;
            }
            expected += 1;
        }
    }
    Ok(walk.found)
}

/// Verifies the whole chain of the tenant, including a cut end and entries that were never chained.
pub async fn verify_chain(
    reads: &impl Reads,
    audit_writer: Option<&AuditWriter>,
    now: Option<Timestamp>,
) -> Result<Verification, Fault> {
    let head = rows::head(reads).await?;
    if let (Some(head), true) = (head, rows::is_erased(reads).await?) {
        // The entries were deleted with the tenant; the head and the checkpoints stay.
        let broken = rows::checkpoints(reads, 1).await?.into_iter().find(|checkpoint| {
            !audit_writer.map_or_else(|| checkpoint.is_genuine(None), |audit_writer| audit_writer.is_own_checkpoint(checkpoint))
        });
        let broken = broken.map(|checkpoint| (checkpoint.seq, "the signature is not this deployment's".to_owned()));
        return Ok(Verification { entries: 0, broken, head: head.chain.hash, checkpoints: 0 });
    }
    let last = head.map_or(0, |head| head.chain.seq);
    let mut verification = range(reads, audit_writer, 1, last).await?;
    if !verification.is_ok() {
        return Ok(verification);
    }
    if head.is_some_and(|head| head.chain.hash != verification.head) {
        verification.broken = Some((
            last,
            format!(
                "the head says {}, the last entry {}",
                hex::encode(head.map_or(GENESIS, |h| h.chain.hash)),
                hex::encode(verification.head)
            ),
        ));
    } else if !rows::chain(reads, last + 1, 1).await?.is_empty() {
        verification.broken = Some((last + 1, "the log has an entry after its head".to_owned()));
    } else if let Some(checkpoint) = rows::checkpoints(reads, last + 1).await?.first() {
        verification.broken = Some((
            last + 1,
            format!("the end was cut: number {} was signed on {}", checkpoint.seq, crate::clock::rfc3339(checkpoint.at)),
        ));
    } else if let Some(now) = now {
        let unsealed = rows::list_unsealed(reads, AuditId::NIL, 1).await?;
        if let Some(stored) = unsealed.first().filter(|stored| stored.entry.at.plus_seconds(UNSEALED_SECONDS) < now) {
            verification.broken =
                Some((last + 1, format!("the entry {} was never chained: it was changed, or its key is gone", stored.entry.id)));
        }
    }
    Ok(verification)
}

struct ChainWalker {
    found: Verification,
    checkpoints: std::collections::VecDeque<super::core::Checkpoint>,
}

impl ChainWalker {
    /// Begins at entry `from`, with the stored hash of the entry before it.
    async fn begin(reads: &impl Reads, from: i64) -> Result<Self, Fault> {
        let previous = if from > 1 { rows::chain(reads, from - 1, 1).await?.into_iter().next() } else { None };
        let seal = previous.and_then(|stored| stored.seal).filter(|seal| seal.seq == from - 1);
        let head = seal.map_or(GENESIS, |seal| seal.hash);
        let checkpoints = rows::checkpoints(reads, from).await?.into();
        Ok(Self { found: Verification { entries: 0, broken: None, head, checkpoints: 0 }, checkpoints })
    }
    fn record_break(&mut self, seq: i64, reason: String) {
        self.found.broken.get_or_insert((seq, reason));
    }
    fn checkpoint(&mut self, seq: i64, audit_writer: Option<&AuditWriter>) {
        while let Some(next_checkpoint) = self.checkpoints.pop_front_if(|next_checkpoint| next_checkpoint.seq <= seq) {
            self.found.checkpoints += 1;
            if next_checkpoint.hash != self.found.head {
                self.record_break(
                    seq,
                    format!("the checkpoint signed on {} belongs to another chain", crate::clock::rfc3339(next_checkpoint.at)),
                );
            } else if !audit_writer
                .map_or_else(|| next_checkpoint.is_genuine(None), |audit_writer| audit_writer.is_own_checkpoint(&next_checkpoint))
            {
                self.record_break(
                    seq,
                    format!("the signature of {} is not this deployment's", crate::clock::rfc3339(next_checkpoint.at)),
                );
            }
        }
    }
}

/// Returns the error in a stored entry that should be number `seq` behind `prev`, or `None` if it
/// is correct.
fn find_entry_error(stored: &StoredEntry, seq: i64, prev: &Hash) -> Option<String> {
    let Some(seal) = stored.seal else { return Some("the entry has no seal".to_owned()) };
    if seal.seq != seq {
        return Some("the entry is missing".to_owned());
    }
    if seal.prev != *prev {
        return Some("it follows another entry than the one before it".to_owned());
    }
    if stored.entry.hash(prev, seq) != seal.hash {
        return Some("its content was changed after it was written".to_owned());
    }
    let stored_commitment = stored.address.as_ref().map(Address::commitment);
    if stored_commitment.is_some() && stored_commitment != stored.entry.ip_commitment {
        return Some("its address was changed after it was written".to_owned());
    }
    None
}
