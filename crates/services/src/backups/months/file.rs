//! Encodes rows of a part as a Parquet file, and decodes them.

use std::sync::Arc;

use bytes::Bytes;
use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int64Type},
    errors::{ParquetError, Result as Written},
    file::{
        properties::WriterProperties,
        reader::{FileReader, SerializedFileReader},
        writer::SerializedFileWriter,
    },
    record::Field,
    schema::types::{Type, TypePtr},
};
use platform::storage::{PartColumn, PartShape, PartValue};
use uuid::Uuid;

/// The type of a column in the file.
fn column_type(name: &str, kind: PartColumn) -> Written<TypePtr> {
    let (physical, logical, length) = match kind {
        PartColumn::Id => (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Uuid), 16),
        PartColumn::Whole => (Physical::INT64, None, -1),
        PartColumn::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String), -1),
    };
    let column = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL).with_logical_type(logical);
    column.with_length(length).build().map(Arc::new)
}

/// Encodes rows as a file of one row group.
pub(super) fn encode_rows(shape: PartShape, rows: &[Vec<PartValue>]) -> Written<Vec<u8>> {
    let fields = shape.columns.iter().map(|(name, kind)| column_type(name, *kind)).collect::<Written<Vec<TypePtr>>>()?;
    let schema = Arc::new(Type::group_type_builder("row").with_fields(fields).build()?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by("entrepot".to_owned())
        .build();
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    for (at, (_, kind)) in shape.columns.iter().enumerate() {
        let Some(mut writer) = group.next_column()? else {
            return Err(ParquetError::General("a row has a column more than the file".to_owned()));
        };
        let cells = || rows.iter().filter_map(move |row| row.get(at));
        let presence: Vec<i16> = cells().map(|cell| i16::from(*cell != PartValue::None)).collect();
        let presence = Some(presence.as_slice());
        match kind {
            PartColumn::Id => {
                let ids =
                    cells().filter_map(|cell| if let PartValue::Id(id) = cell { Some(id.as_bytes().to_vec()) } else { None });
                let ids: Vec<FixedLenByteArray> = ids.map(FixedLenByteArray::from).collect();
                writer.typed::<FixedLenByteArrayType>().write_batch(&ids, presence, None)?
            }
            PartColumn::Whole => {
                let numbers = cells().filter_map(|cell| if let PartValue::Whole(number) = cell { Some(*number) } else { None });
                let numbers: Vec<i64> = numbers.collect();
                writer.typed::<Int64Type>().write_batch(&numbers, presence, None)?
            }
            PartColumn::Text => {
                let texts = cells()
                    .filter_map(|cell| if let PartValue::Text(text) = cell { Some(text.as_bytes().to_vec()) } else { None });
                let texts: Vec<ByteArray> = texts.map(ByteArray::from).collect();
                writer.typed::<ByteArrayType>().write_batch(&texts, presence, None)?
            }
        };
        writer.close()?;
    }
    group.close()?;
    file.into_inner()
}

pub(super) fn decode_rows(bytes: Bytes) -> Written<Vec<Vec<PartValue>>> {
    let reader = SerializedFileReader::new(bytes)?;
    let mut rows = Vec::new();
    for row in reader.get_row_iter(None)? {
        let values = row?.into_columns().into_iter().map(|(_, field)| value(field));
        rows.push(values.collect::<Written<Vec<PartValue>>>()?);
    }
    Ok(rows)
}

fn value(field: Field) -> Written<PartValue> {
    Ok(match field {
        Field::Null => PartValue::None,
        Field::Long(number) => PartValue::Whole(number),
        Field::Str(text) => PartValue::Text(text),
        Field::Bytes(bytes) => {
            PartValue::Id(Uuid::from_slice(bytes.data()).map_err(|error| ParquetError::General(error.to_string()))?)
        }
        other => return Err(ParquetError::General(format!("{other:?} is of no column of an archive"))),
    })
}
