//! Kits have no stock of their own: their availability follows from their components.

/// Returns the number of whole kits, from each component's available quantity and its quantity in
/// one kit.
pub fn whole_kits(parts: impl Iterator<Item = (i64, i64)>) -> i64 {
    parts.map(|(available, takes)| if takes > 0 { available.max(0) / takes } else { 0 }).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scarcest_component_says_how_many_kits_there_are() {
        for (parts, kits) in [
            (vec![(10, 2), (9, 3)], 3),
            (vec![(10, 2), (2, 3)], 0),
            (vec![(7, 7)], 1),
            (vec![(-1, 1), (5, 1)], 0),
            (vec![(i64::MAX, 1), (9_007_199_254_740_991, 9_007_199_254_740_991)], 1),
            (vec![], 0),
        ] {
            assert_eq!(whole_kits(parts.clone().into_iter()), kits, "{parts:?}");
        }
    }
}
