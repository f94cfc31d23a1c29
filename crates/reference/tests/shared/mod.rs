//! A small checker of documents and variables against a schema, by the parser's own types: it shares nothing with the crate.

use std::collections::BTreeMap;

use async_graphql_parser::{
    parse_query, parse_schema,
    types::{
        BaseType, FieldDefinition, InputValueDefinition, Selection, SelectionSet, Type, TypeDefinition, TypeKind,
        TypeSystemDefinition,
    },
};
use serde_json::Value;

pub struct Checker {
    types: BTreeMap<String, TypeDefinition>,
}

pub fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(inner),
    }
}

fn is_required(input: &InputValueDefinition) -> bool {
    !input.ty.node.nullable && input.default_value.is_none()
}

impl Checker {
    pub fn new(sdl: &str) -> Self {
        let definitions = parse_schema(sdl).unwrap().definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(one) => Some((one.node.name.node.to_string(), one.node)),
            _ => None,
        });
        Self { types: definitions.collect() }
    }

    pub fn fields(&self, name: &str) -> Vec<&FieldDefinition> {
        let fields = match &self.types[name].kind {
            TypeKind::Object(object) => &object.fields,
            TypeKind::Interface(interface) => &interface.fields,
            _ => return Vec::new(),
        };
        fields.iter().map(|field| &field.node).collect()
    }

    /// Returns the errors of an operation of this root and of its variables.
    pub fn check(&self, root: &str, document: &str, variables: &str) -> Vec<String> {
        let document = match parse_query(document) {
            Ok(document) => document,
            Err(error) => return vec![error.to_string()],
        };
        let Ok(Value::Object(variables)) = serde_json::from_str(variables) else {
            return vec!["the variables are no object".into()];
        };
        let mut wrong = Vec::new();
        let (_, operation) = document.operations.iter().next().unwrap();
        let mut types = BTreeMap::new();
        for definition in &operation.node.variable_definitions {
            let (name, ty) = (definition.node.name.node.to_string(), &definition.node.var_type.node);
            match variables.get(&name) {
                Some(value) => self.value(ty, value, &name, &mut wrong),
                None if ty.nullable => {}
                None => wrong.push(format!("${name} has no value")),
            }
            types.insert(name, ty.clone());
        }
        wrong.extend(variables.keys().filter(|name| !types.contains_key(*name)).map(|name| format!("${name} is not defined")));
        self.selection(root, &operation.node.selection_set.node, &types, &mut wrong);
        wrong
    }

    fn selection(&self, owner: &str, set: &SelectionSet, variables: &BTreeMap<String, Type>, wrong: &mut Vec<String>) {
        let mut seen = Vec::new();
        for item in &set.items {
            match &item.node {
                Selection::Field(field) if field.node.name.node == "__typename" => {}
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    if seen.contains(&name) {
                        wrong.push(format!("{owner}.{name} is selected twice"));
                    }
                    seen.push(name);
                    let Some(definition) = self.fields(owner).into_iter().find(|one| one.name.node == name) else {
                        wrong.push(format!("{owner} has no field {name}"));
                        continue;
                    };
                    for argument in &definition.arguments {
                        let place = format!("{owner}.{name}({})", argument.node.name.node);
                        let Some(given) = field.node.get_argument(&argument.node.name.node) else {
                            if is_required(&argument.node) {
                                wrong.push(format!("{place} is missing"));
                            }
                            continue;
                        };
                        let (wanted, text) = (&argument.node.ty.node, given.node.to_string());
                        match text.strip_prefix('$').map(|name| variables.get(name)) {
                            None => {
                                let value = given.node.clone().into_const().unwrap().into_json().unwrap();
                                self.value(wanted, &value, &place, wrong);
                            }
                            Some(Some(ty)) if ty == wanted => {}
                            Some(ty) => wrong.push(format!("{place} takes {wanted}, not {ty:?}")),
                        }
                    }
                    let below = named(&definition.ty.node);
                    let is_leaf =
                        matches!(self.types.get(below).map(|one| &one.kind), None | Some(TypeKind::Scalar | TypeKind::Enum(_)));
                    if is_leaf != field.node.selection_set.node.items.is_empty() {
                        wrong.push(format!("{owner}.{name}: a leaf has no selection, anything else has one"));
                    } else if !is_leaf {
                        self.selection(below, &field.node.selection_set.node, variables, wrong);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().unwrap().node.on.node.as_str();
                    if !self.may_be(owner, on) {
                        wrong.push(format!("{owner} is never {on}"));
                    }
                    self.selection(on, &fragment.node.selection_set.node, variables, wrong);
                }
                Selection::FragmentSpread(_) => wrong.push("a fragment by name".into()),
            }
        }
    }

    fn may_be(&self, owner: &str, member: &str) -> bool {
        match &self.types[owner].kind {
            TypeKind::Union(union) => union.members.iter().any(|one| one.node == member),
            TypeKind::Interface(_) => {
                matches!(&self.types[member].kind, TypeKind::Object(object) if object.implements.iter().any(|one| one.node == owner))
            }
            _ => owner == member,
        }
    }

    fn value(&self, ty: &Type, value: &Value, place: &str, wrong: &mut Vec<String>) {
        if value.is_null() {
            if !ty.nullable {
                wrong.push(format!("{place} is null"));
            }
            return;
        }
        match (&ty.base, value) {
            (BaseType::List(inner), Value::Array(items)) => items.iter().for_each(|item| self.value(inner, item, place, wrong)),
            (BaseType::List(_), _) => wrong.push(format!("{place} is no list")),
            (BaseType::Named(name), _) => match self.types.get(name.as_str()).map(|one| (one, &one.kind)) {
                Some((_, TypeKind::Enum(values))) => {
                    if !values.values.iter().any(|one| Some(one.node.value.node.as_str()) == value.as_str()) {
                        wrong.push(format!("{place}: {name} has no {value}"));
                    }
                }
                Some((definition, TypeKind::InputObject(input))) => {
                    let Value::Object(members) = value else { return wrong.push(format!("{place} is no object")) };
                    if definition.directives.iter().any(|one| one.node.name.node == "oneOf") && members.len() != 1 {
                        wrong.push(format!("{place}: {name} takes exactly one member"));
                    }
                    for field in &input.fields {
                        let place = format!("{place}.{}", field.node.name.node);
                        match members.get(field.node.name.node.as_str()) {
                            Some(value) => self.value(&field.node.ty.node, value, &place, wrong),
                            None if is_required(&field.node) => wrong.push(format!("{place} is missing")),
                            None => {}
                        }
                    }
                    let is_known = |name: &String| input.fields.iter().any(|one| one.node.name.node == name.as_str());
                    wrong.extend(members.keys().filter(|name| !is_known(name)).map(|name| format!("{place} has no {name}")));
                }
                _ if fits(name, value) => {}
                _ => wrong.push(format!("{place}: {value} is no {name}")),
            },
        }
    }
}

/// Whether a value is one of a scalar, by the form that the schema's description of it names.
fn fits(scalar: &str, value: &Value) -> bool {
    const MAX: i64 = (1 << 53) - 1;
    let has_form = |form: &str| {
        let fits = |(byte, wanted): (u8, u8)| if wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted };
        value.as_str().is_some_and(|text| text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits))
    };
    match scalar {
        "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "Long" | "Quantity" => value.as_i64().is_some_and(|number| (-MAX..=MAX).contains(&number)),
        "Float" => value.is_number(),
        "Boolean" => value.is_boolean(),
        "String" | "Cursor" => value.as_str().is_some_and(|text| !text.is_empty()),
        "ID" => value.as_str().is_some_and(|text| text.len() == 30 && text.as_bytes()[3] == b'_'),
        "CurrencyCode" => {
            value.as_str().is_some_and(|text| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()))
        }
        "Date" => has_form("0000-00-00"),
        "DateTime" => has_form("0000-00-00T00:00:00Z"),
        "Decimal" => value.as_str().is_some_and(|text| text.parse::<f64>().is_ok()),
        "JSON" => true,
        _ => false,
    }
}
