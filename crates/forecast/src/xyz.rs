//! Classes of products by how even their demand is. Scholz-Reiter et al. (2012), Integration of
//! demand forecasts in ABC-XYZ analysis; vector pub-13.

/// X: a coefficient of variation up to 0.5, Y: up to 1, Z: above, or no demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum XyzClass {
    X,
    Y,
    Z,
}

/// Least distance of the coefficient beyond a border at which an assigned class changes at once, as
/// a share of the border.
const VARIATION_HYSTERESIS: f64 = 0.05;

fn class_of_variation(variation: f64) -> XyzClass {
    if variation <= 0.5 {
        XyzClass::X
    } else if variation <= 1.0 {
        XyzClass::Y
    } else {
        XyzClass::Z
    }
}

/// Population deviation ÷ mean of the weeks, zeros included, and the class. `None` and Z without
/// demand or if a week is not finite.
pub fn classify_variation(weeks: &[f64]) -> (Option<f64>, XyzClass) {
    let count = weeks.len() as f64;
    let mean = weeks.iter().sum::<f64>() / count;
    let variance = weeks.iter().map(|units| (units - mean).powi(2)).sum::<f64>() / count;
    let variation = variance.sqrt() / mean;
    if mean > 0.0 && variation.is_finite() { (Some(variation), class_of_variation(variation)) } else { (None, XyzClass::Z) }
}

/// The class to use: the assigned one, until the coefficient is 5 % beyond the border or the
/// previous run computed the same class.
pub fn assign_class(variation: Option<f64>, last_assigned: Option<XyzClass>, last_computed: Option<XyzClass>) -> XyzClass {
    let Some(variation) = variation else { return XyzClass::Z };
    let computed = class_of_variation(variation);
    let Some(last) = last_assigned.filter(|last| *last != computed) else { return computed };
    let is_beyond = if computed > last {
        class_of_variation(variation / (1.0 + VARIATION_HYSTERESIS)) > last
    } else {
        class_of_variation(variation * (1.0 + VARIATION_HYSTERESIS)) < last
    };
    if is_beyond || last_computed == Some(computed) { computed } else { last }
}

#[cfg(test)]
mod tests {
    use super::*;
    use XyzClass::{X, Y, Z};

    #[test]
    fn no_demand_has_no_coefficient() {
        assert_eq!(
            (classify_variation(&[]), classify_variation(&[0.0; 3]), classify_variation(&[f64::NAN, 1.0])),
            ((None, Z), (None, Z), (None, Z))
        );
        assert_eq!(classify_variation(&[4.0; 6]), (Some(0.0), X));
    }

    #[test]
    fn a_class_does_not_flutter() {
        assert_eq!((assign_class(Some(0.51), Some(X), Some(X)), assign_class(Some(0.54), Some(X), Some(X))), (X, Y));
        assert_eq!((assign_class(Some(0.51), Some(X), Some(Y)), assign_class(Some(0.49), Some(Y), Some(Y))), (Y, Y));
        assert_eq!((assign_class(Some(0.46), Some(Y), Some(Y)), assign_class(None, Some(X), Some(X))), (X, Z));
    }
}
