//! The entries, the head of each chain, and its checkpoints.

use entity::prelude::*;
use sea_orm::Value;
use uuid::Uuid;

use super::{
    core::{Address, Chain, Checkpoint, Entry, Hash, Outcome, Seal, Target},
    writer::AuditWriter,
};
use crate::storage::{Bulk, Column, ColumnKind, Fault, Global, Reads, Row, Work};

const COLUMNS: &[Column] = &[
    Column("tenant_id", ColumnKind::Id),
    Column("id", ColumnKind::Id),
    Column("at", ColumnKind::Int),
    Column("actor_kind", ColumnKind::Text),
    Column("actor_id", ColumnKind::Id),
    Column("session_id", ColumnKind::IdOrNull),
    Column("action", ColumnKind::Text),
    Column("outcome", ColumnKind::Text),
    Column("target_kind", ColumnKind::TextOrNull),
    Column("target_id", ColumnKind::IdOrNull),
    Column("request_id", ColumnKind::Text),
    Column("changes", ColumnKind::Text),
    Column("ip", ColumnKind::TextOrNull),
    Column("ip_salt", ColumnKind::BytesOrNull),
    Column("ip_commitment", ColumnKind::BytesOrNull),
    Column("mac_key", ColumnKind::Text),
    Column("mac", ColumnKind::Bytes),
    Column("seq", ColumnKind::IntOrNull),
    Column("prev_hash", ColumnKind::BytesOrNull),
    Column("hash", ColumnKind::BytesOrNull),
];

/// The rows of new entries that get their places later, ready for the transaction of what they are about.
pub fn waiting(audit_writer: &AuditWriter, entries: impl IntoIterator<Item = New>) -> Bulk {
    let (key_id, key) = audit_writer.mac_key();
    bulk(audit_writer, entries, |entry| (key_id.as_str().into(), entry.mac(&key).to_vec().into(), None))
}

/// The rows of new entries at the end of a chain, which the same transaction must find where it was.
pub fn chained(audit_writer: &AuditWriter, chain: &mut Chain, entries: impl IntoIterator<Item = New>) -> Bulk {
    bulk(audit_writer, entries, |entry| ("".into(), Vec::<u8>::new().into(), Some(chain.append(entry))))
}

/// A new entry, and the address that it came from.
pub type New = (Entry, Option<String>);

fn bulk(
    audit_writer: &AuditWriter,
    entries: impl IntoIterator<Item = New>,
    mut vouch: impl FnMut(&Entry) -> (Value, Value, Option<Seal>),
) -> Bulk {
    let mut bulk = Bulk::insert("audit_entry", COLUMNS);
    for (mut entry, ip) in entries {
        let address = ip.map(|ip| Address { ip, salt: audit_writer.salt() });
        entry.ip_commitment = address.as_ref().map(Address::commitment);
        let (mac_key, mac, seal) = vouch(&entry);
        let (ip, salt) = address.map(|address| (address.ip, address.salt.to_vec())).unwrap_or_default();
        bulk.row([
            entry.tenant.into(),
            entry.id.into(),
            entry.at.micros().into(),
            entry.actor_kind().into(),
            entry.actor.map_or(Uuid::nil(), |actor| actor.id).into(),
            entry.session.map(Id::uuid).into(),
            entry.action.into(),
            entry.outcome.as_str().into(),
            entry.target.as_ref().map_or("", |target| &target.kind).into(),
            entry.target.as_ref().map(|target| target.id).into(),
            entry.request_id.into(),
            entry.changes.into(),
            ip.into(),
            salt.into(),
            entry.ip_commitment.map(|hash| hash.to_vec()).unwrap_or_default().into(),
            mac_key,
            mac,
            seal.map(|seal| seal.seq).into(),
            seal.map(|seal| seal.prev.to_vec()).into(),
            seal.map(|seal| seal.hash.to_vec()).into(),
        ]);
    }
    bulk
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub entry: Entry,
    /// None when it came from nowhere, or was erased.
    pub address: Option<Address>,
    pub mac_key: String,
    pub mac: Vec<u8>,
    pub seal: Option<Seal>,
}

const STORED: &str = "id, at, actor_kind, actor_id, session_id, action, outcome, target_kind, target_id, request_id, changes, \
    ip, ip_salt, ip_commitment, mac_key, mac, seq, prev_hash, hash";

fn read(tenant: TenantId, row: &mut Row<'_>) -> Result<Stored, Fault> {
    let (id, at) = (row.take()?, row.time()?);
    let (kind, who): (String, Uuid) = (row.take()?, row.take()?);
    let (session, action) = (row.take::<Option<SessionId>>()?, row.take()?);
    let outcome = row.word("audit_entry", Outcome::parse)?;
    let (target_kind, target_id): (Option<String>, Option<Uuid>) = (row.take()?, row.take()?);
    let (request_id, changes) = (row.take()?, row.take()?);
    let (ip, salt): (Option<String>, Option<Vec<u8>>) = (row.take()?, row.take()?);
    let commitment: Option<Vec<u8>> = row.take()?;
    let entry = Entry {
        tenant,
        id,
        at,
        actor: ActorKind::parse(&kind).map(|kind| Actor { kind, id: who }),
        session,
        action,
        outcome,
        target: target_kind.zip(target_id).map(|(kind, id)| Target { kind, id }),
        request_id,
        changes,
        ip_commitment: commitment.filter(|bytes| !bytes.is_empty()).map(hash_of).transpose()?,
    };
    let address = ip.zip(salt.and_then(|salt| salt.try_into().ok())).map(|(ip, salt)| Address { ip, salt });
    let (mac_key, mac) = (row.take()?, row.take()?);
    let (seq, prev, hash): (Option<i64>, Option<Vec<u8>>, Option<Vec<u8>>) = (row.take()?, row.take()?, row.take()?);
    let seal = match (seq, prev, hash) {
        (Some(seq), Some(prev), Some(hash)) => Some(Seal { seq, prev: hash_of(prev)?, hash: hash_of(hash)? }),
        _ => None,
    };
    Ok(Stored { entry, address, mac_key, mac, seal })
}

fn hash_of(bytes: Vec<u8>) -> Result<Hash, Fault> {
    bytes.try_into().map_err(|_| Fault::corrupt("audit_entry", "a hash has 32 bytes"))
}

async fn select(reads: &impl Reads, rest: &str, values: Vec<Value>) -> Result<Vec<Stored>, Fault> {
    let rows = reads.rows(&format!("SELECT {STORED} FROM audit_entry WHERE tenant_id = $1 {rest}"), values).await?;
    rows.iter().map(|row| read(reads.tenant(), &mut Row::new(row))).collect()
}

/// Entries that have no place in the chain yet, in the order of their ids.
pub async fn unsealed(reads: &impl Reads, after: AuditId, most: i64) -> Result<Vec<Stored>, Fault> {
    select(reads, "AND seq IS NULL AND id > $2 ORDER BY id LIMIT $3", vec![after.into(), most.into()]).await
}
/// Sealed entries from a number on.
pub async fn chain(reads: &impl Reads, from: i64, most: i64) -> Result<Vec<Stored>, Fault> {
    select(reads, "AND seq IS NOT NULL AND seq >= $2 ORDER BY seq LIMIT $3", vec![from.into(), most.into()]).await
}
pub async fn by_id(reads: &impl Reads, id: AuditId) -> Result<Option<Stored>, Fault> {
    Ok(select(reads, "AND id = $2 AND seq IS NOT NULL", vec![id.into()]).await?.pop())
}
/// A page for a list: conditions, order and limit are given as SQL with parameters from `$2`.
pub async fn page(reads: &impl Reads, conditions: &str, order: &str, values: Vec<Value>) -> Result<Vec<Stored>, Fault> {
    select(reads, &format!("AND seq IS NOT NULL{conditions}{order}"), values).await
}

/// Tenants with entries that have no place yet.
pub async fn tenants_with_unsealed(global: &Global) -> Result<Vec<TenantId>, Fault> {
    let rows = global.rows("SELECT DISTINCT tenant_id FROM audit_entry WHERE seq IS NULL LIMIT 1000", vec![]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}
/// Every tenant that has a chain; the deployment's own is the nil one.
pub async fn chained_tenants(global: &Global) -> Result<Vec<TenantId>, Fault> {
    let rows = global.rows("SELECT tenant_id FROM audit_head ORDER BY tenant_id", vec![]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}

/// Where a chain stands.
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

/// The head, made when it is not there, and locked: one sealer at a time.
pub async fn lock_head(work: &Work) -> Result<Head, Fault> {
    let sql = "INSERT INTO audit_head (tenant_id, seq, hash, checkpoint_seq, checkpoint_at) VALUES ($1, 0, $2, 0, 0)
               ON CONFLICT (tenant_id) DO NOTHING";
    work.execute(sql, vec![super::core::GENESIS.to_vec().into()]).await?;
    let head = read_head(work, &work.backend().for_update("audit_head")).await?;
    head.ok_or_else(|| Fault::corrupt("audit_head", "a chain that was begun has a head"))
}

async fn read_head(reads: &impl Reads, lock: &str) -> Result<Option<Head>, Fault> {
    let sql = format!("SELECT seq, hash, checkpoint_seq, checkpoint_at FROM audit_head WHERE tenant_id = $1{lock}");
    let rows = reads.rows(&sql, vec![]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = Row::new(row);
    let chain = Chain { seq: row.take()?, hash: hash_of(row.take()?)? };
    Ok(Some(Head { chain, checkpoint_seq: row.take()?, checkpoint_at: row.time()? }))
}

/// Whether the tenant was erased, and its entries with it.
pub async fn is_erased(reads: &impl Reads) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM tenant_erasure WHERE tenant_id = $1 AND erased_at IS NOT NULL";
    Ok(!reads.rows(sql, vec![]).await?.is_empty())
}

const SEALS: &[Column] = &[
    Column("tenant_id", ColumnKind::Id),
    Column("id", ColumnKind::Id),
    Column("seq", ColumnKind::Int),
    Column("prev_hash", ColumnKind::Bytes),
    Column("hash", ColumnKind::Bytes),
];

/// Gives entries their places, and the chain its new end.
pub async fn seal(work: &Work, seals: &[(AuditId, Seal)], end: Chain) -> Result<(), Fault> {
    let mut bulk = Bulk::update("audit_entry", SEALS, 2);
    for (id, seal) in seals {
        let (prev, hash) = (seal.prev.to_vec(), seal.hash.to_vec());
        bulk.row([work.tenant().into(), (*id).into(), seal.seq.into(), prev.into(), hash.into()]);
    }
    work.write(bulk).await?;
    end_at(work, end).await
}

/// Writes new entries behind the end of the chain, which is locked: whoever asks holds no lock that a sealer waits for.
pub async fn append(work: &Work, audit_writer: &AuditWriter, entries: impl IntoIterator<Item = New>) -> Result<(), Fault> {
    let mut chain = lock_head(work).await?.chain;
    work.write(chained(audit_writer, &mut chain, entries)).await?;
    end_at(work, chain).await
}

async fn end_at(work: &Work, end: Chain) -> Result<(), Fault> {
    let sql = "UPDATE audit_head SET seq = $2, hash = $3 WHERE tenant_id = $1";
    work.execute(sql, vec![end.seq.into(), end.hash.to_vec().into()]).await?;
    Ok(())
}

/// Tenants whose head has grown by so many entries since it was signed last, or at all since that time.
pub async fn tenants_to_sign(global: &Global, entries: i64, since: Timestamp) -> Result<Vec<TenantId>, Fault> {
    let sql =
        "SELECT tenant_id FROM audit_head WHERE seq > checkpoint_seq AND (seq >= checkpoint_seq + $1 OR checkpoint_at <= $2)";
    let rows = global.rows(sql, vec![entries.into(), since.micros().into()]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}

pub async fn write_checkpoint(work: &Work, signed: &Checkpoint) -> Result<(), Fault> {
    let sql = "INSERT INTO audit_checkpoint (tenant_id, seq, hash, at, key_id, public_key, signature) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values: Vec<Value> = vec![
        signed.seq.into(),
        signed.hash.to_vec().into(),
        signed.at.micros().into(),
        signed.key_id.as_str().into(),
        signed.public_key.clone().into(),
        signed.signature.clone().into(),
    ];
    work.execute(sql, values).await?;
    let sql = "UPDATE audit_head SET checkpoint_seq = $2, checkpoint_at = $3 WHERE tenant_id = $1";
    work.execute(sql, vec![signed.seq.into(), signed.at.micros().into()]).await?;
    Ok(())
}

/// Checkpoints from a number on, in order.
pub async fn checkpoints(reads: &impl Reads, from: i64) -> Result<Vec<Checkpoint>, Fault> {
    let sql = "SELECT seq, hash, at, key_id, public_key, signature FROM audit_checkpoint WHERE tenant_id = $1 AND seq >= $2 ORDER BY seq";
    let rows = reads.rows(sql, vec![from.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(Checkpoint {
                tenant: reads.tenant(),
                seq: row.take()?,
                hash: hash_of(row.take()?)?,
                at: row.time()?,
                key_id: row.take()?,
                public_key: row.take()?,
                signature: row.take()?,
            })
        })
        .collect()
}
