//! Levels, read only with the columns that are displayed.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::stock_level,
};
use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::QueryResult;
use uuid::Uuid;

use super::level_row::LevelRow;
use crate::stock::core::{available, status};

/// A column of a level that is read only if it is displayed; the store and the figures of
/// `DisplayedLevel` are always read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelColumn {
    Id,
    Incoming,
    InTransit,
    SafetyStock,
    ReorderPoint,
    Maximum,
    Version,
    Seq,
    UpdatedAt,
    /// The product's low-stock threshold.
    LowStockThreshold,
}

impl LevelColumn {
    const ALL: [Self; 10] = [
        Self::Id,
        Self::Incoming,
        Self::InTransit,
        Self::SafetyStock,
        Self::ReorderPoint,
        Self::Maximum,
        Self::Version,
        Self::Seq,
        Self::UpdatedAt,
        Self::LowStockThreshold,
    ];

    const fn sql(self) -> &'static str {
        match self {
            Self::Id => "l.id",
            Self::Incoming => "l.incoming",
            Self::InTransit => "l.in_transit",
            Self::SafetyStock => "l.safety_stock",
            Self::ReorderPoint => "l.reorder_point",
            Self::Maximum => "l.maximum",
            Self::Version => "l.version",
            Self::Seq => "l.seq",
            Self::UpdatedAt => "l.updated_at",
            Self::LowStockThreshold => {
                "(SELECT p.low_stock_threshold FROM product p WHERE p.tenant_id = $1 AND p.id = l.product_id)"
            }
        }
    }
}

/// A set of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LevelColumns(u16);

impl LevelColumns {
    /// Columns that `DisplayedLevel::status` depends on.
    const STATUS: [LevelColumn; 3] = [LevelColumn::ReorderPoint, LevelColumn::Maximum, LevelColumn::LowStockThreshold];

    /// Returns the columns that fields need, by the clients' names of the fields; a figure, or
    /// another field, needs none.
    pub fn of_fields<'a>(fields: impl IntoIterator<Item = &'a str>) -> Self {
        let only_column = |column| [column].into_iter().collect();
        let columns = |field| match field {
            "id" => only_column(LevelColumn::Id),
            "incoming" => only_column(LevelColumn::Incoming),
            "inTransit" => only_column(LevelColumn::InTransit),
            "safetyStock" => only_column(LevelColumn::SafetyStock),
            "reorderPoint" => only_column(LevelColumn::ReorderPoint),
            "maximum" => only_column(LevelColumn::Maximum),
            "version" => only_column(LevelColumn::Version),
            "seq" => only_column(LevelColumn::Seq),
            "updatedAt" => only_column(LevelColumn::UpdatedAt),
            "status" => Self::STATUS.into_iter().collect(),
            _ => Self::default(),
        };
        fields.into_iter().map(columns).fold(Self::default(), Self::and)
    }
    /// Returns the union of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    const fn has(self, column: LevelColumn) -> bool {
        self.0 & (1 << column as u16) != 0
    }
    fn iter(self) -> impl Iterator<Item = LevelColumn> {
        LevelColumn::ALL.into_iter().filter(move |column| self.has(*column))
    }
}

impl FromIterator<LevelColumn> for LevelColumns {
    fn from_iter<T: IntoIterator<Item = LevelColumn>>(columns: T) -> Self {
        Self(columns.into_iter().fold(0, |bits, column| bits | (1 << column as u16)))
    }
}

/// A level with its displayed columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayedLevel {
    pub store: StoreId,
    pub on_hand: Quantity,
    pub reserved: Quantity,
    pub unavailable: Quantity,
    /// Requested columns; `None` if there are none.
    pub detail: Option<Box<LevelDetail>>,
}

/// The requested columns; each is None if it was not requested, or is null.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LevelDetail {
    pub id: Option<LevelId>,
    pub incoming: Option<Quantity>,
    pub in_transit: Option<Quantity>,
    pub safety_stock: Option<Quantity>,
    pub reorder_point: Option<Quantity>,
    pub maximum: Option<Quantity>,
    pub low_stock_threshold: Option<Quantity>,
    pub version: Option<i64>,
    pub seq: Option<i64>,
    pub updated_at: Option<Timestamp>,
}

impl DisplayedLevel {
    pub fn available(&self) -> i64 {
        available(self.on_hand, self.unavailable, self.reserved)
    }
    /// None if the columns of the status were not read.
    pub fn status(&self) -> Option<StockStatus> {
        let detail = self.detail.as_ref()?;
        Some(status(self.available(), detail.reorder_point.or(detail.low_stock_threshold), detail.maximum))
    }
}

impl From<&LevelRow> for DisplayedLevel {
    fn from(level: &LevelRow) -> Self {
        let LevelRow { on_hand, reserved, unavailable, .. } = *level;
        let detail = LevelDetail {
            id: Some(level.id),
            incoming: Some(level.incoming),
            in_transit: Some(level.in_transit),
            safety_stock: Some(level.safety_stock),
            reorder_point: level.reorder_point,
            maximum: level.maximum,
            low_stock_threshold: level.low_stock_threshold,
            version: Some(level.version),
            seq: Some(level.seq),
            updated_at: Some(level.updated_at),
        };
        Self { store: level.key.store, on_hand, reserved, unavailable, detail: Some(Box::new(detail)) }
    }
}

impl LevelDetail {
    fn set(&mut self, column: LevelColumn, value: Option<i64>) -> Result<(), Fault> {
        let Some(value) = value else { return Ok(()) };
        match column {
            // IDs are no numbers: the reader sets them.
            LevelColumn::Id => {}
            LevelColumn::Incoming => self.incoming = Some(quantity(value)?),
            LevelColumn::InTransit => self.in_transit = Some(quantity(value)?),
            LevelColumn::SafetyStock => self.safety_stock = Some(quantity(value)?),
            LevelColumn::ReorderPoint => self.reorder_point = Some(quantity(value)?),
            LevelColumn::Maximum => self.maximum = Some(quantity(value)?),
            LevelColumn::LowStockThreshold => self.low_stock_threshold = Some(quantity(value)?),
            LevelColumn::Version => self.version = Some(value),
            LevelColumn::Seq => self.seq = Some(value),
            LevelColumn::UpdatedAt => self.updated_at = Some(Timestamp(value)),
        }
        Ok(())
    }
}

fn quantity(figure: i64) -> Result<Quantity, Fault> {
    Quantity::new(figure).ok_or_else(|| Fault::corrupt("stock_level", "quantities lie within ±(2^53 − 1)"))
}

/// Returns the levels of products in all their stores, in the order of the products, with some
/// columns.
pub async fn load_displayed_levels(
    reads: &impl Reads,
    products: &[ProductId],
    columns: LevelColumns,
) -> Result<HashMap<ProductId, Vec<DisplayedLevel>>, Fault> {
    let mut levels_by_product = match reads.backend() {
        Backend::Postgres => load_packed_levels(reads, products, columns).await?,
        Backend::Sqlite => levels_in_rows(reads, products, columns).await?,
    };
    levels_by_product.values_mut().for_each(|levels| levels.sort_unstable_by_key(|level| level.store));
    Ok(levels_by_product)
}

#[derive(Record)]
struct PackedRow {
    #[record(sql = "k.id")]
    product: ProductId,
    #[record(sql = "x.levels")]
    levels: Vec<u8>,
    /// The product's threshold, if requested.
    #[record(sql = "{threshold}")]
    threshold: Option<i64>,
}

/// Represents null in a packed column: no column has this value.
const NULL: i64 = i64::MIN;

/// Packed bytes of every level, as Postgres writes them below: its store's ID, and three figures
/// with the highest byte first.
const FIGURES: &str = "uuid_send(l.store_id) || int8send(l.on_hand) || int8send(l.reserved) || int8send(l.unavailable)";

/// Reads levels packed into one value for each product. A page has a thousand levels: this costs
/// less to produce, send and read than rows or arrays.
async fn load_packed_levels(
    reads: &impl Reads,
    products: &[ProductId],
    columns: LevelColumns,
) -> Result<HashMap<ProductId, Vec<DisplayedLevel>>, Fault> {
    let mut packed = FIGURES.to_owned();
    // The threshold is the product's: it is read once, next to the levels.
    for column in columns.iter().filter(|column| *column != LevelColumn::LowStockThreshold) {
        packed += &match column {
            LevelColumn::Id => " || uuid_send(l.id)".to_owned(),
            LevelColumn::ReorderPoint | LevelColumn::Maximum => {
                format!(" || int8send(coalesce({}, '{NULL}'::bigint))", column.sql())
            }
            _ => format!(" || int8send({})", column.sql()),
        };
    }
    let threshold = if columns.has(LevelColumn::LowStockThreshold) {
        "(SELECT p.low_stock_threshold FROM product p WHERE p.tenant_id = $1 AND p.id = k.id)"
    } else {
        "NULL::bigint"
    };
    let sql = format!(
        "SELECT {select} FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (
           SELECT string_agg({packed}, ''::bytea) AS levels
           FROM stock_level l WHERE l.tenant_id = $1 AND l.product_id = k.id) AS x
         WHERE x.levels IS NOT NULL",
        select = PackedRow::SELECT.replace("{threshold}", threshold)
    );
    let rows = reads.rows(&sql, vec![reads.backend().ids(products.iter().copied())]).await?;
    let mut levels_by_product = HashMap::with_capacity(rows.len());
    for row in &rows {
        let (product, levels) = unpack_row(row, columns)?;
        levels_by_product.insert(product, levels);
    }
    Ok(levels_by_product)
}

fn unpack_row(row: &QueryResult, columns: LevelColumns) -> Result<(ProductId, Vec<DisplayedLevel>), Fault> {
    let PackedRow { product, levels: packed, threshold } = Row::new(row).record()?;
    let mut packed = PackedBytes(&packed);
    let mut levels = Vec::new();
    while !packed.0.is_empty() {
        levels.push(packed.level(columns, threshold)?);
    }
    Ok((product, levels))
}

/// Unread rest of packed levels.
struct PackedBytes<'a>(&'a [u8]);

impl PackedBytes<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (bytes, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or_else(|| Fault::corrupt("stock_level", "packed levels have the requested length"))?;
        self.0 = rest;
        Ok(*bytes)
    }
    fn uuid(&mut self) -> Result<Uuid, Fault> {
        Ok(Uuid::from_bytes(self.take()?))
    }
    fn number(&mut self) -> Result<i64, Fault> {
        Ok(i64::from_be_bytes(self.take()?))
    }
    fn level(&mut self, columns: LevelColumns, threshold: Option<i64>) -> Result<DisplayedLevel, Fault> {
        let store = StoreId::from_uuid(self.uuid()?);
        let [on_hand, reserved, unavailable] = [self.number()?, self.number()?, self.number()?];
        let mut detail = (columns != LevelColumns::default()).then(Box::<LevelDetail>::default);
        if let Some(detail) = &mut detail {
            for column in columns.iter() {
                match column {
                    LevelColumn::Id => detail.id = Some(LevelId::from_uuid(self.uuid()?)),
                    LevelColumn::LowStockThreshold => detail.set(column, threshold)?,
                    _ => detail.set(column, Some(self.number()?).filter(|value| *value != NULL))?,
                }
            }
        }
        Ok(DisplayedLevel {
            store,
            on_hand: quantity(on_hand)?,
            reserved: quantity(reserved)?,
            unavailable: quantity(unavailable)?,
            detail,
        })
    }
}

#[derive(Record)]
#[record(of = stock_level, alias = "l")]
struct FiguresRow {
    product_id: ProductId,
    store_id: StoreId,
    on_hand: Quantity,
    reserved: Quantity,
    unavailable: Quantity,
}

async fn levels_in_rows(
    reads: &impl Reads,
    products: &[ProductId],
    columns: LevelColumns,
) -> Result<HashMap<ProductId, Vec<DisplayedLevel>>, Fault> {
    let backend = reads.backend();
    let mut select = FiguresRow::SELECT.to_owned();
    for column in columns.iter() {
        select += ", ";
        select += column.sql();
    }
    let sql = format!("SELECT {select} FROM stock_level l WHERE l.tenant_id = $1 AND {}", backend.in_ids("l.product_id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(products.iter().copied())]).await?;
    let mut levels_by_product: HashMap<ProductId, Vec<DisplayedLevel>> = HashMap::with_capacity(products.len());
    for row in &rows {
        let mut row = Row::new(row);
        let FiguresRow { product_id, store_id: store, on_hand, reserved, unavailable } = row.record()?;
        let mut detail = (columns != LevelColumns::default()).then(Box::<LevelDetail>::default);
        if let Some(detail) = &mut detail {
            for column in columns.iter() {
                match column {
                    LevelColumn::Id => detail.id = Some(row.take()?),
                    _ => detail.set(column, row.take()?)?,
                }
            }
        }
        levels_by_product.entry(product_id).or_default().push(DisplayedLevel { store, on_hand, reserved, unavailable, detail });
    }
    Ok(levels_by_product)
}
