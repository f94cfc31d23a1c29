//! The cost of a root field in words. Its page and the note of its description in introspection have the same ones.

use crate::operation::Operation;

/// Text of the cost of a root field: its own points, those of its input, and that its answer is
/// added. `weight` is that of `@cost`; `None` means the default of the root.
pub fn points_of(operation: Operation, weight: Option<&str>) -> String {
    let default_weight = if operation == Operation::Query { "1" } else { "10" };
    let weight = weight.unwrap_or(default_weight);
    let unit = if weight == "1" { "point" } else { "points" };
    let lines = if operation == Operation::Mutation { ", plus 0.1 for each line of the input," } else { "" };
    format!("{weight} {unit}{lines} and what its answer holds")
}
