//! Fields of inputs and values of enums that have a price of their own: `@cost` on one is added wherever a value has it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{BaseType, EnumValueDefinition, InputValueDefinition, ServiceDocument, TypeDefinition, TypeKind},
};
use async_graphql_value::Value as InputValue;
use smallvec::SmallVec;

use crate::{
    price::Millis,
    schema_index::{base, definitions, weight},
};

/// Inputs and enum values of a schema that have a price.
#[derive(Debug, Default, PartialEq)]
pub struct PricedInputs {
    /// Inputs that contain such a field, however deep, with the fields that lead to one.
    fields: HashMap<Name, HashMap<Name, InputField>>,
    /// Enums with priced values, and these values.
    words: HashMap<Name, HashMap<Name, Millis>>,
}

#[derive(Debug, Clone, PartialEq)]
struct InputField {
    price: Millis,
    counts: Counts,
    /// Type of the field, without lists and exclamation marks.
    of: Name,
}

/// Number of times that the price of a field counts in one argument.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Counts {
    /// Each time that the field is given.
    Given,
    /// For each value of a list of IDs or texts.
    Values,
    /// Once, however often the field is given: it takes an input object. The number identifies the
    /// field.
    Once(usize),
}

/// Prices of one argument.
#[derive(Debug, Clone, Default)]
struct Tally {
    sum: Millis,
    /// Fields that count once, and were counted.
    counted: SmallVec<[usize; 4]>,
}

/// An argument with such fields in it, or a variable that may have them.
#[derive(Debug)]
pub struct PricedArgument {
    index: Arc<PricedInputs>,
    /// The fields that are given regardless of variables.
    written: Tally,
    variables: Vec<PricedVariable>,
}

/// A variable in the place of a field, or of a part of one.
#[derive(Debug)]
struct PricedVariable {
    name: Name,
    field: InputField,
    /// Default of the variable.
    otherwise: Option<Value>,
}

impl InputField {
    fn of(definition: &InputValueDefinition, kinds: &Kinds<'_>, number: usize) -> Self {
        let type_name = base(&definition.ty.node);
        let price = weight(&definition.directives).unwrap_or_default();
        let is_list = matches!(definition.ty.node.base, BaseType::List(_));
        let counts = match price {
            0 => Counts::Given,
            _ if kinds.inputs.contains(type_name) => Counts::Once(number),
            _ if is_list && !kinds.enums.contains(type_name) => Counts::Values,
            _ => Counts::Given,
        };
        Self { price, counts, of: type_name.clone() }
    }

    /// A place for values of this input, without a price of its own.
    fn unpriced(type_name: &Name) -> Self {
        Self { price: 0, counts: Counts::Given, of: type_name.clone() }
    }
}

/// Types that a field may have, other than scalars.
struct Kinds<'a> {
    inputs: HashSet<&'a Name>,
    enums: HashSet<&'a Name>,
}

impl Tally {
    /// Adds a field that is given, with the number of its values if it is a list.
    fn add(&mut self, field: &InputField, values: usize) {
        let price = match field.counts {
            Counts::Given => field.price,
            Counts::Values => field.price.saturating_mul(values as Millis),
            Counts::Once(number) if self.counted.contains(&number) => 0,
            Counts::Once(number) => {
                self.counted.push(number);
                field.price
            }
        };
        self.add_price(price);
    }

    fn add_price(&mut self, price: Millis) {
        self.sum = self.sum.saturating_add(price);
    }
}

impl PricedInputs {
    pub fn of(document: &ServiceDocument) -> Self {
        let names_of = |is_it: fn(&TypeKind) -> bool| {
            definitions(document).filter(move |kind| is_it(&kind.kind)).map(|kind| &kind.name.node)
        };
        let kinds = Kinds {
            inputs: names_of(|kind| matches!(kind, TypeKind::InputObject(_))).collect(),
            enums: names_of(|kind| matches!(kind, TypeKind::Enum(_))).collect(),
        };
        let enum_prices = priced_words(document);
        let (mut priced_fields, mut number) = (HashMap::<Name, HashMap<Name, InputField>>::new(), 0);
        // Inputs may contain one another, so this repeats until it finds no more.
        loop {
            let mut is_complete = true;
            for kind in definitions(document) {
                let TypeKind::InputObject(input) = &kind.kind else { continue };
                for definition in &input.fields {
                    let name = &definition.node.name.node;
                    if priced_fields.get(&kind.name.node).is_some_and(|fields| fields.contains_key(name)) {
                        continue;
                    }
                    let field = InputField::of(&definition.node, &kinds, number);
                    if field.price > 0 || priced_fields.contains_key(&field.of) || enum_prices.contains_key(&field.of) {
                        (is_complete, number) = (false, number + 1);
                        priced_fields.entry(kind.name.node.clone()).or_default().insert(name.clone(), field);
                    }
                }
            }
            if is_complete {
                return Self { fields: priced_fields, words: enum_prices };
            }
        }
    }

    /// Fields of inputs and values of enums with a price of their own, by their types, and whether it is that of each value of a list.
    pub(crate) fn priced_parts(&self) -> impl Iterator<Item = (&Name, &Name, Millis, bool)> {
        let fields = self.fields.iter().flat_map(|(kind, fields)| fields.iter().map(move |(name, field)| (kind, name, field)));
        let fields = fields.map(|(kind, name, field)| (kind, name, field.price, matches!(field.counts, Counts::Values)));
        let words =
            self.words.iter().flat_map(|(kind, words)| words.iter().map(move |(name, price)| (kind, name, *price, false)));
        fields.chain(words).filter(|(_, _, price, _)| *price > 0)
    }

    /// Whether a value of this type may have a price.
    fn may_be_priced(&self, type_name: &Name) -> bool {
        self.fields.contains_key(type_name) || self.words.contains_key(type_name)
    }

    /// The price of a value of this enum.
    fn word(&self, type_name: &Name, word: &str) -> Millis {
        self.words.get(type_name).and_then(|words| words.get(word)).copied().unwrap_or_default()
    }

    /// Adds the price of a field with this value, and of the fields within.
    fn field(&self, field: &InputField, value: &Value, tally: &mut Tally) {
        let values = match value {
            Value::Null => return,
            Value::List(items) => items.len(),
            _ => 1,
        };
        tally.add(field, values);
        self.add_value(&field.of, value, tally);
    }

    /// Adds the fields in a value of this input, or the value of this enum.
    fn add_value(&self, type_name: &Name, value: &Value, tally: &mut Tally) {
        if !self.may_be_priced(type_name) {
            return;
        }
        match value {
            Value::List(items) => items.iter().for_each(|item| self.add_value(type_name, item, tally)),
            Value::Enum(word) => tally.add_price(self.word(type_name, word)),
            // Variables have enum values as texts.
            Value::String(word) => tally.add_price(self.word(type_name, word)),
            Value::Object(members) => {
                let Some(fields) = self.fields.get(type_name) else { return };
                for (name, member) in members {
                    if let Some(field) = fields.get(name) {
                        self.field(field, member, tally);
                    }
                }
            }
            _ => {}
        }
    }
}

impl PricedArgument {
    /// The argument of this type, unless nothing in it can have a price. `default` is the value of a variable that is not given.
    pub fn of<'a>(
        index: &Arc<PricedInputs>,
        type_name: &Name,
        value: &InputValue,
        default: &impl Fn(&Name) -> Option<&'a Value>,
    ) -> Option<Self> {
        if !index.may_be_priced(type_name) {
            return None;
        }
        let mut argument = Self { index: index.clone(), written: Tally::default(), variables: Vec::new() };
        argument.field(&InputField::unpriced(type_name), value, default);
        Some(argument).filter(|argument| argument.written.sum > 0 || !argument.variables.is_empty())
    }

    /// Adds a field with this value, and the fields within.
    fn field<'a>(&mut self, field: &InputField, value: &InputValue, default: &impl Fn(&Name) -> Option<&'a Value>) {
        let values = match value {
            InputValue::Null => return,
            InputValue::Variable(name) => {
                let otherwise = default(name).cloned();
                self.variables.push(PricedVariable { name: name.clone(), field: field.clone(), otherwise });
                return;
            }
            InputValue::List(items) => items.len(),
            _ => 1,
        };
        self.written.add(field, values);
        self.add_value(&field.of, value, default);
    }

    /// The fields in a value of this input, or the value of this enum.
    fn add_value<'a>(&mut self, type_name: &Name, value: &InputValue, default: &impl Fn(&Name) -> Option<&'a Value>) {
        let index = self.index.clone();
        if !index.may_be_priced(type_name) {
            return;
        }
        match value {
            InputValue::Enum(word) => self.written.add_price(index.word(type_name, word)),
            InputValue::List(items) => {
                for item in items {
                    // The list was counted already.
                    self.field(&InputField::unpriced(type_name), item, default);
                }
            }
            InputValue::Object(members) => {
                let Some(fields) = index.fields.get(type_name) else { return };
                for (name, member) in members {
                    if let Some(field) = fields.get(name) {
                        self.field(field, member, default);
                    }
                }
            }
            _ => {}
        }
    }

    /// The price of its parts, with these variables.
    pub fn price(&self, variables: &Variables) -> Millis {
        if self.variables.is_empty() {
            return self.written.sum;
        }
        let mut tally = self.written.clone();
        for PricedVariable { name, field, otherwise } in &self.variables {
            if let Some(value) = variables.get(name).or(otherwise.as_ref()) {
                self.index.field(field, value, &mut tally);
            }
        }
        tally.sum
    }
}

/// Values of enums with a price.
fn priced_words(document: &ServiceDocument) -> HashMap<Name, HashMap<Name, Millis>> {
    let priced = |enum_value: &Positioned<EnumValueDefinition>| {
        let price = weight(&enum_value.node.directives).filter(|price| *price > 0)?;
        Some((enum_value.node.value.node.clone(), price))
    };
    let of_enum = |kind: &TypeDefinition| match &kind.kind {
        TypeKind::Enum(list) => {
            let prices: HashMap<Name, Millis> = list.values.iter().filter_map(priced).collect();
            (!prices.is_empty()).then(|| (kind.name.node.clone(), prices))
        }
        _ => None,
    };
    definitions(document).filter_map(of_enum).collect()
}

#[cfg(test)]
mod tests;
