//! The comparison itself, type by type.

use async_graphql_parser::types::{BaseType, Type};

use super::change::{Change, ChangeKind};
use crate::{
    directives::{Access, Directives},
    schema::{Definition, Field, Input, Kind, Schema, Value},
};

/// All changes, in the order in which they are found.
pub(super) fn compare_schemas(old: &Schema, new: &Schema) -> Vec<Change> {
    let mut changes = ChangeCollector::default();
    for old_definition in old.all() {
        match new.definition(&old_definition.name) {
            None => changes.add(
                ChangeKind::TypeRemoved,
                old_definition.name.clone(),
                format!("{} removed", old_definition.kind.word()),
            ),
            Some(new_definition) if new_definition.kind != old_definition.kind => {
                let text = format!("changed from {} to {}", old_definition.kind.word(), new_definition.kind.word());
                changes.add(ChangeKind::TypeKindChanged, old_definition.name.clone(), text);
            }
            Some(new_definition) => changes.definition(old_definition, new_definition),
        }
    }
    for new_definition in new.all().filter(|new_definition| old.definition(&new_definition.name).is_none()) {
        changes.add(ChangeKind::TypeAdded, new_definition.name.clone(), format!("{} added", new_definition.kind.word()));
    }
    changes.0
}

/// Element with a name that is unique among others of its kind.
trait NamedElement {
    fn name(&self) -> &str;
}

impl NamedElement for Field {
    fn name(&self) -> &str {
        &self.name
    }
}

impl NamedElement for Input {
    fn name(&self) -> &str {
        &self.name
    }
}

impl NamedElement for Value {
    fn name(&self) -> &str {
        &self.name
    }
}

/// Outcome for a name: removed, kept or added.
enum NameMatch<'a, T> {
    Removed(&'a T),
    Kept(&'a T, &'a T),
    Added(&'a T),
}

fn match_names<'a, T: NamedElement>(old: &'a [T], new: &'a [T]) -> Vec<NameMatch<'a, T>> {
    let old_matches = old.iter().map(|old_item| match new.iter().find(|new_item| new_item.name() == old_item.name()) {
        Some(new_item) => NameMatch::Kept(old_item, new_item),
        None => NameMatch::Removed(old_item),
    });
    let added = new.iter().filter(|new_item| old.iter().all(|old_item| old_item.name() != new_item.name())).map(NameMatch::Added);
    old_matches.chain(added).collect()
}

/// Owner of an argument or input field.
#[derive(Clone, Copy)]
enum Owner<'a> {
    /// Argument of the field at this coordinate.
    Field(&'a str),
    /// Field of this input.
    Input(&'a str),
}

impl Owner<'_> {
    fn coordinate(self, name: &str) -> String {
        match self {
            Self::Field(field) => format!("{field}({name}:)"),
            Self::Input(input) => format!("{input}.{name}"),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Field(_) => "argument",
            Self::Input(_) => "input field",
        }
    }

    fn removal_kind(self) -> ChangeKind {
        match self {
            Self::Field(_) => ChangeKind::ArgumentRemoved,
            Self::Input(_) => ChangeKind::InputFieldRemoved,
        }
    }

    fn addition_kind(self) -> ChangeKind {
        match self {
            Self::Field(_) => ChangeKind::ArgumentAdded,
            Self::Input(_) => ChangeKind::InputFieldAdded,
        }
    }
}

/// Difference of a type from an earlier one.
#[derive(Debug, Clone, Copy, Default)]
struct TypeChange {
    /// The names differ, or only one of the types is a list.
    is_other: bool,
    /// Null where there was none.
    is_looser: bool,
    /// No null where there was one.
    is_stricter: bool,
}

impl TypeChange {
    fn between(old: &Type, new: &Type) -> Self {
        let inner_change = match (&old.base, &new.base) {
            (BaseType::Named(old_type), BaseType::Named(new_type)) => Self { is_other: old_type != new_type, ..Self::default() },
            (BaseType::List(old_type), BaseType::List(new_type)) => Self::between(old_type, new_type),
            _ => Self { is_other: true, ..Self::default() },
        };
        Self {
            is_looser: inner_change.is_looser || (!old.nullable && new.nullable),
            is_stricter: inner_change.is_stricter || (old.nullable && !new.nullable),
            ..inner_change
        }
    }

    /// Returns the change for clients that read a field.
    fn of_output(self) -> Option<ChangeKind> {
        match self {
            Self { is_other: true, .. } => Some(ChangeKind::FieldTypeChanged),
            Self { is_looser: true, .. } => Some(ChangeKind::FieldMadeNullable),
            Self { is_stricter: true, .. } => Some(ChangeKind::FieldMadeNonNull),
            _ => None,
        }
    }

    /// Returns the change for clients that pass a value.
    fn of_input(self) -> Option<ChangeKind> {
        match self {
            Self { is_other: true, .. } => Some(ChangeKind::InputTypeChanged),
            Self { is_stricter: true, .. } => Some(ChangeKind::InputMadeRequired),
            Self { is_looser: true, .. } => Some(ChangeKind::InputRelaxed),
            _ => None,
        }
    }
}

#[derive(Default)]
struct ChangeCollector(Vec<Change>);

impl ChangeCollector {
    fn add(&mut self, kind: ChangeKind, coordinate: String, text: String) {
        self.0.push(Change { kind, coordinate, text });
    }

    /// Compares two definitions of one name and one kind.
    fn definition(&mut self, old_definition: &Definition, new_definition: &Definition) {
        let owner = old_definition.name.as_str();
        self.names(
            owner,
            (old_definition.implements.as_slice(), new_definition.implements.as_slice()),
            [ChangeKind::InterfaceRemoved, ChangeKind::InterfaceAdded],
        );
        if old_definition.kind == Kind::Union {
            self.names(
                owner,
                (old_definition.members.as_slice(), new_definition.members.as_slice()),
                [ChangeKind::UnionMemberRemoved, ChangeKind::UnionMemberAdded],
            );
        }
        if old_definition.kind == Kind::Input && old_definition.directives.has("oneOf") != new_definition.directives.has("oneOf")
        {
            let (kind, text) = if new_definition.directives.has("oneOf") {
                (ChangeKind::OneOfAdded, "exactly one field must be given")
            } else {
                (ChangeKind::InputRelaxed, "more or fewer fields than one may be given")
            };
            self.add(kind, owner.to_owned(), text.to_owned());
        }
        for name_match in match_names(&old_definition.fields, &new_definition.fields) {
            match name_match {
                NameMatch::Removed(old) => {
                    self.add(ChangeKind::FieldRemoved, format!("{owner}.{}", old.name), removal_text("field", &old.directives));
                }
                NameMatch::Kept(old, new) => self.field(owner, old, new),
                NameMatch::Added(new) => {
                    self.add(ChangeKind::FieldAdded, format!("{owner}.{}", new.name), format!("field added: {}", new.ty));
                }
            }
        }
        self.inputs(Owner::Input(owner), &old_definition.inputs, &new_definition.inputs);
        for name_match in match_names(&old_definition.values, &new_definition.values) {
            match name_match {
                NameMatch::Removed(old) => {
                    let text = removal_text("enum value", &old.directives);
                    self.add(ChangeKind::EnumValueRemoved, format!("{owner}.{}", old.name), text);
                }
                NameMatch::Kept(old, new) => {
                    self.deprecation(&format!("{owner}.{}", old.name), &old.directives, &new.directives);
                }
                NameMatch::Added(new) => {
                    self.add(ChangeKind::EnumValueAdded, format!("{owner}.{}", new.name), "enum value added".to_owned());
                }
            }
        }
    }

    /// Interfaces of an object, or members of a union.
    fn names(&mut self, owner: &str, (old, new): (&[String], &[String]), [removed_kind, added_kind]: [ChangeKind; 2]) {
        for name in old.iter().filter(|name| !new.contains(name)) {
            self.add(removed_kind, owner.to_owned(), format!("{name} removed"));
        }
        for name in new.iter().filter(|name| !old.contains(name)) {
            self.add(added_kind, owner.to_owned(), format!("{name} added"));
        }
    }

    fn field(&mut self, owner: &str, old: &Field, new: &Field) {
        let coordinate = format!("{owner}.{}", old.name);
        if let Some(kind) = TypeChange::between(&old.ty, &new.ty).of_output() {
            self.add(kind, coordinate.clone(), format!("type changed from {} to {}", old.ty, new.ty));
        }
        let (old_access, new_access) = (old.directives.access(), new.directives.access());
        if old_access != new_access {
            let text = format!("callers changed from {} to {}", callers(&old_access), callers(&new_access));
            self.add(ChangeKind::PermissionChanged, coordinate.clone(), text);
        }
        self.deprecation(&coordinate, &old.directives, &new.directives);
        self.inputs(Owner::Field(&coordinate), &old.arguments, &new.arguments);
    }

    fn inputs(&mut self, owner: Owner<'_>, old: &[Input], new: &[Input]) {
        for name_match in match_names(old, new) {
            match name_match {
                NameMatch::Removed(old_input) => {
                    self.add(
                        owner.removal_kind(),
                        owner.coordinate(&old_input.name),
                        removal_text(owner.word(), &old_input.directives),
                    );
                }
                NameMatch::Kept(old_input, new_input) => self.input(owner.coordinate(&old_input.name), old_input, new_input),
                NameMatch::Added(new_input) if new_input.is_required() => {
                    let text = format!("required {} added: {}", owner.word(), new_input.ty);
                    self.add(ChangeKind::RequiredInputAdded, owner.coordinate(&new_input.name), text);
                }
                NameMatch::Added(new_input) => {
                    self.add(
                        owner.addition_kind(),
                        owner.coordinate(&new_input.name),
                        format!("{} added: {}", owner.word(), new_input.ty),
                    );
                }
            }
        }
    }

    fn input(&mut self, coordinate: String, old_input: &Input, new_input: &Input) {
        if let Some(kind) = TypeChange::between(&old_input.ty, &new_input.ty).of_input() {
            self.add(kind, coordinate.clone(), format!("type changed from {} to {}", old_input.ty, new_input.ty));
        }
        let change = match (&old_input.default, &new_input.default) {
            (Some(old), Some(new)) if old != new => {
                Some((ChangeKind::DefaultChanged, format!("default changed from {old} to {new}")))
            }
            (Some(old), None) => Some((ChangeKind::DefaultChanged, format!("default {old} removed"))),
            (None, Some(new)) if old_input.is_required() => Some((ChangeKind::InputRelaxed, format!("default {new} added"))),
            (None, Some(new)) => Some((ChangeKind::DefaultAdded, format!("default {new} added"))),
            _ => None,
        };
        if let Some((kind, text)) = change {
            self.add(kind, coordinate.clone(), text);
        }
        self.deprecation(&coordinate, &old_input.directives, &new_input.directives);
    }

    fn deprecation(&mut self, coordinate: &str, old: &Directives, new: &Directives) {
        let (kind, text) = match (old.deprecated(), new.deprecated()) {
            (None, Some(reason)) => (ChangeKind::Deprecated, format!("deprecated: {reason}")),
            (Some(old_reason), Some(new_reason)) if old_reason != new_reason => {
                (ChangeKind::DeprecationChanged, format!("deprecated otherwise: {new_reason}"))
            }
            (Some(_), None) => (ChangeKind::DeprecationWithdrawn, "deprecated no longer".to_owned()),
            _ => return,
        };
        self.add(kind, coordinate.to_owned(), text);
    }
}

/// With the notice that was given.
fn removal_text(word: &str, directives: &Directives) -> String {
    match directives.deprecated() {
        Some(reason) => format!("deprecated {word} removed: {reason}"),
        None => format!("{word} removed"),
    }
}

fn callers(access: &Access) -> String {
    match access {
        Access::Public => "anyone".to_owned(),
        Access::Authenticated => "any token".to_owned(),
        Access::Requires(permission) => format!("those with {permission}"),
        Access::Unsaid => "those of the parent".to_owned(),
    }
}
