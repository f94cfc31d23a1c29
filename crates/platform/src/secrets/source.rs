//! Choice of the source of a deployment's keys.

use std::path::PathBuf;

/// Source of a deployment's keys: the operator's choice, else a file beside an embedded database.
#[derive(Debug, Clone)]
pub enum KeySource {
    Given(String),
    File(PathBuf),
    Command(Vec<String>),
    #[cfg(feature = "aws-secrets")]
    Aws(super::aws::AwsSecret),
    /// No source is configured, and there is no embedded database to put a file beside.
    Nowhere,
}

impl KeySource {
    /// Chooses the operator's source, the keys themselves before a file; else a file beside the
    /// SQLite file.
    pub fn choose(keys: Option<String>, file: Option<PathBuf>, database_url: &str) -> Self {
        match (keys.filter(|keys| !keys.trim().is_empty()), file) {
            (Some(keys), _) => Self::Given(keys),
            (None, Some(file)) => Self::File(file),
            (None, None) => match database_url.strip_prefix("sqlite:") {
                Some(path) => {
                    let path = path.trim_start_matches("//");
                    Self::File(PathBuf::from(format!("{}.keys", path.split('?').next().unwrap_or(path))))
                }
                None => Self::Nowhere,
            },
        }
    }
}
