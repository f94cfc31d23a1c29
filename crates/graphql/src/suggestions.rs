//! Suggestions for a misspelt name.

/// Maximum suggestions.
const MAX_NAMES: usize = 3;
/// Maximum difference in characters.
const MAX_EDITS: usize = 3;

/// Returns the nearest names, the nearest first. A name without a common character is never
/// suggested, however short it is.
pub fn nearest_names<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let length = name.chars().count();
    let mut candidates: Vec<(usize, &str)> = names
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= MAX_EDITS)
        .map(|candidate| (edits(name, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= MAX_EDITS && *edits < candidate.chars().count().max(length))
        .collect();
    candidates.sort_unstable();
    candidates.into_iter().take(MAX_NAMES).map(|(_, candidate)| candidate).collect()
}

/// Number of characters that were left out, added or changed (Levenshtein's distance).
fn edits(name: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut previous_row: Vec<usize> = (0..=other.len()).collect();
    for (index, character) in name.chars().enumerate() {
        let mut row = vec![index + 1; other.len() + 1];
        for (column, other_character) in other.iter().enumerate() {
            let cost = previous_row[column] + usize::from(character != *other_character);
            row[column + 1] = cost.min(previous_row[column + 1] + 1).min(row[column] + 1);
        }
        previous_row = row;
    }
    previous_row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 8] = ["contains", "eq", "externalRef", "in", "sku", "startsWith", "status", "store"];

    fn of(name: &str) -> Vec<&'static str> {
        nearest_names(name, NAMES.into_iter())
    }

    #[test]
    fn the_nearest_names_are_suggested_first() {
        assert_eq!(of("stats"), ["status", "store"]);
        assert_eq!(of("external_ref"), ["externalRef"]);
        assert_eq!(of("startswith"), ["startsWith"]);
        assert_eq!(of("skus"), ["sku", "status"]);
        assert_eq!(of("eqs"), ["eq"]);
        assert_eq!(nearest_names("ab", ["abc", "abd", "abe", "abf"].into_iter()), ["abc", "abd", "abe"]);
    }

    #[test]
    fn names_that_differ_too_much_are_not_suggested() {
        assert_eq!(of("warehouse"), [""; 0]);
        assert_eq!(of("xy"), [""; 0]);
        assert_eq!(of(&"x".repeat(1 << 20)), [""; 0]);
    }

    #[test]
    fn edits_are_counted() {
        for (name, other, count) in [("status", "status", 0), ("stats", "status", 1), ("", "abc", 3), ("kitten", "sitting", 3)] {
            assert_eq!(edits(name, other), count, "{name} {other}");
        }
    }
}
