//! Rows of days that are written in part: what most pages change is some of thirty-three columns, and Postgres is sent each column as an array.

use entity::{
    prelude::*,
    record::{Column, ColumnKind, Record, TableRecord},
    tables::demand_day::{self, DemandFigures},
};
use platform::storage::{Backend, Fault, Reads, Rows, Work};
use sea_orm::{Value, sea_query::ArrayType};

use super::days::Day;

/// What adjustments change of a row that is there.
#[derive(Record)]
#[record(of = demand_day)]
pub(super) struct AdjustedDay {
    generation: i64,
    business_date: i32,
    product_id: ProductId,
    store_id: StoreId,
    channel_id: ChannelId,
    currency: String,
    adjusted_in_units: i64,
    adjusted_out_units: i64,
    net_units: i64,
    revised_seq: i64,
}

impl AdjustedDay {
    /// None where something else has changed.
    pub(super) fn changed(before: &Day, after: &Day) -> Option<Self> {
        let of = Self {
            generation: after.generation,
            business_date: after.business_date,
            product_id: after.product_id,
            store_id: after.store_id,
            channel_id: after.channel_id,
            currency: after.currency.clone(),
            adjusted_in_units: after.adjusted_in_units,
            adjusted_out_units: after.adjusted_out_units,
            net_units: after.net_units,
            revised_seq: after.revised_seq,
        };
        (of.on(before) == *after).then_some(of)
    }
    /// The row with these figures.
    fn on(&self, before: &Day) -> Day {
        Day {
            adjusted_in_units: self.adjusted_in_units,
            adjusted_out_units: self.adjusted_out_units,
            net_units: self.net_units,
            revised_seq: self.revised_seq,
            ..before.clone()
        }
    }
}

/// What entries of the ledger change of a row that is there.
#[derive(Record)]
#[record(of = demand_day)]
pub(super) struct StockOfDay {
    generation: i64,
    business_date: i32,
    product_id: ProductId,
    store_id: StoreId,
    channel_id: ChannelId,
    currency: String,
    shipped_units: i64,
    restocked_units: i64,
    received_units: i64,
    moved_in_units: i64,
    moved_out_units: i64,
    adjusted_in_units: i64,
    adjusted_out_units: i64,
    counted_in_units: i64,
    counted_out_units: i64,
    removed_units: i64,
    net_units: i64,
    revised_seq: i64,
}

impl StockOfDay {
    /// None where something else has changed.
    pub(super) fn changed(before: &Day, after: &Day) -> Option<Self> {
        let of = Self {
            generation: after.generation,
            business_date: after.business_date,
            product_id: after.product_id,
            store_id: after.store_id,
            channel_id: after.channel_id,
            currency: after.currency.clone(),
            shipped_units: after.shipped_units,
            restocked_units: after.restocked_units,
            received_units: after.received_units,
            moved_in_units: after.moved_in_units,
            moved_out_units: after.moved_out_units,
            adjusted_in_units: after.adjusted_in_units,
            adjusted_out_units: after.adjusted_out_units,
            counted_in_units: after.counted_in_units,
            counted_out_units: after.counted_out_units,
            removed_units: after.removed_units,
            net_units: after.net_units,
            revised_seq: after.revised_seq,
        };
        (of.on(before) == *after).then_some(of)
    }
    /// The row with these figures.
    fn on(&self, before: &Day) -> Day {
        Day {
            shipped_units: self.shipped_units,
            restocked_units: self.restocked_units,
            received_units: self.received_units,
            moved_in_units: self.moved_in_units,
            moved_out_units: self.moved_out_units,
            adjusted_in_units: self.adjusted_in_units,
            adjusted_out_units: self.adjusted_out_units,
            counted_in_units: self.counted_in_units,
            counted_out_units: self.counted_out_units,
            removed_units: self.removed_units,
            net_units: self.net_units,
            revised_seq: self.revised_seq,
            ..before.clone()
        }
    }
}

/// What new orders change of a row that is there.
#[derive(Record)]
#[record(of = demand_day)]
pub(super) struct OrderedDay {
    generation: i64,
    business_date: i32,
    product_id: ProductId,
    store_id: StoreId,
    channel_id: ChannelId,
    currency: String,
    ordered_units: i64,
    orders: i64,
    order_lines: i64,
    gross_minor: i64,
    discount_minor: i64,
    list_minor: i64,
    cost_minor: i64,
    max_line_units: i64,
    revised_seq: i64,
}

impl OrderedDay {
    /// None where something else has changed.
    pub(super) fn changed(before: &Day, after: &Day) -> Option<Self> {
        let of = Self {
            generation: after.generation,
            business_date: after.business_date,
            product_id: after.product_id,
            store_id: after.store_id,
            channel_id: after.channel_id,
            currency: after.currency.clone(),
            ordered_units: after.ordered_units,
            orders: after.orders,
            order_lines: after.order_lines,
            gross_minor: after.gross_minor,
            discount_minor: after.discount_minor,
            list_minor: after.list_minor,
            cost_minor: after.cost_minor,
            max_line_units: after.max_line_units,
            revised_seq: after.revised_seq,
        };
        (of.on(before) == *after).then_some(of)
    }
    /// The row with these figures.
    fn on(&self, before: &Day) -> Day {
        Day {
            ordered_units: self.ordered_units,
            orders: self.orders,
            order_lines: self.order_lines,
            gross_minor: self.gross_minor,
            discount_minor: self.discount_minor,
            list_minor: self.list_minor,
            cost_minor: self.cost_minor,
            max_line_units: self.max_line_units,
            revised_seq: self.revised_seq,
            ..before.clone()
        }
    }
}

/// Figures that entries have no part in.
const OF_DOCUMENTS: &[&str] = &[
    "ordered_units",
    "cancelled_units",
    "taken_back_units",
    "returned_units",
    "orders",
    "order_lines",
    "returns",
    "return_lines",
    "gross_minor",
    "discount_minor",
    "list_minor",
    "cost_minor",
    "refund_minor",
    "max_line_units",
];
/// Figures of entries, but for those of adjustments.
const OF_GOODS: &[&str] = &[
    "shipped_units",
    "restocked_units",
    "received_units",
    "moved_in_units",
    "moved_out_units",
    "counted_in_units",
    "counted_out_units",
    "removed_units",
];

/// Inserts rows. On Postgres those in which all figures of a group are 0 have that as text, and no arrays.
pub(super) async fn insert_days(work: &Work, days: Vec<Day>) -> Result<(), Fault> {
    if work.backend() == Backend::Sqlite {
        let mut rows = Rows::<Day>::insert(work.tenant());
        rows.extend(days);
        return work.write(rows.into()).await;
    }
    let mut parts: [Vec<Day>; 4] = std::array::from_fn(|_| Vec::new());
    for day in days {
        let figures = day.figures();
        let is_sold = has_documents(&figures) || day.max_line_units != 0;
        parts[usize::from(is_sold) + 2 * usize::from(has_goods(&figures))].push(day);
    }
    let groups = [vec![OF_DOCUMENTS, OF_GOODS], vec![OF_GOODS], vec![OF_DOCUMENTS], Vec::new()];
    for (days, zeros) in parts.into_iter().zip(groups) {
        if days.is_empty() {
            continue;
        }
        if let Some(day) = days.iter().find(|day| day.tenant_id != work.tenant()) {
            return Err(Fault::Broken(format!("a day of another tenant: {}", day.tenant_id)));
        }
        let (sql, values) = inserted(days, &zeros.concat());
        work.execute(&sql, values).await?;
    }
    Ok(())
}

const fn has_documents(of: &DemandFigures) -> bool {
    let sold = of.ordered_units != 0 || of.cancelled_units != 0 || of.orders != 0 || of.order_lines != 0;
    let back = of.taken_back_units != 0 || of.returned_units != 0 || of.returns != 0 || of.return_lines != 0;
    let amounts = of.gross_minor != 0 || of.discount_minor != 0 || of.list_minor != 0 || of.cost_minor != 0;
    sold || back || amounts || of.refund_minor != 0
}

const fn has_goods(of: &DemandFigures) -> bool {
    let sold = of.shipped_units != 0 || of.restocked_units != 0 || of.received_units != 0 || of.removed_units != 0;
    let moved = of.moved_in_units != 0 || of.moved_out_units != 0;
    sold || moved || of.counted_in_units != 0 || of.counted_out_units != 0
}

/// The statement that inserts rows in which `zeros` are 0, and its values from `$2` on.
fn inserted(days: Vec<Day>, zeros: &[&str]) -> (String, Vec<Value>) {
    // The tenant comes first, and is `$1`.
    let columns = Day::COLUMNS;
    let given: Vec<usize> = (1..columns.len()).filter(|index| !zeros.contains(&columns[*index].0)).collect();
    let mut arrays: Vec<Vec<Value>> = given.iter().map(|_| Vec::with_capacity(days.len())).collect();
    for day in days {
        let mut values = Vec::with_capacity(columns.len());
        day.append_to(&mut values);
        for (array, index) in arrays.iter_mut().zip(&given) {
            array.push(std::mem::replace(&mut values[*index], Value::Bool(None)));
        }
    }
    let (mut names, mut picks, mut all) = (Vec::new(), Vec::new(), Vec::new());
    let mut unnested = Vec::with_capacity(given.len());
    for (index, array) in given.iter().zip(arrays) {
        let Column(name, kind) = columns[*index];
        let (of, text) = array_of(kind);
        names.push(name);
        picks.push(format!("v.{name}"));
        unnested.push(format!("unnest(${}::{text}[]) AS {name}", all.len() + 2));
        all.push(Value::Array(of, Some(Box::new(array))));
    }
    for zero in zeros {
        names.push(zero);
        picks.push("0".to_owned());
    }
    let (names, picks, unnested) = (names.join(", "), picks.join(", "), unnested.join(", "));
    let sql = format!("INSERT INTO demand_day (tenant_id, {names}) SELECT $1::uuid, {picks} FROM (SELECT {unnested}) AS v");
    (sql, all)
}

const fn array_of(kind: ColumnKind) -> (ArrayType, &'static str) {
    match kind {
        ColumnKind::Id | ColumnKind::IdOrNull => (ArrayType::Uuid, "uuid"),
        ColumnKind::Small | ColumnKind::SmallOrNull => (ArrayType::Int, "integer"),
        ColumnKind::Text | ColumnKind::TextOrNull => (ArrayType::String, "text"),
        ColumnKind::Bytes | ColumnKind::BytesOrNull => (ArrayType::Bytes, "bytea"),
        ColumnKind::Bool | ColumnKind::BoolOrNull => (ArrayType::Bool, "boolean"),
        ColumnKind::Int | ColumnKind::IntOrNull => (ArrayType::BigInt, "bigint"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_belongs_to_the_groups_that_have_its_figures() {
        for (index, name) in DemandFigures::NAMES.iter().enumerate() {
            let mut values = DemandFigures::default().values();
            values[index] = -1;
            let figures = DemandFigures::of(values);
            assert_eq!(has_documents(&figures), OF_DOCUMENTS.contains(name), "{name}");
            assert_eq!(has_goods(&figures), OF_GOODS.contains(name), "{name}");
        }
    }

    #[test]
    fn each_column_is_given_once() {
        let (sql, values) = inserted(Vec::new(), &[OF_DOCUMENTS, OF_GOODS].concat());
        assert_eq!(values.len(), Day::COLUMNS.len() - 1 - OF_DOCUMENTS.len() - OF_GOODS.len());
        assert!(sql.starts_with("INSERT INTO demand_day (tenant_id, generation, business_date, "), "{sql}");
        let (names, picks) = sql.split_once(") SELECT $1::uuid, ").unwrap();
        let picks = picks.split_once(" FROM ").unwrap().0;
        assert_eq!(names.split(", ").count(), picks.split(", ").count() + 1, "{sql}");
        assert!(Day::COLUMNS.iter().all(|column| names.split([' ', ',', '(']).filter(|word| *word == column.0).count() == 1));
    }
}
