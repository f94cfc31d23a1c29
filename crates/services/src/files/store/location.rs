//! Locations of files, in the operator's notation.

use std::{fmt, path::PathBuf, str::FromStr};

/// Location of files in the operator's notation: `file:FOLDER` or `s3://bucket/prefix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileLocation {
    Folder(PathBuf),
    Bucket { name: String, prefix: String },
}

impl FromStr for FileLocation {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const LOCATION_FORMAT: &str = "where files are kept is written file:FOLDER or s3://bucket/prefix";
        if let Some(folder) = text.strip_prefix("file:") {
            return if folder.is_empty() { Err(LOCATION_FORMAT) } else { Ok(Self::Folder(folder.into())) };
        }
        let rest = text.strip_prefix("s3://").ok_or(LOCATION_FORMAT)?;
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if name.is_empty() {
            Err(LOCATION_FORMAT)
        } else {
            Ok(Self::Bucket { name: name.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
        }
    }
}

/// Prints the location in the operator's notation, without credentials before the bucket.
impl fmt::Display for FileLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "file:{}", folder.display()),
            Self::Bucket { name, prefix } => {
                let bucket_path = if prefix.is_empty() { name.clone() } else { format!("{name}/{prefix}") };
                write!(f, "s3://{}", bucket_path.rsplit_once('@').map_or(bucket_path.as_str(), |(_, address)| address))
            }
        }
    }
}

impl FileLocation {
    /// Returns the default: FILE.files beside an embedded database; with a database server, a folder in the working directory of the node.
    pub fn default_for(database_url: &str) -> Self {
        let file = database_url.strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//"));
        let file =
            file.map(|rest| rest.split('?').next().unwrap_or_default()).filter(|file| !file.is_empty() && *file != ":memory:");
        Self::Folder(file.map_or_else(|| PathBuf::from("entrepot.files"), |file| PathBuf::from(format!("{file}.files"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        assert_eq!("file:/var/files".parse(), Ok(FileLocation::Folder("/var/files".into())));
        let bucket = |name: &str, prefix: &str| FileLocation::Bucket { name: name.to_owned(), prefix: prefix.to_owned() };
        assert_eq!("s3://shop/a/b/".parse(), Ok(bucket("shop", "a/b")));
        assert_eq!("s3://shop".parse(), Ok(bucket("shop", "")));
        for (written, shown) in [
            ("file:/var/files", "file:/var/files"),
            ("s3://shop/", "s3://shop"),
            ("s3://shop/a/b", "s3://shop/a/b"),
            ("s3://key:sec/ret@shop/a", "s3://shop/a"),
        ] {
            assert_eq!(written.parse::<FileLocation>().map(|place| place.to_string()), Ok(shown.to_owned()));
        }
        for wrong in ["", "file:", "s3://", "ftp://x", "/var/files"] {
            assert!(wrong.parse::<FileLocation>().is_err(), "{wrong}");
        }
        assert_eq!(
            FileLocation::default_for("sqlite://data/shop.sqlite?mode=rwc"),
            FileLocation::Folder("data/shop.sqlite.files".into())
        );
        assert_eq!(FileLocation::default_for("postgres://host/shop"), FileLocation::Folder("entrepot.files".into()));
    }
}
