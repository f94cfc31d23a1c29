//! The methods that are compared, in the order in which they are preferred.

use crate::{
    models::{Cap, Configuration, Method, Model, SEASON_HISTORY, SeasonalBase},
    selection::LossByClass,
    series::Class,
};

/// The method for a mean where too little is known to choose: SES, giants cut at three robust deviations.
pub const DEFAULT_METHOD: Configuration = Configuration::new(Model::Ses, Cap::Deviations(30));
/// The method for a median where too little is known to choose.
pub const DEFAULT_MEDIAN_METHOD: Configuration = Configuration::new(Model::Ses, Cap::OwnPercentile);

/// The purpose that a method is compared for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The expected units: orders stock.
    Mean,
    /// Like [`Purpose::Mean`], but only for classes with many weeks without demand.
    SporadicMean,
    /// A typical week; orders nothing.
    Median,
    /// Naive and seasonal naive, which the others have to beat.
    Measure,
}

/// A method and its losses at the origins.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub purpose: Purpose,
    pub method: Method,
    pub losses: LossByClass,
}

impl Candidate {
    fn new(purpose: Purpose, model: Model, cap: Cap) -> Self {
        Self { purpose, method: Method::single(Configuration::new(model, cap)), losses: LossByClass::default() }
    }
    /// Whether it may be chosen as a mean for a class, or for the tenant if no class is given.
    pub fn is_mean_for(&self, class: Option<Class>) -> bool {
        match self.purpose {
            Purpose::Mean => true,
            Purpose::SporadicMean => class.is_some_and(Class::is_sporadic),
            Purpose::Median | Purpose::Measure => false,
        }
    }
}

/// All single methods, the preferred first. Seasonal ones only if two years precede the first
/// origin. Source of the order: INSIGHT, section 4.
pub fn candidates(first_origin: usize) -> Vec<Candidate> {
    use Purpose::{Mean, Measure, Median, SporadicMean};
    const CAP: Cap = Cap::Deviations(30);
    let mut all = vec![
        Candidate::new(Mean, Model::Ses, CAP),
        Candidate::new(Mean, Model::Imapa, CAP),
        Candidate::new(Mean, Model::Ses, Cap::Deviations(35)),
        Candidate::new(Mean, Model::Ses, Cap::Deviations(25)),
        Candidate::new(Mean, Model::Ses, Cap::None),
        Candidate::new(Mean, Model::Imapa, Cap::None),
        Candidate::new(Mean, Model::DampedHolt, CAP),
        Candidate::new(SporadicMean, Model::Tsb, CAP),
        Candidate::new(SporadicMean, Model::Sba, CAP),
        Candidate::new(Mean, Model::MovingAverage(8), CAP),
        Candidate::new(Mean, Model::MovingAverage(4), CAP),
        Candidate::new(Mean, Model::MovingAverage(12), CAP),
    ];
    let has_two_years = first_origin >= SEASON_HISTORY;
    if has_two_years {
        all.push(Candidate::new(Mean, Model::Seasonal(SeasonalBase::Ses), CAP));
        all.push(Candidate::new(Mean, Model::Seasonal(SeasonalBase::Imapa), CAP));
    }
    all.push(Candidate::new(Median, Model::Ses, Cap::OwnPercentile));
    all.push(Candidate::new(Median, Model::Imapa, Cap::OwnPercentile));
    all.push(Candidate::new(Median, Model::MovingAverage(8), Cap::OwnPercentile));
    all.push(Candidate::new(Measure, Model::Naive, Cap::None));
    if has_two_years {
        all.push(Candidate::new(Measure, Model::SeasonalNaive, Cap::None));
    }
    all
}

/// The mean of the two or three best models whose losses lie within `margin` of each other, for the tenant and for each of `classes`. The caller scores
/// them like any other candidate; they come last in the order.
pub fn means_of_best(scored: &[Candidate], classes: &[Class], margin: f64) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for class in std::iter::once(None).chain(classes.iter().copied().map(Some)) {
        let loss =
            |candidate: &Candidate| class.map_or_else(|| candidate.losses.total(), |class| candidate.losses.of(class)).wape();
        let mut by_loss: Vec<(f64, Configuration)> = scored
            .iter()
            .filter(|candidate| candidate.is_mean_for(class))
            .filter_map(|candidate| Some((loss(candidate)?, *candidate.method.0.first()?)))
            .collect();
        by_loss.sort_by(|one, other| one.0.total_cmp(&other.0));
        let Some(least) = by_loss.first().map(|(loss, _)| *loss) else { continue };
        let mut parts: Vec<Configuration> = Vec::new();
        for (loss, configuration) in by_loss {
            let is_other_model = parts.iter().all(|part| part.model != configuration.model);
            if loss <= least + margin && is_other_model && parts.len() < 3 {
                parts.push(configuration);
            }
        }
        let is_found = found.iter().any(|earlier| earlier.method.0 == parts);
        if parts.len() > 1 && !is_found {
            let purpose = if class.is_some_and(Class::is_sporadic) { Purpose::SporadicMean } else { Purpose::Mean };
            found.push(Candidate { purpose, method: Method(parts), losses: LossByClass::default() });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selection::Loss;

    #[test]
    fn the_default_comes_first() {
        let all = candidates(20);
        assert_eq!(all[0].method, Method::single(DEFAULT_METHOD));
        assert_eq!(all.len(), 16);
        assert_eq!(candidates(104).len(), 19, "two years bring the season");
        let names: Vec<String> = all.iter().map(|one| one.method.to_string()).collect();
        assert_eq!(&names[..5], ["SES cap 3", "IMAPA cap 3", "SES cap 3.5", "SES cap 2.5", "SES"]);
    }

    #[test]
    fn a_mean_is_of_different_models_that_are_close() {
        let mut all = candidates(20);
        for (index, wape) in [(0, 0.600), (2, 0.601), (1, 0.604), (6, 0.609), (9, 0.62)] {
            all[index].losses.0[0] = Loss { absolute: wape, difference: 0.0, actual: 1.0 };
        }
        let means = means_of_best(&all, &[Class::Smooth], 0.01);
        assert_eq!(means.len(), 1, "the class has the same as the tenant");
        assert_eq!(means[0].method.to_string(), "mean of SES cap 3, IMAPA cap 3, damped Holt cap 3");
    }
}
