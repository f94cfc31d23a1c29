//! Certificates of a test's own.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A certificate authority, and the certificates that it has signed: for a server at 127.0.0.1, and
/// for a client.
pub struct Papers(PathBuf);

impl Papers {
    /// `None`, with a message, if the program is not installed; on CI that is a failure.
    pub fn make(folder: &Path, name: &str) -> Option<Self> {
        let papers = Self(folder.join(name));
        std::fs::create_dir(&papers.0).unwrap();
        let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
            printf 'subjectAltName=IP:127.0.0.1' > names
            for who in server client; do
              openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$who -keyout $who.key -out $who.csr
              openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out $who.pem
            done";
        let made = Command::new("bash").args(["-e", "-c", script]).current_dir(&papers.0).output().unwrap();
        if !made.status.success() {
            let reported_stderr = String::from_utf8_lossy(&made.stderr).into_owned();
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI has openssl: {reported_stderr}");
            eprintln!("SKIPPED: openssl is not installed: {reported_stderr}");
            return None;
        }
        Some(papers)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}
