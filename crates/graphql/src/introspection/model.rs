//! The schema as introspection shows it: objects with members, made from what the engine answers once.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Executor, Request, futures_util::FutureExt as _};
use serde_json::{Map, Value};

use super::SchemaNotes;

/// All objects that introspection can reach.
#[derive(Debug, Default)]
pub struct Model {
    pub nodes: Vec<Node>,
    /// `__Schema`.
    pub root: usize,
    /// The query type's name.
    pub query: String,
    /// Types by their names.
    pub types: HashMap<String, usize>,
}

/// `__Type`, `__Field` and their like.
#[derive(Debug)]
pub struct Node {
    pub on: &'static str,
    /// Values by field name; a field without an entry is null.
    pub members: Vec<(Box<str>, Member)>,
}

#[derive(Debug)]
pub enum Member {
    /// JSON to copy: a text, a Boolean, or a list of texts.
    Json(Box<str>),
    One(usize),
    Many(Vec<Item>),
}

#[derive(Debug)]
pub struct Item {
    pub node: usize,
    /// True: left out unless `includeDeprecated` is set.
    pub is_deprecated: bool,
}

/// The engine does not answer introspection as it should.
#[derive(Debug, thiserror::Error)]
#[error("introspection failed: {0}")]
pub struct IntrospectionError(String);

/// A query for the whole schema. A type reference needs two levels for each nested list, and one
/// more.
const ALL: &str = "{ __schema { description queryType { name } mutationType { name } subscriptionType { name }
    types { kind name description specifiedByURL isOneOf interfaces { name } possibleTypes { name }
      fields(includeDeprecated: true) { name description isDeprecated deprecationReason type { ...Ref } args(includeDeprecated: true) { ...Input } }
      inputFields(includeDeprecated: true) { ...Input }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } }
    directives { name description locations isRepeatable args(includeDeprecated: true) { ...Input } } } }
  fragment Input on __InputValue { name description isDeprecated deprecationReason defaultValue type { ...Ref } }
  fragment Ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } }";

impl Model {
    /// Reads the model from the engine on a blocking thread, as that does not yield until it is
    /// done.
    pub async fn read<E: Executor>(executor: E, notes: SchemaNotes) -> Result<Arc<Self>, IntrospectionError> {
        let read_task = tokio::task::spawn_blocking(move || {
            // Introspection never waits.
            let response = executor.execute(Request::new(ALL)).now_or_never();
            let response = response.ok_or_else(|| IntrospectionError("it waits for something".to_owned()))?;
            if let Some(error) = response.errors.first() {
                return Err(IntrospectionError(error.message.clone()));
            }
            let mut data = response.data.into_json().map_err(|error| IntrospectionError(error.to_string()))?;
            notes.append_to_descriptions(&mut data["__schema"]);
            Self::of(&data["__schema"]).ok_or_else(|| IntrospectionError("a type is missing".to_owned()))
        });
        read_task.await.map_err(|error| IntrospectionError(error.to_string()))?.map(Arc::new)
    }

    /// `schema`: the value of `__schema`.
    fn of(schema: &Value) -> Option<Self> {
        let mut model = Self::default();
        let types = schema["types"].as_array()?;
        for (index, kind) in types.iter().enumerate() {
            model.types.insert(kind["name"].as_str()?.to_owned(), index);
            model.nodes.push(Node { on: "__Type", members: Vec::new() });
        }
        schema["queryType"]["name"].as_str()?.clone_into(&mut model.query);
        let mut reader = Reader { model, wrapped: HashMap::new() };
        for (index, kind) in types.iter().enumerate() {
            let members = reader.members(kind.as_object()?)?;
            reader.model.nodes.get_mut(index)?.members = members;
        }
        reader.model.root = reader.node("__Schema", schema)?;
        Some(reader.model)
    }
}

struct Reader {
    model: Model,
    /// Lists and types that are never null, by how they are written.
    wrapped: HashMap<String, usize>,
}

impl Reader {
    fn node(&mut self, on: &'static str, object: &Value) -> Option<usize> {
        let members = self.members(object.as_object()?)?;
        self.model.nodes.push(Node { on, members });
        Some(self.model.nodes.len() - 1)
    }

    fn members(&mut self, object: &Map<String, Value>) -> Option<Vec<(Box<str>, Member)>> {
        let present = object.iter().filter(|(_, value)| !value.is_null());
        present.map(|(name, value)| Some((name.as_str().into(), self.member(name, value)?))).collect()
    }

    fn member(&mut self, name: &str, value: &Value) -> Option<Member> {
        let on = match name {
            "queryType" | "mutationType" | "subscriptionType" | "type" | "ofType" => {
                return self.type_of(value).map(Member::One);
            }
            "types" | "interfaces" | "possibleTypes" => {
                let types = value.as_array()?.iter().map(|element| self.type_of(element));
                let items = types.map(|node| Some(Item { node: node?, is_deprecated: false }));
                return Some(Member::Many(items.collect::<Option<_>>()?));
            }
            "fields" => "__Field",
            "args" | "inputFields" => "__InputValue",
            "enumValues" => "__EnumValue",
            "directives" => "__Directive",
            _ => return Some(Member::Json(value.to_string().into())),
        };
        let items = value.as_array()?.iter().map(|element| {
            Some(Item { node: self.node(on, element)?, is_deprecated: element["isDeprecated"] == Value::Bool(true) })
        });
        Some(Member::Many(items.collect::<Option<_>>()?))
    }

    /// A type by its name, or one around another.
    fn type_of(&mut self, reference: &Value) -> Option<usize> {
        if let Some(name) = reference["name"].as_str() {
            return self.model.types.get(name).copied();
        }
        let key = reference.to_string();
        if let Some(cached_node) = self.wrapped.get(&key) {
            return Some(*cached_node);
        }
        let node = self.node("__Type", reference)?;
        self.wrapped.insert(key, node);
        Some(node)
    }
}
