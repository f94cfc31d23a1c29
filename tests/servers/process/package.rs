//! The Debian package of `deploy/debian`, as dpkg sees it.

use std::process::{Command, Stdio};

#[test]
fn the_debian_package_is_installed_upgraded_and_removed() {
    if Command::new("dpkg-deb").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("SKIPPED: dpkg is not installed");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/debian/check.sh");
    let ended = Command::new(script).stdin(Stdio::null()).output().unwrap();
    let reported_stderr = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{reported_stderr}");
    eprintln!("{reported_stderr}");
}
