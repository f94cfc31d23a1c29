//! Names of inputs.

/// The type that a mutation takes by the usual rule.
pub fn input_of(mutation: &str) -> String {
    format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..])
}
