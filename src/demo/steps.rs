//! Steps of the demo, reported as they are done.

pub(super) fn print_step(step: &str, details: &str) {
    println!("  {step:<10}  {details}");
}
