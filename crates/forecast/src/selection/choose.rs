//! The rules of the choice, over losses that are already summed.

use crate::{
    models::{Cap, Configuration, Method, Model},
    selection::{Candidate, DEFAULT_MEDIAN_METHOD, DEFAULT_METHOD, Loss, Purpose},
    series::Class,
};

/// A difference of WAPE that is no more than noise.
pub const WAPE_MARGIN: f64 = 0.01;
/// Most bias above that of uncapped SES that a method for a mean may have. Not an absolute limit: a
/// rising trade biases every flat model alike.
pub const MAX_EXTRA_BIAS: f64 = 0.025;
/// A class with fewer series than this follows the tenant.
pub const MIN_CLASS_SERIES: usize = 30;

/// Reason for which a method is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChoiceReason {
    /// Too few origins to choose: the default.
    Default,
    /// The first in order within the margin of the least loss.
    Chosen,
    /// A class for which the tenant's method is not allowed or loses by more than the margin.
    ClassChosen,
    /// Naive or seasonal naive lost no more.
    NaiveWasBetter,
}

/// The methods for a class or the tenant, and their losses.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub mean: Method,
    pub median: Method,
    pub reached: ChoiceReason,
    /// The loss of the method for the mean, at the origins. None where nothing came true.
    pub wape: Option<f64>,
    pub bias: Option<f64>,
    /// The loss of the better one of naive and seasonal naive.
    pub naive_wape: Option<f64>,
}

/// The tenant's choice, and the one for each class in the order of [`Class::ALL`].
#[derive(Debug, Clone, PartialEq)]
pub struct Choices {
    pub tenant: Choice,
    pub classes: Vec<Choice>,
}

impl Choices {
    pub fn of(&self, class: Class) -> &Choice {
        &self.classes[class.index()]
    }
    /// The methods that are used, each once, means first in the order of classes.
    pub fn methods(&self) -> Vec<Method> {
        let mut used_methods: Vec<Method> = vec![self.tenant.mean.clone()];
        for choice in &self.classes {
            if !used_methods.contains(&choice.mean) {
                used_methods.push(choice.mean.clone());
            }
        }
        used_methods
    }
}

/// Names of the tenant's methods of the last run: they come first in the order, so that the choice
/// does not flutter. A name without a candidate is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incumbent {
    pub mean: String,
    pub median: String,
}

/// The losses of one class, or of all of them.
type Scope = Option<Class>;

fn loss(candidate: &Candidate, scope: Scope) -> Loss {
    scope.map_or_else(|| candidate.losses.total(), |class| candidate.losses.of(class))
}

fn wape(candidate: &Candidate, scope: Scope) -> Option<f64> {
    loss(candidate, scope).wape()
}

/// The most bias that a mean may have here. None if nothing came true.
fn bias_limit(all: &[Candidate], scope: Scope) -> Option<f64> {
    let ses = Method::single(Configuration::new(Model::Ses, Cap::None));
    let ses = all.iter().find(|candidate| candidate.method == ses)?;
    Some(loss(ses, scope).bias()?.abs() + MAX_EXTRA_BIAS)
}

fn is_allowed(all: &[Candidate], candidate: &Candidate, scope: Scope) -> bool {
    match (bias_limit(all, scope), loss(candidate, scope).bias()) {
        (Some(max_bias), Some(bias)) => bias.abs() <= max_bias,
        _ => false,
    }
}

/// The first, the incumbent before all others, within the margin of the least loss.
fn first_within_margin<'a>(allowed: &[&'a Candidate], scope: Scope, incumbent: Option<&Method>) -> Option<&'a Candidate> {
    let least = allowed.iter().filter_map(|candidate| wape(candidate, scope)).min_by(f64::total_cmp)?;
    let is_near = |candidate: &&&Candidate| wape(candidate, scope).is_some_and(|wape| wape <= least + WAPE_MARGIN);
    let is_incumbent = |candidate: &&&Candidate| Some(&candidate.method) == incumbent;
    let near: Vec<&&Candidate> = allowed.iter().filter(is_near).collect();
    near.iter().copied().find(|candidate| is_incumbent(candidate)).or_else(|| near.first().copied()).copied()
}

/// The candidates' method of a name.
fn find_method<'a>(all: &'a [Candidate], name: Option<&str>) -> Option<&'a Method> {
    let name = name?;
    all.iter().map(|candidate| &candidate.method).find(|method| method.to_string() == name)
}

fn allowed_candidates(all: &[Candidate], scope: Scope) -> Vec<&Candidate> {
    all.iter().filter(|candidate| candidate.is_mean_for(scope) && is_allowed(all, candidate, scope)).collect()
}

/// The better measure and its loss.
fn best_naive(all: &[Candidate], scope: Scope) -> Option<(&Candidate, f64)> {
    all.iter()
        .filter(|candidate| candidate.purpose == Purpose::Measure)
        .filter_map(|candidate| Some((candidate, wape(candidate, scope)?)))
        .min_by(|one, other| one.1.total_cmp(&other.1))
}

fn default_choice(reached: ChoiceReason) -> Choice {
    let (mean, median) = (Method::single(DEFAULT_METHOD), Method::single(DEFAULT_MEDIAN_METHOD));
    Choice { mean, median, reached, wape: None, bias: None, naive_wape: None }
}

/// Returns a choice with its figures, and naive in its place if that lost no more. With a loss of
/// 0, as for constant demand, naive is not better.
fn apply_naive_gate(all: &[Candidate], scope: Scope, choice: Choice) -> Choice {
    let chosen = all.iter().find(|candidate| candidate.method == choice.mean);
    let chosen_loss = chosen.map(|chosen| loss(chosen, scope));
    let (wape, bias) = (chosen_loss.and_then(|loss| loss.wape()), chosen_loss.and_then(|loss| loss.bias()));
    let naive_and_wape = best_naive(all, scope);
    let naive_wape = naive_and_wape.map(|(_, wape)| wape);
    match (naive_and_wape, wape) {
        (Some((naive, naive_wape)), Some(wape)) if wape >= naive_wape && wape > 0.0 => {
            let (method, bias) = (naive.method.clone(), loss(naive, scope).bias());
            let (mean, median) = (method.clone(), method);
            Choice {
                mean,
                median,
                reached: ChoiceReason::NaiveWasBetter,
                wape: Some(naive_wape),
                bias,
                naive_wape: Some(naive_wape),
            }
        }
        _ => Choice { wape, bias, naive_wape, ..choice },
    }
}

/// Chooses for the tenant, then for each class with at least [`MIN_CLASS_SERIES`] of the `counts`. Without scored origins everything is the default.
pub fn choose(all: &[Candidate], counts: &[usize; Class::ALL.len()], incumbent: Option<&Incumbent>) -> Choices {
    let medians = all.iter().filter(|one| one.purpose == Purpose::Median).collect::<Vec<_>>();
    let last_mean = find_method(all, incumbent.map(|current| current.mean.as_str()));
    let last_median = find_method(all, incumbent.map(|current| current.median.as_str()));
    let best = first_within_margin(&allowed_candidates(all, None), None, last_mean);
    let Some(best) = best else {
        let tenant = default_choice(ChoiceReason::Default);
        return Choices { classes: vec![tenant.clone(); Class::ALL.len()], tenant };
    };
    let median_of = |scope: Scope| {
        let best_median = first_within_margin(&medians, scope, last_median);
        best_median.map_or_else(|| Method::single(DEFAULT_MEDIAN_METHOD), |candidate| candidate.method.clone())
    };
    let (mean, median) = (best.method.clone(), median_of(None));
    let chosen = Choice { mean, median, reached: ChoiceReason::Chosen, wape: None, bias: None, naive_wape: None };
    let tenant = apply_naive_gate(all, None, chosen.clone());
    let classes = Class::ALL.map(|class| {
        let scope = Some(class);
        if counts[class.index()] < MIN_CLASS_SERIES || wape(best, scope).is_none() {
            return tenant.clone();
        }
        apply_naive_gate(all, scope, class_choice(all, class, best, &chosen))
    });
    Choices { tenant, classes: classes.to_vec() }
}

/// The tenant's choice, unless it is not allowed here or loses by more than the margin.
fn class_choice(all: &[Candidate], class: Class, best: &Candidate, tenant: &Choice) -> Choice {
    let scope = Some(class);
    let allowed = allowed_candidates(all, scope);
    let least = allowed.iter().filter_map(|candidate| wape(candidate, scope)).min_by(f64::total_cmp);
    let is_best_kept = match (least, wape(best, scope)) {
        (Some(least), Some(best_wape)) => is_allowed(all, best, scope) && best_wape <= least + WAPE_MARGIN,
        _ => true,
    };
    match first_within_margin(&allowed, scope, Some(&best.method)) {
        Some(other) if !is_best_kept => {
            Choice { mean: other.method.clone(), reached: ChoiceReason::ClassChosen, ..tenant.clone() }
        }
        _ => tenant.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selection::candidates;

    const MANY: [usize; 7] = [100, 100, 10, 40, 0, 0, 0];

    /// All candidates with the loss `wape` and a bias of −3 % in every class.
    fn scored(wape: f64) -> Vec<Candidate> {
        let mut all = candidates(20);
        for candidate in &mut all {
            candidate.losses.0 = [Loss { absolute: wape, difference: -0.03, actual: 1.0 }; 7];
        }
        set(&mut all, "naive", None, (0.9, 0.0));
        all
    }
    fn set(all: &mut [Candidate], name: &str, class: Option<Class>, (wape, bias): (f64, f64)) {
        let one = all.iter_mut().find(|one| one.method.to_string() == name).unwrap();
        for index in 0..7 {
            if class.is_none_or(|class| class.index() == index) {
                one.losses.0[index] = Loss { absolute: wape, difference: bias, actual: 1.0 };
            }
        }
    }
    fn name(choice: &Choice) -> String {
        choice.mean.to_string()
    }

    #[test]
    fn a_hundredth_is_noise() {
        let mut all = scored(0.65);
        set(&mut all, "MA(8) cap 3", None, (0.641, -0.03));
        assert_eq!(name(&choose(&all, &MANY, None).tenant), "SES cap 3");
        set(&mut all, "MA(8) cap 3", None, (0.639, -0.03));
        assert_eq!(name(&choose(&all, &MANY, None).tenant), "MA(8) cap 3");
        let incumbent = Incumbent { mean: all[6].method.to_string(), median: all[13].method.to_string() };
        set(&mut all, "MA(8) cap 3", None, (0.65, -0.03));
        let kept = choose(&all, &MANY, Some(&incumbent)).tenant;
        assert_eq!(
            (name(&kept), kept.median.to_string()),
            ("damped Holt cap 3".into(), "IMAPA cut at its 95th percentile".into())
        );
        let unknown = Incumbent { mean: "boosted trees".into(), median: String::new() };
        assert_eq!(choose(&all, &MANY, Some(&unknown)), choose(&all, &MANY, None), "a method of another version");
    }

    #[test]
    fn bias_beyond_the_guard_is_refused() {
        let mut all = scored(0.65);
        set(&mut all, "MA(12) cap 3", None, (0.50, -0.06));
        assert_eq!(name(&choose(&all, &MANY, None).tenant), "SES cap 3", "6 % is more than 3 + 2.5");
        set(&mut all, "MA(12) cap 3", None, (0.50, -0.054));
        assert_eq!(name(&choose(&all, &MANY, None).tenant), "MA(12) cap 3");
    }

    #[test]
    fn a_class_leaves_only_with_enough_series_and_reason() {
        let mut all = scored(0.65);
        set(&mut all, "IMAPA cap 3", Some(Class::Smooth), (0.642, -0.03));
        set(&mut all, "TSB cap 3", Some(Class::Lumpy), (0.6, -0.03));
        set(&mut all, "TSB cap 3", Some(Class::Erratic), (0.4, -0.03));
        set(&mut all, "MA(4) cap 3", Some(Class::Intermittent), (0.4, -0.03));
        set(&mut all, "MA(4) cap 3", Some(Class::New), (0.95, -0.03));
        let found = choose(&all, &MANY, None);
        assert_eq!(name(found.of(Class::Smooth)), "SES cap 3", "within the margin");
        assert_eq!(
            (name(found.of(Class::Lumpy)), found.of(Class::Lumpy).reached),
            ("TSB cap 3".into(), ChoiceReason::ClassChosen)
        );
        assert_eq!(name(found.of(Class::Erratic)), "SES cap 3", "TSB is for demand that comes now and then");
        assert_eq!(name(found.of(Class::Intermittent)), "SES cap 3", "ten series show nothing");
        assert_eq!(found.methods().len(), 2);
    }

    #[test]
    fn naive_is_used_where_nothing_beats_it() {
        let mut all = scored(0.65);
        set(&mut all, "naive", Some(Class::Erratic), (0.65, 0.01));
        let found = choose(&all, &MANY, None);
        let erratic = found.of(Class::Erratic);
        assert_eq!((name(erratic), erratic.reached, erratic.wape), ("naive".into(), ChoiceReason::NaiveWasBetter, Some(0.65)));
        assert_eq!(found.of(Class::Smooth).reached, ChoiceReason::Chosen);
    }

    #[test]
    fn nothing_scored_is_the_default() {
        let found = choose(&candidates(20), &MANY, None);
        assert_eq!((name(&found.tenant), found.tenant.reached), ("SES cap 3".into(), ChoiceReason::Default));
    }
}
