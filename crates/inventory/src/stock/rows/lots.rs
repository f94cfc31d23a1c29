//! Lots, how much of each lies where, and what was set aside: loading for the rules, and writing what they decided.

use std::collections::{BTreeSet, HashMap};

use entity::prelude::*;
use platform::storage::{Bulk, Column, ColumnKind::*, Fault, Reads, Row};
use sea_orm::Value;

use crate::stock::core::{Aside, LevelKey, Lot, LotBook, LotLevel, LotProduct, LotsWanted};

pub const LOT: &str =
    "l.id, l.product_id, l.code, l.code_key, l.tracking, l.made_on, l.expires_on, l.status, l.note, l.on_hand, l.version,
    l.created_at, l.updated_at";
pub const LOT_LEVEL: &str =
    "v.product_id, v.store_id, v.lot_id, v.on_hand, v.unavailable, v.received_at, v.updated_at, v.counted_at";

pub fn read_lot(row: &mut Row<'_>) -> Result<Lot, Fault> {
    Ok(Lot {
        id: row.take()?,
        product: row.take()?,
        code: row.take()?,
        key: row.take()?,
        tracking: row.word("lot", Tracking::parse)?,
        made_on: row.take()?,
        expires_on: row.take()?,
        status: row.word("lot", LotStatus::parse)?,
        note: row.take()?,
        on_hand: row.take()?,
        in_transit: false,
        version: row.take()?,
        created_at: row.time()?,
        updated_at: row.time()?,
        exists: true,
    })
}

pub fn read_lot_level(row: &mut Row<'_>) -> Result<LotLevel, Fault> {
    Ok(LotLevel {
        key: LevelKey { product: row.take()?, store: row.take()? },
        lot: row.take()?,
        on_hand: row.take()?,
        unavailable: row.take()?,
        received_at: row.time()?,
        updated_at: row.time()?,
        counted_at: row.time_opt()?,
        exists: true,
    })
}

/// Whether rows are locked against other changes until the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    Lock,
    Read,
}

/// The lots that lie at these levels and those that are wanted besides; locked in the order of their ids, after the levels. `tracked`
/// are the levels that are kept by lots: nothing is read where there are none. Lots that were counted `since` then are read also where nothing is
/// left of them.
pub async fn lot_book(
    reads: &impl Reads,
    tracked: &[LevelKey],
    wanted: &LotsWanted,
    since: Option<Timestamp>,
    hold: Hold,
) -> Result<LotBook, Fault> {
    let mut book = LotBook::default();
    if !tracked.is_empty() || !wanted.ids.is_empty() || !wanted.codes.is_empty() || !wanted.whole.is_empty() {
        for lot in lots_for(reads, tracked, wanted, since, hold).await? {
            book.add(lot);
        }
        for level in lot_levels_for(reads, tracked, &wanted.whole, &book).await? {
            book.levels.insert((level.key, level.lot), level);
        }
    }
    if !wanted.products.is_empty() {
        book.products = lot_products(reads, &wanted.products).await?;
    }
    if !wanted.asides.is_empty() {
        let keys: Vec<LevelKey> = wanted.asides.iter().copied().collect();
        book.asides = asides(reads, &keys).await?;
        book.asides_known.clone_from(&wanted.asides);
    }
    Ok(book)
}

fn pairs(keys: &[LevelKey]) -> Vec<(ProductId, StoreId)> {
    keys.iter().map(|key| (key.product, key.store)).collect()
}

async fn lots_for(
    reads: &impl Reads,
    tracked: &[LevelKey],
    wanted: &LotsWanted,
    since: Option<Timestamp>,
    hold: Hold,
) -> Result<Vec<Lot>, Fault> {
    let backend = reads.backend();
    let (k, mut values) = backend.pairs(&pairs(tracked), 2);
    let next = values.len() + 2;
    let (by_id, by_product, by_code) =
        (backend.in_ids("a.id", next), backend.in_ids("b.product_id", next + 1), backend.in_texts("b.code_key", next + 2));
    values.push(backend.ids(wanted.ids.iter().chain(&wanted.whole).copied()));
    values.push(backend.ids(wanted.codes.iter().map(|(product, _)| *product)));
    values.push(backend.texts(wanted.codes.iter().map(|(_, code)| code.as_str())));
    let counted_later = match since {
        Some(since) => {
            values.push(since.micros().into());
            format!(" OR v.counted_at > ${}", next + 3)
        }
        None => String::new(),
    };
    let lock = if hold == Hold::Lock { backend.for_change("l") } else { String::new() };
    let sql = format!(
        "SELECT {LOT} FROM lot l WHERE l.tenant_id = $1 AND l.id IN (
           SELECT a.id FROM lot a WHERE a.tenant_id = $1 AND {by_id}
           UNION ALL SELECT b.id FROM lot b WHERE b.tenant_id = $1 AND {by_product} AND {by_code}
           UNION ALL SELECT v.lot_id FROM {k} CROSS JOIN lot_level v
             WHERE v.tenant_id = $1 AND v.product_id = k.a AND v.store_id = k.b AND (v.on_hand > 0{counted_later}))
         ORDER BY l.id{lock}"
    );
    let rows = reads.rows(&sql, values).await?;
    rows.iter().map(|row| read_lot(&mut Row::new(row))).collect()
}

/// What of the loaded lots lies at the levels, also where nothing is left; and where the `whole` ones lie.
async fn lot_levels_for(
    reads: &impl Reads,
    tracked: &[LevelKey],
    whole: &BTreeSet<LotId>,
    book: &LotBook,
) -> Result<Vec<LotLevel>, Fault> {
    let backend = reads.backend();
    let (k, mut values) = backend.pairs(&pairs(tracked), 2);
    let next = values.len() + 2;
    let (of, all) = (backend.in_ids("v.lot_id", next), backend.in_ids("v.lot_id", next + 1));
    values.push(backend.ids(book.lots.keys().copied()));
    values.push(backend.ids(whole.iter().copied()));
    let sql = format!(
        "SELECT {LOT_LEVEL} FROM {k} CROSS JOIN lot_level v WHERE v.tenant_id = $1 AND v.product_id = k.a AND v.store_id = k.b AND {of}
         UNION SELECT {LOT_LEVEL} FROM lot_level v WHERE v.tenant_id = $1 AND {all} AND v.on_hand > 0"
    );
    let rows = reads.rows(&sql, values).await?;
    rows.iter().map(|row| read_lot_level(&mut Row::new(row))).collect()
}

async fn lot_products(reads: &impl Reads, ids: &BTreeSet<ProductId>) -> Result<HashMap<ProductId, LotProduct>, Fault> {
    let backend = reads.backend();
    let of = backend.in_ids("p.id", 2);
    let sql = format!("SELECT p.id, p.sku, p.tracking, p.status FROM product p WHERE p.tenant_id = $1 AND {of}");
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let id = row.take()?;
            let (sku, tracking) = (row.take()?, row.word("product", Tracking::parse)?);
            Ok((id, LotProduct { sku, tracking, status: row.word("product", ProductStatus::parse)? }))
        })
        .collect()
}

/// What was set aside of levels and of each of their lots, and why: the sum of their entries. Few entries set aside, and those have an index
/// of their own.
pub async fn asides(reads: &impl Reads, keys: &[LevelKey]) -> Result<HashMap<(LevelKey, Option<LotId>), Aside>, Fault> {
    let (k, values) = reads.backend().pairs(&pairs(keys), 2);
    let sql = format!(
        "SELECT e.product_id, e.store_id, e.lot_id, coalesce(e.condition, 'QUARANTINE'), CAST(sum(e.unavailable_delta) AS bigint)
         FROM {k} CROSS JOIN entry e
         WHERE e.tenant_id = $1 AND e.product_id = k.a AND e.store_id = k.b AND e.unavailable_delta <> 0
         GROUP BY e.product_id, e.store_id, e.lot_id, coalesce(e.condition, 'QUARANTINE')"
    );
    let mut found: HashMap<(LevelKey, Option<LotId>), Aside> = HashMap::new();
    for row in &reads.rows(&sql, values).await? {
        let mut row = Row::new(row);
        let key = LevelKey { product: row.take()?, store: row.take()? };
        let lot: Option<LotId> = row.take()?;
        let condition = row.word("entry", Condition::parse)?;
        found.entry((key, lot)).or_default().add(condition, row.take()?);
    }
    Ok(found)
}

/// Where lots lie now.
pub async fn places_of_lots(reads: &impl Reads, lots: &[LotId]) -> Result<Vec<LevelKey>, Fault> {
    let backend = reads.backend();
    let of = backend.in_ids("v.lot_id", 2);
    let sql = format!("SELECT v.product_id, v.store_id FROM lot_level v WHERE v.tenant_id = $1 AND {of} AND v.on_hand > 0");
    let rows = reads.rows(&sql, vec![backend.ids(lots.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(LevelKey { product: row.take()?, store: row.take()? })
        })
        .collect()
}

const NEW_LOT: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("product_id", Id),
    Column("code", Text),
    Column("code_key", Text),
    Column("tracking", Text),
    Column("made_on", SmallOrNull),
    Column("expires_on", SmallOrNull),
    Column("status", Text),
    Column("note", TextOrNull),
    Column("on_hand", Int),
    Column("version", Int),
    Column("created_at", Int),
    Column("updated_at", Int),
];
const CHANGED_LOT: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("made_on", SmallOrNull),
    Column("expires_on", SmallOrNull),
    Column("status", Text),
    Column("note", TextOrNull),
    Column("on_hand", Int),
    Column("version", Int),
    Column("updated_at", Int),
];
const LEVEL: &[Column] = &[
    Column("tenant_id", Id),
    Column("product_id", Id),
    Column("store_id", Id),
    Column("lot_id", Id),
    Column("on_hand", Int),
    Column("unavailable", Int),
    Column("received_at", Int),
    Column("updated_at", Int),
    Column("counted_at", IntOrNull),
];

/// Lots and their sub-balances as they are after the batch. A code that another process took first says so by its unique key, and the
/// batch is run again.
pub fn lot_rows(tenant: TenantId, lots: &[&Lot], levels: &[&LotLevel]) -> [Bulk; 4] {
    let tenant: Value = tenant.into();
    let (mut new, mut changed) = (Bulk::insert("lot", NEW_LOT), Bulk::update("lot", CHANGED_LOT, 2));
    for l in lots {
        let (status, note, on_hand) = (Value::from(l.status.as_str()), Value::from(l.note.clone()), Value::from(l.on_hand.get()));
        let (made_on, expires_on): (Value, Value) = (l.made_on.into(), l.expires_on.into());
        let (version, updated) = (Value::from(l.version), Value::from(l.updated_at.micros()));
        if l.exists {
            changed.row([tenant.clone(), l.id.into(), made_on, expires_on, status, note, on_hand, version, updated]);
        } else {
            new.row([
                tenant.clone(),
                l.id.into(),
                l.product.into(),
                l.code.as_str().into(),
                l.key.as_str().into(),
                l.tracking.as_str().into(),
                made_on,
                expires_on,
                status,
                note,
                on_hand,
                version,
                l.created_at.micros().into(),
                updated,
            ]);
        }
    }
    let (mut placed, mut moved) = (Bulk::insert("lot_level", LEVEL), Bulk::update("lot_level", LEVEL, 4));
    for level in levels {
        let rows = if level.exists { &mut moved } else { &mut placed };
        rows.row([
            tenant.clone(),
            level.key.product.into(),
            level.key.store.into(),
            level.lot.into(),
            level.on_hand.into(),
            level.unavailable.into(),
            level.received_at.micros().into(),
            level.updated_at.micros().into(),
            level.counted_at.map(Timestamp::micros).into(),
        ]);
    }
    [new, changed, placed, moved]
}
