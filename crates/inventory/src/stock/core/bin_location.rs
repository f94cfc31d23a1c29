//! Bin location of a product in a store: a code on the shelf, and the order in which a walk passes
//! such codes.

use std::cmp::Ordering;

/// The most characters of a bin location.
const MAX_BIN_LOCATION: usize = 64;

/// Whether a text can be a bin location: 1 to 64 characters that can be printed on one line.
pub fn is_bin_location(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().nth(MAX_BIN_LOCATION).is_none() && !text.chars().any(char::is_control)
}

/// The order of a picking route: by bin location, then by SKU; products without a location come
/// last.
pub fn picking_order((bin, sku): (Option<&str>, &str), (other_bin, other_sku): (Option<&str>, &str)) -> Ordering {
    let by_bin = match (bin, other_bin) {
        (Some(first), Some(other)) => natural_order(first, other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    by_bin.then_with(|| sku.cmp(other_sku))
}

/// Compares codes in natural order: consecutive digits are one number, so that `A-2` comes before
/// `A-10`; all else is compared by character. Codes that differ only in leading zeros are compared
/// by their characters.
fn natural_order(own_code: &str, other_code: &str) -> Ordering {
    let (mut left, mut right) = (own_code, other_code);
    while !left.is_empty() && !right.is_empty() {
        let ((first, rest), (second, other_rest)) = (split_part(left), split_part(right));
        let order = part_order(first, second);
        if order.is_ne() {
            return order;
        }
        (left, right) = (rest, other_rest);
    }
    left.len().cmp(&right.len()).then_with(|| own_code.cmp(other_code))
}

/// Splits a text after its first number or character.
fn split_part(text: &str) -> (&str, &str) {
    let rest_of_text = text.trim_start_matches(|character: char| character.is_ascii_digit());
    let digits = text.len() - rest_of_text.len();
    let end = if digits > 0 { digits } else { text.chars().next().map_or(0, char::len_utf8) };
    text.split_at(end)
}

fn part_order(first: &str, other: &str) -> Ordering {
    let is_number = |part: &str| part.starts_with(|character: char| character.is_ascii_digit());
    if !is_number(first) || !is_number(other) {
        return first.cmp(other);
    }
    // Compared as texts, because a code may have more digits than an integer.
    let [first, other] = [first, other].map(|digits| digits.trim_start_matches('0'));
    first.len().cmp(&other.len()).then_with(|| first.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_walked_past_as_people_count() {
        let longest = "A-99999999999999999999999";
        let walk = ["1", "2-B", "10", "A", "A-02", "A-2", "A-2-1", "A-2-11", "A-10", longest, "B-1", "a-1", "Ä-1", "Ä-12"];
        for (place, one) in walk.iter().enumerate() {
            for (other_place, other) in walk.iter().enumerate() {
                assert_eq!(natural_order(one, other), place.cmp(&other_place), "{one} and {other}");
            }
        }
    }

    #[test]
    fn what_lies_nowhere_is_picked_last_and_a_bin_by_sku() {
        let mut goods = [(None, "APRON"), (Some("A-10"), "LAMP"), (Some("A-2"), "TEA"), (Some("A-2"), "MUG"), (None, "ALBUM")];
        goods.sort_by(|one, other| picking_order(*one, *other));
        assert_eq!(goods.map(|(_, sku)| sku), ["MUG", "TEA", "LAMP", "ALBUM", "APRON"]);
    }

    #[test]
    fn a_bin_is_a_short_text_on_one_line() {
        let (longest, longer) = ("Ä".repeat(64), "Ä".repeat(65));
        let fit = ["A-03-12", "1", longest.as_str(), "", " ", longer.as_str(), "A\n3", "A\0"].map(is_bin_location);
        assert_eq!(fit, [true, true, true, false, false, false, false, false]);
    }
}
