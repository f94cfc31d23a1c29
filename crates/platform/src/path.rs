//! Paths into a caller's input, used by refusals.

/// Makes a path of names and positions: `path!["input", "changes", 3, "delta"]` is a `Vec<String>`.
#[macro_export]
macro_rules! path {
    ($($part:expr),* $(,)?) => { vec![$($part.to_string()),*] };
}
