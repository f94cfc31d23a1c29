//! Values as bytes that are equal for both databases: for digests, and for the last key that was
//! copied.

use sea_orm::Value;
use uuid::Uuid;

use crate::storage::Fault;

const NULL: u8 = 0;
const ID: u8 = 1;
const INT: u8 = 2;
const SMALL: u8 = 3;
const TEXT: u8 = 4;
const BYTES: u8 = 5;
const BOOL: u8 = 6;

/// Appends a value: its kind, and for texts and bytes their length.
///
/// # Errors
/// No column has this kind of value.
pub(super) fn append(value: &Value, bytes: &mut Vec<u8>) -> Result<(), Fault> {
    match value {
        Value::Uuid(Some(id)) => push_fixed(bytes, ID, id.as_bytes()),
        Value::BigInt(Some(int)) => push_fixed(bytes, INT, &int.to_be_bytes()),
        Value::Int(Some(int)) => push_fixed(bytes, SMALL, &int.to_be_bytes()),
        Value::String(Some(text)) => push_with_length(bytes, TEXT, text.as_bytes()),
        Value::Bytes(Some(content)) => push_with_length(bytes, BYTES, content),
        Value::Bool(Some(flag)) => push_fixed(bytes, BOOL, &[u8::from(*flag)]),
        Value::Uuid(None)
        | Value::BigInt(None)
        | Value::Int(None)
        | Value::String(None)
        | Value::Bytes(None)
        | Value::Bool(None) => bytes.push(NULL),
        other => return Err(Fault::Broken(format!("no column holds a value like {other:?}"))),
    }
    Ok(())
}

pub(super) fn all<'a>(values: impl IntoIterator<Item = &'a Value>) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    values.into_iter().try_for_each(|value| append(value, &mut bytes))?;
    Ok(bytes)
}

fn push_fixed(bytes: &mut Vec<u8>, kind: u8, value: &[u8]) {
    bytes.push(kind);
    bytes.extend_from_slice(value);
}

fn push_with_length(bytes: &mut Vec<u8>, kind: u8, value: &[u8]) {
    bytes.push(kind);
    bytes.extend_from_slice(&(value.len() as u64).to_be_bytes());
    bytes.extend_from_slice(value);
}

/// Decodes the bytes that `all` has encoded.
///
/// # Errors
/// The bytes are invalid.
pub(super) fn values(bytes: &[u8]) -> Result<Vec<Value>, Fault> {
    let (mut remaining, mut values) = (bytes, Vec::new());
    while !remaining.is_empty() {
        let (value, after) = value(remaining).ok_or_else(|| Fault::corrupt("copy_progress", "last_key is an encoded key"))?;
        values.push(value);
        remaining = after;
    }
    Ok(values)
}

fn value(bytes: &[u8]) -> Option<(Value, &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    match *kind {
        ID => rest.split_first_chunk::<16>().map(|(id, rest)| (Uuid::from_bytes(*id).into(), rest)),
        INT => rest.split_first_chunk().map(|(int, rest)| (i64::from_be_bytes(*int).into(), rest)),
        SMALL => rest.split_first_chunk().map(|(int, rest)| (i32::from_be_bytes(*int).into(), rest)),
        BOOL => rest.split_first().map(|(flag, rest)| ((*flag == 1).into(), rest)),
        TEXT | BYTES => {
            let (length, rest) = rest.split_first_chunk()?;
            let (content, rest) = rest.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
            let value = if *kind == BYTES { content.to_vec().into() } else { String::from_utf8(content.to_vec()).ok()?.into() };
            Some((value, rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_as_it_was() {
        let key: Vec<Value> =
            vec![Uuid::from_u128(7).into(), (-3_i64).into(), 12_i32.into(), "naïve".into(), vec![0_u8, 255].into(), true.into()];
        assert_eq!(values(&all(&key).unwrap()).unwrap(), key);
        assert_eq!(values(&[]).unwrap(), []);
    }

    #[test]
    fn bytes_that_end_too_early_are_refused() {
        let whole = all(&[Value::from("a text"), Value::from(5_i64)]).unwrap();
        for length in 1..whole.len() {
            let is_first_whole = length == all(&[Value::from("a text")]).unwrap().len();
            assert_eq!(values(&whole[..length]).is_ok(), is_first_whole, "{length}");
        }
    }

    #[test]
    fn null_the_empty_text_and_no_bytes_differ() {
        let encoded = [Value::String(None), Value::from(""), Value::from(Vec::<u8>::new())].map(|value| all([&value]).unwrap());
        assert_ne!(encoded[0], encoded[1]);
        assert_ne!(encoded[1], encoded[2]);
    }
}
