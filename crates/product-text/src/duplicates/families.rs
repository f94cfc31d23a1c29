//! Products that are variants of one another: a model that was trained on one has an advantage on
//! the other, so both are either in the training set or in the test set.

use crate::{
    minhash::{Signature, for_each_pair},
    variants::Parts,
};

/// The estimated similarity from which names without their variants belong to one family.
const MIN_SIMILARITY: f64 = 0.7;

/// The family of each name, as the least index in it. Sizes, colours, counts and numbers do not part a family.
pub fn group_families(names: &[&str]) -> Vec<usize> {
    let words: Vec<Vec<String>> = names.iter().map(|name| Parts::of(name).words).collect();
    let signatures: Vec<Signature> = words.iter().map(|words| Signature::of(words.iter().map(String::as_str))).collect();
    let mut parent: Vec<usize> = (0..names.len()).collect();
    for_each_pair(&signatures, |one, other| {
        if signatures[one].similarity(&signatures[other]) >= MIN_SIMILARITY && !words[one].is_empty() {
            let (one, other) = (find_root(&mut parent, one), find_root(&mut parent, other));
            parent[one.max(other)] = one.min(other);
        }
    });
    (0..names.len()).map(|index| find_root(&mut parent, index)).collect()
}

fn find_root(parent: &mut [usize], mut index: usize) -> usize {
    while parent[index] != index {
        parent[index] = parent[parent[index]];
        index = parent[index];
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_sizes_do_not_part_a_family() {
        let found = group_families(&["RED RETROSPOT MUG", "TRACTOR", "BLUE RETROSPOT MUG LARGE", "SET OF 4 RETROSPOT MUGS"]);
        assert_eq!(found, [0, 1, 0, 0]);
    }
}
