//! Conversion of a line of JSON to the values of its table's columns.

use entity::{record::ColumnKind, tables::Description};
use sea_orm::Value;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::refusal::LineRefusal;

/// The members of a line by name.
pub(super) type Fields = Map<String, Json>;

pub(super) fn fields(line: &str) -> Result<Fields, LineRefusal> {
    serde_json::from_str(line).map_err(|err| LineRefusal::NoJson(err.to_string()))
}

/// A value for each column, and no member that is none.
pub(super) fn values(table: &'static Description, mut fields: Fields) -> Result<Vec<Value>, LineRefusal> {
    let mut values = Vec::with_capacity(table.columns.len());
    for column in table.columns {
        let json = fields.remove(column.0).ok_or(LineRefusal::ColumnMissing(column.0))?;
        values.push(value(column.1, json).ok_or(LineRefusal::Value(column.0))?);
    }
    match fields.into_iter().next() {
        Some((unknown, _)) => Err(LineRefusal::UnknownColumn(unknown)),
        None => Ok(values),
    }
}

fn value(kind: ColumnKind, json: Json) -> Option<Value> {
    Some(match (kind, json) {
        (ColumnKind::Id | ColumnKind::IdOrNull, Json::String(text)) => id(&text)?.into(),
        (ColumnKind::Int | ColumnKind::IntOrNull, Json::Number(number)) => number.as_i64()?.into(),
        (ColumnKind::Small | ColumnKind::SmallOrNull, Json::Number(number)) => i32::try_from(number.as_i64()?).ok()?.into(),
        (ColumnKind::Text | ColumnKind::TextOrNull, Json::String(text)) => text.into(),
        (ColumnKind::Bytes | ColumnKind::BytesOrNull, Json::String(text)) => hex::decode(text).ok()?.into(),
        (ColumnKind::Bool | ColumnKind::BoolOrNull, Json::Bool(flag)) => flag.into(),
        (ColumnKind::IdOrNull, Json::Null) => Value::Uuid(None),
        (ColumnKind::IntOrNull, Json::Null) => Value::BigInt(None),
        (ColumnKind::SmallOrNull, Json::Null) => Value::Int(None),
        (ColumnKind::TextOrNull, Json::Null) => Value::String(None),
        (ColumnKind::BytesOrNull, Json::Null) => Value::Bytes(None),
        (ColumnKind::BoolOrNull, Json::Null) => Value::Bool(None),
        _ => return None,
    })
}

/// An ID as an export has it: 32 hexadecimal digits.
pub(super) fn id(text: &str) -> Option<Uuid> {
    (text.len() == 32).then(|| Uuid::try_parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> &'static Description {
        entity::tables::ALL.iter().find(|table| table.name == "subject").unwrap()
    }

    fn read(line: &str) -> Result<Vec<Value>, LineRefusal> {
        values(subject(), fields(line)?)
    }

    const ONE: &str = "00000000000000000000000000000001";

    #[test]
    fn a_line_has_each_column_and_nothing_else() {
        let whole = format!(r#"{{"tenant_id":"{ONE}","id":"{ONE}","key_sealed":"00ff","created_at":-7}}"#);
        let one = Value::from(Uuid::from_u128(1));
        assert_eq!(read(&whole), Ok(vec![one.clone(), one, Value::from(vec![0_u8, 255]), Value::from(-7_i64)]));
        let more = whole.replace("-7}", "-7,\"colour\":null}");
        assert_eq!(read(&more), Err(LineRefusal::UnknownColumn("colour".to_owned())));
        let fewer = whole.replace(",\"created_at\":-7", "");
        assert_eq!(read(&fewer), Err(LineRefusal::ColumnMissing("created_at")));
    }

    #[test]
    fn a_value_of_another_kind_is_refused() {
        let whole = format!(r#"{{"tenant_id":"{ONE}","id":"{ONE}","key_sealed":"00ff","created_at":7}}"#);
        for (right, wrong, column) in [
            ("\"00ff\"", "\"0ff\"", "key_sealed"),
            ("\"00ff\"", "\"xx\"", "key_sealed"),
            ("\"00ff\"", "null", "key_sealed"),
            (":7", ":7.5", "created_at"),
            (":7", ":9223372036854775808", "created_at"),
            (":7", ":\"7\"", "created_at"),
            (":7", ":true", "created_at"),
        ] {
            assert_eq!(read(&whole.replace(right, wrong)), Err(LineRefusal::Value(column)), "{wrong}");
        }
        let short = whole.replacen(ONE, "1", 1);
        assert_eq!(read(&short), Err(LineRefusal::Value("tenant_id")));
        assert!(matches!(read("[1]"), Err(LineRefusal::NoJson(_))));
        assert!(matches!(read("{\"tenant_id\":"), Err(LineRefusal::NoJson(_))));
    }
}
