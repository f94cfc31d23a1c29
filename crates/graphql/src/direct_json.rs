//! Rows written straight to JSON.
//!
//! The engine resolves each field as a future of its own: a page of products with their levels has
//! five thousand of them, which cost more than reading the rows. Most selections are plain, so a
//! list of rows may be written by walking its selection once per row instead. A field that the
//! writer does not know, or that has arguments, is answered by its ordinary resolver, and the rest
//! is written around it (`lean_list.rs`). A directive, or two selections under one key, send the
//! whole list to the ordinary resolvers. The types that clients see are the ordinary ones, and the
//! document was validated before.

use std::{collections::HashMap, fmt::Write};

use async_graphql::{
    ContextSelectionSet, Name, Positioned, Value,
    parser::types::{Field, FragmentDefinition, Selection, SelectionSet},
};
use entity::prelude::{Id, Money, Timestamp};
use platform::clock;

use super::{answer::data_json, yielding::is_mark};

pub use super::raw_value::{raw, raw_json};

/// A plain selection on a type: it has no directives, and no key twice.
#[derive(Clone, Copy)]
pub struct SelectionView<'a> {
    set: &'a SelectionSet,
    on: &'static str,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
}

impl<'a> SelectionView<'a> {
    /// The selection that is being resolved, on the type `on`, if it is plain all the way down.
    pub fn of(ctx: &ContextSelectionSet<'a>, on: &'static str) -> Option<Self> {
        let view = Self { set: &ctx.item.node, on, fragments: &ctx.query_env.fragments };
        view.is_plain(&mut Vec::new()).then_some(view)
    }

    fn is_plain(&self, keys: &mut Vec<&'a str>) -> bool {
        self.set.items.iter().all(|item| match &item.node {
            Selection::Field(field) => {
                let field = &field.node;
                let key = field.response_key().node.as_str();
                let is_new = !keys.contains(&key);
                keys.push(key);
                let below = Self { set: &field.selection_set.node, ..*self };
                is_new && field.directives.iter().all(is_mark) && below.is_plain(&mut Vec::new())
            }
            Selection::FragmentSpread(spread) => {
                let fragment = self.fragments.get(&spread.node.fragment_name.node).map(|fragment| &fragment.node);
                spread.node.directives.is_empty()
                    && fragment.is_some_and(|f| Self { set: &f.selection_set.node, ..*self }.is_plain(keys))
            }
            Selection::InlineFragment(inline) => {
                inline.node.directives.is_empty() && Self { set: &inline.node.selection_set.node, ..*self }.is_plain(keys)
            }
        })
    }

    /// The fields that are selected, those of fragments too.
    pub(super) fn fields(&self) -> Vec<&'a Positioned<Field>> {
        let below = |set| Self { set, ..*self }.fields();
        let fields = self.set.items.iter().flat_map(|item| match &item.node {
            Selection::Field(field) => vec![field],
            Selection::FragmentSpread(spread) => {
                let fragment = self.fragments.get(&spread.node.fragment_name.node);
                fragment.map(|fragment| below(&fragment.node.selection_set.node)).unwrap_or_default()
            }
            Selection::InlineFragment(inline) => below(&inline.node.selection_set.node),
        });
        fields.collect()
    }

    pub(super) const fn type_name(&self) -> &'static str {
        self.on
    }

    pub(super) fn child(&self, field: &'a Field) -> ChildSelection<'a> {
        ChildSelection { set: &field.selection_set.node, fragments: self.fragments }
    }

    /// Returns the selection below the first field of this name.
    pub fn below(&self, name: &str, on: &'static str) -> Option<Self> {
        let selected = self.fields().into_iter().find(|field| field.node.name.node == name)?;
        Some(self.child(&selected.node).on(on))
    }

    /// Returns the names of the selected fields; a field that is selected twice comes twice.
    pub fn names(&self) -> Vec<&'a str> {
        self.fields().into_iter().map(|field| field.node.name.node.as_str()).collect()
    }

    /// Whether only fields of these names are selected.
    pub fn is_within(&self, names: &[&str]) -> bool {
        self.is_known(|name, _| names.contains(&name))
    }

    /// Whether a writer that knows these fields can write all of the selection.
    pub fn is_known(&self, is_supported: impl Fn(&str, ChildSelection<'a>) -> bool) -> bool {
        self.has_own_fragments() && self.unsupported_fields(is_supported).is_empty()
    }

    /// Returns the fields that a writer does not know, including those with arguments and the
    /// second one of a name that has fields of its own, because data for a field is read for one
    /// selection.
    pub(super) fn unsupported_fields(
        &self,
        is_supported: impl Fn(&str, ChildSelection<'a>) -> bool,
    ) -> Vec<&'a Positioned<Field>> {
        let mut names = Vec::new();
        let mut unknown = self.fields();
        unknown.retain(|field| {
            let name = field.node.name.node.as_str();
            let is_second = names.contains(&name) && !field.node.selection_set.node.items.is_empty();
            names.push(name);
            let is_known = name == "__typename" || is_supported(name, self.child(&field.node));
            is_second || !is_known || !field.node.arguments.is_empty()
        });
        unknown
    }

    /// Whether all fragments are on the type itself. One on an interface applies as well, but is
    /// left to the engine.
    pub(super) fn has_own_fragments(&self) -> bool {
        self.set.items.iter().all(|item| {
            let (set, condition) = match &item.node {
                Selection::Field(_) => return true,
                Selection::FragmentSpread(spread) => match self.fragments.get(&spread.node.fragment_name.node) {
                    Some(fragment) => (&fragment.node.selection_set.node, Some(&fragment.node.type_condition)),
                    None => return false,
                },
                Selection::InlineFragment(inline) => (&inline.node.selection_set.node, inline.node.type_condition.as_ref()),
            };
            condition.is_none_or(|condition| condition.node.on.node == self.on) && Self { set, ..*self }.has_own_fragments()
        })
    }

    /// Writes an object: `write` gets each field with the selection below it, and writes its value.
    /// `None` as soon as `write` does not know a field.
    pub fn object(&self, out: &mut Json, mut write: impl FnMut(&mut Json, &str, ChildSelection<'a>) -> Option<()>) -> Option<()> {
        out.0.push('{');
        let start = out.0.len();
        let mut field = |out: &mut Json, field: &'a Field| {
            if out.0.len() > start {
                out.0.push(',');
            }
            // A response key is a GraphQL name: letters, digits and underscores, nothing to escape.
            out.0.push('"');
            out.0.push_str(field.response_key().node.as_str());
            out.0.push_str("\":");
            match field.name.node.as_str() {
                "__typename" => out.word(self.on),
                name => write(out, name, self.child(field))?,
            }
            Some(())
        };
        self.walk(out, &mut field)?;
        out.0.push('}');
        Some(())
    }

    fn walk(&self, out: &mut Json, write: &mut dyn FnMut(&mut Json, &'a Field) -> Option<()>) -> Option<()> {
        for item in &self.set.items {
            let (set, condition) = match &item.node {
                Selection::Field(field) => {
                    write(out, &field.node)?;
                    continue;
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = &self.fragments.get(&spread.node.fragment_name.node)?.node;
                    (&fragment.selection_set.node, Some(&fragment.type_condition))
                }
                Selection::InlineFragment(inline) => (&inline.node.selection_set.node, inline.node.type_condition.as_ref()),
            };
            if condition.is_some_and(|condition| condition.node.on.node != self.on) {
                return None;
            }
            Self { set, ..*self }.walk(out, write)?;
        }
        Some(())
    }
}

/// Selection below a field whose type is not set yet.
#[derive(Clone, Copy)]
pub struct ChildSelection<'a> {
    set: &'a SelectionSet,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
}
impl<'a> ChildSelection<'a> {
    pub fn on(self, on: &'static str) -> SelectionView<'a> {
        SelectionView { set: self.set, on, fragments: self.fragments }
    }
}

/// A JSON text under construction.
#[derive(Default)]
pub struct Json(String);

impl Json {
    pub fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }
    pub fn into_string(self) -> String {
        self.0
    }
    /// A list: `write` writes an item.
    pub fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Option<()>,
    ) -> Option<()> {
        self.0.push('[');
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            write(self, item)?;
        }
        self.0.push(']');
        Some(())
    }
    pub fn null(&mut self) {
        self.0.push_str("null");
    }
    /// Writes the value by `write`, or null if there is none.
    pub fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => self.null(),
        }
    }
    /// A text that needs no escapes.
    pub fn word(&mut self, word: &str) {
        self.0.push('"');
        self.0.push_str(word);
        self.0.push('"');
    }
    pub fn text(&mut self, text: &str) {
        if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
            return self.word(text);
        }
        // A text always has a JSON form.
        self.0.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
    pub fn texts<T: AsRef<str>>(&mut self, texts: &[T]) {
        self.0.push('[');
        for (index, text) in texts.iter().enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            self.text(text.as_ref());
        }
        self.0.push(']');
    }
    /// A value as an ordinary resolver answered it.
    pub fn value(&mut self, value: &Value) {
        self.0.push_str(&String::from_utf8_lossy(&data_json(value)));
    }
    pub fn number(&mut self, number: i64) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{number}");
    }
    pub fn id<K: entity::id::Kind>(&mut self, id: Id<K>) {
        self.0.push('"');
        id.push_to(&mut self.0);
        self.0.push('"');
    }
    pub fn time(&mut self, timestamp: Timestamp) {
        self.0.push('"');
        clock::push_rfc3339(timestamp, &mut self.0);
        self.0.push('"');
    }
    /// A `Money` object.
    pub fn money(&mut self, money: Money, selected: SelectionView<'_>) -> Option<()> {
        selected.object(self, |out, field, _| {
            match field {
                "amount" => out.word(&money.amount()),
                "currencyCode" => out.word(money.currency.as_str()),
                _ => return None,
            }
            Some(())
        })
    }
}
