//! Choices of a run in their stored form: the methods of each class, the corrections of promised
//! service, and the errors of days.

use std::collections::BTreeMap;

use entity::prelude::*;
use forecast::{
    Run,
    class::Class,
    selection::{Choice, ChoiceReason, Incumbent},
};
use serde::{Deserialize, Serialize};

use super::{Calibration, StoredCorrection, StoredDayErrors, class_of, rounding::milli};

/// The chosen methods of a class, and their losses at earlier origins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredChoice {
    /// `None` for the whole tenant.
    pub class: Option<DemandClass>,
    pub mean: String,
    pub median: String,
    /// Whether the naive forecast lost no more than any method.
    pub naive_was_better: bool,
    pub wape: Option<f64>,
    pub bias: Option<f64>,
    pub naive_wape: Option<f64>,
    /// Scaled errors of the weeks that the run scored; empty for the tenant, and in runs of earlier
    /// versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scaled: Vec<StoredScaled>,
    /// Corrections of promised service by ABC class, for the tenant. Empty for a class, and in runs
    /// of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<StoredCorrection>,
    /// Errors of days, for the tenant. Empty for a class, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "StoredDayErrors::is_empty")]
    pub days: StoredDayErrors,
}

/// Errors of a class in a week that a run scored, in thousandths of a unit, with the steps that
/// they are scaled by; and the week's days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredScaled {
    /// Monday of the week.
    pub week: i32,
    pub lead: i32,
    pub level: ForecastLevel,
    pub error: i64,
    pub step: i64,
    /// Days that had an interval, and how many of them were inside the 80 % and the 95 % interval.
    /// `None` if no day had one, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<[i64; 3]>,
}

/// Writes the methods of a run as JSON: those of the tenant with the corrections of promised
/// service and the errors of days, then those of each class with the errors of the weeks that the
/// run scored.
pub fn choices_of(
    run: &Run,
    scaled: &BTreeMap<DemandClass, Vec<StoredScaled>>,
    corrections: &[StoredCorrection],
    days: &StoredDayErrors,
) -> String {
    let stored = |class: Option<Class>, choice: &Choice| StoredChoice {
        class: class.map(class_of),
        mean: choice.mean.to_string(),
        median: choice.median.to_string(),
        naive_was_better: choice.reached == ChoiceReason::NaiveWasBetter,
        wape: choice.wape.map(milli),
        bias: choice.bias.map(milli),
        naive_wape: choice.naive_wape.map(milli),
        scaled: class.and_then(|class| scaled.get(&class_of(class)).cloned()).unwrap_or_default(),
        corrections: if class.is_none() { corrections.to_vec() } else { Vec::new() },
        days: if class.is_none() { days.clone() } else { StoredDayErrors::default() },
    };
    let classes = Class::ALL.into_iter().map(|class| stored(Some(class), run.choices.of(class)));
    let stored_choices: Vec<StoredChoice> = std::iter::once(stored(None, &run.choices.tenant)).chain(classes).collect();
    serde_json::to_string(&stored_choices).unwrap_or_default()
}

/// Returns the tenant's methods of an earlier run, which the next one prefers while they are as
/// good as any. `None` if they were not stored.
pub fn incumbent_of(choices: &str) -> Option<Incumbent> {
    let stored: Vec<StoredChoice> = serde_json::from_str(choices).ok()?;
    let tenant = stored.into_iter().find(|choice| choice.class.is_none())?;
    Some(Incumbent { mean: tenant.mean, median: tenant.median })
}

impl StoredDayErrors {
    /// Returns the errors of a run from its choices as JSON. `None` if the text is not the choices
    /// of a run.
    pub fn parse_choices(choices: &str) -> Option<Self> {
        let stored: Vec<StoredChoice> = serde_json::from_str(choices).ok()?;
        Some(stored.into_iter().find(|choice| choice.class.is_none()).map(|choice| choice.days).unwrap_or_default())
    }
}

impl Calibration {
    /// Returns the corrections in the choices of a run. `None` if the text cannot be parsed.
    pub fn of_run(choices: &str) -> Option<Self> {
        let stored: Vec<StoredChoice> = serde_json::from_str(choices).ok()?;
        let stored_corrections: Vec<StoredCorrection> = stored.into_iter().flat_map(|choice| choice.corrections).collect();
        Some(Self::new(&stored_corrections))
    }
}

#[cfg(test)]
mod tests {
    use forecast::{Panel, Settings, Traits, forecast_all};

    use super::*;

    #[test]
    fn the_methods_of_a_run_come_first_in_the_next_one() {
        // With ten units in each week, every method is as good as any.
        let mut panel = Panel::new(30).unwrap();
        panel.push(&[10.0; 30], Traits::default()).unwrap();
        let mean = |incumbent: Option<Incumbent>| {
            let run = forecast_all(&panel, &Settings { incumbent, ..Settings::default() });
            incumbent_of(&choices_of(&run, &BTreeMap::new(), &[], &StoredDayErrors::default())).map(|kept| kept.mean)
        };
        assert_eq!(mean(None).as_deref(), Some("SES cap 3"));
        let holt = Incumbent { mean: "damped Holt cap 3".to_owned(), median: "IMAPA cut at its 95th percentile".to_owned() };
        assert_eq!(mean(Some(holt)).as_deref(), Some("damped Holt cap 3"));
        assert_eq!((incumbent_of("[]"), incumbent_of("{}")), (None, None));
    }
}
