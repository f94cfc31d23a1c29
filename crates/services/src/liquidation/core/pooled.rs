//! Price elasticity from the products of a category.

use super::response::{Estimate, MAX_INTERVAL_WIDTH, Response, ResponseSource};

/// Minimum other products of a category.
const MIN_PRODUCTS: usize = 3;
/// 80 % of a normal variable's values are within this many standard deviations.
const NORMAL_Z_SCORE: f64 = 1.2816;

/// The response of a product by the other products of its category: their mean, weighted by
/// precision, with the differences between products in its range. The product's own estimate is
/// included by its weight, so that it counts the more the more precise it is.
pub fn pooled_response(own_estimate: Option<&Estimate>, others: &[Estimate]) -> Response {
    let Some((mean, variance)) = pool_category(others) else { return Response::NotShown };
    let (likely, variance) = match own_estimate {
        Some(own_estimate) => {
            let (own_weight, others_weight) = (1.0 / own_estimate.variance, 1.0 / variance);
            (
                (own_estimate.elasticity * own_weight + mean * others_weight) / (own_weight + others_weight),
                1.0 / (own_weight + others_weight),
            )
        }
        None => (mean, variance),
    };
    let margin = NORMAL_Z_SCORE * variance.sqrt();
    let (low, high) = (likely - margin, likely + margin);
    if high - low >= MAX_INTERVAL_WIDTH || high <= 0.0 {
        return Response::NotShown;
    }
    let estimates = || others.iter().chain(own_estimate);
    let sum = |count_of: fn(&Estimate) -> u32| estimates().fold(0_u32, |sum, estimate| sum.saturating_add(count_of(estimate)));
    Response::Shown {
        low,
        likely,
        high,
        levels: sum(|estimate| estimate.levels),
        weeks: sum(|estimate| estimate.weeks),
        source: ResponseSource::Category,
        changes: Some(sum(|estimate| estimate.changes)),
        products: Some(u32::try_from(estimates().count()).unwrap_or(u32::MAX)),
    }
}

/// The mean elasticity of products and the variance of one more product's: how far products differ from each other (DerSimonian and Laird), and how well the mean is
/// known.
fn pool_category(products: &[Estimate]) -> Option<(f64, f64)> {
    if products.len() < MIN_PRODUCTS {
        return None;
    }
    let weighted_mean = |between: f64| {
        let [mut sum, mut squares, mut mean] = [0.0_f64; 3];
        for product in products {
            let weight = 1.0 / (product.variance + between);
            sum += weight;
            squares += weight * weight;
            mean += weight * product.elasticity;
        }
        (mean / sum, sum, squares)
    };
    let (mean, sum, squares) = weighted_mean(0.0);
    let spread: f64 = products.iter().map(|product| (product.elasticity - mean).powi(2) / product.variance).sum();
    let freedom = sum - squares / sum;
    let between = ((spread - (products.len() as f64 - 1.0)) / freedom).max(0.0);
    let (mean, sum, _) = weighted_mean(between);
    let variance = between + 1.0 / sum;
    (mean.is_finite() && variance.is_finite()).then_some((mean, variance))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known_estimate(elasticity: f64, variance: f64) -> Estimate {
        Estimate { elasticity, variance, levels: 2, weeks: 20, changes: 3 }
    }
    fn figures(response: Response) -> [f64; 3] {
        match response {
            Response::Shown { low, likely, high, source: ResponseSource::Category, .. } => [low, likely, high],
            other => panic!("it is not of the category: {other:?}"),
        }
    }

    #[test]
    fn a_category_stands_for_a_product_without_a_history() {
        let others = [known_estimate(1.8, 0.04), known_estimate(2.0, 0.04), known_estimate(2.2, 0.04), known_estimate(2.0, 0.04)];
        let [low, likely, high] = figures(pooled_response(None, &others));
        // They differ less than by chance, so that only the mean's variance of 0.01 is left.
        assert!((likely - 2.0).abs() < 1e-9 && (high - likely - 0.12816).abs() < 1e-9 && (likely - low - 0.12816).abs() < 1e-9);
        let Response::Shown { levels, weeks, changes, products, .. } = pooled_response(None, &others) else {
            panic!("it shows nothing")
        };
        assert_eq!((levels, weeks, changes, products), (8, 80, Some(12), Some(4)));
    }

    #[test]
    fn an_own_history_draws_the_figure_by_how_well_it_is_known() {
        let others = [known_estimate(1.8, 0.04), known_estimate(2.0, 0.04), known_estimate(2.2, 0.04), known_estimate(2.0, 0.04)];
        let [_, vague, _] = figures(pooled_response(Some(&known_estimate(1.0, 1.0)), &others));
        let [_, clear, _] = figures(pooled_response(Some(&known_estimate(1.0, 0.01)), &others));
        assert!((vague - 2.0).abs() < 0.02 && (clear - 1.5).abs() < 1e-9, "{vague} {clear}");
    }

    #[test]
    fn products_that_differ_widely_or_are_few_show_nothing() {
        assert_eq!(
            pooled_response(None, &[known_estimate(0.2, 0.01), known_estimate(2.0, 0.01), known_estimate(4.0, 0.01)]),
            Response::NotShown
        );
        assert_eq!(
            pooled_response(None, &[known_estimate(2.0, 0.01), known_estimate(2.0, 0.01)]),
            Response::NotShown,
            "two products"
        );
        let rising = [known_estimate(-1.0, 0.01), known_estimate(-1.1, 0.01), known_estimate(-0.9, 0.01)];
        assert_eq!(pooled_response(None, &rising), Response::NotShown, "sales that fall with the price are no response");
    }
}
