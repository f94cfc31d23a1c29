//! An answer about the schema, written straight to JSON and counted on the way.

use std::sync::Arc;

use super::{
    model::{Member, Model},
    query::{IntrospectionQuery, RequestedField},
};
use crate::price;

/// Result of an introspection.
#[derive(Debug, Clone)]
pub struct IntrospectionResult {
    /// The answer's `data`.
    pub json: Arc<str>,
    /// Number of fields and objects in it.
    pub nodes: u32,
    /// Whether the operation selects nothing but introspection.
    pub is_all: bool,
}

impl IntrospectionResult {
    pub fn points(&self) -> u32 {
        price::points(price::Millis::from(self.nodes).saturating_mul(price::INTROSPECTED))
    }
}

/// `None`: it would exceed these limits of nodes and bytes.
pub fn write(
    model: &Model,
    question: &IntrospectionQuery,
    (node_limit, byte_limit): (u32, usize),
) -> Option<IntrospectionResult> {
    let mut writer =
        Writer { model, out: String::with_capacity(1 << 10), nodes: 0, max_nodes: node_limit, max_bytes: byte_limit };
    writer.root(&question.asks)?;
    Some(IntrospectionResult { json: writer.out.into(), nodes: writer.nodes, is_all: question.is_all })
}

struct Writer<'a> {
    model: &'a Model,
    out: String,
    nodes: u32,
    max_nodes: u32,
    max_bytes: usize,
}

impl Writer<'_> {
    fn root(&mut self, asks: &[RequestedField]) -> Option<()> {
        self.out.push('{');
        let mut is_first = true;
        for ask in asks {
            let node = match ask.name.as_str() {
                "__schema" => Some(self.model.root),
                "__type" => self.model.types.get(&ask.type_name).copied(),
                "__typename" => {
                    self.key(ask, &mut is_first)?;
                    self.word(&self.model.query);
                    continue;
                }
                // Left to the engine.
                _ => continue,
            };
            self.key(ask, &mut is_first)?;
            match node {
                Some(node) => self.object(node, &ask.children)?,
                None => self.out.push_str("null"),
            }
        }
        self.out.push('}');
        Some(())
    }

    /// Counts a field, and writes its response key.
    fn key(&mut self, ask: &RequestedField, is_first: &mut bool) -> Option<()> {
        self.nodes += 1;
        if self.nodes > self.max_nodes || self.out.len() > self.max_bytes {
            return None;
        }
        if !std::mem::take(is_first) {
            self.out.push(',');
        }
        self.word(&ask.key);
        self.out.push(':');
        Some(())
    }

    /// A name: nothing to escape.
    fn word(&mut self, word: &str) {
        self.out.push('"');
        self.out.push_str(word);
        self.out.push('"');
    }

    // Recursion is bounded by the guard's limit on depth.
    fn object(&mut self, node: usize, asks: &[RequestedField]) -> Option<()> {
        let model = self.model;
        let node = model.nodes.get(node)?;
        self.out.push('{');
        let mut is_first = true;
        for ask in asks {
            self.key(ask, &mut is_first)?;
            if ask.name == "__typename" {
                self.word(node.on);
                continue;
            }
            match node.members.iter().find(|(name, _)| **name == *ask.name).map(|(_, member)| member) {
                None => self.out.push_str("null"),
                Some(Member::Json(json)) => self.out.push_str(json),
                Some(Member::One(node)) => self.object(*node, &ask.children)?,
                Some(Member::Many(items)) => {
                    self.out.push('[');
                    let start = self.out.len();
                    for item in items.iter().filter(|item| ask.includes_deprecated || !item.is_deprecated) {
                        if self.out.len() > start {
                            self.out.push(',');
                        }
                        self.object(item.node, &ask.children)?;
                    }
                    self.out.push(']');
                }
            }
        }
        self.out.push('}');
        Some(())
    }
}
