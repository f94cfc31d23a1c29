//! Counts with their nouns, in texts for people.

use std::fmt::Display;

/// Returns a count and its noun, which may include a verb: `pluralize(1, "line is", "lines are")` is
/// "1 line is", for 2 it is "2 lines are".
pub fn pluralize(count: impl Display, one: &str, many: &str) -> String {
    let count = count.to_string();
    let noun = if count == "1" { one } else { many };
    format!("{count} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_all_else_plural() {
        let lines = |count: i64| pluralize(count, "line is", "lines are");
        assert_eq!([lines(0), lines(1), lines(2), lines(11)], ["0 lines are", "1 line is", "2 lines are", "11 lines are"]);
        assert_eq!(pluralize(format!("{:.0}", 0.7), "week", "weeks"), "1 week", "as it is rounded");
    }
}
