//! Figures of counts. Formulas: Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4th ed. (2017).

use entity::prelude::AbcClass;

/// Book quantity and counted quantity, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    pub book: i64,
    pub counted: i64,
}

/// (book − counted) ÷ book over all; None if the book quantity is 0.
pub fn shrinkage(pairs: &[Pair]) -> Option<f64> {
    let book: i128 = pairs.iter().map(|pair| i128::from(pair.book)).sum();
    let counted: i128 = pairs.iter().map(|pair| i128::from(pair.counted)).sum();
    (book != 0).then(|| (book - counted) as f64 / book as f64)
}

/// Share of lines whose difference is at most `tolerance` units; None without lines.
pub fn accuracy(pairs: &[Pair], tolerance: i64) -> Option<f64> {
    let right =
        pairs.iter().filter(|pair| (i128::from(pair.counted) - i128::from(pair.book)).abs() <= i128::from(tolerance)).count();
    (!pairs.is_empty()).then(|| right as f64 / pairs.len() as f64)
}

/// Returns the class of each: highest revenue first, ties by name; A while the share before it is
/// below 80 %, B below 95 %, then C. Without revenue it is C.
pub fn classify_abc<K: Ord + Clone>(revenue: &[(K, i64)]) -> Vec<(K, AbcClass)> {
    let mut ranked: Vec<&(K, i64)> = revenue.iter().collect();
    ranked.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    let total: i128 = ranked.iter().map(|(_, brings)| i128::from((*brings).max(0))).sum();
    let mut before: i128 = 0;
    let class = |(key, brings): &(K, i64)| {
        let class = if *brings <= 0 {
            AbcClass::C
        } else if before * 100 < total * 80 {
            AbcClass::A
        } else if before * 100 < total * 95 {
            AbcClass::B
        } else {
            AbcClass::C
        };
        before += i128::from((*brings).max(0));
        (key.clone(), class)
    };
    ranked.into_iter().map(class).collect()
}
