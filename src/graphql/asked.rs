//! An operation as clients ask for it, in a body, a GET's parameters or a socket's message: the same four members everywhere.

use std::fmt;

use async_graphql::Variables;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

/// What to run.
#[derive(Debug, Default)]
pub struct Asked {
    pub query: String,
    pub operation_name: Option<String>,
    pub variables: Variables,
}

/// The members as they come; any may be null.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a map")]
pub struct Members {
    pub query: Option<String>,
    pub operation_name: Option<String>,
    pub variables: Option<Variables>,
    pub extensions: Option<SomeMap>,
}

impl Members {
    /// `None` without a document. An empty name is none: some clients send it so.
    pub fn into_asked(self) -> Option<Asked> {
        let operation_name = self.operation_name.filter(|name| !name.is_empty());
        Some(Asked { query: self.query?, operation_name, variables: self.variables.unwrap_or_default() })
    }
}

/// A map of which we want nothing but that it is one.
#[derive(Debug, Clone, Copy)]
pub struct SomeMap;

impl<'de> Deserialize<'de> for SomeMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SomeMap)
    }
}

impl<'de> Visitor<'de> for SomeMap {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self)
    }
}
