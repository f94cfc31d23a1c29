//! Paths of tests inside a filter.

pub fn below(at: &[String], names: &[&str]) -> Vec<String> {
    at.iter().cloned().chain(names.iter().map(|name| (*name).to_owned())).collect()
}
