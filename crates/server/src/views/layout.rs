//! Conversion of a view's data to a table: the one list whose rows it has, and the columns that its
//! document selects.

use async_graphql::parser::{
    parse_query,
    types::{ExecutableDocument, Field, Selection, SelectionSet},
};
use serde_json::Value;

/// Fields that are recognised by their names.
const KNOWN_FIELDS: [&str; 6] = ["nodes", "edges", "node", "pageInfo", "hasNextPage", "endCursor"];
const NO_END: &str = "select pageInfo { hasNextPage endCursor } in each list: without it the table may be incomplete";
const BACKWARD: &str = "a list that is read from its end may be incomplete: use first and after, without last and before";

/// Fields of one object by the names that they have in the data, in the document's order.
type SelectedFields<'a> = Vec<Entry<'a>>;
type Entry<'a> = (&'a str, Vec<&'a Field>);
/// A list by its path in the data.
type List<'a> = (Vec<String>, Vec<&'a Field>);

#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    rows: Vec<String>,
    /// Whether rows are `edges { node }`; else they are `nodes`.
    by_edges: bool,
    /// Whether the list takes the variable `$after`.
    turns: bool,
    pub columns: Vec<Vec<String>>,
    /// Lists within a row.
    inner: Vec<Vec<String>>,
    /// Leaves beside the list's rows.
    siblings: Vec<String>,
    /// Variables by which a list would be read from its end.
    backward: Vec<String>,
}

/// Rows that were read at once.
#[derive(Debug, PartialEq)]
pub struct Page {
    pub rows: Vec<Value>,
    /// The cursor of the next ones, if there are more.
    pub next: Option<String>,
    /// Values beside the list's rows, as an object of leaves.
    pub siblings: Value,
}

impl Layout {
    /// Returns the table of a document; `rows` is the path of its list, if given.
    ///
    /// # Errors
    /// A message for the reader that says why the document has no table.
    pub fn of(document: &str, rows: Option<&str>) -> Result<Self, String> {
        let document = parse_query(document).map_err(|_| "the document of this view cannot be read any more".to_owned())?;
        let roots: Vec<&SelectionSet> =
            document.operations.iter().map(|(_, definition)| &definition.node.selection_set.node).collect();
        let fragments = document.fragments.values().map(|definition| &definition.node.selection_set.node);
        if let Some(name) = find_alias(roots.iter().copied().chain(fragments).collect()) {
            return Err(format!("{name} has another name in this view: as CSV and JSONL it keeps its own"));
        }
        let mut found_lists = Vec::new();
        lists(&document, &mut Vec::new(), &merge_selections(&document, &roots), &mut found_lists);
        let (rows, fields) = choose_list(found_lists, rows)?;
        let list_fields = subfields(&document, &fields);
        let by_edges = !list_fields.iter().any(|(key, _)| *key == "nodes");
        let list = if by_edges { "edges" } else { "nodes" };
        let leaves = list_fields.iter().filter(|(_, fields)| subfields(&document, fields).is_empty());
        let siblings = leaves.map(|(key, _)| (*key).to_owned()).collect();
        let mut row = field_selection(&document, list_fields, list);
        if by_edges {
            row = field_selection(&document, row, "node");
        }
        let is_paged = fields.iter().any(|field| takes_after(field));
        let backward = backward_variables(&document, &fields)?;
        let mut layout = Self { rows, by_edges, turns: is_paged, columns: Vec::new(), inner: Vec::new(), siblings, backward };
        layout.add(&document, &mut Vec::new(), &row)?;
        if layout.columns.is_empty() {
            return Err("the list of this view has no columns".to_owned());
        }
        Ok(layout)
    }

    fn add(&mut self, document: &ExecutableDocument, path: &mut Vec<String>, selected: &[Entry<'_>]) -> Result<(), String> {
        for (key, fields) in selected {
            let mut inner_fields = subfields(document, fields);
            path.push((*key).to_owned());
            if inner_fields.is_empty() {
                self.columns.push(path.clone());
            } else if is_list(&inner_fields) {
                self.inner.push(path.clone());
                self.backward.extend(backward_variables(document, fields)?);
                inner_fields.retain(|(key, _)| *key != "pageInfo");
            }
            self.add(document, path, &inner_fields)?;
            path.pop();
        }
        Ok(())
    }

    /// Refuses values of variables by which a list would be read from its end.
    ///
    /// # Errors
    /// The refusal, in words for the reader.
    pub fn check<'v>(&self, value: impl Fn(&str) -> Option<&'v Value>) -> Result<(), String> {
        let is_read = |name: &String| value(name).is_some_and(|value| !value.is_null());
        if self.backward.iter().any(is_read) { Err(BACKWARD.to_owned()) } else { Ok(()) }
    }

    /// Returns the rows of a page of data.
    ///
    /// # Errors
    /// A message for the reader: something is left out, or may be.
    pub fn page(&self, data: &mut Value) -> Result<Page, String> {
        let mut current = data;
        for key in &self.rows {
            if current.is_array() {
                return Err("the rows are in a list within a list: a table has the rows of one list".to_owned());
            }
            if current.is_null() {
                break;
            }
            current = &mut current[key.as_str()];
        }
        if current.is_array() {
            return Err("the rows are in a list within a list: a table has the rows of one list".to_owned());
        }
        if current.is_null() {
            return Ok(Page { rows: Vec::new(), next: None, siblings: Value::Null });
        }
        let next = self.next(&current["pageInfo"])?;
        let list = current[if self.by_edges { "edges" } else { "nodes" }].take();
        let Value::Array(mut rows) = list else { return Err("the rows of this view are left out".to_owned()) };
        if self.by_edges {
            rows = rows.into_iter().map(|mut edge| edge["node"].take()).collect();
        }
        rows.iter().try_for_each(|row| self.check_inner_pages(row))?;
        let siblings = self.siblings.iter().map(|key| (key.clone(), current[key.as_str()].take())).collect();
        Ok(Page { rows, next, siblings })
    }

    fn next(&self, page_info: &Value) -> Result<Option<String>, String> {
        match page_info["hasNextPage"].as_bool() {
            None => Err(NO_END.to_owned()),
            Some(false) => Ok(None),
            Some(true) if !self.turns => {
                Err("there are more rows than one page: declare $after: Cursor, and hand it to the list as after: $after"
                    .to_owned())
            }
            Some(true) => page_info["endCursor"].as_str().map(|cursor| Some(cursor.to_owned())).ok_or_else(|| NO_END.to_owned()),
        }
    }

    /// Refuses a row with an inner list that has more pages.
    fn check_inner_pages(&self, row: &Value) -> Result<(), String> {
        for path in &self.inner {
            for list in values(row, path).into_iter().filter(|list| !list.is_null()) {
                match list["pageInfo"]["hasNextPage"].as_bool() {
                    Some(false) => {}
                    Some(true) => {
                        return Err(format!("{} of a row has more than one page: ask for more of it at once", path.join(".")));
                    }
                    None => return Err(NO_END.to_owned()),
                }
            }
        }
        Ok(())
    }
}

/// Returns the values at a path, through all lists on the way.
pub fn values<'a>(row: &'a Value, path: &[String]) -> Vec<&'a Value> {
    let mut matching = vec![row];
    for key in path {
        matching = matching.into_iter().flat_map(flatten_lists).filter_map(|value| value.get(key.as_str())).collect();
    }
    matching.into_iter().flat_map(flatten_lists).collect()
}

fn flatten_lists(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(flatten_lists).collect(),
        one => vec![one],
    }
}

fn collect_fields<'a>(document: &'a ExecutableDocument, set: &'a SelectionSet, selected: &mut SelectedFields<'a>) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => {
                let (key, field) = (field.node.response_key().node.as_str(), &field.node);
                match selected.iter_mut().find(|(existing_key, _)| *existing_key == key) {
                    Some((_, fields)) => fields.push(field),
                    None => selected.push((key, vec![field])),
                }
            }
            Selection::InlineFragment(inline) => collect_fields(document, &inline.node.selection_set.node, selected),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    collect_fields(document, &fragment.node.selection_set.node, selected);
                }
            }
        }
    }
}

fn merge_selections<'a>(document: &'a ExecutableDocument, sets: &[&'a SelectionSet]) -> SelectedFields<'a> {
    let mut selected = Vec::new();
    for set in sets {
        collect_fields(document, set, &mut selected);
    }
    selected
}

fn subfields<'a>(document: &'a ExecutableDocument, fields: &[&'a Field]) -> SelectedFields<'a> {
    let sets: Vec<&SelectionSet> = fields.iter().map(|field| &field.selection_set.node).collect();
    merge_selections(document, &sets)
}

/// Returns the selection inside the field of a name.
fn field_selection<'a>(document: &'a ExecutableDocument, selected: SelectedFields<'a>, name: &str) -> SelectedFields<'a> {
    let field = selected.into_iter().find(|(key, _)| *key == name);
    field.map(|(_, fields)| subfields(document, &fields)).unwrap_or_default()
}

fn is_list(inner_fields: &[Entry<'_>]) -> bool {
    inner_fields.iter().any(|(key, _)| matches!(*key, "nodes" | "edges"))
}

/// Lists that are in no other list.
fn lists<'a>(document: &'a ExecutableDocument, path: &mut Vec<String>, selected: &[Entry<'a>], found_lists: &mut Vec<List<'a>>) {
    for (key, fields) in selected {
        let inner_fields = subfields(document, fields);
        path.push((*key).to_owned());
        if is_list(&inner_fields) {
            found_lists.push((path.clone(), fields.clone()));
        } else {
            lists(document, path, &inner_fields, found_lists);
        }
        path.pop();
    }
}

fn choose_list<'a>(mut found_lists: Vec<List<'a>>, rows: Option<&str>) -> Result<List<'a>, String> {
    let names: Vec<String> = found_lists.iter().map(|(path, _)| path.join(".")).collect();
    match rows {
        Some(rows) => match names.iter().position(|name| name == rows) {
            Some(index) => Ok(found_lists.swap_remove(index)),
            None => Err(format!("`rows` is the path of a list of this view: {}", names.join(", "))),
        },
        None if found_lists.len() > 1 => {
            Err(format!("this view has several lists: say by `rows` which one, of {}", names.join(", ")))
        }
        None => found_lists.pop().ok_or_else(|| "this view has no list of nodes or edges: read it as .json".to_owned()),
    }
}

fn takes_after(field: &Field) -> bool {
    field.arguments.iter().any(|(name, value)| name.node == "after" && value.node.to_string() == "$after")
}

/// Returns the variables by which a list can be read from its end.
///
/// # Errors
/// A message for the reader: the document itself reads the list from its end.
fn backward_variables(document: &ExecutableDocument, fields: &[&Field]) -> Result<Vec<String>, String> {
    let arguments = fields.iter().flat_map(|field| &field.arguments);
    let values =
        arguments.filter(|(name, _)| matches!(name.node.as_str(), "last" | "before")).map(|(_, value)| value.node.to_string());
    let mut variables = Vec::new();
    for value in values.filter(|value| value != "null") {
        let Some(name) = value.strip_prefix('$') else { return Err(BACKWARD.to_owned()) };
        let mut declared = document.operations.iter().flat_map(|(_, definition)| &definition.node.variable_definitions);
        let declared =
            declared.find(|definition| definition.node.name.node == name).and_then(|definition| definition.node.default_value());
        if declared.is_some_and(|value| value.to_string() != "null") {
            return Err(BACKWARD.to_owned());
        }
        variables.push(name.to_owned());
    }
    Ok(variables)
}

/// A known field that has another name in the data.
fn find_alias(mut sets: Vec<&SelectionSet>) -> Option<&str> {
    while let Some(set) = sets.pop() {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    let is_other = field.node.alias.as_ref().is_some_and(|alias| alias.node != name);
                    if is_other && KNOWN_FIELDS.contains(&name) {
                        return Some(name);
                    }
                    sets.push(&field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ORDERS: &str = "query($after: Cursor) { orders(first: 2, after: $after) { pageInfo { hasNextPage endCursor }
        nodes { number total: amount { currency } ...Lines } } }
        fragment Lines on Order { lines { nodes { sku } pageInfo { hasNextPage } } tags }";

    fn names(layout: &Layout) -> Vec<String> {
        layout.columns.iter().map(|path| path.join(".")).collect()
    }

    #[test]
    fn columns_are_leaves_in_the_order_of_the_document() {
        let layout = Layout::of(ORDERS, None).unwrap();
        assert_eq!(names(&layout), ["number", "total.currency", "lines.nodes.sku", "tags"]);
        let edges = Layout::of("{ a { orders { edges { cursor node { id b: code } } } } }", None).unwrap();
        assert_eq!(
            (names(&edges), &edges.rows),
            (vec!["id".to_owned(), "b".to_owned()], &vec!["a".to_owned(), "orders".to_owned()])
        );
    }

    #[test]
    fn of_several_lists_one_is_named() {
        let two = "{ stores { nodes { id } } more: stores { nodes { code } } }";
        assert!(Layout::of(two, None).unwrap_err().contains("stores, more"));
        assert_eq!(names(&Layout::of(two, Some("more")).unwrap()), ["code"]);
        assert!(Layout::of(two, Some("orders")).is_err());
        assert!(Layout::of("{ tenant { id } }", None).is_err());
        assert!(Layout::of("{ stores { rows: nodes { id } nodes { id } } }", None).is_err());
    }

    #[test]
    fn nothing_is_left_out_in_silence() {
        let layout = Layout::of(ORDERS, None).unwrap();
        let row = |goes_on: bool| json!({ "number": "SO-1", "lines": { "nodes": [], "pageInfo": { "hasNextPage": goes_on } } });
        let data = |page_info: Value, row: Value| json!({ "orders": { "pageInfo": page_info, "nodes": [row] } });
        let last = json!({ "hasNextPage": false });
        let page = layout.page(&mut data(last.clone(), row(false))).unwrap();
        assert_eq!(page, Page { rows: vec![row(false)], next: None, siblings: json!({}) });
        let page = layout.page(&mut data(json!({ "hasNextPage": true, "endCursor": "c" }), row(false))).unwrap();
        assert_eq!(page.next.as_deref(), Some("c"));
        assert!(layout.page(&mut data(last.clone(), row(true))).unwrap_err().contains("lines"));
        assert_eq!(layout.page(&mut data(Value::Null, row(false))).unwrap_err(), NO_END);
        let fixed = Layout::of("{ orders { nodes { number } } }", None).unwrap();
        let more = json!({ "hasNextPage": true, "endCursor": "c" });
        assert!(fixed.page(&mut data(more, row(false))).unwrap_err().contains("$after"));
    }

    #[test]
    fn a_list_that_is_read_from_its_end_is_no_table() {
        let of = |declared: &str, arguments: &str| {
            let document =
                format!("query{declared} {{ orders({arguments}) {{ nodes {{ number }} pageInfo {{ hasNextPage }} }} }}");
            Layout::of(&document, None)
        };
        for backward in ["last: 2", "first: 2, before: \"c\""] {
            assert_eq!(of("", backward).unwrap_err(), BACKWARD, "{backward}");
        }
        assert_eq!(of("($n: Int = 2)", "last: $n").unwrap_err(), BACKWARD);
        let inner = "{ orders { nodes { lines(last: 2) { nodes { sku } pageInfo { hasNextPage } } } pageInfo { hasNextPage } } }";
        assert_eq!(Layout::of(inner, None).unwrap_err(), BACKWARD);
        // A document that declares all arguments of a list, and sets none of these, has a table.
        let layout = of("($n: Int = null, $b: Cursor)", "first: 2, last: $n, before: $b, after: null").unwrap();
        let (nothing, two) = (Value::Null, json!(2));
        assert_eq!(layout.check(|_| None), Ok(()));
        assert_eq!(layout.check(|_| Some(&nothing)), Ok(()));
        assert_eq!(layout.check(|name| (name == "n").then_some(&two)), Err(BACKWARD.to_owned()));
        assert_eq!(of("", "last: null").unwrap().check(|_| Some(&two)), Ok(()));
    }

    #[test]
    fn values_stand_at_a_path_through_lists() {
        let row = json!({ "lines": { "nodes": [{ "sku": "A" }, { "sku": null }, { "sku": "B" }] } });
        let path = ["lines", "nodes", "sku"].map(ToOwned::to_owned);
        assert_eq!(values(&row, &path), [&json!("A"), &Value::Null, &json!("B")]);
    }
}
