//! Link options of integration tests; nothing that is shipped.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |key: &str, value: &str| env::var(key).is_ok_and(|found| found == value);
    // nextest starts a process for each of thousands of tests. One whose place in memory is not fixed corrects hundreds of thousands of addresses
    // first, each page of them in a copy of its own.
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") && is("PROFILE", "debug") {
        println!("cargo::rustc-link-arg-tests=-no-pie");
    }
}
