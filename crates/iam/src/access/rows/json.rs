//! Lists inside a row are JSON, read and written whole: permissions by their codes, and the stores
//! of a scope.

use platform::storage::Fault;
use serde::{Serialize, de::DeserializeOwned};

use crate::access::{
    core::Scope,
    permissions::{Bits, index_of},
};

pub(super) fn to_json(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|err| Fault::Broken(err.to_string()))
}

pub(super) fn parse_json<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|err| Fault::corrupt(table, format!("{err}: {text}")))
}

pub(super) fn codes(bits: Bits) -> Result<String, Fault> {
    to_json(&bits.infos().map(|info| info.code).collect::<Vec<_>>())
}

/// Parses codes of permissions; unknown codes are skipped.
pub(super) fn bits(table: &'static str, text: &str) -> Result<Bits, Fault> {
    let codes: Vec<String> = parse_json(table, text)?;
    Ok(codes.iter().filter_map(|code| index_of(code)).collect())
}

pub(super) fn scope(table: &'static str, text: &str) -> Result<Scope, Fault> {
    parse_json(table, text)
}
