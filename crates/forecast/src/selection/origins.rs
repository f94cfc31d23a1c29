//! The past weeks at which forecasts are repeated with the data known then.

/// Weeks ahead that are scored when methods are chosen.
pub const SCORED_WEEKS: usize = 8;
/// Weeks between two origins.
pub const ORIGIN_SPACING_WEEKS: usize = 2;
/// The most origins.
pub const MAX_ORIGINS: usize = 9;
/// Fewer origins than this choose nothing: the default is used.
pub const MIN_ORIGINS: usize = 3;
/// No method is judged with less than a quarter of a year known.
pub const MIN_FIRST_ORIGIN: usize = 13;
/// Errors are pooled from this week on: a young tenant needs intervals before it needs a choice.
pub const MIN_FIRST_POOLED: usize = 8;

/// The last origins of the choice, oldest first. An origin is the number of weeks before its forecast. Source: INSIGHT, section 4.
pub fn choice_origins(weeks: usize) -> Vec<usize> {
    last_origins(weeks, SCORED_WEEKS, MIN_FIRST_ORIGIN)
}

/// The last origins of a pool of errors up to `ahead` weeks, oldest first.
pub fn pooled_origins(weeks: usize, ahead: usize) -> Vec<usize> {
    last_origins(weeks, ahead, MIN_FIRST_POOLED)
}

/// The last nine with `ahead` known weeks behind each and `first` before it.
fn last_origins(weeks: usize, ahead: usize, first: usize) -> Vec<usize> {
    let Some(last) = weeks.checked_sub(ahead) else { return Vec::new() };
    let back =
        (0..MAX_ORIGINS).map_while(|step| last.checked_sub(step * ORIGIN_SPACING_WEEKS)).take_while(|origin| *origin >= first);
    let mut origins: Vec<usize> = back.collect();
    origins.reverse();
    origins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_file_has_the_stated_origins() {
        assert_eq!(choice_origins(44), [20, 22, 24, 26, 28, 30, 32, 34, 36]);
        assert_eq!(pooled_origins(44, 8), choice_origins(44));
        assert_eq!((choice_origins(26), pooled_origins(20, 8)), (vec![14, 16, 18], vec![8, 10, 12]));
        assert_eq!(pooled_origins(44, 20), [8, 10, 12, 14, 16, 18, 20, 22, 24]);
        assert_eq!((choice_origins(20), pooled_origins(3, 8)), (vec![], vec![]));
    }
}
