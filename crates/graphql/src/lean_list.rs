//! A list of rows whose fields are mostly known to a writer: only the others are resolved, and
//! written in their places.

use async_graphql::{
    ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value,
    indexmap::IndexMap,
    parser::types::{Field, Selection, SelectionSet},
    resolver_utils::resolve_list,
};

use super::{
    direct_json::{ChildSelection, Json, SelectionView, raw},
    yielding,
};

/// A selection on the rows of a list, and the fields of it that ordinary resolvers answer.
pub struct DirectList<'a> {
    selected: SelectionView<'a>,
    others: Vec<&'a Positioned<Field>>,
}

impl<'a> DirectList<'a> {
    /// Returns the selection that is being resolved, on the type `on`, for a writer that knows
    /// these fields. `None` if it is not plain.
    pub fn of(
        ctx: &ContextSelectionSet<'a>,
        on: &'static str,
        is_supported: impl Fn(&str, ChildSelection<'a>) -> bool,
    ) -> Option<Self> {
        Self::on(SelectionView::of(ctx, on)?, is_supported)
    }

    /// Like `of`, for a plain selection that is resolved later.
    pub fn on(selected: SelectionView<'a>, is_supported: impl Fn(&str, ChildSelection<'a>) -> bool) -> Option<Self> {
        selected.has_own_fragments().then(|| Self { selected, others: selected.unsupported_fields(is_supported) })
    }

    /// Whether no resolver is needed.
    pub fn is_fully_direct(&self) -> bool {
        self.others.is_empty()
    }

    /// Whether a field of this name is selected that the writer writes.
    pub fn writes(&self, name: &str) -> bool {
        self.direct_field(name).is_some()
    }

    /// Returns the selection below such a field.
    pub fn below(&self, name: &str, on: &'static str) -> Option<SelectionView<'a>> {
        Some(self.selected.child(&self.direct_field(name)?.node).on(on))
    }

    fn direct_field(&self, name: &str) -> Option<&'a Positioned<Field>> {
        let is_other = |field: &Positioned<Field>| self.others.iter().any(|other| std::ptr::eq(*other, field));
        self.selected.fields().into_iter().find(|field| field.node.name.node == name && !is_other(field))
    }

    /// Resolves the other fields of all rows together. Errors have the same paths as if the engine
    /// had resolved all fields.
    ///
    /// # Errors
    /// A field failed that cannot be null.
    pub async fn resolve_remaining<T: OutputType>(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
        rows: &[T],
    ) -> ServerResult<OtherValues> {
        if self.others.is_empty() {
            return Ok(OtherValues::default());
        }
        let set = Positioned::new(self.resolver_selection(), field.node.selection_set.pos);
        let resolved_value = resolve_list(&ctx.with_selection_set(&set), field, rows.iter(), Some(rows.len())).await?;
        let Value::List(rows) = resolved_value else { return Ok(OtherValues::default()) };
        let values = rows.into_iter().map(|row| match row {
            Value::Object(values) => values,
            _ => IndexMap::new(),
        });
        Ok(OtherValues(values.collect()))
    }

    /// Returns the list in the engine's form: `write` gets a row's number and each field that the
    /// writer knows, and writes its value. If no resolver ran, the result is one piece of JSON of
    /// about `bytes` bytes; otherwise rows of values, so that the resolved values count as they
    /// were found.
    pub fn answer(
        &self,
        others: OtherValues,
        rows: usize,
        bytes: usize,
        write: impl Fn(&mut Json, usize, &str, ChildSelection<'a>) -> Option<()>,
    ) -> Option<Value> {
        // Written JSON is not read again, and counts with its expected size; an empty list counts
        // as empty.
        if self.others.is_empty() && rows > 0 {
            let mut out = Json::with_capacity(bytes);
            let row = |out: &mut Json, row| self.selected.object(out, |out, field, below| write(out, row, field, below));
            out.list(0..rows, row)?;
            return Some(raw(out.into_string()));
        }
        let fields = self.selected.fields();
        let value = |row: usize, field: &'a Field| {
            let mut out = Json::default();
            match field.name.node.as_str() {
                "__typename" => out.word(self.selected.type_name()),
                name => write(&mut out, row, name, self.selected.child(field))?,
            }
            Some(raw(out.into_string()))
        };
        let row = |(row, mut others): (usize, IndexMap<Name, Value>)| {
            let member = |field: &&'a Positioned<Field>| {
                let key = &field.node.response_key().node;
                let value = others.swap_remove(key).or_else(|| value(row, &field.node))?;
                Some((key.clone(), value))
            };
            Some(Value::Object(fields.iter().map(member).collect::<Option<_>>()?))
        };
        Some(Value::List(others.0.into_iter().enumerate().map(row).collect::<Option<_>>()?))
    }

    fn resolver_selection(&self) -> SelectionSet {
        let is_marked = |field: &Positioned<Field>| field.node.directives.iter().any(yielding::is_mark);
        let mut others: Vec<Positioned<Field>> = self.others.iter().map(|field| (*field).clone()).collect();
        // Each row is an object of the answer, though the field that has the mark may be written.
        let is_counted = self.selected.fields().into_iter().any(is_marked) && !others.iter().any(is_marked);
        if let Some(first) = others.first_mut().filter(|_| is_counted) {
            yielding::mark_field(first);
        }
        let selection = |field: Positioned<Field>| {
            let pos = field.pos;
            Positioned::new(Selection::Field(field), pos)
        };
        SelectionSet { items: others.into_iter().map(selection).collect() }
    }
}

/// Values of ordinary resolvers: for each row, by response key.
#[derive(Default)]
pub struct OtherValues(Vec<IndexMap<Name, Value>>);
