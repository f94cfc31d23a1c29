//! Rows of waves.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{fulfilment_wave, fulfilment_wave_work, fulfilment_work},
};
use platform::{
    paging::{Key, ListSource, PageRequest, SortBy, Sorted},
    storage::{Backend, Bulk, Fault, Finds, Nested, Reads, Rows},
};
use sea_orm::Value;

use crate::{
    fulfilment::core::{MAX_WAVE_WORKS, Wave},
    orders::rows::Span,
};

/// Name of the list of waves in cursors.
pub const WAVES: &str = "fulfilmentWaves";

/// Sort fields of waves; the ID breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaveSort {
    CreatedAt,
    UpdatedAt,
}

/// A sort and its direction.
pub type WaveOrder = Sorted<WaveSort>;

impl SortBy for WaveSort {
    type Row = Wave;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::CreatedAt, descending: true };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::CreatedAt => ("CREATED_AT", &["v.created_at", "v.id"]),
            Self::UpdatedAt => ("UPDATED_AT", &["v.updated_at", "v.id"]),
        }
    }
    fn keys(self, wave: &Wave) -> Vec<Key> {
        let at = match self {
            Self::CreatedAt => wave.created_at,
            Self::UpdatedAt => wave.updated_at,
        };
        vec![Key::Int(at.micros()), wave.id.into()]
    }
}

#[derive(Record)]
#[record(of = fulfilment_wave, alias = "v")]
struct WaveRow {
    id: FulfilmentWaveId,
    store_id: StoreId,
    closed_at: Option<Timestamp>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = fulfilment_wave)]
struct ClosedWave {
    id: FulfilmentWaveId,
    closed_at: Option<Timestamp>,
    version: i64,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = fulfilment_wave_work)]
struct NewWaveWork {
    wave_id: FulfilmentWaveId,
    work_id: FulfilmentWorkId,
    store_id: StoreId,
    nth: i32,
}

#[derive(Record)]
#[record(of = fulfilment_wave_work)]
struct RemovedWaveWork {
    wave_id: FulfilmentWaveId,
    work_id: FulfilmentWorkId,
    left_at: Option<Timestamp>,
}

#[derive(Record)]
#[record(of = fulfilment_wave_work, alias = "x")]
struct WaveWorkRow {
    wave_id: FulfilmentWaveId,
    work_id: FulfilmentWorkId,
}

#[derive(Record)]
#[record(of = fulfilment_work, alias = "w")]
struct WorkIdRow {
    id: FulfilmentWorkId,
}

/// A wave joined with one of its works.
#[derive(Record)]
struct WaveOfRow {
    #[record(of = fulfilment_wave_work, alias = "x")]
    work_id: FulfilmentWorkId,
    wave: WaveRow,
}

impl From<WaveRow> for Wave {
    fn from(row: WaveRow) -> Self {
        Self {
            id: row.id,
            store: row.store_id,
            closed_at: row.closed_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Filter of waves by store, state and times; a condition that is None is ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaveTest {
    /// Lists of stores; a wave's store must be in all of them.
    pub stores: Vec<Vec<StoreId>>,
    pub is_open: Option<bool>,
    pub created: Span,
    pub updated: Span,
}

/// Returns the source of the waves that pass the test.
pub fn wave_source(backend: Backend, test: &Nested<WaveTest>) -> ListSource {
    let (conditions, values) = test.conditions(2, &|test, first| test.conditions(backend, first));
    ListSource { from: format!("FROM fulfilment_wave v WHERE v.tenant_id = $1{conditions}"), values }
}

impl WaveTest {
    /// Returns the conditions on `fulfilment_wave v`, each beginning with ` AND `, and their
    /// values; parameters are numbered from `first`.
    fn conditions(&self, backend: Backend, first: usize) -> (String, Vec<Value>) {
        let (mut sql, mut values) = (String::new(), Vec::new());
        for stores in &self.stores {
            sql.push_str(" AND ");
            sql.push_str(&backend.in_ids("v.store_id", first + values.len()));
            values.push(backend.ids(stores.iter().copied()));
        }
        match self.is_open {
            Some(true) => sql.push_str(" AND v.closed_at IS NULL"),
            Some(false) => sql.push_str(" AND v.closed_at IS NOT NULL"),
            None => {}
        }
        for (column, span) in [("v.created_at", self.created), ("v.updated_at", self.updated)] {
            for (bound, operator) in [(span.from, ">="), (span.before, "<")] {
                if let Some(at) = bound {
                    values.push(at.micros().into());
                    let part = backend.rarely_matches(&format!("{column} {operator} ${}", first + values.len() - 1));
                    sql.push_str(&format!(" AND {part}"));
                }
            }
        }
        (sql, values)
    }
}

/// Returns a page of waves in the requested order.
pub async fn wave_page(
    reads: &impl Reads,
    source: ListSource,
    sorted: WaveOrder,
    request: &PageRequest,
) -> Result<Vec<Wave>, Fault> {
    let (sql, values) = sorted.page(source, WaveRow::SELECT, request);
    Ok(reads.records::<WaveRow>(&sql, values).await?.into_iter().map(Wave::from).collect())
}

/// Returns the wave with an ID.
pub async fn load_wave(reads: &impl Reads, id: FulfilmentWaveId) -> Result<Option<Wave>, Fault> {
    let sql = format!("SELECT {} FROM fulfilment_wave v WHERE v.tenant_id = $1 AND v.id = $2", WaveRow::SELECT);
    Ok(reads.records::<WaveRow>(&sql, vec![id.into()]).await?.pop().map(Wave::from))
}

/// Returns the works of waves, each with its wave, in the order of the waves.
pub async fn works_of_waves(
    reads: &impl Reads,
    waves: &[FulfilmentWaveId],
) -> Result<Vec<(FulfilmentWaveId, FulfilmentWorkId)>, Fault> {
    let backend = reads.backend();
    let (select, wave_condition) = (WaveWorkRow::SELECT, backend.in_ids("x.wave_id", 2));
    let sql = format!(
        "SELECT {select} FROM fulfilment_wave_work x WHERE x.tenant_id = $1 AND {wave_condition} ORDER BY x.wave_id, x.nth"
    );
    let rows = reads.records::<WaveWorkRow>(&sql, vec![backend.ids(waves.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.wave_id, row.work_id)).collect())
}

/// Returns the open waves of these works, each with the work; works in none are left out.
pub async fn waves_of_works(reads: &impl Reads, works: &[FulfilmentWorkId]) -> Result<Vec<(FulfilmentWorkId, Wave)>, Fault> {
    let backend = reads.backend();
    let (select, work_condition) = (WaveOfRow::SELECT, backend.in_ids("x.work_id", 2));
    let sql = format!(
        "SELECT {select} FROM fulfilment_wave_work x JOIN fulfilment_wave v ON v.tenant_id = x.tenant_id AND v.id = x.wave_id
         WHERE x.tenant_id = $1 AND {work_condition} AND x.left_at IS NULL"
    );
    let rows = reads.records::<WaveOfRow>(&sql, vec![backend.ids(works.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.work_id, row.wave.into())).collect())
}

/// Returns the works among these that are in an open wave.
pub async fn works_in_waves(reads: &impl Reads, works: &[FulfilmentWorkId]) -> Result<Vec<FulfilmentWorkId>, Fault> {
    let backend = reads.backend();
    let (select, work_condition) = (WaveWorkRow::SELECT, backend.in_ids("x.work_id", 2));
    let sql =
        format!("SELECT {select} FROM fulfilment_wave_work x WHERE x.tenant_id = $1 AND {work_condition} AND x.left_at IS NULL");
    let rows = reads.records::<WaveWorkRow>(&sql, vec![backend.ids(works.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| row.work_id).collect())
}

/// Returns the accepted works of a store that are in no open wave, sorted by due time and then by
/// order; at most as many as a wave may have.
pub async fn works_for_wave(
    reads: &impl Reads,
    store: StoreId,
    due_before: Option<Timestamp>,
) -> Result<Vec<FulfilmentWorkId>, Fault> {
    let mut values: Vec<sea_orm::Value> = vec![store.into()];
    let due = due_before.map_or("", |before| {
        values.push(before.micros().into());
        " AND w.due_at < $3"
    });
    let sql = format!(
        "SELECT {} FROM fulfilment_work w JOIN sales_order o ON o.tenant_id = $1 AND o.id = w.order_id
         WHERE w.tenant_id = $1 AND w.store_id = $2 AND w.status = 'ACCEPTED'{due}
         AND NOT EXISTS (SELECT 1 FROM fulfilment_wave_work x
           WHERE x.tenant_id = w.tenant_id AND x.work_id = w.id AND x.left_at IS NULL)
         ORDER BY w.due_at, o.number, w.nth LIMIT {MAX_WAVE_WORKS}",
        WorkIdRow::SELECT
    );
    Ok(reads.records::<WorkIdRow>(&sql, values).await?.into_iter().map(|row| row.id).collect())
}

/// Returns the rows of a new wave and of its works.
pub fn new_wave(tenant: TenantId, wave: &Wave, works: &[FulfilmentWorkId]) -> [Bulk; 2] {
    let (mut heads, mut rows) = (Rows::<WaveRow>::insert(tenant), Rows::<NewWaveWork>::insert(tenant));
    heads.push(WaveRow {
        id: wave.id,
        store_id: wave.store,
        closed_at: wave.closed_at,
        version: wave.version,
        created_at: wave.created_at,
        updated_at: wave.updated_at,
    });
    rows.extend(works.iter().zip(1..).map(|(work, nth)| NewWaveWork {
        wave_id: wave.id,
        work_id: *work,
        store_id: wave.store,
        nth,
    }));
    [heads.into(), rows.into()]
}

/// Returns the row of a closed wave, and the rows of the works that leave it.
pub fn closed_wave(tenant: TenantId, wave: &Wave, works: &[FulfilmentWorkId]) -> [Bulk; 2] {
    let (mut heads, mut rows) = (Rows::<ClosedWave>::update(tenant), Rows::<RemovedWaveWork>::update(tenant));
    heads.push(ClosedWave { id: wave.id, closed_at: wave.closed_at, version: wave.version, updated_at: wave.updated_at });
    rows.extend(works.iter().map(|work| RemovedWaveWork { wave_id: wave.id, work_id: *work, left_at: wave.closed_at }));
    [heads.into(), rows.into()]
}
