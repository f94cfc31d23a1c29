//! Settings of keys in AWS Secrets Manager.

use clap::Args;
use platform::secrets::{AwsCredentials, AwsIdentity, AwsSecret, KeySource};

/// A secret of AWS Secrets Manager, and who asks for it, under the names that AWS's own programs use.
#[derive(Debug, Clone, Args)]
pub struct AwsArgs {
    /// A secret of AWS Secrets Manager that holds the keys, by its name or ARN. Region and credentials come from the environment, or the container.
    #[arg(long, env = "ENTREPOT_KEYS_AWS_SECRET")]
    pub keys_aws_secret: Option<String>,
    #[arg(long, env = "AWS_REGION", hide = true)]
    pub aws_region: Option<String>,
    #[arg(long, env = "AWS_ENDPOINT_URL_SECRETS_MANAGER", hide = true)]
    pub aws_endpoint: Option<String>,
    #[arg(long, env = "AWS_ACCESS_KEY_ID", hide = true)]
    pub aws_access_key_id: Option<String>,
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", hide = true, hide_env_values = true)]
    pub aws_secret_access_key: Option<RedactedSetting>,
    #[arg(long, env = "AWS_SESSION_TOKEN", hide = true, hide_env_values = true)]
    pub aws_session_token: Option<RedactedSetting>,
    #[arg(long, env = "AWS_CONTAINER_CREDENTIALS_FULL_URI", hide = true)]
    pub aws_container_url: Option<String>,
    #[arg(long, env = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", hide = true)]
    pub aws_container_path: Option<String>,
    #[arg(long, env = "AWS_CONTAINER_AUTHORIZATION_TOKEN", hide = true, hide_env_values = true)]
    pub aws_container_token: Option<RedactedSetting>,
}

/// A setting that is shown nowhere.
#[derive(Clone)]
pub struct RedactedSetting(pub String);

impl std::fmt::Debug for RedactedSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}
impl From<&str> for RedactedSetting {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl AwsArgs {
    /// Address at which containers on ECS get their credentials.
    const ECS_CREDENTIALS_URL: &str = "http://169.254.170.2";

    pub fn source(&self) -> Option<KeySource> {
        let id = self.keys_aws_secret.clone()?;
        let expose = |setting: &Option<RedactedSetting>| setting.as_ref().map(|setting| setting.0.clone());
        let container_url = self.aws_container_url.clone();
        let container_url =
            container_url.or_else(|| self.aws_container_path.as_ref().map(|path| format!("{}{path}", Self::ECS_CREDENTIALS_URL)));
        let identity = match container_url.filter(|_| self.aws_access_key_id.is_none()) {
            Some(url) => AwsIdentity::Container { url, token: expose(&self.aws_container_token) },
            None => AwsIdentity::Given(AwsCredentials {
                access_key_id: self.aws_access_key_id.clone().unwrap_or_default(),
                secret_access_key: expose(&self.aws_secret_access_key).unwrap_or_default(),
                session_token: expose(&self.aws_session_token),
            }),
        };
        let region = self.aws_region.clone().unwrap_or_else(|| "us-east-1".to_owned());
        Some(KeySource::Aws(AwsSecret { id, region, endpoint: self.aws_endpoint.clone(), identity }))
    }
}
