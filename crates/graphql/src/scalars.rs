//! Scalars of the schema that Rust's own types do not cover.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use entity::{
    prelude::{self, Timestamp},
    quantity::MAX_SAFE,
};
use platform::clock;
use serde::{Serialize, Serializer};

fn safe_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(n) => {
            n.as_i64().or_else(|| n.as_f64().filter(|f| f.fract() == 0.0 && f.abs() <= MAX_SAFE as f64).map(|f| f as i64))
        }
        _ => None,
    }
    .filter(|n| (-MAX_SAFE..=MAX_SAFE).contains(n))
}

/// An integer in the product's smallest unit, as a JSON number within ±(2^53 − 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Quantity(pub prelude::Quantity);

/// An integer in the product's smallest unit, as a JSON number within ±(2^53 − 1).
#[Scalar(name = "Quantity", specified_by_url = "https://www.rfc-editor.org/rfc/rfc7493#section-2.2")]
impl ScalarType for Quantity {
    fn parse(value: Value) -> InputValueResult<Self> {
        safe_integer(&value)
            .and_then(prelude::Quantity::new)
            .map(Self)
            .ok_or_else(|| InputValueError::custom("a whole number within ±(2^53 − 1) is expected"))
    }
    fn to_value(&self) -> Value {
        self.0.get().into()
    }
}
impl From<prelude::Quantity> for Quantity {
    fn from(value: prelude::Quantity) -> Self {
        Self(value)
    }
}

/// A 64-bit counter as a JSON number within ±(2^53 − 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Long(pub i64);

/// A 64-bit counter as a JSON number within ±(2^53 − 1).
#[Scalar(name = "Long", specified_by_url = "https://www.rfc-editor.org/rfc/rfc7493#section-2.2")]
impl ScalarType for Long {
    fn parse(value: Value) -> InputValueResult<Self> {
        safe_integer(&value).map(Self).ok_or_else(|| InputValueError::custom("a whole number within ±(2^53 − 1) is expected"))
    }
    fn to_value(&self) -> Value {
        self.0.into()
    }
}

/// A moment: RFC 3339, UTC, microseconds. Other offsets are read and turned to UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DateTime(pub Timestamp);

/// A moment: RFC 3339, UTC, microseconds. Other offsets are read and turned to UTC.
#[Scalar(name = "DateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = &expect_string(value).map_err(InputValueError::custom)?;
        clock::parse_rfc3339(text)
            .map(Self)
            .ok_or_else(|| InputValueError::custom("an RFC 3339 moment is expected, as in 2026-11-30T08:26:00Z"))
    }
    fn to_value(&self) -> Value {
        Value::String(clock::rfc3339(self.0))
    }
}

/// A calendar day, in the time zone that the field says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Date(pub i32);

/// A calendar day, in the time zone that the field says.
#[Scalar(name = "Date", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = &expect_string(value).map_err(InputValueError::custom)?;
        clock::parse_day(text).map(Self).ok_or_else(|| InputValueError::custom("a calendar day is expected, as in 2026-11-30"))
    }
    fn to_value(&self) -> Value {
        Value::String(clock::day_text(self.0))
    }
}

fn expect_string(value: Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err("a string is expected"),
    }
}

/// A scalar that is any string.
macro_rules! text_scalar {
    ($(#[doc = $doc:tt])* $name:ident, $url:tt) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        $(#[doc = $doc])*
        #[Scalar(specified_by_url = $url)]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                Ok(Self(expect_string(value).map_err(InputValueError::custom)?))
            }
            fn to_value(&self) -> Value {
                Value::String(self.0.clone())
            }
        }
    };
}
text_scalar! {
    /// A decimal number as a string, never a float.
    Decimal, "https://www.rfc-editor.org/rfc/rfc8259#section-6"
}
text_scalar! {
    /// An opaque position in a list or a stream.
    Cursor, "https://relay.dev/graphql/connections.htm#sec-Cursor"
}
text_scalar! {
    /// An ISO 4217 currency code.
    CurrencyCode, "https://www.iso.org/iso-4217-currency-codes.html"
}

/// JSON value of any kind, for metadata. As input, a number that 64 bits do not hold is refused: write it as a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(pub serde_json::Value);

/// JSON value of any kind, for metadata. As input, a number that 64 bits do not hold is refused: write it as a string.
#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        if has_rounded(&value) {
            return Err(InputValueError::custom("a number that 64 bits do not hold would be rounded: write it as a string"));
        }
        value.into_json().map(Self).map_err(|err| InputValueError::custom(err.to_string()))
    }
    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

/// Whether a value contains a number that was parsed as floating-point because 64 bits do not hold
/// it. Its digits are lost by then, and a number that was written with an exponent cannot be
/// distinguished from it.
pub fn has_rounded(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().filter(|_| number.is_f64());
            float.is_some_and(|float| float >= u64::MAX as f64 || float <= i64::MIN as f64)
        }
        Value::List(items) => items.iter().any(has_rounded),
        Value::Object(members) => members.values().any(has_rounded),
        _ => false,
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl Json {
    /// Reads a column of JSON text; a broken one shows as an empty object.
    pub fn from_text(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_else(|_| serde_json::json!({})))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_with_a_number_beyond_64_bits_is_refused() {
        let parsed = |json: &str| Json::parse(serde_json::from_str(json).unwrap()).map_err(drop);
        for kept in ["[-9223372036854775808, 18446744073709551615]", r#"{"a": [0.1, -1e18, "18446744073709551616"]}"#, "null"] {
            assert_eq!(parsed(kept), Ok(Json(serde_json::from_str(kept).unwrap())), "{kept}");
        }
        for lost in ["18446744073709551616", "-9223372036854775809", r#"{"a": [{"b": 123456789012345678901234}]}"#, "1e30"] {
            assert_eq!(parsed(lost), Err(()), "{lost}");
        }
    }
}
