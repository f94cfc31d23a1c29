//! Rows that a list leaves out: `extensions.entrepot.truncated` names the list, the numbers of
//! returned and of all rows, and the field that has them in pages.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, Response, Value, value};

/// Lists that were cut, in the data of each query.
#[derive(Debug, Clone, Default)]
pub struct Truncations(Arc<Mutex<Vec<Truncated>>>);

/// A list that was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Truncated {
    path: Vec<String>,
    returned: usize,
    total: usize,
    instead: &'static str,
}

impl Truncations {
    fn add(&self, truncated: Truncated) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(truncated);
    }

    /// Lists in the extensions of an answer what was left out of it.
    pub fn add_to_response(&self, response: &mut Response) {
        let mut truncations = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if truncations.is_empty() {
            return;
        }
        // Fields are resolved concurrently, so their order is arbitrary.
        truncations.sort_by(|a, b| a.path.cmp(&b.path));
        let truncations: Vec<Value> = truncations
            .into_iter()
            .map(|Truncated { path, returned, total, instead }| {
                value!({ "path": (path), "returned": (returned as u64), "total": (total as u64), "use": (instead) })
            })
            .collect();
        response.extensions.insert("entrepot".to_owned(), value!({ "truncated": (truncations) }));
    }
}

/// Records that the field that is being resolved returns `returned` of `total` rows, and the root
/// field that has all of them in pages. Does nothing if it returns all.
pub fn record_truncation(ctx: &Context<'_>, returned: usize, total: usize, instead: &'static str) {
    let (Some(truncations), Some(path)) = (ctx.data_opt::<Truncations>(), ctx.path_node) else { return };
    if returned < total {
        truncations.add(Truncated { path: path.to_string_vec(), returned, total, instead });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_what_it_leaves_out_by_path() {
        let cut = Truncations::default();
        let add =
            |path: &str, total| cut.add(Truncated { path: vec![path.to_owned()], returned: 250, total, instead: "salesSummary" });
        add("b", 365);
        add("a", 251);
        let mut response = Response::new(Value::Null);
        cut.add_to_response(&mut response);
        let told = serde_json::to_value(&response.extensions["entrepot"]).unwrap();
        assert_eq!(
            told,
            serde_json::json!({ "truncated": [
                { "path": ["a"], "returned": 250, "total": 251, "use": "salesSummary" },
                { "path": ["b"], "returned": 250, "total": 365, "use": "salesSummary" },
            ] })
        );
        let mut again = Response::new(Value::Null);
        cut.add_to_response(&mut again);
        assert!(again.extensions.is_empty());
    }
}
