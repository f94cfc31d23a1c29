//! Exports that go on by themselves: what their files say, whoever dies and whatever is away.

mod buckets;
mod failing;
mod place;
mod resume;
mod rights;
mod rows;
mod set;
