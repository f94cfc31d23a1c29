//! A table as a Parquet file of one group: its columns are whole in memory.

use std::sync::Arc;

use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel},
    data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int64Type},
    errors::{ParquetError, Result as Written},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::types::{Type, TypePtr},
};
use platform::storage::Fault;

/// Decimal places, total digits, and bytes of a decimal.
const SCALE: i32 = 6;
const PRECISION: i32 = 38;
const BYTES: i32 = 16;

/// The values of a column, row by row; None for rows without one.
#[derive(Debug, Clone, PartialEq)]
pub enum FileColumn {
    Texts(Vec<Option<String>>),
    Wholes(Vec<Option<i64>>),
    Reals(Vec<Option<f64>>),
    Flags(Vec<Option<bool>>),
    /// In millionths.
    Decimals(Vec<Option<i128>>),
}

impl FileColumn {
    fn len(&self) -> usize {
        match self {
            Self::Texts(values) => values.len(),
            Self::Wholes(values) => values.len(),
            Self::Reals(values) => values.len(),
            Self::Flags(values) => values.len(),
            Self::Decimals(values) => values.len(),
        }
    }
}

/// A file of named columns of one length. It has no creation time: the same table has the same
/// bytes.
///
/// # Errors
/// The file could not be written.
pub fn columns_file(columns: &[(String, FileColumn)]) -> Result<Vec<u8>, Fault> {
    encode_table(columns).map_err(|error| Fault::Broken(format!("a Parquet file could not be written: {error}")))
}

fn encode_table(columns: &[(String, FileColumn)]) -> Written<Vec<u8>> {
    let fields = columns.iter().map(|(name, column)| field(name, column)).collect::<Written<Vec<TypePtr>>>()?;
    let schema = Arc::new(Type::group_type_builder("row").with_fields(fields).build()?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by("entrepot".to_owned())
        .build();
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    if columns.iter().any(|(_, column)| column.len() > 0) {
        let mut group = file.next_row_group()?;
        for (_, column) in columns {
            let Some(mut writer) = group.next_column()? else {
                return Err(ParquetError::General("a table has a column more than its file".to_owned()));
            };
            match column {
                FileColumn::Texts(values) => {
                    let (texts, presence) = split(values, |text| ByteArray::from(text.as_str()));
                    writer.typed::<ByteArrayType>().write_batch(&texts, Some(&presence), None)?
                }
                FileColumn::Wholes(values) => {
                    let (numbers, presence) = split(values, |number| *number);
                    writer.typed::<Int64Type>().write_batch(&numbers, Some(&presence), None)?
                }
                FileColumn::Reals(values) => {
                    let (numbers, presence) = split(values, |number| *number);
                    writer.typed::<DoubleType>().write_batch(&numbers, Some(&presence), None)?
                }
                FileColumn::Flags(values) => {
                    let (flags, presence) = split(values, |flag| *flag);
                    writer.typed::<BoolType>().write_batch(&flags, Some(&presence), None)?
                }
                FileColumn::Decimals(values) => {
                    let (numbers, presence) = split(values, |number| FixedLenByteArray::from(number.to_be_bytes().to_vec()));
                    writer.typed::<FixedLenByteArrayType>().write_batch(&numbers, Some(&presence), None)?
                }
            };
            writer.close()?;
        }
        group.close()?;
    }
    file.into_inner()
}

/// The present values, and for each row 1 if it has one, otherwise 0.
fn split<T, V>(values: &[Option<T>], convert: impl Fn(&T) -> V) -> (Vec<V>, Vec<i16>) {
    let presence = values.iter().map(|value| i16::from(value.is_some())).collect();
    (values.iter().flatten().map(convert).collect(), presence)
}

/// The type of a column in the file.
fn field(name: &str, column: &FileColumn) -> Written<TypePtr> {
    let physical = match column {
        FileColumn::Texts(_) => Physical::BYTE_ARRAY,
        FileColumn::Wholes(_) => Physical::INT64,
        FileColumn::Reals(_) => Physical::DOUBLE,
        FileColumn::Flags(_) => Physical::BOOLEAN,
        FileColumn::Decimals(_) => Physical::FIXED_LEN_BYTE_ARRAY,
    };
    let field = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
    let field = match column {
        FileColumn::Texts(_) => field.with_logical_type(Some(LogicalType::String)),
        FileColumn::Decimals(_) => field
            .with_length(BYTES)
            .with_precision(PRECISION)
            .with_scale(SCALE)
            .with_logical_type(Some(LogicalType::decimal(SCALE, PRECISION))),
        FileColumn::Wholes(_) | FileColumn::Reals(_) | FileColumn::Flags(_) => field,
    };
    field.build().map(Arc::new)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::{
        file::reader::{FileReader, SerializedFileReader},
        record::Field,
    };

    use super::*;

    #[test]
    fn values_come_back_in_their_types() {
        let columns = [
            ("code".to_owned(), FileColumn::Texts(vec![Some("mug".to_owned()), None])),
            ("units".to_owned(), FileColumn::Wholes(vec![None, Some(-7)])),
            ("rate".to_owned(), FileColumn::Reals(vec![Some(0.25), None])),
            ("isActive".to_owned(), FileColumn::Flags(vec![Some(true), None])),
            ("amount".to_owned(), FileColumn::Decimals(vec![Some(-12_500_000), None])),
        ];
        let bytes = columns_file(&columns).unwrap();
        assert_eq!(bytes, columns_file(&columns).unwrap(), "the same table has the same bytes");
        let reader = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
        let rows: Vec<Vec<Field>> = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap().into_columns().into_iter().map(|(_, field)| field).collect())
            .collect();
        assert_eq!(
            (&rows[0][..4], &rows[1][..]),
            (
                &[Field::Str("mug".to_owned()), Field::Null, Field::Double(0.25), Field::Bool(true)][..],
                &[Field::Null, Field::Long(-7), Field::Null, Field::Null, Field::Null][..]
            )
        );
        assert_eq!(rows[0][4].to_string(), "-12.500000", "a decimal is exact");
    }

    #[test]
    fn a_table_without_rows_has_its_columns() {
        let bytes = columns_file(&[("code".to_owned(), FileColumn::Texts(Vec::new()))]).unwrap();
        let reader = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
        let schema = reader.metadata().file_metadata().schema();
        assert_eq!((reader.metadata().num_row_groups(), schema.get_fields()[0].name()), (0, "code"));
    }
}
