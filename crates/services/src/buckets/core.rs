//! A bucket of a tenant's, its credentials, and their problems.

use std::fmt;

use platform::stages::{Stage, Staged};
use serde::Serialize;

const MAX_TEXT: usize = 200;
const MAX_SECRET: usize = 256;

/// A bucket of the tenant's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// URL of the host that speaks S3.
    pub endpoint: String,
    pub name: String,
    pub region: String,
    /// Prefix of the names of all files, without slashes around it; may be empty.
    pub prefix: String,
    pub access_key_id: String,
}

/// Problem of a bucket's field, or of its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketProblem {
    Invalid { message: &'static str, name: &'static str },
    TooLong { most: usize, name: &'static str },
    Missing { message: &'static str, name: &'static str },
}

impl BucketProblem {
    /// Neither the input nor the row has the secret of the login.
    pub const NO_SECRET: Self =
        Self::Missing { message: "the secret is needed for a login that is not kept", name: "secretAccessKey" };
}

impl Staged for BucketProblem {
    fn stage(&self) -> Stage {
        Stage::Shape
    }
}

/// The secret of a login at a bucket.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SecretKey(pub String);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

impl Bucket {
    /// Returns all faults of the bucket. The endpoint's address is checked later.
    pub fn problems(&self) -> Vec<BucketProblem> {
        let fields = [
            self.endpoint_problem(),
            self.name_problem(),
            required_problem(&self.region, "region", "a region is needed, as in eu-west-2").or_else(|| {
                character_problem(
                    &self.region,
                    "-",
                    BucketProblem::Invalid { message: "a region is expected, as in eu-west-2", name: "region" },
                )
            }),
            self.prefix_problem(),
            self.login_problem(),
        ];
        fields.into_iter().flatten().collect()
    }

    fn endpoint_problem(&self) -> Option<BucketProblem> {
        let message = "the URL of a host without a path is expected, as in https://s3.eu-west-2.amazonaws.com";
        let host = self.endpoint.split_once("://").map_or("", |(_, rest)| rest.trim_end_matches('/'));
        let is_invalid = host.is_empty() || host.contains(['/', '?', '#', '\\']);
        required_problem(&self.endpoint, "endpoint", "the URL of a host is needed, as in https://s3.eu-west-2.amazonaws.com")
            .or_else(|| is_invalid.then_some(BucketProblem::Invalid { message, name: "endpoint" }))
    }

    fn name_problem(&self) -> Option<BucketProblem> {
        let message = "a bucket's name of 3 to 63 small letters, digits, hyphens and dots is expected";
        if self.name.trim().is_empty() {
            return Some(BucketProblem::Missing { message: "a bucket's name is needed", name: "name" });
        }
        (!is_bucket(&self.name)).then_some(BucketProblem::Invalid { message, name: "name" })
    }

    fn prefix_problem(&self) -> Option<BucketProblem> {
        if self.prefix.chars().nth(MAX_TEXT).is_some() {
            return Some(BucketProblem::TooLong { most: MAX_TEXT, name: "prefix" });
        }
        let is_folder = |part: &str| is_word(part, "-_.=") && part != "." && part != "..";
        let message = "names of letters, digits, hyphens, dots, underscores and equals signs between slashes are expected";
        let is_invalid = !self.prefix.is_empty() && !self.prefix.split('/').all(is_folder);
        is_invalid.then_some(BucketProblem::Invalid { message, name: "prefix" })
    }

    fn login_problem(&self) -> Option<BucketProblem> {
        let message = "an access key ID of letters, digits, hyphens, dots and underscores is expected";
        required_problem(&self.access_key_id, "accessKeyId", "an access key ID is needed")
            .or_else(|| character_problem(&self.access_key_id, "-_.", BucketProblem::Invalid { message, name: "accessKeyId" }))
    }

    /// Returns all faults of a bucket that is set with this secret; without one the row, if there is one, may have it.
    pub fn problems_with(&self, secret: Option<&SecretKey>, has_row: bool) -> Vec<BucketProblem> {
        let mut problems = self.problems();
        problems.extend((secret.is_none() && !has_row).then_some(BucketProblem::NO_SECRET));
        problems.extend(secret.and_then(SecretKey::problem));
        problems
    }

    /// Whether the stored secret of another bucket is for the same login at the same host.
    pub(super) fn has_login_of(&self, other: &Self) -> bool {
        (&self.endpoint, &self.access_key_id) == (&other.endpoint, &other.access_key_id)
    }

    /// Whether another login leads to the same place.
    pub fn is_place_of(&self, other: &Self) -> bool {
        (&self.endpoint, &self.name, &self.prefix) == (&other.endpoint, &other.name, &other.prefix)
    }
}

impl SecretKey {
    /// Returns the problem of an invalid secret.
    pub fn problem(&self) -> Option<BucketProblem> {
        const NAME: &str = "secretAccessKey";
        if self.0.trim().is_empty() {
            return Some(BucketProblem::Missing { message: "a secret is needed", name: NAME });
        }
        let is_invalid = self.0.len() > MAX_SECRET || !self.0.bytes().all(|byte| byte.is_ascii_graphic());
        is_invalid.then_some(BucketProblem::Invalid {
            message: "a secret of 1 to 256 visible ASCII characters is expected",
            name: NAME,
        })
    }
}

/// Returns the problem of a required text that is empty or too long.
fn required_problem(text: &str, name: &'static str, message: &'static str) -> Option<BucketProblem> {
    if text.trim().is_empty() {
        return Some(BucketProblem::Missing { message, name });
    }
    text.chars().nth(MAX_TEXT).map(|_| BucketProblem::TooLong { most: MAX_TEXT, name })
}

/// Returns the problem unless the text consists of ASCII letters, digits and these signs.
fn character_problem(text: &str, signs: &str, problem: BucketProblem) -> Option<BucketProblem> {
    (!is_word(text, signs)).then_some(problem)
}

fn is_bucket(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| is_plain(*byte) || b"-.".contains(byte))
        && [bytes.first(), bytes.last()].into_iter().flatten().all(|byte| is_plain(*byte))
        && !name.contains("..")
}

/// Whether a text consists of ASCII letters, digits and these signs, and is not empty.
fn is_word(text: &str, signs: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket() -> Bucket {
        Bucket {
            endpoint: "https://s3.eu-west-2.amazonaws.com".to_owned(),
            name: "shop-data".to_owned(),
            region: "eu-west-2".to_owned(),
            prefix: "lake/entrepot".to_owned(),
            access_key_id: "AKIAEXAMPLE".to_owned(),
        }
    }

    fn problem(bucket: &Bucket) -> Option<&'static str> {
        match bucket.problems()[..] {
            [] => None,
            [BucketProblem::Invalid { name, .. } | BucketProblem::TooLong { name, .. }] => Some(name),
            ref others => panic!("{others:?}"),
        }
    }

    #[test]
    fn a_bucket_is_a_host_a_name_and_a_folder() {
        assert_eq!(problem(&bucket()), None);
        for prefix in ["", "a", "a/b=1/c.d"] {
            assert_eq!(problem(&Bucket { prefix: prefix.to_owned(), ..bucket() }), None, "{prefix}");
        }
        for prefix in ["/a", "a/", "a//b", "../other", "a/./b", "a b", "ä"] {
            assert_eq!(problem(&Bucket { prefix: prefix.to_owned(), ..bucket() }), Some("prefix"), "{prefix}");
        }
        for endpoint in ["shop", "https://", "https://host/path", "https://host?x=1", "https://host#x"] {
            assert_eq!(problem(&Bucket { endpoint: endpoint.to_owned(), ..bucket() }), Some("endpoint"), "{endpoint}");
        }
        for name in ["ab", "Shop", "shop_data", "-shop", "shop.", "a..b", "a/b"] {
            assert_eq!(problem(&Bucket { name: name.to_owned(), ..bucket() }), Some("name"), "{name}");
        }
        assert_eq!(problem(&Bucket { region: "eu/west".to_owned(), ..bucket() }), Some("region"));
        assert_eq!(problem(&Bucket { access_key_id: "a/b".to_owned(), ..bucket() }), Some("accessKeyId"));
        assert_eq!(problem(&Bucket { endpoint: "x".repeat(201), ..bucket() }), Some("endpoint"));
    }

    #[test]
    fn all_that_a_bucket_lacks_is_told_at_once() {
        let none =
            Bucket { endpoint: " ".to_owned(), name: String::new(), region: String::new(), prefix: "/".to_owned(), ..bucket() };
        let found = none.problems();
        let is_as_expected = matches!(
            found[..],
            [
                BucketProblem::Missing { name: "endpoint", .. },
                BucketProblem::Missing { name: "name", .. },
                BucketProblem::Missing { name: "region", .. },
                BucketProblem::Invalid { name: "prefix", .. }
            ]
        );
        assert!(is_as_expected, "{found:?}");
    }

    #[test]
    fn a_secret_is_shown_to_nobody() {
        let secret = SecretKey("hush".to_owned());
        assert_eq!((secret.problem(), format!("{secret:?}")), (None, "SecretKey".to_owned()));
        for wrong in ["", "a b", "ä", &"x".repeat(257)] {
            assert!(SecretKey(wrong.to_owned()).problem().is_some(), "{wrong}");
        }
    }
}
