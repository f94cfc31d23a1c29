//! Booleans that `@skip` and `@include` read. The engine looks for them only among the variables
//! that were sent (`schema.rs`, `remove_skipped_selection`), so an omitted one is false there,
//! whatever its default.

use async_graphql::{
    Name, Value, Variables,
    parser::types::{BaseType, OperationDefinition},
};

/// Variables of an operation that conditions may read, and their defaults.
pub struct Conditions(Vec<(Name, Value)>);

impl Conditions {
    pub fn of(definition: &OperationDefinition) -> Self {
        let defaults = definition
            .variable_definitions
            .iter()
            .filter(|variable| matches!(&variable.node.var_type.node.base, BaseType::Named(name) if name == "Boolean"))
            .filter_map(|variable| Some((variable.node.name.node.clone(), variable.node.default_value.as_ref()?.node.clone())));
        Self(defaults.collect())
    }

    /// Adds the variables that were left out.
    pub fn complete(&self, variables: &mut Variables) {
        for (name, value) in &self.0 {
            if !variables.contains_key(name) {
                variables.insert(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::engine;

    #[tokio::test]
    async fn the_engine_still_reads_no_default_of_a_condition() {
        let query = "query($is: Boolean = true) { last last2: last @include(if: $is) }";
        let answer = engine::answer(query, json!({})).await.unwrap();
        assert_eq!(answer, json!({ "last": 2 }), "with last2 it reads the default: see whether this file may go");
    }
}
