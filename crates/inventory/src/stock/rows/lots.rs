//! Lots, their quantities in stores, and unavailable units by condition: loading for the rules, and
//! writing decisions.

use std::collections::{BTreeSet, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{entry, lot, lot_level, product},
};
use platform::storage::{Bulk, Fault, Finds, Reads, new_and_changed};

use super::packed::load_packed;
use crate::stock::core::{LevelKey, Lot, LotBook, LotLevel, LotProduct, LotRequest, RowState, UnavailableUnits};

/// Row of a lot.
#[derive(Record)]
#[record(of = lot, alias = "l")]
pub(super) struct LotRow {
    id: LotId,
    product_id: ProductId,
    code: String,
    code_key: String,
    tracking: Tracking,
    made_on: Option<i32>,
    expires_on: Option<i32>,
    status: LotStatus,
    note: Option<String>,
    on_hand: Quantity,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = lot)]
struct ChangedLot {
    id: LotId,
    made_on: Option<i32>,
    expires_on: Option<i32>,
    status: LotStatus,
    note: Option<String>,
    on_hand: Quantity,
    version: i64,
    updated_at: Timestamp,
}

/// Quantities of a lot at a level, as written and read.
#[derive(Record)]
#[record(of = lot_level, alias = "v")]
pub(super) struct LotLevelRow {
    product_id: ProductId,
    store_id: StoreId,
    lot_id: LotId,
    on_hand: i64,
    unavailable: i64,
    received_at: Timestamp,
    updated_at: Timestamp,
    counted_at: Option<Timestamp>,
}

/// A lot at a level, with its units that are named there by parcels which have not left. Lots of a
/// parcel's line that do not sum to its quantity do not count. Parcels that have left are not in
/// the indexes that are read here, however many there are.
#[derive(Record)]
struct LoadedLevel {
    #[record(alias = "v")]
    level: LotLevelRow,
    #[record(sql = "(SELECT CAST(coalesce(sum(x.units), 0) AS bigint) FROM parcel_line_lot x
           CROSS JOIN parcel h CROSS JOIN fulfilment_work w CROSS JOIN parcel_line n
         WHERE x.tenant_id = $1 AND x.lot_id = v.lot_id AND x.units > 0 AND NOT x.has_left
           AND h.tenant_id = $1 AND h.id = x.parcel_id AND h.fulfilment_id IS NULL
           AND w.tenant_id = $1 AND w.id = h.work_id AND w.store_id = v.store_id
           AND n.tenant_id = $1 AND n.parcel_id = x.parcel_id AND n.nth = x.nth AND n.quantity =
             (SELECT sum(y.units) FROM parcel_line_lot y WHERE y.tenant_id = $1 AND y.parcel_id = x.parcel_id AND y.nth = x.nth))")]
    in_parcels: i64,
}

#[derive(Record)]
#[record(of = lot_level, alias = "v")]
struct PlaceRow {
    product_id: ProductId,
    store_id: StoreId,
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct ProductRow {
    id: ProductId,
    sku: String,
    tracking: Tracking,
    status: ProductStatus,
}

#[derive(Record)]
struct UnavailableUnitsRow {
    #[record(of = entry, alias = "e")]
    product_id: ProductId,
    #[record(of = entry, alias = "e")]
    store_id: StoreId,
    #[record(of = entry, alias = "e")]
    lot_id: Option<LotId>,
    #[record(sql = "coalesce(e.condition, 'QUARANTINE')")]
    condition: String,
    #[record(sql = "CAST(sum(e.unavailable_delta) AS bigint)")]
    delta: i64,
}

impl From<LotRow> for Lot {
    fn from(row: LotRow) -> Self {
        Self {
            id: row.id,
            product: row.product_id,
            code: row.code,
            key: row.code_key,
            tracking: row.tracking,
            made_on: row.made_on,
            expires_on: row.expires_on,
            status: row.status,
            note: row.note,
            on_hand: row.on_hand,
            in_transit: false,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            row: RowState::Stored,
        }
    }
}

impl From<LotLevelRow> for LotLevel {
    fn from(row: LotLevelRow) -> Self {
        Self {
            key: LevelKey { product: row.product_id, store: row.store_id },
            lot: row.lot_id,
            on_hand: row.on_hand,
            unavailable: row.unavailable,
            received_at: row.received_at,
            updated_at: row.updated_at,
            counted_at: row.counted_at,
            row: RowState::Stored,
        }
    }
}

/// Whether rows are locked against other changes until the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowLock {
    Lock,
    Read,
}

/// Returns the lots with stock at these levels and those that are requested besides; locked in the
/// order of their IDs, after the levels. `tracked` are the levels that are kept by lots: without
/// any, nothing is read. Lots that were counted after `since` are read also if nothing is left of
/// them.
pub async fn lot_book(
    reads: &impl Reads,
    tracked: &[LevelKey],
    request: &LotRequest,
    since: Option<Timestamp>,
    hold: RowLock,
) -> Result<LotBook, Fault> {
    let mut book = LotBook::default();
    if !tracked.is_empty() || !request.ids.is_empty() || !request.codes.is_empty() || !request.whole.is_empty() {
        for lot in select_lots_for(reads, tracked, request, since, hold).await? {
            book.add(lot);
        }
        for LoadedLevel { level, in_parcels } in lot_levels_for(reads, tracked, &request.whole, &book).await? {
            let level = LotLevel::from(level);
            let level_key = (level.key, level.lot);
            book.levels.insert(level_key, level);
            if in_parcels > 0 {
                book.in_parcels.insert(level_key, in_parcels);
            }
        }
        if !book.in_parcels.is_empty() {
            let parcel_lots: BTreeSet<LotId> = book.in_parcels.keys().map(|(_, lot)| *lot).collect();
            book.packed = load_packed(reads, &parcel_lots.into_iter().collect::<Vec<_>>()).await?;
        }
    }
    if !request.products.is_empty() {
        book.products = lot_products(reads, &request.products).await?;
    }
    if !request.asides.is_empty() {
        let keys: Vec<LevelKey> = request.asides.iter().copied().collect();
        book.asides = load_unavailable_units(reads, &keys).await?;
        book.asides_known.clone_from(&request.asides);
    }
    Ok(book)
}

fn pairs(keys: &[LevelKey]) -> Vec<(ProductId, StoreId)> {
    keys.iter().map(|key| (key.product, key.store)).collect()
}

async fn select_lots_for(
    reads: &impl Reads,
    tracked: &[LevelKey],
    request: &LotRequest,
    since: Option<Timestamp>,
    hold: RowLock,
) -> Result<Vec<Lot>, Fault> {
    let backend = reads.backend();
    let (key_table, mut values) = backend.pairs(&pairs(tracked), 2);
    let next = values.len() + 2;
    let (by_id, by_product, by_code) =
        (backend.in_ids("a.id", next), backend.in_ids("b.product_id", next + 1), backend.in_texts("b.code_key", next + 2));
    values.push(backend.ids(request.ids.iter().chain(&request.whole).copied()));
    values.push(backend.ids(request.codes.iter().map(|(product, _)| *product)));
    values.push(backend.texts(request.codes.iter().map(|(_, code)| code.as_str())));
    let counted_later = match since {
        Some(since) => {
            values.push(since.micros().into());
            format!(" OR v.counted_at > ${}", next + 3)
        }
        None => String::new(),
    };
    let lock = if hold == RowLock::Lock { backend.for_change("l") } else { String::new() };
    let sql = format!(
        "SELECT {select} FROM lot l WHERE l.tenant_id = $1 AND l.id IN (
           SELECT a.id FROM lot a WHERE a.tenant_id = $1 AND {by_id}
           UNION ALL SELECT b.id FROM lot b WHERE b.tenant_id = $1 AND {by_product} AND {by_code}
           UNION ALL SELECT v.lot_id FROM {key_table} CROSS JOIN lot_level v
             WHERE v.tenant_id = $1 AND v.product_id = k.a AND v.store_id = k.b AND (v.on_hand > 0{counted_later}))
         ORDER BY l.id{lock}",
        select = LotRow::SELECT
    );
    Ok(reads.records::<LotRow>(&sql, values).await?.into_iter().map(Into::into).collect())
}

/// Reads the quantities of the loaded lots at the levels, also those that are 0; and all levels of
/// the `whole_lots`.
async fn lot_levels_for(
    reads: &impl Reads,
    tracked: &[LevelKey],
    whole_lots: &BTreeSet<LotId>,
    book: &LotBook,
) -> Result<Vec<LoadedLevel>, Fault> {
    let backend = reads.backend();
    let (key_table, mut values) = backend.pairs(&pairs(tracked), 2);
    let next = values.len() + 2;
    let (lot_condition, whole_condition) = (backend.in_ids("v.lot_id", next), backend.in_ids("v.lot_id", next + 1));
    values.push(backend.ids(book.lots.keys().copied()));
    values.push(backend.ids(whole_lots.iter().copied()));
    let sql = format!(
        "SELECT {select} FROM {key_table} CROSS JOIN lot_level v WHERE v.tenant_id = $1 AND v.product_id = k.a AND v.store_id = k.b AND {lot_condition}
         UNION SELECT {select} FROM lot_level v WHERE v.tenant_id = $1 AND {whole_condition} AND v.on_hand > 0",
        select = LoadedLevel::SELECT
    );
    reads.records::<LoadedLevel>(&sql, values).await
}

async fn lot_products(reads: &impl Reads, ids: &BTreeSet<ProductId>) -> Result<HashMap<ProductId, LotProduct>, Fault> {
    let backend = reads.backend();
    let (select, id_condition) = (ProductRow::SELECT, backend.in_ids("p.id", 2));
    let sql = format!("SELECT {select} FROM product p WHERE p.tenant_id = $1 AND {id_condition}");
    let rows = reads.records(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let product = |ProductRow { id, sku, tracking, status }| (id, LotProduct { sku, tracking, status });
    Ok(rows.into_iter().map(product).collect())
}

/// Reads the unavailable units of levels and of each of their lots by condition: the sums of their
/// entries. Few entries change unavailable units, and those have an index of their own.
pub async fn load_unavailable_units(
    reads: &impl Reads,
    keys: &[LevelKey],
) -> Result<HashMap<(LevelKey, Option<LotId>), UnavailableUnits>, Fault> {
    let (key_table, values) = reads.backend().pairs(&pairs(keys), 2);
    let sql = format!(
        "SELECT {select}
         FROM {key_table} CROSS JOIN entry e
         WHERE e.tenant_id = $1 AND e.product_id = k.a AND e.store_id = k.b AND e.unavailable_delta <> 0
         GROUP BY e.product_id, e.store_id, e.lot_id, coalesce(e.condition, 'QUARANTINE')",
        select = UnavailableUnitsRow::SELECT
    );
    let mut asides_by_key: HashMap<(LevelKey, Option<LotId>), UnavailableUnits> = HashMap::new();
    for row in reads.records::<UnavailableUnitsRow>(&sql, values).await? {
        let key = LevelKey { product: row.product_id, store: row.store_id };
        let unknown = || Fault::corrupt("entry", format!("unknown word {}", row.condition));
        let condition = Condition::parse(&row.condition).ok_or_else(unknown)?;
        asides_by_key.entry((key, row.lot_id)).or_default().add(condition, row.delta);
    }
    Ok(asides_by_key)
}

/// Reads the levels that have stock of these lots.
pub async fn levels_with_lots(reads: &impl Reads, lots: &[LotId]) -> Result<Vec<LevelKey>, Fault> {
    let backend = reads.backend();
    let (select, lot_condition) = (PlaceRow::SELECT, backend.in_ids("v.lot_id", 2));
    let sql = format!("SELECT {select} FROM lot_level v WHERE v.tenant_id = $1 AND {lot_condition} AND v.on_hand > 0");
    let rows = reads.records::<PlaceRow>(&sql, vec![backend.ids(lots.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| LevelKey { product: row.product_id, store: row.store_id }).collect())
}

/// Returns the rows of lots and their sub-balances after the batch. If another process inserted a
/// code first, its unique key fails and the batch is run again.
pub fn lot_rows(tenant: TenantId, lots: &[&Lot], levels: &[&LotLevel]) -> [Bulk; 4] {
    let [new_lots, changed_lots] =
        new_and_changed::<LotRow, ChangedLot, _>(tenant, lots.iter().map(|lot| (*lot, lot.row.is_stored())));
    let levels = levels.iter().map(|level| (*level, level.row.is_stored()));
    let [new_levels, changed_levels] = new_and_changed::<LotLevelRow, LotLevelRow, _>(tenant, levels);
    [new_lots, changed_lots, new_levels, changed_levels]
}

impl From<&Lot> for LotRow {
    fn from(lot: &Lot) -> Self {
        Self {
            id: lot.id,
            product_id: lot.product,
            code: lot.code.clone(),
            code_key: lot.key.clone(),
            tracking: lot.tracking,
            made_on: lot.made_on,
            expires_on: lot.expires_on,
            status: lot.status,
            note: lot.note.clone(),
            on_hand: lot.on_hand,
            version: lot.version,
            created_at: lot.created_at,
            updated_at: lot.updated_at,
        }
    }
}

impl From<&Lot> for ChangedLot {
    fn from(lot: &Lot) -> Self {
        Self {
            id: lot.id,
            made_on: lot.made_on,
            expires_on: lot.expires_on,
            status: lot.status,
            note: lot.note.clone(),
            on_hand: lot.on_hand,
            version: lot.version,
            updated_at: lot.updated_at,
        }
    }
}

impl From<&LotLevel> for LotLevelRow {
    fn from(level: &LotLevel) -> Self {
        Self {
            product_id: level.key.product,
            store_id: level.key.store,
            lot_id: level.lot,
            on_hand: level.on_hand,
            unavailable: level.unavailable,
            received_at: level.received_at,
            updated_at: level.updated_at,
            counted_at: level.counted_at,
        }
    }
}
