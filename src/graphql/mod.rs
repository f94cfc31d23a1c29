//! What every operation meets before and after its resolvers, whichever way it came in: the limits, the document guard, the
//! session it runs under, and the answer's final shape.

pub mod answer;
pub mod asked;
pub mod code;
pub mod desk;
pub mod guard;
pub mod limits;
pub mod session;
