//! The entries, the head of each chain, and its checkpoints.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{audit_checkpoint, audit_entry, audit_head},
};
use sea_orm::Value;
use uuid::Uuid;

use super::{
    core::{Address, Chain, Checkpoint, Entry, Hash, Outcome, Seal, Target},
    writer::AuditWriter,
};
use crate::{
    paging::{ListSource, PageRequest, keyset},
    storage::{Backend, Bulk, Fault, Finds, Global, OwnRow, Reads, Row, Rows, Work, word},
};

/// Columns of a new entry.
#[derive(Record)]
#[record(of = audit_entry)]
struct NewRow {
    tenant_id: TenantId,
    id: AuditId,
    at: Timestamp,
    actor_kind: String,
    actor_id: Uuid,
    session_id: Option<SessionId>,
    action: String,
    outcome: String,
    target_kind: Option<String>,
    target_id: Option<Uuid>,
    request_id: String,
    changes: String,
    ip: Option<String>,
    ip_salt: Option<Vec<u8>>,
    ip_commitment: Option<Vec<u8>>,
    mac_key: String,
    mac: Vec<u8>,
    seq: Option<i64>,
    prev_hash: Option<Vec<u8>>,
    hash: Option<Vec<u8>>,
}

/// Returns the rows of new entries that a sealer chains later, to be written in the transaction that they record.
pub fn unchained_rows(audit_writer: &AuditWriter, entries: impl IntoIterator<Item = New>) -> Bulk {
    let (key_id, key) = audit_writer.mac_key();
    bulk(audit_writer, entries, |entry| (key_id.clone(), entry.mac(&key).to_vec(), None))
}

/// Returns the rows of new entries at the end of a chain, which must not have moved when the transaction writes them.
pub fn chained_rows(audit_writer: &AuditWriter, chain: &mut Chain, entries: impl IntoIterator<Item = New>) -> Bulk {
    bulk(audit_writer, entries, |entry| (String::new(), Vec::new(), Some(chain.append(entry))))
}

/// A new entry, and the address of its request.
pub type New = (Entry, Option<String>);

fn bulk(
    audit_writer: &AuditWriter,
    entries: impl IntoIterator<Item = New>,
    mut vouch: impl FnMut(&Entry) -> (String, Vec<u8>, Option<Seal>),
) -> Bulk {
    let mut rows = Rows::<NewRow>::insert_named();
    for (mut entry, ip) in entries {
        let address = ip.map(|ip| Address { ip, salt: audit_writer.salt() });
        entry.ip_commitment = address.as_ref().map(Address::commitment);
        let (mac_key, mac, seal) = vouch(&entry);
        let actor_kind = entry.actor_kind().to_owned();
        let (ip, ip_salt) = address.map(|address| (address.ip, address.salt.to_vec())).unzip();
        let (target_kind, target_id) = entry.target.map(|target| (target.kind, target.id)).unzip();
        rows.push(NewRow {
            tenant_id: entry.tenant,
            id: entry.id,
            at: entry.at,
            actor_kind,
            actor_id: entry.actor.map_or(Uuid::nil(), |actor| actor.id),
            session_id: entry.session,
            action: entry.action,
            outcome: entry.outcome.as_str().to_owned(),
            target_kind,
            target_id,
            request_id: entry.request_id,
            changes: entry.changes,
            ip,
            ip_salt,
            ip_commitment: entry.ip_commitment.map(|hash| hash.to_vec()),
            mac_key,
            mac,
            seq: seal.map(|seal| seal.seq),
            prev_hash: seal.map(|seal| seal.prev.to_vec()),
            hash: seal.map(|seal| seal.hash.to_vec()),
        });
    }
    rows.into()
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    pub entry: Entry,
    /// None if the request had no address, or the address was erased.
    pub address: Option<Address>,
    pub mac_key: String,
    pub mac: Vec<u8>,
    pub seal: Option<Seal>,
}

#[derive(Record)]
#[record(of = audit_entry, alias = "audit_entry")]
struct StoredRow {
    id: AuditId,
    at: Timestamp,
    actor_kind: String,
    actor_id: Uuid,
    session_id: Option<SessionId>,
    action: String,
    outcome: String,
    target_kind: Option<String>,
    target_id: Option<Uuid>,
    request_id: String,
    changes: String,
    ip: Option<String>,
    ip_salt: Option<Vec<u8>>,
    ip_commitment: Option<Vec<u8>>,
    mac_key: String,
    mac: Vec<u8>,
    seq: Option<i64>,
    prev_hash: Option<Vec<u8>>,
    hash: Option<Vec<u8>>,
}

impl StoredRow {
    fn of(self, tenant: TenantId) -> Result<StoredEntry, Fault> {
        let entry = Entry {
            tenant,
            id: self.id,
            at: self.at,
            actor: ActorKind::parse(&self.actor_kind).map(|kind| Actor { kind, id: self.actor_id }),
            session: self.session_id,
            action: self.action,
            outcome: word("audit_entry", &self.outcome, Outcome::parse)?,
            target: self.target_kind.zip(self.target_id).map(|(kind, id)| Target { kind, id }),
            request_id: self.request_id,
            changes: self.changes,
            ip_commitment: self.ip_commitment.filter(|bytes| !bytes.is_empty()).map(hash_of).transpose()?,
        };
        let salt = self.ip_salt.and_then(|salt| salt.try_into().ok());
        let address = self.ip.zip(salt).map(|(ip, salt)| Address { ip, salt });
        let seal = match (self.seq, self.prev_hash, self.hash) {
            (Some(seq), Some(prev), Some(hash)) => Some(Seal { seq, prev: hash_of(prev)?, hash: hash_of(hash)? }),
            _ => None,
        };
        Ok(StoredEntry { entry, address, mac_key: self.mac_key, mac: self.mac, seal })
    }
}

pub(super) fn hash_of(bytes: Vec<u8>) -> Result<Hash, Fault> {
    bytes.try_into().map_err(|_| Fault::corrupt("audit_entry", "a hash has 32 bytes"))
}

async fn select(reads: &impl Reads, tail_sql: &str, values: Vec<Value>) -> Result<Vec<StoredEntry>, Fault> {
    let sql = format!("SELECT {} FROM audit_entry WHERE tenant_id = $1 {tail_sql}", StoredRow::SELECT);
    let rows = reads.records::<StoredRow>(&sql, values).await?;
    rows.into_iter().map(|row| row.of(reads.tenant())).collect()
}

/// Returns entries that are not chained yet, in the order of their IDs.
pub async fn list_unsealed(reads: &impl Reads, after: AuditId, limit: i64) -> Result<Vec<StoredEntry>, Fault> {
    select(reads, "AND seq IS NULL AND id > $2 ORDER BY id LIMIT $3", vec![after.into(), limit.into()]).await
}
/// Sealed entries from a number on.
pub async fn chain(reads: &impl Reads, from: i64, limit: i64) -> Result<Vec<StoredEntry>, Fault> {
    select(reads, "AND seq IS NOT NULL AND seq >= $2 ORDER BY seq LIMIT $3", vec![from.into(), limit.into()]).await
}
pub async fn by_id(reads: &impl Reads, id: AuditId) -> Result<Option<StoredEntry>, Fault> {
    Ok(select(reads, "AND id = $2 AND seq IS NOT NULL", vec![id.into()]).await?.pop())
}
/// Returns the entries that match conditions: SQL with parameters from `$2`.
pub fn source(conditions: &str, values: Vec<Value>) -> ListSource {
    ListSource { from: format!("FROM audit_entry WHERE tenant_id = $1 AND seq IS NOT NULL{conditions}"), values }
}
/// Returns a page of a list: conditions, order and limit are given as SQL with parameters from `$2`.
pub async fn page(reads: &impl Reads, conditions: &str, order: &str, values: Vec<Value>) -> Result<Vec<StoredEntry>, Fault> {
    select(reads, &format!("AND seq IS NOT NULL{conditions}{order}"), values).await
}

/// Returns a page of changes to objects, the newest first, including entries that are not chained yet. Page keys are the time and the ID; conditions
/// without parameters are given as SQL. Entries of the ledger's batches come after the others: an index for this order would slow down each batch,
/// and an object has few of them.
pub async fn history(
    reads: &impl Reads,
    targets: &[Uuid],
    conditions: &str,
    request: &PageRequest,
) -> Result<Vec<StoredEntry>, Fault> {
    let mut entries = Vec::new();
    for (condition, targets) in target_conditions(reads.backend(), targets, conditions) {
        let (bounds, order, keyset_values) = keyset(&["at", "id"], true, request, 3);
        let mut values = vec![targets];
        values.extend(keyset_values);
        entries.extend(select(reads, &format!("{condition}{bounds}{order}"), values).await?);
    }
    Ok(entries)
}

/// Returns the sources of the objects' changes on all pages together: entries outside the ledger's batches, and those inside.
pub fn history_sources(backend: Backend, targets: &[Uuid], conditions: &str) -> [ListSource; 2] {
    target_conditions(backend, targets, conditions).map(|(condition, targets)| ListSource {
        from: format!("FROM audit_entry WHERE tenant_id = $1 {condition}"),
        values: vec![targets],
    })
}

/// Returns the conditions of both parts of a history, and the objects' IDs, which are `$2`.
fn target_conditions(backend: Backend, targets: &[Uuid], conditions: &str) -> [(String, Value); 2] {
    let (target_condition, targets): (_, Value) = match targets {
        [target] => ("target_id = $2".to_owned(), (*target).into()),
        many => (backend.in_ids("target_id", 2), backend.ids(many.iter().copied().map(AuditId::from_uuid))),
    };
    ["mac_key <> ''", "mac_key = ''"].map(|mac_condition| {
        let condition = format!(
            "AND {target_condition} AND target_id IS NOT NULL AND {mac_condition} AND outcome = 'DONE' AND action <> 'customer.contact.read'{conditions}"
        );
        (condition, targets.clone())
    })
}

/// Returns the tenants with unchained entries of any month: one may have waited since an earlier month, and clocks of nodes may be ahead.
pub async fn tenants_with_unsealed(global: &Global) -> Result<Vec<TenantId>, Fault> {
    let rows = global.rows("SELECT DISTINCT tenant_id FROM audit_entry WHERE seq IS NULL LIMIT 1000", vec![]).await?;
    rows.iter().map(Row::scalar).collect()
}
/// Returns the tenants with unchained entries whose MACs were made with this key.
pub async fn tenants_with_unchained_by_key(global: &Global, key: &str) -> Result<Vec<TenantId>, Fault> {
    let sql = "SELECT DISTINCT tenant_id FROM audit_entry WHERE seq IS NULL AND mac_key = $1";
    let rows = global.rows(sql, vec![key.into()]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// End of a chain, with its last checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub chain: Chain,
    pub checkpoint_seq: i64,
    pub checkpoint_at: Timestamp,
}

/// The head, if the chain has begun.
pub async fn head(reads: &impl Reads) -> Result<Option<Head>, Fault> {
    read_head(reads, "").await
}

/// Locks the head, and creates it if it is missing: one sealer at a time.
pub async fn lock_head(work: &Work) -> Result<Head, Fault> {
    let lock = work.backend().for_update("audit_head");
    // Only the first call does not find it.
    if let Some(head) = read_head(work, &lock).await? {
        return Ok(head);
    }
    let row = audit_head::Model {
        tenant_id: work.tenant(),
        seq: 0,
        hash: super::core::GENESIS.to_vec(),
        checkpoint_seq: 0,
        checkpoint_at: Timestamp(0),
    };
    work.insert_or_ignore(row).await?;
    let head = read_head(work, &lock).await?;
    head.ok_or_else(|| Fault::corrupt("audit_head", "a chain that was begun has a head"))
}

#[derive(Record)]
#[record(of = audit_head, alias = "audit_head")]
struct HeadRow {
    seq: i64,
    hash: Vec<u8>,
    checkpoint_seq: i64,
    checkpoint_at: Timestamp,
}

async fn read_head(reads: &impl Reads, lock: &str) -> Result<Option<Head>, Fault> {
    let sql = format!("SELECT {} FROM audit_head WHERE tenant_id = $1{lock}", HeadRow::SELECT);
    let Some(row) = reads.records::<HeadRow>(&sql, vec![]).await?.pop() else { return Ok(None) };
    let chain = Chain { seq: row.seq, hash: hash_of(row.hash)? };
    Ok(Some(Head { chain, checkpoint_seq: row.checkpoint_seq, checkpoint_at: row.checkpoint_at }))
}

/// Whether the tenant was erased, and its entries with it.
pub async fn is_erased(reads: &impl Reads) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM tenant_erasure WHERE tenant_id = $1 AND erased_at IS NOT NULL";
    Ok(!reads.rows(sql, vec![]).await?.is_empty())
}

/// Place of an entry in its chain. The time, which no update changes, is part of the key, so that Postgres looks only at its month's partition.
#[derive(Record)]
#[record(of = audit_entry)]
struct SealRow {
    #[record(key)]
    id: AuditId,
    #[record(key)]
    at: Timestamp,
    seq: Option<i64>,
    prev_hash: Option<Vec<u8>>,
    hash: Option<Vec<u8>>,
}

/// Writes the places of entries, found by their IDs and times, and the chain's new end.
pub async fn seal(work: &Work, seals: &[(AuditId, Timestamp, Seal)], end: Chain) -> Result<(), Fault> {
    let mut rows = Rows::<SealRow>::update(work.tenant());
    rows.extend(seals.iter().map(|(id, at, seal)| SealRow {
        id: *id,
        at: *at,
        seq: Some(seal.seq),
        prev_hash: Some(seal.prev.to_vec()),
        hash: Some(seal.hash.to_vec()),
    }));
    work.write_all(vec![chain_end_row(end)], vec![rows.into()]).await
}

/// Appends new entries to the chain and locks its end. The caller must hold no lock that a sealer waits for.
pub async fn append(work: &Work, audit_writer: &AuditWriter, entries: impl IntoIterator<Item = New>) -> Result<(), Fault> {
    let (end, rows) = append_rows(work, audit_writer, None, entries).await?;
    work.write_all(vec![end], vec![rows]).await
}

/// Returns the rows that `append` would write, to be written with others: the chain's new end and the entries. Locks the end at once, unless it is
/// given as `locked_chain`.
pub async fn append_rows(
    work: &Work,
    audit_writer: &AuditWriter,
    locked_chain: Option<Chain>,
    entries: impl IntoIterator<Item = New>,
) -> Result<(OwnRow, Bulk), Fault> {
    let mut chain = if let Some(chain) = locked_chain { chain } else { lock_head(work).await?.chain };
    let rows = chained_rows(audit_writer, &mut chain, entries);
    Ok((chain_end_row(chain), rows))
}

fn chain_end_row(end: Chain) -> OwnRow {
    OwnRow::of("audit_head").set("seq", end.seq).set("hash", end.hash.to_vec())
}

/// Returns the tenants whose head has grown by so many entries since its last checkpoint, or at all since that time.
pub async fn tenants_to_sign(global: &Global, entries: i64, since: Timestamp) -> Result<Vec<TenantId>, Fault> {
    let sql =
        "SELECT tenant_id FROM audit_head WHERE seq > checkpoint_seq AND (seq >= checkpoint_seq + $1 OR checkpoint_at <= $2)";
    let rows = global.rows(sql, vec![entries.into(), since.micros().into()]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Writes a checkpoint and returns true, or false if another node has signed the same place. The head is locked last, just before the commit.
pub async fn write_checkpoint(work: &Work, checkpoint: &Checkpoint) -> Result<bool, Fault> {
    let row = audit_checkpoint::Model {
        tenant_id: work.tenant(),
        seq: checkpoint.seq,
        hash: checkpoint.hash.to_vec(),
        at: checkpoint.at,
        key_id: checkpoint.key_id.clone(),
        public_key: checkpoint.public_key.clone(),
        signature: checkpoint.signature.clone(),
    };
    if !work.insert_or_ignore(row).await? {
        return Ok(false);
    }
    // Another node may have signed a later place meanwhile.
    let sql = "UPDATE audit_head SET checkpoint_seq = $2, checkpoint_at = $3 WHERE tenant_id = $1 AND checkpoint_seq < $2";
    work.execute(sql, vec![checkpoint.seq.into(), checkpoint.at.micros().into()]).await?;
    Ok(true)
}

#[derive(Record)]
#[record(of = audit_checkpoint, alias = "audit_checkpoint")]
struct CheckpointRow {
    seq: i64,
    hash: Vec<u8>,
    at: Timestamp,
    key_id: String,
    public_key: Vec<u8>,
    signature: Vec<u8>,
}

/// Checkpoints from a number on, in order.
pub async fn checkpoints(reads: &impl Reads, from: i64) -> Result<Vec<Checkpoint>, Fault> {
    let sql = format!("SELECT {} FROM audit_checkpoint WHERE tenant_id = $1 AND seq >= $2 ORDER BY seq", CheckpointRow::SELECT);
    let rows = reads.records::<CheckpointRow>(&sql, vec![from.into()]).await?;
    let checkpoint = |row: CheckpointRow| {
        Ok(Checkpoint {
            tenant: reads.tenant(),
            seq: row.seq,
            hash: hash_of(row.hash)?,
            at: row.at,
            key_id: row.key_id,
            public_key: row.public_key,
            signature: row.signature,
        })
    };
    rows.into_iter().map(checkpoint).collect()
}
