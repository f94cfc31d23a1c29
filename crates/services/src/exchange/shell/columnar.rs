//! Rows into a Parquet file: the values of each column are gathered, and written a group of rows at
//! a time.

use std::sync::Arc;

use parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type},
    errors::{ParquetError, Result as Written},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::types::{Type, TypePtr},
};

use super::{
    halt::Halt,
    text_rows::{internal_halt, value_text},
};
use crate::exchange::core::{
    cells::Item,
    typed::{ColumnType, type_of, typed_name},
};

/// Rows of a group.
const GROUP_ROWS: usize = 128 * 1024;
/// Bytes of texts at which a group ends before: of products with long descriptions it would be some hundred megabytes.
const GROUP_BYTES: usize = 32 << 20;

/// Present values of a column, in the order of their rows.
enum Values {
    Texts(Vec<ByteArray>),
    Wholes(Vec<i64>),
    Days(Vec<i32>),
}

/// A column of a group.
struct Column {
    values: Values,
    /// 1 for each row that has a value, otherwise 0.
    present: Vec<i16>,
}

impl Column {
    const fn of(kind: ColumnType) -> Self {
        let values = match kind {
            ColumnType::Text => Values::Texts(Vec::new()),
            ColumnType::Whole | ColumnType::Amount | ColumnType::Moment => Values::Wholes(Vec::new()),
            ColumnType::Day => Values::Days(Vec::new()),
        };
        Self { values, present: Vec::new() }
    }

    /// Adds a row's value and returns the bytes of its text.
    fn push(&mut self, item: &Item) -> Result<usize, Halt> {
        if matches!(item, Item::None | Item::Hidden) {
            self.present.push(0);
            return Ok(0);
        }
        let mut bytes = 0;
        match (&mut self.values, item) {
            (Values::Texts(texts), item) => {
                let text = value_text(item);
                bytes = text.len();
                texts.push(ByteArray::from(text.into_bytes()));
            }
            (Values::Wholes(numbers), Item::Number(number)) => numbers.push(*number),
            (Values::Wholes(numbers), Item::Amount(amount)) => numbers.push(amount.minor),
            (Values::Wholes(numbers), Item::Moment(at)) => numbers.push(at.micros()),
            (Values::Days(days), Item::Day(day)) => days.push(*day),
            (_, other) => return Err(internal_halt(format!("{other:?} is not of the type of its column"))),
        }
        self.present.push(1);
        Ok(bytes)
    }
}

/// A file in progress, in memory: full row groups are kept until `write_full` encodes them, beside
/// an open one.
pub(super) struct Columnar {
    file: SerializedFileWriter<Vec<u8>>,
    kinds: Vec<ColumnType>,
    open: Vec<Column>,
    rows: usize,
    bytes: usize,
    full: Vec<Vec<Column>>,
}

impl Columnar {
    /// A file of the columns with these names in exports.
    pub(super) fn of(names: &[&str]) -> Result<Self, Halt> {
        let columns: Vec<_> = names.iter().map(|name| (typed_name(name), type_of(name))).collect();
        Self::begin(&columns)
    }

    /// A file of these columns. Every one may be without a value.
    pub(super) fn begin(columns: &[(String, ColumnType)]) -> Result<Self, Halt> {
        let file = file_of(columns).map_err(internal_halt)?;
        let kinds: Vec<ColumnType> = columns.iter().map(|(_, kind)| *kind).collect();
        let open = kinds.iter().map(|kind| Column::of(*kind)).collect();
        Ok(Self { file, kinds, open, rows: 0, bytes: 0, full: Vec::new() })
    }

    /// Adds a row: a value for each column.
    pub(super) fn row(&mut self, values: &[Item]) -> Result<(), Halt> {
        for (column, value) in self.open.iter_mut().zip(values) {
            self.bytes += column.push(value)?;
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.end_group();
        }
        Ok(())
    }

    fn end_group(&mut self) {
        let next = self.kinds.iter().map(|kind| Column::of(*kind)).collect();
        self.full.push(std::mem::replace(&mut self.open, next));
        (self.rows, self.bytes) = (0, 0);
    }

    /// Whether there are groups to be written.
    pub(super) const fn is_full(&self) -> bool {
        !self.full.is_empty()
    }

    /// Encodes the full groups, and returns the bytes that the file has grown by.
    pub(super) fn write_full(&mut self) -> Written<Vec<u8>> {
        for columns in std::mem::take(&mut self.full) {
            write_group(&mut self.file, &columns)?;
        }
        self.file.flush()?;
        Ok(std::mem::take(self.file.inner_mut()))
    }

    /// Writes the remaining rows and the end of the file; nothing can be added afterwards.
    pub(super) fn finish(&mut self) -> Written<Vec<u8>> {
        if self.rows > 0 {
            self.end_group();
        }
        let mut last = self.write_full()?;
        self.file.finish()?;
        last.append(self.file.inner_mut());
        Ok(last)
    }
}

/// The type of a column in the file.
fn column_type(name: &str, kind: ColumnType) -> Written<TypePtr> {
    let (physical, logical) = match kind {
        ColumnType::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        ColumnType::Whole | ColumnType::Amount => (Physical::INT64, None),
        ColumnType::Day => (Physical::INT32, Some(LogicalType::Date)),
        ColumnType::Moment => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
    };
    let column = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL).with_logical_type(logical);
    column.build().map(Arc::new)
}

fn file_of(columns: &[(String, ColumnType)]) -> Written<SerializedFileWriter<Vec<u8>>> {
    let fields = columns.iter().map(|(name, kind)| column_type(name, *kind)).collect::<Written<Vec<TypePtr>>>()?;
    let schema = Arc::new(Type::group_type_builder("row").with_fields(fields).build()?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by("entrepot".to_owned())
        .build();
    SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))
}

fn write_group(file: &mut SerializedFileWriter<Vec<u8>>, columns: &[Column]) -> Written<()> {
    let mut group = file.next_row_group()?;
    for column in columns {
        let Some(mut writer) = group.next_column()? else {
            return Err(ParquetError::General("a row has a column more than the file".to_owned()));
        };
        let presence = Some(column.present.as_slice());
        match &column.values {
            Values::Texts(texts) => writer.typed::<ByteArrayType>().write_batch(texts, presence, None)?,
            Values::Wholes(numbers) => writer.typed::<Int64Type>().write_batch(numbers, presence, None)?,
            Values::Days(days) => writer.typed::<Int32Type>().write_batch(days, presence, None)?,
        };
        writer.close()?;
    }
    group.close().map(drop)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use entity::prelude::{Currency, Money, Timestamp};
    use parquet::{
        file::reader::{FileReader, SerializedFileReader},
        record::Field,
    };

    use super::*;

    const COLUMNS: [(&str, ColumnType); 5] = [
        ("sku", ColumnType::Text),
        ("quantity", ColumnType::Whole),
        ("priceMinor", ColumnType::Amount),
        ("madeOn", ColumnType::Day),
        ("placedAt", ColumnType::Moment),
    ];

    fn test_columnar() -> Columnar {
        let columns = COLUMNS.map(|(name, kind)| (name.to_owned(), kind));
        Columnar::begin(&columns).unwrap_or_else(|halt| panic!("{halt:?}"))
    }

    #[test]
    fn values_come_back_in_their_types_and_none_is_none() {
        let mut file = test_columnar();
        let price = Money::new(-1_250, Currency::parse("GBP").unwrap());
        let full = [Item::from("mug"), Item::Number(-7), Item::Amount(price), Item::Day(14_949), Item::Moment(Timestamp(1))];
        let empty = [Item::Hidden, Item::None, Item::None, Item::None, Item::None];
        for row in [&full, &empty] {
            file.row(row).unwrap_or_else(|halt| panic!("{halt:?}"));
        }
        assert!(file.row(&[Item::None, Item::from("seven"), Item::None, Item::None, Item::None]).is_err());
        let mut file = test_columnar();
        for row in [&full, &empty] {
            file.row(row).unwrap_or_else(|halt| panic!("{halt:?}"));
        }
        let reader = SerializedFileReader::new(Bytes::from(file.finish().unwrap())).unwrap();
        let rows: Vec<Vec<Field>> = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap().into_columns().into_iter().map(|(_, field)| field).collect())
            .collect();
        let expected =
            [Field::Str("mug".to_owned()), Field::Long(-7), Field::Long(-1_250), Field::Date(14_949), Field::TimestampMicros(1)];
        assert_eq!(rows, [expected.to_vec(), vec![Field::Null; 5]]);
    }

    #[test]
    fn groups_are_handed_on_as_they_become_full() {
        let mut file = test_columnar();
        let mut parts = Vec::new();
        for number in 0..=GROUP_ROWS {
            let row = [Item::None, Item::Number(number as i64), Item::None, Item::None, Item::None];
            file.row(&row).unwrap_or_else(|halt| panic!("{halt:?}"));
            if file.is_full() {
                parts.extend(file.write_full().unwrap());
                assert_eq!(number + 1, GROUP_ROWS);
            }
        }
        assert!(!parts.is_empty());
        parts.extend(file.finish().unwrap());
        let reader = SerializedFileReader::new(Bytes::from(parts)).unwrap();
        let rows: Vec<i64> =
            reader.metadata().row_groups().iter().map(parquet::file::metadata::RowGroupMetaData::num_rows).collect();
        assert_eq!(rows, [GROUP_ROWS as i64, 1]);
        let last = reader.get_row_iter(None).unwrap().last().unwrap().unwrap();
        assert_eq!(last.into_columns()[1].1, Field::Long(GROUP_ROWS as i64));
    }

    #[test]
    fn long_texts_end_a_group_before() {
        let mut file = test_columnar();
        let long = "x".repeat(GROUP_BYTES / 2);
        for _ in 0..2 {
            file.row(&[Item::from(long.as_str()), Item::None, Item::None, Item::None, Item::None])
                .unwrap_or_else(|halt| panic!("{halt:?}"));
        }
        assert!(file.is_full());
    }
}
