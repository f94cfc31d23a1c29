//! Tests are where they run: a crate whose library is not compiled for tests has none in its sources.

use std::fs;

use super::{files, no_faults, root};

/// Whether a manifest has `test = false` for its library.
fn is_untested(manifest: &str) -> bool {
    let library = manifest.split("\n[").find(|section| section.starts_with("lib]"));
    library.is_some_and(|section| section.lines().any(|line| line.trim() == "test = false"))
}

/// Whether a line begins a test, or code that is compiled for tests only.
fn is_of_tests(line: &str) -> bool {
    const BEGINNINGS: [&str; 5] = ["#[test]", "#[tokio::test", "#[cfg(test)]", "#[cfg(all(test", "#[cfg(any(test"];
    BEGINNINGS.iter().any(|beginning| line.trim_start().starts_with(beginning))
}

#[test]
fn no_test_is_written_that_is_never_compiled() {
    let (mut faults, mut crates) = (Vec::new(), 0);
    for manifest in files(root(), "Cargo.toml") {
        if !is_untested(&fs::read_to_string(&manifest).unwrap()) {
            continue;
        }
        crates += 1;
        for path in files(&manifest.with_file_name("src"), ".rs") {
            let text = fs::read_to_string(&path).unwrap();
            let place = path.strip_prefix(root()).unwrap().display();
            let tests = text.lines().zip(1..).filter(|(line, _)| is_of_tests(line));
            faults.extend(
                tests.map(|(_, number)| format!("{place}:{number}: move the test to where it runs: `[lib] test = false`")),
            );
        }
    }
    assert!(crates >= 5, "the manifests were not found");
    no_faults(&faults);
}

#[test]
fn libraries_and_lines_are_told_apart() {
    assert!(is_untested("[package]\nname = \"a\"\n\n[lib]\ntest = false\ndoctest = false\n"));
    assert!(!is_untested("[package]\nname = \"a\"\n\n[lib]\nname = \"a\"\n\n[[bin]]\ntest = false\n"));
    assert!(is_of_tests("    #[tokio::test(flavor = \"multi_thread\")]") && is_of_tests("#[cfg(test)]"));
    assert!(!is_of_tests("#[cfg(debug_assertions)]") && !is_of_tests("//! `#[test]`"));
}
