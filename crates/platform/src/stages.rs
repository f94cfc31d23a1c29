//! Refusals by stage: a call ends with all refusals of the first stage that has any, in the order in which they were found.

use crate::storage::Fault;

/// Stage of a refusal: if there are several, only those of the earliest stage are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The input itself is invalid: a text, the length of a list.
    Shape,
    /// The operation concerns all stores, but the caller's permission only some.
    Permission,
    /// An object that the input names does not exist.
    Reference,
    /// The value is not accepted from this caller, or for the object that is named.
    Value,
    /// The tenant's current state does not allow the operation.
    State,
}

/// A refusal that has a stage.
pub trait Staged {
    fn stage(&self) -> Stage;
}

/// Returns the refusals of the first stage that has any.
#[must_use]
pub fn keep_earliest<R: Staged>(mut refusals: Vec<R>) -> Vec<R> {
    if let Some(first) = refusals.iter().map(Staged::stage).min() {
        refusals.retain(|refusal| refusal.stage() == first);
    }
    refusals
}

/// Refusals of a call so far.
#[derive(Debug)]
pub struct Refusals<R>(Vec<R>);

impl<R> Default for Refusals<R> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<R: Staged> Refusals<R> {
    pub fn add(&mut self, refusal: R) {
        self.0.push(refusal);
    }
    pub fn extend(&mut self, refusals: impl IntoIterator<Item = R>) {
        self.0.extend(refusals);
    }
    /// Returns the result of a check; None if it refused, which is noted.
    pub fn take<T>(&mut self, result: Result<T, R>) -> Option<T> {
        result.map_err(|refusal| self.add(refusal)).ok()
    }

    /// Ends the call if anything was refused in this stage or before it.
    ///
    /// # Errors
    /// All refusals of the first stage that has any.
    pub fn end(&mut self, last_stage: Stage) -> Result<(), Vec<R>> {
        if self.0.iter().any(|refusal| refusal.stage() <= last_stage) {
            return Err(keep_earliest(std::mem::take(&mut self.0)));
        }
        Ok(())
    }
}

/// Reason that a call wrote nothing.
#[derive(Debug)]
pub enum Stop<R> {
    /// Refusals of the first stage that has any.
    Refused(Vec<R>),
    Fault(Fault),
}

impl<R> From<Fault> for Stop<R> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl<R: Staged> From<R> for Stop<R> {
    fn from(refusal: R) -> Self {
        Self::Refused(vec![refusal])
    }
}
impl<R: Staged> From<Vec<R>> for Stop<R> {
    fn from(refusals: Vec<R>) -> Self {
        Self::Refused(keep_earliest(refusals))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Of(Stage, u8);

    impl Staged for Of {
        fn stage(&self) -> Stage {
            self.0
        }
    }

    #[test]
    fn the_first_stage_is_told_alone_in_the_order_in_which_it_was_found() {
        let all =
            [Of(Stage::State, 1), Of(Stage::Value, 2), Of(Stage::Reference, 3), Of(Stage::Value, 4), Of(Stage::Reference, 5)];
        let mut refusals = Refusals::default();
        refusals.extend(all);
        assert_eq!(refusals.end(Stage::Shape), Ok(()), "later stages are told when the input is read that far");
        assert_eq!(refusals.end(Stage::Reference), Err(vec![Of(Stage::Reference, 3), Of(Stage::Reference, 5)]));
        assert_eq!(keep_earliest(vec![all[0], all[1], all[3]]), [all[1], all[3]]);
        assert!(keep_earliest(Vec::<Of>::new()).is_empty());
    }

    #[test]
    fn a_check_that_passes_refuses_nothing() {
        let mut refusals = Refusals::default();
        assert_eq!(refusals.take(Ok::<u8, Of>(7)), Some(7));
        assert_eq!(refusals.end(Stage::State), Ok(()));
        assert_eq!(refusals.take::<u8>(Err(Of(Stage::Shape, 3))), None);
        refusals.add(Of(Stage::Shape, 4));
        assert_eq!(refusals.end(Stage::Shape), Err(vec![Of(Stage::Shape, 3), Of(Stage::Shape, 4)]));
    }

    #[test]
    fn what_stops_a_call_is_a_fault_or_refusals_of_one_stage() {
        let stop = Stop::<Of>::from(vec![Of(Stage::State, 1), Of(Stage::Shape, 2)]);
        assert!(matches!(stop, Stop::Refused(told) if told == [Of(Stage::Shape, 2)]));
        assert!(matches!(Stop::<Of>::from(Of(Stage::State, 1)), Stop::Refused(told) if told == [Of(Stage::State, 1)]));
        assert!(matches!(Stop::<Of>::from(Fault::Overloaded), Stop::Fault(Fault::Overloaded)));
    }
}
