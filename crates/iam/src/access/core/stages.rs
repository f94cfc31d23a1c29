//! Refusals by stage: a call ends with all refusals of the first stage that has any, in the order of the input.

use std::collections::HashSet;

use platform::stages::{Stage, Staged, keep_earliest};

use super::{
    super::permissions::{Bits, REGISTRY, index_of},
    refusal::{At, Field, Invalid, LimitedObject, Noun, Part, Refusal, Rejection},
};

impl Refusal {
    pub const fn stage(&self) -> Stage {
        match self {
            Self::NotFound(_) => Stage::Reference,
            Self::Invalid(invalid) => invalid.stage(),
            Self::TooMany { what, .. } => what.stage(),
            Self::Required | Self::NameTooLong { .. } => Stage::Shape,
            Self::GrantTwice | Self::GroupArchived { .. } => Stage::Value,
            Self::Stale { .. }
            | Self::LastOwner
            | Self::RoleKeyTaken
            | Self::GroupCodeTaken
            | Self::Inherited { .. }
            | Self::HeldBy { .. }
            | Self::GroupInUse { .. }
            | Self::BuiltIn { .. }
            | Self::IntegrationDisabled
            | Self::KeyEnded
            | Self::MemberAlready
            | Self::SessionEnded => Stage::State,
        }
    }
}

impl Invalid {
    const fn stage(self) -> Stage {
        match self {
            Self::Name | Self::Key | Self::Code | Self::Network | Self::NoPlace => Stage::Shape,
            Self::Points { .. }
            | Self::Past
            | Self::RollTooLong
            | Self::InheritsItself
            | Self::NotHeld { .. }
            | Self::Outlives(_)
            | Self::BeyondIntegration { .. }
            | Self::OutsideIntegration
            | Self::BeyondChannel { .. } => Stage::Value,
        }
    }
}

impl LimitedObject {
    const fn stage(self) -> Stage {
        match self {
            Self::Inherited | Self::Stores | Self::Grants | Self::Places | Self::Networks | Self::Permissions => Stage::Shape,
            Self::Inheritance => Stage::Value,
            Self::Roles | Self::Groups | Self::Integrations | Self::Keys | Self::KeysEver => Stage::State,
        }
    }
}

impl Staged for Rejection {
    fn stage(&self) -> Stage {
        self.why.stage()
    }
}

/// Codes that a list of permissions has at most.
const MAX_PERMISSIONS: usize = 250;
const _: () = assert!(REGISTRY.len() <= MAX_PERMISSIONS, "a list can name all of them");

/// The refusals of a call that were found so far.
#[derive(Debug, Default)]
pub struct Refusals(Vec<Rejection>);

impl Refusals {
    pub fn add(&mut self, rejection: Rejection) {
        self.0.push(rejection);
    }
    pub fn extend(&mut self, rejections: Vec<Rejection>) {
        self.0.extend(rejections);
    }
    /// Returns the value of a check; None if it was refused, which is recorded.
    pub fn take<T>(&mut self, result: Result<T, Rejection>) -> Option<T> {
        result.map_err(|rejection| self.add(rejection)).ok()
    }
    /// Moves rejections of the input to an argument, for a call whose argument names the input that
    /// another call wrote.
    pub fn move_inputs_to(&mut self, argument: Field) {
        let of_inputs = self.0.iter_mut().filter(|rejection| rejection.at.part != Part::Arguments);
        of_inputs.for_each(|rejection| rejection.at = At::argument(argument));
    }
    /// Refuses a change of another version than the one there is.
    pub fn version(&mut self, actual: i64, expected: i64) {
        if actual != expected {
            self.add(Refusal::Stale { actual }.at(At::input(Field::ExpectedVersion)));
        }
    }

    /// Returns the permissions with these codes; each unknown code is refused at its index. A list
    /// longer than the number of permissions is refused as a whole.
    pub fn permissions(&mut self, codes: &[String]) -> Bits {
        let mut bits = Bits::default();
        if codes.len() > MAX_PERMISSIONS {
            self.add(
                Refusal::TooMany { what: LimitedObject::Permissions, most: MAX_PERMISSIONS }.at(At::input(Field::Permissions)),
            );
            return bits;
        }
        for (index, code) in codes.iter().enumerate() {
            match index_of(code) {
                Some(permission) => bits.insert(permission),
                None => self.add(Refusal::NotFound(Noun::Permission).at(At::input(Field::Permissions).nth(index))),
            }
        }
        bits
    }
    /// Refuses permissions, each at the code that names it. Permissions that the input does not
    /// name, because they are inherited or taken away, are reported by one rejection of the whole
    /// list, which names the first.
    pub fn refuse_permissions(&mut self, codes: &[String], mut forbidden: Bits, invalid: fn(&'static str) -> Invalid) {
        let (at, all_forbidden) = (At::input(Field::Permissions), forbidden);
        for (index, code) in codes.iter().enumerate() {
            if let Some(permission) = index_of(code).filter(|permission| all_forbidden.holds(*permission)) {
                forbidden.remove(permission);
                self.add(invalid(REGISTRY[permission].code).at(at.nth(index)));
            }
        }
        if let Some(info) = forbidden.infos().next() {
            self.add(invalid(info.code).at(at));
        }
    }

    /// Ends the call if anything was refused in this stage or before it.
    ///
    /// # Errors
    /// All refusals of the first stage that has any.
    pub fn end(&mut self, last_stage: Stage) -> Result<(), Vec<Rejection>> {
        if !self.0.iter().any(|rejection| rejection.stage() <= last_stage) {
            return Ok(());
        }
        let mut rejections = keep_earliest(std::mem::take(&mut self.0));
        let mut seen = HashSet::new();
        rejections.retain(|rejection| seen.insert(rejection.clone()));
        rejections.sort_by_key(|rejection| rejection.at);
        Err(rejections)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(index: usize) -> Rejection {
        Refusal::NotFound(Noun::Permission).at(At::input(Field::Permissions).nth(index))
    }
    fn refused(rejections: Vec<Rejection>, through: Stage) -> Vec<Rejection> {
        let mut refusals = Refusals::default();
        refusals.extend(rejections);
        refusals.end(through).err().unwrap_or_default()
    }

    #[test]
    fn the_first_stage_is_told_alone_in_the_order_of_the_input_and_each_refusal_once() {
        let name = Invalid::Name.at(At::input(Field::Name));
        let network = Invalid::Network.at(At::input(Field::AllowedCidrs).nth(1));
        let stale = Refusal::Stale { actual: 2 }.at(At::input(Field::ExpectedVersion));
        let all = vec![stale.clone(), missing(2), network.clone(), missing(0), name.clone(), missing(2), name.clone()];
        assert_eq!(refused(all.clone(), Stage::State), [name, network]);
        let rest: Vec<Rejection> = all.into_iter().filter(|one| one.why.stage() != Stage::Shape).collect();
        assert!(refused(rest.clone(), Stage::Shape).is_empty(), "later stages are told when the input is read that far");
        assert_eq!(refused(rest, Stage::Reference), [missing(0), missing(2)]);
        assert_eq!(refused(vec![stale.clone()], Stage::State), [stale]);
        assert!(refused(Vec::new(), Stage::State).is_empty());
    }

    #[test]
    fn a_list_that_is_longer_than_there_are_permissions_is_refused_as_one() {
        let told = |count: usize| {
            let mut refusals = Refusals::default();
            refusals.permissions(&vec!["stock.teleport".to_owned(); count]);
            refusals.end(Stage::Reference).err().unwrap_or_default()
        };
        assert_eq!(told(MAX_PERMISSIONS).len(), MAX_PERMISSIONS);
        let too_many = Refusal::TooMany { what: LimitedObject::Permissions, most: MAX_PERMISSIONS };
        assert_eq!(told(MAX_PERMISSIONS + 1), [too_many.at(At::input(Field::Permissions))]);
    }

    #[test]
    fn a_permission_is_refused_where_the_input_names_it() {
        let codes = ["stock.read", "stock.teleport", "order.read"].map(str::to_owned);
        let mut refusals = Refusals::default();
        let known = refusals.permissions(&codes);
        assert_eq!((known.indices().count(), refusals.end(Stage::Reference)), (2, Err(vec![missing(1)])));
        let mut forbidden = Bits::default();
        ["order.read", "audit.read", "job.read"].into_iter().filter_map(index_of).for_each(|index| forbidden.insert(index));
        refusals.refuse_permissions(&codes, forbidden, |permission| Invalid::NotHeld { permission });
        let rest = forbidden.infos().map(|info| info.code).find(|code| *code != "order.read").unwrap();
        let at = At::input(Field::Permissions);
        let expected =
            vec![Invalid::NotHeld { permission: rest }.at(at), Invalid::NotHeld { permission: "order.read" }.at(at.nth(2))];
        assert_eq!(refusals.end(Stage::Value), Err(expected), "one that is inherited is told of the whole list");
    }
}
