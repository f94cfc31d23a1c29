//! Arguments of `watch`.

/// Print stock as it changes: how things stand first, then every change.
#[derive(Debug, Clone, clap::Args)]
pub struct WatchArgs {
    /// The server, or its GraphQL endpoint where that is not at /graphql
    #[arg(long, env = "ENTREPOT_URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// A bearer token: an access token or an API key that may read stock. A key lasts longer
    #[arg(long, visible_alias = "key", env = "ENTREPOT_TOKEN", hide_env_values = true)]
    pub token: String,
    /// Only this store, by its code or its id (sto_…); may be given several times
    #[arg(long)]
    pub store: Vec<String>,
    /// Only this product, by its SKU or its id (prd_…); may be given several times
    #[arg(long)]
    pub product: Vec<String>,
    /// Go on after this cursor instead of beginning with how things stand
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
    /// Lines for people, or a JSON object a line
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Hold changes back for up to so many milliseconds and print only the newest state of each level
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub max_delay_ms: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
}
