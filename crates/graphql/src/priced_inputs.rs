//! Fields of inputs that have a price of their own: `@cost` on an input field is added where a value has it, once for each argument.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{
    Name, Value, Variables,
    parser::types::{ServiceDocument, TypeDefinition, TypeKind, TypeSystemDefinition},
};
use async_graphql_value::Value as InputValue;

use crate::{
    price::Millis,
    schema_index::{base, weight},
};

/// Inputs that have such a field in them, however deep, with the fields that lead to one.
#[derive(Debug, Default)]
pub struct PricedInputs(HashMap<Name, HashMap<Name, InputField>>);

#[derive(Debug)]
struct InputField {
    /// Where it is given.
    price: Millis,
    /// Its type without lists and exclamation marks.
    of: Name,
}

/// An argument with such fields in it, or a variable that may have them.
#[derive(Debug)]
pub struct PricedArgument {
    index: Arc<PricedInputs>,
    parts: Vec<Priced>,
}

/// A part of an argument that has a price, or may have one.
#[derive(Debug)]
enum Priced {
    Known(Millis),
    Variable {
        name: Name,
        /// Its input.
        of: Name,
        /// Of the field that takes the variable.
        price: Millis,
        /// Where the variable is not given.
        otherwise: Millis,
    },
}

impl PricedInputs {
    pub fn of(document: &ServiceDocument) -> Self {
        let mut known: HashMap<Name, HashMap<Name, InputField>> = HashMap::new();
        // Inputs may hold one another, so this goes on until nothing more is found.
        loop {
            let mut is_complete = true;
            for kind in types(document) {
                let TypeKind::InputObject(input) = &kind.kind else { continue };
                for field in &input.fields {
                    let (name, of) = (&field.node.name.node, base(&field.node.ty.node));
                    let price = weight(&field.node.directives).unwrap_or_default();
                    let is_known = known.get(&kind.name.node).is_some_and(|fields| fields.contains_key(name));
                    if !is_known && (price > 0 || known.contains_key(of)) {
                        is_complete = false;
                        let fields = known.entry(kind.name.node.clone()).or_default();
                        fields.insert(name.clone(), InputField { price, of: of.clone() });
                    }
                }
            }
            if is_complete {
                return Self(known);
            }
        }
    }

    fn part<'a>(
        &self,
        (of, price): (&Name, Millis),
        value: &InputValue,
        default: &impl Fn(&Name) -> Option<&'a Value>,
        parts: &mut Vec<Priced>,
    ) {
        match value {
            InputValue::Null => {}
            InputValue::Variable(name) => {
                let otherwise = default(name).map_or(0, |value| self.value((of, price), value));
                parts.push(Priced::Variable { name: name.clone(), of: of.clone(), price, otherwise });
            }
            InputValue::List(items) => items.iter().for_each(|item| self.part((of, price), item, default, parts)),
            InputValue::Object(members) => {
                parts.push(Priced::Known(price));
                let Some(fields) = self.0.get(of) else { return };
                for (name, member) in members {
                    if let Some(field) = fields.get(name) {
                        self.part((&field.of, field.price), member, default, parts);
                    }
                }
            }
            _ => parts.push(Priced::Known(price)),
        }
    }

    /// The dearest field in a value, or the field that has it.
    fn value(&self, (of, price): (&Name, Millis), value: &Value) -> Millis {
        match value {
            Value::Null => 0,
            Value::List(items) => items.iter().map(|item| self.value((of, price), item)).max().unwrap_or_default(),
            Value::Object(members) => {
                let fields = self.0.get(of);
                let inner = members.iter().filter_map(|(name, member)| {
                    let field = fields?.get(name)?;
                    Some(self.value((&field.of, field.price), member))
                });
                inner.max().unwrap_or_default().max(price)
            }
            _ => price,
        }
    }
}

impl PricedArgument {
    /// The argument of this input, unless nothing in it can have a price. `default` is the value of a variable that is not given.
    pub fn of<'a>(
        index: &Arc<PricedInputs>,
        of: &Name,
        value: &InputValue,
        default: &impl Fn(&Name) -> Option<&'a Value>,
    ) -> Option<Self> {
        if !index.0.contains_key(of) {
            return None;
        }
        let mut parts = Vec::new();
        index.part((of, 0), value, default, &mut parts);
        Some(Self { index: index.clone(), parts })
    }

    /// The price of its dearest part.
    pub fn price(&self, variables: &Variables) -> Millis {
        let prices = self.parts.iter().map(|part| match part {
            Priced::Known(price) => *price,
            Priced::Variable { name, of, price, otherwise } => {
                variables.get(name).map_or(*otherwise, |value| self.index.value((of, *price), value))
            }
        });
        prices.max().unwrap_or_default()
    }
}

fn types(document: &ServiceDocument) -> impl Iterator<Item = &TypeDefinition> {
    document.definitions.iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(kind) => Some(&kind.node),
        _ => None,
    })
}
