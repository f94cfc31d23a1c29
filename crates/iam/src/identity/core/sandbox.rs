//! Tenants for trying things out. Pure.

use super::{
    refusal::{Field, Rejection},
    registration::{check_name, check_slug},
};

/// Input for a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSandbox {
    pub name: String,
    pub slug: String,
}

/// Sandboxes of a tenant.
pub const MAX_SANDBOXES: i32 = 5;

/// Everything that is wrong with a sandbox.
pub fn check_sandbox(new: &NewSandbox) -> Vec<Rejection> {
    check_name(Field::TenantName, &new.name).into_iter().chain(check_slug(&new.slug)).collect()
}

/// The first place that no other sandbox has.
pub fn free_slot(taken_slots: &[i32]) -> Option<i32> {
    (1..=MAX_SANDBOXES).find(|slot| !taken_slots.contains(slot))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_taken_one_by_one_and_given_again() {
        assert_eq!(free_slot(&[]), Some(1));
        assert_eq!(free_slot(&[1, 3]), Some(2));
        assert_eq!(free_slot(&[1, 2, 3, 4, 5]), None);
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let wrong = NewSandbox { name: " ".to_owned(), slug: "Try It".to_owned() };
        assert_eq!(check_sandbox(&wrong).len(), 2);
        assert_eq!(check_sandbox(&NewSandbox { name: "Try".to_owned(), slug: "try-it".to_owned() }), []);
    }
}
