//! Steps of the demo, reported as they are done.

pub(super) fn print_step(what: &str, more: &str) {
    println!("  {what:<10}  {more}");
}
