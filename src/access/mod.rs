//! May they: from a caller's role to a `Permit`, the value without which no shell function can be called.
//!
//! casbin is where policies are written and what compiles them; it is never asked on the way of a request. What it decides for a role is
//! compiled once into a set of bits, and a check is a bit test.

mod caller;
mod permissions;
mod policy;

pub use caller::{Caller, Denied, Permit, permit};
pub use permissions::{Class, Permission, PermissionInfo, PermissionSet, REGISTRY, kind};
pub use policy::{Policies, PolicyError};
